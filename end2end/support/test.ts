// The `test` of this folder: a server, a sink, and a page that may not complain.
import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { Sink } from './sink.ts';
import { OWNER, Sluice } from './sluice.ts';

interface Fixtures {
  /** Whether the server knows an owner from the start. */
  owner: boolean;
  sluice: Sluice;
  sink: Sink;
  /** What the browser complained about; a test fails when anything is left in it. */
  complaints: string[];
}

export const test = base.extend<Fixtures>({
  owner: [true, { option: true }],
  sluice: async ({ owner }, use) => {
    const sluice = await Sluice.start({ owner });
    await use(sluice);
    await sluice.stop();
  },
  baseURL: async ({ sluice }, use) => use(sluice.url),
  sink: async ({}, use) => {
    const sink = await Sink.start();
    await use(sink);
    sink.stop();
  },
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      const complain = (what: string) => complaints.push(`${what} (on ${page.url()})`);
      page.on('pageerror', (error) => complain(`uncaught: ${error.message}`));
      page.on('console', (message) => {
        const { url } = message.location();
        if (message.type() === 'error') complain(`console: ${message.text()} (${url})`);
        if (/hydrat/i.test(message.text())) complain(`hydration: ${message.text()}`);
      });
      await page.addInitScript(() =>
        document.addEventListener('securitypolicyviolation', (violation) =>
          console.error(`CSP: ${violation.violatedDirective} ${violation.blockedURI}`),
        ),
      );
      await use(complaints);
      expect(complaints, 'the browser complained').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect, OWNER };

/** A session of the owner's, without the way through the page of signing in. */
export async function signIn(page: Page): Promise<void> {
  const answer = await page.request.post('/login', { form: OWNER, maxRedirects: 0 });
  expect([answer.status(), answer.headers().location]).toEqual([303, '/']);
}

/** A session of someone in this role, who was asked in on the command line. */
export async function signInAs(page: Page, sluice: Sluice, role: 'viewer' | 'operator'): Promise<void> {
  const email = `${role}@example.test`;
  const invited = await sluice.command('users', 'invite', email, '--role', role, '--json');
  const token = new URL(JSON.parse(invited).link, sluice.url).searchParams.get('token') ?? '';
  const form = { token, email, password: 'a long enough password' };
  const answer = await page.request.post('/join', { form, maxRedirects: 0 });
  expect([answer.status(), answer.headers().location]).toEqual([303, '/']);
}

/** Waits until the event stands so. */
export async function reaches(sluice: Sluice, id: string, status: string): Promise<void> {
  await expect.poll(async () => (await sluice.event(id)).status).toBe(status);
}

/** An event whose only workflow has failed; the receiver goes on failing. */
export async function failedEvent(sluice: Sluice, sink: Sink): Promise<string> {
  sink.status = 500;
  await sluice.applyNotify(sink.url);
  const id = await sluice.send();
  await reaches(sluice, id, 'failed');
  return id;
}

/** The stream, as the owner sees it. */
export async function openStream(page: Page): Promise<void> {
  await signIn(page);
  await page.goto('/');
}

/** The page answers to clicks through its script, not only as plain HTML. */
export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-hydrated');
}

/** Marks the document; `check` fails when another has been loaded since. */
export async function markDocument(page: Page): Promise<{ check(): Promise<void> }> {
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  const same = () => page.evaluate(() => 'sameDocument' in window);
  return { check: async () => expect(await same(), 'the page was loaded again').toBe(true) };
}

/** Refusals that a test asks for are reported by the browser itself; they are no complaint. */
export function expectRefusals(complaints: string[], ...statuses: number[]): void {
  const asked = (complaint: string) => statuses.some((status) => complaint.includes(`status of ${status}`));
  complaints.splice(0, complaints.length, ...complaints.filter((complaint) => !asked(complaint)));
}

export function row(page: Page, id: string): Locator {
  return page.locator(`[data-event-id="${id}"]`);
}

export function status(page: Page, id: string): Locator {
  return row(page, id).locator('[data-status]').first();
}
