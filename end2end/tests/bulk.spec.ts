// One action for many dead letters: planned, tried with a few, stopped, resumed, cancelled.
import { expect, hydrated, reaches, row, signIn, test } from '../support/test.ts';
import type { Sluice } from '../support/sluice.ts';
import type { Page } from '@playwright/test';

const COUNT = 25;

/** So many orders that have failed; their ids. */
async function failed(sluice: Sluice, sink: { url: string; status: number }, count = COUNT): Promise<string[]> {
  sink.status = 422;
  await sluice.applyNotify(sink.url);
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push(await sluice.send('order.created', { id: n, total: 120 }));
  for (const id of ids) await reaches(sluice, id, 'failed');
  return ids;
}

const letters = (page: Page) => page.locator('[data-event-id]');
const operation = (page: Page) => page.locator('[data-bulk-id]');
const plan = (page: Page) => page.locator('section.plan');

test('a retry with a canary stops by itself and goes on once the receiver is mended', async ({
  page, sluice, sink,
}) => {
  await failed(sluice, sink);
  await signIn(page);
  await page.goto('/dead-letters');
  await hydrated(page);
  const group = page.locator('[data-group-id]');
  await expect(group).toHaveCount(1);
  await expect(group).toContainText(`${COUNT} events`);
  await expect(group).toContainText('answered 422');
  await group.locator('a.failure').click();
  await expect(page).toHaveURL(/group=grp(_|%5F)/);
  // The same letters as before, and still it says what is shown.
  await expect(group.locator('a.failure')).toHaveAttribute('aria-current', 'true');
  await expect(letters(page)).toHaveCount(COUNT);

  await expect(page.getByRole('button', { name: 'Retry selected' })).toBeDisabled();
  await page.getByLabel(`All ${COUNT} that match`).check();
  await page.getByRole('button', { name: 'Retry selected' }).click();
  await expect(plan(page)).toContainText(`Retry ${COUNT} events?`);
  await expect(plan(page)).toContainText('order.created');
  await hydrated(page);
  await expect(page.getByLabel('Canary')).toBeChecked();
  const calls = sink.bodies.length;
  await plan(page).getByRole('button', { name: `Retry ${COUNT} events` }).click();
  await expect(page).toHaveURL(/op=blk(_|%5F)/);
  await expect(operation(page)).toContainText('the first event failed again');
  await expect(operation(page)).toContainText(`stopped after 1 of ${COUNT}`);
  expect(sink.bodies.length).toBe(calls + 1);

  const again = operation(page).getByRole('link', { name: '1 failed again' });
  await again.click();
  await expect(letters(page)).toHaveCount(1);

  sink.status = 200;
  await operation(page).getByRole('button', { name: 'Resume' }).click();
  await expect(operation(page)).toContainText(`${COUNT} of ${COUNT} events retried`);
  await page.goto('/dead-letters');
  await expect(page.getByText('No dead letters')).toBeVisible();
});

test('an operation that waits for its canary is cancelled', async ({ page, sluice, sink }) => {
  await failed(sluice, sink, 5);
  sink.status = 200;
  sink.delayMs = 8_000;
  await signIn(page);
  await page.goto('/dead-letters');
  await hydrated(page);
  await page.getByLabel('All 5 that match').check();
  await page.getByRole('button', { name: 'Replay selected' }).click();
  await hydrated(page);
  await plan(page).getByRole('button', { name: 'Replay 5 events' }).click();
  await expect(operation(page)).toContainText('waiting for the first ones');
  await operation(page).getByRole('button', { name: 'Cancel' }).click();
  await expect(operation(page)).toContainText('cancelled after 1 of 5');
  await expect(operation(page).getByRole('button')).toHaveCount(0);
  await expect(letters(page)).toHaveCount(5);
});

test('some are chosen by keyboard and deleted by a plan', async ({ page, sluice, sink }) => {
  const ids = await failed(sluice, sink, 3);
  await signIn(page);
  await page.goto('/dead-letters');
  await hydrated(page);
  for (const id of ids.slice(0, 2)) {
    await row(page, id).getByRole('checkbox').focus();
    await page.keyboard.press('Space');
  }
  await expect(page.getByText('2 selected')).toBeVisible();
  await page.getByRole('button', { name: 'Delete selected' }).focus();
  await page.keyboard.press('Enter');
  await expect(plan(page)).toContainText('Delete 2 events?');
  await hydrated(page);
  const confirm = plan(page).getByRole('button', { name: 'Delete 2 events' });
  await confirm.focus();
  await page.keyboard.press('Enter');
  await expect(operation(page)).toContainText('2 of 2 events deleted');
  await expect(letters(page)).toHaveCount(1);
  await expect(row(page, ids[2])).toBeVisible();
});

test('a group is marked as processed, and a letter deleted, from their own lines', async ({
  page, sluice, sink,
}) => {
  await failed(sluice, sink, 2);
  sink.status = 404;
  const other = await sluice.send('order.created', { id: 99, total: 120 });
  await reaches(sluice, other, 'failed');
  await signIn(page);
  await page.goto('/dead-letters');
  await hydrated(page);
  const group = page.locator('[data-group-id]').filter({ hasText: 'answered 422' });
  await group.getByRole('link', { name: 'Mark processed all' }).click();
  await expect(plan(page)).toContainText('Mark 2 events as processed?');
  await hydrated(page);
  await plan(page).getByRole('button', { name: 'Mark processed 2 events' }).click();
  await expect(operation(page)).toContainText('2 of 2 events marked as processed');
  await expect(letters(page)).toHaveCount(1);

  await row(page, other).getByRole('link', { name: 'Delete' }).click();
  await expect(plan(page)).toContainText('Delete 1 event?');
  await hydrated(page);
  await plan(page).getByRole('button', { name: 'Delete 1 event' }).click();
  await expect(operation(page)).toContainText('1 of 1 events deleted');
  await expect(page.getByText('No dead letters')).toBeVisible();
});

test.describe('without a script', () => {
  test.use({ javaScriptEnabled: false });

  test('letters are chosen, marked with a note, and the note is read', async ({ page, sluice, sink }) => {
    const ids = await failed(sluice, sink, 3);
    await signIn(page);
    await page.goto('/dead-letters');
    await page.getByRole('button', { name: 'Mark processed selected' }).click();
    await expect(plan(page)).toContainText('Nothing was selected');
    await plan(page).getByRole('link', { name: 'Back' }).click();
    for (const id of ids.slice(0, 2)) await row(page, id).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Mark processed selected' }).click();
    await expect(plan(page)).toContainText('Mark 2 events as processed?');
    await plan(page).getByLabel('Note').fill('refunded by phone');
    await plan(page).getByRole('button', { name: 'Mark processed 2 events' }).click();
    await expect(page).toHaveURL(/op=blk(_|%5F)/);
    await expect(async () => {
      await page.reload();
      await expect(operation(page)).toContainText('2 of 2 events marked as processed');
    }).toPass();
    await page.goto('/dead-letters');
    await expect(letters(page)).toHaveCount(1);
    await page.goto(`/events/${ids[0]}`);
    await expect(page.locator('.notes')).toContainText('refunded by phone');
    await expect(page.locator('.notes')).toContainText('owner@example.test');
  });
});
