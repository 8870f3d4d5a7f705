// A stream that is long, and one that is fast.
import type { Page } from '@playwright/test';
import { expect, hydrated, markDocument, openStream, row, test } from '../support/test.ts';
import type { Sluice } from '../support/sluice.ts';

/** Sends so many events, a thousand at a time. */
async function sendMany(sluice: Sluice, count: number): Promise<void> {
  for (let first = 0; first < count; first += 1_000) {
    const numbers = Array.from({ length: Math.min(1_000, count - first) }, (_, at) => first + at);
    const lines = numbers.map((number) => JSON.stringify({ type: 'tick', source: 'clock', data: { number } }));
    const answer = await fetch(`${sluice.url}/api/webhooks/ingest/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', 'x-api-key': sluice.key },
      body: lines.join('\n'),
    });
    expect(answer.ok, await answer.text()).toBe(true);
  }
}

const rows = (page: Page) => page.locator('tr[data-event-id]');

test('ten thousand rows are scrolled through, with few of them in the document', async ({ page, sluice }) => {
  test.setTimeout(180_000);
  await sendMany(sluice, 10_000);
  await openStream(page);
  await hydrated(page);
  await expect(rows(page)).toHaveCount(100);
  const list = page.locator('.list');
  const table = page.locator('table.events');
  const bottom = () => list.evaluate((it) => it.scrollTo(0, it.scrollHeight));
  const end = page.getByRole('link', { name: 'Load older' });
  await expect(async () => {
    await bottom();
    expect(await end.count()).toBe(0);
  }).toPass({ intervals: [50], timeout: 120_000 });
  await expect(table).toHaveAttribute('aria-rowcount', '10001');
  await bottom();
  await expect(rows(page).last()).toContainText('"number":0');
  expect(await rows(page).count()).toBeLessThan(200);

  // Anywhere in between, the rows are those that belong there.
  await list.evaluate((it) => it.scrollTo(0, it.scrollHeight / 2));
  await expect
    .poll(async () => {
      const seen = await rows(page).allTextContents();
      return seen.some((text) => /"number":(49|50)\d\d\D/.test(text));
    })
    .toBe(true);
  const numbers = (await rows(page).allTextContents()).map((text) => Number(/"number":(\d+)/.exec(text)?.[1]));
  expect(numbers).toEqual(numbers.map((_, at) => numbers[0] - at));

  // By keyboard too: the focus goes on past what was in the document.
  await rows(page).last().getByRole('link').first().focus();
  const focused = async () => {
    const text = await page.locator('tr[data-event-id]:focus-within').textContent();
    return Number(/"number":(\d+)/.exec(text ?? '')?.[1]);
  };
  const from = await focused();
  for (let pressed = 1; pressed <= 60; pressed++) {
    await page.keyboard.press('j');
    await expect.poll(focused).toBe(from - pressed);
  }

  // What comes in meanwhile waits, and is one press away.
  const id = await sluice.send();
  await page.getByRole('button', { name: '1 new event' }).click();
  await expect(row(page, id)).toBeVisible();
  await expect(table).toHaveAttribute('aria-rowcount', '10002');
  await expect(rows(page).first()).toHaveAttribute('aria-rowindex', '2');
});

test('who goes back to the stream finds it as it was left, and what came waits', async ({ page, sluice }) => {
  await sendMany(sluice, 300);
  await openStream(page);
  await hydrated(page);
  const document = await markDocument(page);
  const list = page.locator('.list');
  const table = page.locator('table.events');
  const top = () => list.evaluate((it) => it.scrollTop);
  await expect(async () => {
    await list.evaluate((it) => it.scrollTo(0, it.scrollHeight));
    await expect(table).toHaveAttribute('aria-rowcount', '301', { timeout: 500 });
  }).toPass();
  await list.evaluate((it) => it.scrollTo(0, 4_800));
  const opened = rows(page).filter({ hasText: '"number":150' });
  await expect(opened).toBeInViewport();
  const left = await top();
  await opened.getByRole('link').first().click();
  await expect(page).toHaveURL(/\/events\/evt_/);
  await expect(page.locator('main')).toBeFocused();
  await sendMany(sluice, 2);

  await page.goBack();
  await expect(page).toHaveURL('/');
  await expect(opened).toBeInViewport();
  await expect.poll(async () => Math.abs((await top()) - left)).toBeLessThan(2);
  await expect(page.getByLabel('Follow new events')).toBeChecked();
  await page.getByRole('button', { name: '2 new events' }).click();
  await expect(table).toHaveAttribute('aria-rowcount', '303');
  expect(await top()).toBe(0);

  // By a link it begins anew.
  await list.evaluate((it) => it.scrollTo(0, 4_800));
  await expect.poll(top).toBeGreaterThan(4_000);
  await page.locator('nav.side a[href="/settings"]').click();
  await expect(page).toHaveURL('/settings');
  await page.locator('nav.side a[href="/"]').first().click();
  await expect(rows(page)).toHaveCount(100);
  expect(await top()).toBe(0);
  await document.check();
});

test('no row is touched when several come above it at once', async ({ page, sluice }) => {
  await sendMany(sluice, 30);
  await openStream(page);
  await hydrated(page);
  await expect(rows(page)).toHaveCount(30);
  await page.evaluate(() => {
    const moved = Object.assign(window, { moved: { added: 0, removed: 0 } }).moved;
    const count = (nodes: NodeList) => [...nodes].filter((node) => node.nodeName === 'TR').length;
    new MutationObserver((mutations) => {
      for (const { addedNodes, removedNodes } of mutations) {
        moved.added += count(addedNodes);
        moved.removed += count(removedNodes);
      }
    }).observe(document.body, { childList: true, subtree: true });
  });
  await sendMany(sluice, 5);
  await expect(rows(page)).toHaveCount(35);
  const numbers = (await rows(page).allTextContents()).map((text) => /"number":(\d+)/.exec(text)?.[1]);
  expect(numbers.slice(0, 7)).toEqual(['4', '3', '2', '1', '0', '29', '28']);
  expect(await page.evaluate('window.moved')).toEqual({ added: 5, removed: 0 });
});

test('a page keeps answering while a thousand events a second come in', async ({ page, sluice }) => {
  test.setTimeout(120_000);
  await openStream(page);
  await hydrated(page);
  const first = await sluice.send();
  await expect(row(page, first)).toBeVisible();
  const sent = sendMany(sluice, 10_000);
  // The page takes what is typed and shows it while they come.
  await page.getByLabel('Source').fill('shop');
  await page.getByLabel('Source').press('Enter');
  await expect(page).toHaveURL(/source=shop/);
  await expect(rows(page)).toHaveCount(1);
  await page.goto('/');
  await hydrated(page);
  await sent;
  // The stream is open again, and what came before is here.
  await expect(page.locator('[data-connection="live"]')).toBeVisible();
  const open = await sluice.send();
  await expect(row(page, open)).toBeVisible();
  await sendMany(sluice, 1_000);
  await expect(page.getByText(/\d+ came too fast to list/)).toBeVisible();
  await expect(rows(page).first()).toContainText('"number":999');
  const last = await sluice.send('order.created', { note: 'the last' });
  await expect(row(page, last)).toBeVisible();
});
