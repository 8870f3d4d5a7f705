// Prints every request it gets and answers 200; `node examples/sink.mjs 4000 500` answers 500.
import { createServer } from 'node:http';

const port = Number(process.argv[2] ?? 4000);
const status = Number(process.argv[3] ?? 200);

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const key = request.headers['idempotency-key'] ?? 'no idempotency key';
  console.log(`${request.method} ${request.url} (${key})\n${body}\n`);
  response.writeHead(status, { 'content-type': 'application/json' }).end('{"received":true}');
});

server.listen(port, '127.0.0.1', () => {
  console.log(`receiving on http://127.0.0.1:${port}, answering ${status}`);
});
