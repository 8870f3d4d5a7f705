// The dashboard's program comes in parts: a visit downloads those of the pages that it opens.
import type { Page } from '@playwright/test';
import { expect, hydrated, openStream, signIn, test } from '../support/test.ts';

/** What one visit to the sign-in page may download of the program, as it is sent. */
const LARGEST_VISIT = 300 * 1024;

/** Every page that needs nothing made first. */
const PAGES: [address: string, heading: string][] = [
  ['/', 'Stream'],
  ['/overview', 'Overview'],
  ['/runs', 'Runs'],
  ['/types', 'Event types'],
  ['/dead-letters', 'Dead letters'],
  ['/quarantine', 'Quarantine'],
  ['/alerts', 'Alerts'],
  ['/workflows', 'Workflows'],
  ['/sources', 'Sources'],
  ['/secrets', 'Secrets'],
  ['/keys', 'Keys'],
  ['/people', 'People'],
  ['/audit', 'Audit log'],
  ['/retention', 'Retention'],
  ['/erasures', 'Erasures'],
  ['/settings', 'Settings'],
];

/** The program's files that the page asks for, with how much of each is sent. */
function downloads(page: Page): Map<string, Promise<number>> {
  const files = new Map<string, Promise<number>>();
  page.on('requestfinished', (request) => {
    const file = new URL(request.url()).pathname.match(/\/pkg\/[^/]+\/(.*\.wasm)$/)?.[1];
    if (file) files.set(file, request.sizes().then((sizes) => sizes.responseBodySize));
  });
  return files;
}

const parts = (files: Map<string, unknown>) => [...files.keys()].filter((file) => file.startsWith('part_'));

test('who signs in downloads the program of no other page', async ({ page, sluice }) => {
  const files = downloads(page);
  await page.goto('/login');
  await hydrated(page);
  const all: Record<string, string[]> = await (await fetch(`${sluice.url}/pkg/parts.json`)).json();
  expect(parts(files).sort()).toEqual([...all.login].sort());
  const sizes = await Promise.all(files.values());
  const visit = sizes.reduce((sum, size) => sum + size, 0);
  const every = new Set(Object.values(all).flat());
  expect(every.size).toBeGreaterThan(parts(files).length * 3);
  if (!process.env.SLUICE_QUICK) expect(visit).toBeLessThan(LARGEST_VISIT);
});

test('every page is whole when it was sent, and stays so', async ({ page }) => {
  await signIn(page);
  for (const [address, heading] of PAGES) {
    await page.goto(address);
    await hydrated(page);
    await expect(page.getByRole('heading', { level: 1, name: heading, exact: true })).toBeVisible();
  }
});

test('every page is reached by its link, and fetched then', async ({ page }) => {
  await openStream(page);
  await hydrated(page);
  const files = downloads(page);
  let before = 0;
  for (const [address, heading] of PAGES.slice(1)) {
    await page.locator(`nav.side a[href="${address}"]`).focus();
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(address);
    await expect(page.getByRole('heading', { level: 1, name: heading, exact: true })).toBeVisible();
    expect(parts(files).length, `${address} brings parts of its own`).toBeGreaterThan(before);
    before = parts(files).length;
  }
  expect([...files.keys()]).not.toContain('sluice_bg.wasm');
});

test('a pointer over a link is enough to fetch its page', async ({ page }) => {
  await openStream(page);
  await hydrated(page);
  const files = downloads(page);
  await page.locator('nav.side a[href="/settings"]').hover();
  await expect.poll(() => parts(files).length).toBeGreaterThan(0);
  await expect(page).toHaveURL('/');
});

test('what takes a moment has lines in its place, and the page above it', async ({ page }) => {
  await openStream(page);
  await hydrated(page);
  let send = () => {};
  const asked = new Promise<void>((resolve) => (send = resolve));
  await page.route('**/api/ui/workflows/list*', async (route) => {
    await asked;
    await route.continue();
  });
  await page.locator('nav.side a[href="/workflows"]').click();
  await expect(page.getByRole('heading', { level: 1, name: 'Workflows' })).toBeVisible();
  await expect(page.getByRole('status', { name: 'Loading' })).toBeVisible();
  send();
  await expect(page.getByRole('heading', { name: 'No workflows yet' })).toBeVisible();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
});

test('a page whose parts are gone is opened by the server', async ({ page, complaints }) => {
  await openStream(page);
  await hydrated(page);
  await page.route('**/part_*.wasm', (route) => route.fulfill({ status: 404 }));
  await page.evaluate(() => Object.assign(window, { same: true }));
  await page.locator('nav.side a[href="/settings"]').click();
  await expect(page).toHaveURL('/settings');
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
  expect(await page.evaluate(() => 'same' in window)).toBe(false);
  // It has no script then, and works like the plain page that it is.
  await expect(page.locator('html')).not.toHaveAttribute('data-hydrated');
  complaints.length = 0;
});
