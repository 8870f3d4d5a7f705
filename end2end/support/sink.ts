// A receiver for outgoing calls whose behaviour a test switches.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Sink {
  /** What each call is answered with. */
  status = 200;
  delayMs = 0;
  readonly bodies: unknown[] = [];
  /** Each call as it came. */
  readonly calls: { headers: Record<string, string>; body: string }[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Sink> {
    const server = createServer();
    const sink = new Sink(server);
    server.on('request', async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      sink.calls.push({ headers: request.headers as Record<string, string>, body });
      sink.bodies.push(body ? JSON.parse(body) : null);
      const { status, delayMs } = sink;
      setTimeout(() => response.writeHead(status).end('{}'), delayMs);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
