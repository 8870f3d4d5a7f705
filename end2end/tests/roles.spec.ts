// Everyone sees what there is to see, and nobody is offered what would be refused.
import type { Page } from '@playwright/test';
import { expect, failedEvent, hydrated, row, signInAs, test } from '../support/test.ts';

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await hydrated(page);
}

async function offersNone(page: Page, ...names: string[]): Promise<void> {
  for (const name of names) {
    await expect(page.getByRole('button', { name, exact: true }), name).toHaveCount(0);
  }
}

test('a viewer reads events, dead letters and workflows, and is offered no change', async ({
  page, sluice, sink,
}) => {
  const id = await failedEvent(sluice, sink);
  await signInAs(page, sluice, 'viewer');

  await open(page, '/');
  await expect(row(page, id)).toBeVisible();
  const next = await sluice.send('stock.counted');
  await expect(row(page, next)).toBeVisible();
  await offersNone(page, 'Replay');
  await expect(page.getByRole('link', { name: 'Audit log' })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Erasures' })).toHaveCount(0);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('key');
  const choices = page.getByRole('dialog', { name: 'Go anywhere' }).getByRole('option');
  await expect(choices.first()).toHaveText('Keys');
  await expect(choices.filter({ hasText: 'New key' })).toHaveCount(0);

  await open(page, `/events/${id}`);
  await expect(page.getByRole('button', { name: 'Copy ID' })).toBeVisible();
  await offersNone(page, 'Retry', 'Replay', 'Mark processed', 'Hold');

  await open(page, '/dead-letters');
  await expect(row(page, id)).toContainText('500');
  await expect(page.getByRole('checkbox')).toHaveCount(0);
  await offersNone(page, 'Retry', 'Mark processed', 'Retry selected');

  await open(page, '/workflows');
  await expect(page.getByRole('link', { name: 'New workflow' })).toHaveCount(0);
  await offersNone(page, 'Turn off Notify warehouse');
  await page.getByRole('link', { name: 'Notify warehouse' }).click();
  await expect(page.getByRole('heading', { name: 'Definition' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Edit' })).toHaveCount(0);
  await offersNone(page, 'Turn off', 'Delete');
});

test('an operator is offered changes, but nothing about people', async ({ page, sluice }) => {
  await signInAs(page, sluice, 'operator');
  await open(page, '/keys');
  await expect(page.getByRole('link', { name: 'New key' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Audit log' }).first()).toBeVisible();
  await expect(page.getByRole('link', { name: 'Erasures' })).toHaveCount(0);
  await open(page, '/people');
  await expect(page.getByRole('link', { name: 'Invite' })).toHaveCount(0);
});
