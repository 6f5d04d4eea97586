# SPDX-License-Identifier: MIT
# The servers of python.t. Arguments: HOST FILE.
import asyncio
import hashlib
import http.server
import socket
import struct
import sys
import threading

host, path = sys.argv[1:3]
with open(path, "rb") as stream:
    content = stream.read()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, content)

    def do_POST(self):
        # As many do: the answer is known from the headers, and the upload is never read.
        if self.path == "/early":
            self.close_connection = True
            self.answer(413, content[:1000000])
            return
        length = int(self.headers["Content-Length"])
        self.answer(200, hashlib.sha256(self.rfile.read(length)).hexdigest().encode())


async def conversation(reader, writer):
    request = await reader.readline()
    if request.startswith(b"abort"):
        peer = writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return
    writer.write(content)
    await writer.drain()
    writer.close()


async def loop():
    server = await asyncio.start_server(conversation, host, 8081)
    async with server:
        await server.serve_forever()


threads = http.server.ThreadingHTTPServer((host, 8080), Handler)
threading.Thread(target=threads.serve_forever, daemon=True).start()
asyncio.run(loop())
