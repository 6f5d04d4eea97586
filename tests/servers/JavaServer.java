// SPDX-License-Identifier: MIT
// The server of java.t. Arguments: HOST FILE.
import com.sun.net.httpserver.HttpServer;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

public class JavaServer {
    static byte[] content;

    interface Conversation {
        void hold(Socket socket) throws Exception;
    }

    static void serve(InetAddress host, int port, Conversation conversation) throws Exception {
        ServerSocket listener = new ServerSocket(port, 50, host);
        Thread thread = new Thread(() -> {
            while (true) {
                try {
                    Socket socket = listener.accept();
                    new Thread(() -> {
                        try {
                            conversation.hold(socket);
                        } catch (Exception e) {
                            System.out.println("failed: " + e);
                        }
                    }).start();
                } catch (Exception e) {
                    System.out.println("failed: " + e);
                }
            }
        });
        thread.start();
    }

    // Says hello and aborts.
    static void abort(Socket socket) throws Exception {
        socket.getInputStream().read();
        socket.setSoLinger(true, 0);
        socket.getOutputStream().write(content, 0, 64);
        socket.close();
    }

    // One thread is blocked in a read, another one aborts: the runtime does it by dup2.
    static void abortReader(Socket socket) throws Exception {
        InputStream in = socket.getInputStream();
        in.read();
        Thread reader = new Thread(() -> {
            try {
                in.read();
                System.out.println("failed: the read came back");
            } catch (SocketException e) {
                System.out.println("reader ended");
            } catch (Exception e) {
                System.out.println("failed: " + e);
            }
        });
        reader.start();
        while (!blocked(reader))
            Thread.yield();
        socket.setSoLinger(true, 0);
        socket.close();
        reader.join();
    }

    static boolean blocked(Thread thread) {
        for (StackTraceElement element : thread.getStackTrace())
            if (element.getMethodName().equals("read0") || element.getMethodName().equals("poll"))
                return true;
        return false;
    }

    static void download(Socket socket) throws Exception {
        socket.getInputStream().read();
        OutputStream out = socket.getOutputStream();
        out.write(content);
        socket.close();
    }

    static void channels(InetAddress host, int port) throws Exception {
        ServerSocketChannel listener = ServerSocketChannel.open().bind(new InetSocketAddress(host, port));
        new Thread(() -> {
            while (true) {
                try {
                    SocketChannel channel = listener.accept();
                    channel.read(ByteBuffer.allocate(1));
                    channel.setOption(java.net.StandardSocketOptions.SO_LINGER, 0);
                    channel.close();
                } catch (Exception e) {
                    System.out.println("failed: " + e);
                }
            }
        }).start();
    }

    // The answer is known from the headers, and nobody reads the upload.
    static void refuseUploads(InetAddress host, int port) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(host, port), 50);
        server.createContext("/", exchange -> {
            exchange.getResponseHeaders().set("Connection", "close");
            exchange.sendResponseHeaders(413, content.length);
            exchange.getResponseBody().write(content);
            exchange.close();
        });
        server.start();
    }

    public static void main(String[] arguments) throws Exception {
        InetAddress host = InetAddress.getByName(arguments[0]);
        content = Files.readAllBytes(Path.of(arguments[1]));
        serve(host, 8080, JavaServer::download);
        serve(host, 8081, JavaServer::abort);
        serve(host, 8082, JavaServer::abortReader);
        channels(host, 8083);
        refuseUploads(host, 8084);
    }
}
