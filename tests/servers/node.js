// SPDX-License-Identifier: MIT
// The server of node.t. Arguments: HOST FILE.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const net = require('net');

const [host, file] = process.argv.slice(2);

http.createServer((request, response) => {
  if (request.url === '/reset') {
    request.socket.resetAndDestroy();
  } else if (request.url === '/early') {
    // The answer is out before the upload is in; node then drops the connection.
    response.writeHead(413, { 'Connection': 'close' });
    response.end('too large\n', () => request.socket.destroy());
  } else if (request.url === '/unauthorized') {
    // As express and others do: the answer is known from the headers, and nobody reads the upload.
    response.writeHead(401, { 'Connection': 'close', 'Content-Length': fs.statSync(file).size });
    fs.createReadStream(file).pipe(response);
  } else if (request.method === 'POST') {
    const hash = crypto.createHash('sha256');
    request.on('data', (data) => hash.update(data));
    request.on('end', () => response.end(hash.digest('hex')));
  } else {
    response.writeHead(200, { 'Content-Length': fs.statSync(file).size });
    fs.createReadStream(file).pipe(response);
  }
}).listen(8080, host);

// A plain connection: what was written is followed by the reset.
net.createServer((socket) => {
  socket.on('error', () => {});
  socket.write('bye\n', () => socket.resetAndDestroy());
}).listen(8081, host);
