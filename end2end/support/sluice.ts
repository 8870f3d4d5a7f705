// One `sluice serve` on its own data directory, driven through its public surface.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const BINARY = path.resolve(ROOT, process.env.SLUICE_BIN ?? 'target/release/sluice');
const START_LIMIT_MS = 20_000;

export const OWNER = { email: 'owner@example.test', password: 'correct horse battery staple' };

export interface EventView {
  id: string;
  status: string;
  payload: unknown;
  replayOf: string | null;
  error?: unknown;
  runs: { id: string; status: string; workflow: { name: string } }[];
}

export class Sluice {
  url = '';
  key = '';
  private process?: ChildProcess;
  private printed = '';

  private constructor(
    private readonly data: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  /** Starts on an empty data directory; without `owner`, the first visitor sets one up. */
  static async start({ owner = true } = {}): Promise<Sluice> {
    if (!existsSync(BINARY)) {
      throw new Error(`no ${BINARY}: run \`cargo xtask build --release\` first`);
    }
    const data = await mkdtemp(path.join(tmpdir(), 'sluice-'));
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_'));
    const sluice = new Sluice(data, {
      ...Object.fromEntries(inherited),
      SLUICE_DATA_DIR: data,
      SLUICE_LISTEN: '127.0.0.1:0',
      SLUICE_INGEST_RATE_LIMIT: 'off',
      SLUICE_ALLOW_TARGETS: '127.0.0.0/8',
      ...(owner && { SLUICE_OWNER_EMAIL: OWNER.email, SLUICE_OWNER_PASSWORD: OWNER.password }),
    });
    await sluice.serve();
    const permissions = ['ingest', 'read', 'manage'].flatMap((p) => ['--permission', p]);
    const created = await sluice.command('keys', 'create', '--name', 'e2e', ...permissions, '--json');
    sluice.key = JSON.parse(created).key;
    return sluice;
  }

  /** Ends as a crash does, and starts again where the browser still looks. */
  async crashAndRestart(): Promise<void> {
    await this.end('SIGKILL');
    this.environment.SLUICE_LISTEN = new URL(this.url).host;
    await this.serve();
  }

  async stop(): Promise<void> {
    await this.end('SIGKILL');
    await rm(this.data, { recursive: true, force: true });
  }

  /** The one-time link that the first start prints. */
  setupLink(): string {
    const link = this.printed.match(/\/setup\?token=[^\s\u001b]+/)?.[0];
    if (!link) throw new Error(`no set-up link was printed: ${this.printed}`);
    return link;
  }

  async command(...args: string[]): Promise<string> {
    const env = { ...this.environment, SLUICE_URL: this.url, SLUICE_API_KEY: this.key };
    const { stdout } = await promisify(execFile)(BINARY, args, { env, cwd: this.data });
    return stdout;
  }

  /** A workflow for expensive orders with one call to `target`. */
  async applyNotify(target: string): Promise<void> {
    await this.applyText(
      `name: Notify warehouse
triggers:
  - eventType: order.*
    filter: event.payload.total > 100
    input: { orderId: "\${event.payload.id}", note: "from \${event.source}" }
steps:
  - id: notify
    http: { method: POST, url: "${target}/orders", body: "\${input}" }
    retry: { attempts: 1 }
`,
    );
  }

  async applyText(yaml: string): Promise<void> {
    const file = path.join(this.data, 'workflow.yaml');
    await writeFile(file, yaml);
    await this.command('workflows', 'apply', '-f', file);
  }

  /** Sends an event as another system would; its id. */
  async send(eventType = 'order.created', payload: unknown = { id: 7, total: 120 }): Promise<string> {
    const answer = await fetch(`${this.url}/api/webhooks/ingest`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': this.key },
      body: JSON.stringify({ eventType, source: 'shop', payload }),
    });
    if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
    return ((await answer.json()) as { id: string }).id;
  }

  async event(id: string): Promise<EventView> {
    const answer = await fetch(`${this.url}/api/v1/events/${id}`, { headers: { 'x-api-key': this.key } });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as EventView;
  }

  /** Whether the text lies in any of the files that Sluice keeps. */
  async holdsInFiles(text: string): Promise<boolean> {
    for (const name of await readdir(this.data)) {
      if ((await readFile(path.join(this.data, name))).includes(text)) return true;
    }
    return false;
  }

  private async serve(): Promise<void> {
    this.printed = '';
    const child = spawn(BINARY, ['serve'], { env: this.environment, cwd: this.data });
    this.process = child;
    const collect = (chunk: Buffer) => (this.printed += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const begin = Date.now();
    while (Date.now() - begin < START_LIMIT_MS) {
      if (child.exitCode !== null) throw new Error(`serve ended: ${this.printed}`);
      const address = this.printed.match(/listening on (http:\/\/[\d.]+:\d+)/)?.[1];
      if (address && (await ready(address))) {
        this.url = address;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`not ready after ${START_LIMIT_MS} ms: ${this.printed}`);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

async function ready(address: string): Promise<boolean> {
  return fetch(`${address}/readyz`).then(
    (answer) => answer.status === 200,
    () => false,
  );
}
