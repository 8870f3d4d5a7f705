import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, failedEvent, hydrated, openStream, reaches, row, signIn, status, test } from '../support/test.ts';

/** The events of the file that the page's link gives. */
async function exported(page: Page): Promise<{ id: string; payload: unknown }[]> {
  const coming = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export NDJSON' }).click();
  const file = await coming;
  expect(file.suggestedFilename()).toBe('dead-letters.ndjson');
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with a script' : 'without a script', () => {
    test.use({ javaScriptEnabled });

    test('the dead letters that a filter shows are exported', async ({ page, sluice, sink }) => {
      sink.status = 500;
      await sluice.applyNotify(sink.url);
      const created = await sluice.send('order.created');
      const paid = await sluice.send('order.paid', { id: 8, total: 150 });
      for (const id of [created, paid]) await reaches(sluice, id, 'failed');
      await signIn(page);
      await page.goto('/dead-letters');
      if (javaScriptEnabled) await hydrated(page);
      expect((await exported(page)).map(({ id }) => id)).toEqual([paid, created]);
      await page.goto('/dead-letters?eventType=order.paid');
      if (javaScriptEnabled) await hydrated(page);
      expect(await exported(page)).toMatchObject([{ id: paid, payload: { id: 8, total: 150 } }]);
    });
  });
}

test('a failed event is retried from the dead letters once its receiver works again', async ({
  page, sluice, sink,
}) => {
  sink.status = 500;
  await sluice.applyNotify(sink.url);
  await openStream(page);
  await hydrated(page);
  const id = await sluice.send();
  await expect(status(page, id)).toHaveText('Failed');
  const letters = page.getByRole('link', { name: /Dead letters/ }).first();
  await expect(letters).toContainText('1');

  await letters.click();
  await expect(page).toHaveURL('/dead-letters');
  await expect(row(page, id)).toContainText('500');

  sink.status = 200;
  await row(page, id).getByRole('button', { name: 'Retry' }).click();
  await expect(row(page, id)).toHaveCount(0);
  await expect(page.getByText('No dead letters')).toBeVisible();
  await expect(letters).not.toContainText('1');
  expect((await sluice.event(id)).status).toBe('processed');

  await page.goto('/');
  await expect(status(page, id)).toHaveText('Processed');
});

test('a dead letter that was dealt with elsewhere is marked as processed', async ({
  page, sluice, sink,
}) => {
  const id = await failedEvent(sluice, sink);
  await signIn(page);
  await page.goto('/dead-letters');
  await hydrated(page);
  await row(page, id).getByRole('button', { name: 'Mark processed' }).click();
  const question = page.getByRole('dialog', { name: 'Mark this event as processed?' });
  await question.getByRole('button', { name: 'Mark processed' }).click();
  await expect(row(page, id)).toHaveCount(0);
  expect((await sluice.event(id)).status).toBe('processed');
  expect(sink.bodies).toHaveLength(1);

  const before = (await sluice.event(id)).error;
  await page.getByRole('status').getByRole('button', { name: 'Undo' }).click();
  await expect(row(page, id)).toBeVisible();
  const after = await sluice.event(id);
  expect([after.status, after.error]).toEqual(['failed', before]);
});

test('a failure is explained on the event page and can be retried there', async ({
  page, sluice, sink,
}) => {
  sink.status = 503;
  await sluice.applyNotify(sink.url);
  const id = await sluice.send();
  await reaches(sluice, id, 'failed');
  await signIn(page);
  await page.goto(`/events/${id}`);
  await hydrated(page);
  await expect(page.getByRole('group', { name: 'What failed' })).toContainText('503');
  sink.status = 200;
  await page.getByRole('button', { name: 'Retry' }).click();
  await expect(status(page, id)).toHaveText('Processed');
});

test('what is typed and where the focus is stay while others fail', async ({ page, sluice, sink }) => {
  const id = await failedEvent(sluice, sink);
  await signIn(page);
  await page.goto('/dead-letters');
  await hydrated(page);
  const source = page.getByRole('search').getByLabel('Source');
  await source.fill('sho');
  await row(page, id).getByRole('checkbox').check();
  await row(page, id).getByRole('button', { name: 'Mark processed' }).click();
  const note = row(page, id).getByLabel('Note');
  await note.fill('refunded by');

  const other = await sluice.send('order.paid');
  await expect(row(page, other)).toBeVisible();
  await expect(row(page, other).getByRole('checkbox')).not.toBeChecked();
  await expect(row(page, id).getByRole('checkbox')).toBeChecked();
  await expect(source).toHaveValue('sho');
  await expect(note).toBeFocused();
  await page.keyboard.type(' phone');
  await page.keyboard.press('Enter');
  await expect(row(page, id)).toHaveCount(0);
  await expect(row(page, other)).toBeVisible();
  await page.goto(`/events/${id}`);
  await expect(page.locator('.notes')).toContainText('refunded by phone');
});
