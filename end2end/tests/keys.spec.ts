import type { Page } from '@playwright/test';
import { expect, expectRefusals, hydrated, signIn, test } from '../support/test.ts';
import type { Sluice } from '../support/sluice.ts';

function answered(sluice: Sluice, key: string, eventType: string): Promise<number> {
  const body = JSON.stringify({ eventType, source: 'shop', payload: {} });
  const headers = { 'content-type': 'application/json', 'x-api-key': key };
  const sent = fetch(`${sluice.url}/api/webhooks/ingest`, { method: 'POST', headers, body });
  return sent.then((answer) => answer.status);
}

async function shown(page: Page): Promise<string> {
  const panel = page.getByRole('region', { name: 'Your new key' });
  await expect(panel).toBeVisible();
  return (await panel.locator('code').textContent()) ?? '';
}

test('a key is made, shown once, followed by another, and revoked', async ({ page, sluice }) => {
  await signIn(page);
  await page.goto('/keys');
  await hydrated(page);
  await page.getByRole('link', { name: 'New key' }).click();
  await page.getByLabel('Name').fill('shop');
  await page.getByLabel('Event types it may send').fill('order.* invoice.**');
  await page.getByLabel('Rate limit').fill('3/h');
  await page.getByLabel('Ends').selectOption('In 90 days');
  await page.getByRole('button', { name: 'Create key' }).click();
  const first = await shown(page);
  await expect(page.getByRole('region', { name: 'Your new key' })).toBeFocused();
  expect(first).toMatch(/^slk_/);
  expect(await answered(sluice, first, 'order.created')).toBe(202);
  expect(await answered(sluice, first, 'user.created')).toBe(403);
  expect(await sluice.holdsInFiles(first)).toBe(false);

  const row = (name: string) => page.getByRole('row').filter({ hasText: name });
  await expect(row('shop')).toContainText('ingest');
  await expect(row('shop')).toContainText('order.* invoice.**');
  await expect(row('shop')).toContainText('at most 3/h');
  await page.getByRole('link', { name: 'I have kept it' }).click();
  await expect(page.locator('body')).not.toContainText(first);

  await row('shop').getByRole('link', { name: 'Successor' }).click();
  await expect(page.getByLabel('Name')).toHaveValue('shop 2');
  await expect(page.getByLabel('Event types it may send')).toHaveValue('order.* invoice.**');
  await expect(page.getByLabel('Rate limit')).toHaveValue('3/h');
  await page.getByRole('button', { name: 'Create key' }).click();
  const second = await shown(page);
  expect(await answered(sluice, second, 'order.created')).toBe(202);
  expect(await answered(sluice, first, 'order.created')).toBe(202);
  // What was refused counted too.
  expect(await answered(sluice, first, 'order.created')).toBe(429);

  await row('order').last().getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByRole('dialog', { name: 'Revoke shop?' })).toBeVisible();
  await page.getByRole('button', { name: 'Revoke key' }).click();
  await expect(row('shop').filter({ hasText: 'Revoked' })).toHaveCount(1);
  await expect.poll(() => answered(sluice, first, 'order.created'), { timeout: 10_000 }).toBe(401);
  expect(await answered(sluice, second, 'order.created')).toBe(202);
});

test('a key without rights or with an unreadable pattern is refused where it was written', async ({
  page, complaints,
}) => {
  await signIn(page);
  await page.goto('/keys?new=1');
  await hydrated(page);
  await page.getByLabel('Name').fill('shop');
  await page.getByLabel('Ingest').uncheck();
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByRole('alert')).toContainText('Choose at least one thing');
  await page.getByLabel('Ingest').check();
  await page.getByLabel('Event types it may send').fill('order..created');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByRole('alert')).toContainText('segment 2 of the pattern is empty');
  await expect(page.getByLabel('Name')).toHaveValue('shop');
  expectRefusals(complaints, 422);
});
