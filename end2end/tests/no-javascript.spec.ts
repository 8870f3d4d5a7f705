// Everything that reads and the actions that matter also work as plain HTML.
import { expect, row, signIn, status, test } from '../support/test.ts';

test.use({ javaScriptEnabled: false });

test('the stream is rendered by the server and filtered by a form', async ({ page, sluice }) => {
  const order = await sluice.send('order.created');
  const refund = await sluice.send('refund.created');
  await signIn(page);
  await expect(row(page, order)).toBeVisible();
  await expect(status(page, refund)).toHaveText('Processed');

  await page.getByLabel('Event type').fill('order.*');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page).toHaveURL(/eventType=order/);
  await expect(row(page, order)).toBeVisible();
  await expect(row(page, refund)).toHaveCount(0);
  await expect(page.getByLabel('Event type')).toHaveValue('order.*');
});

test('an event is read and replayed', async ({ page, sluice }) => {
  const id = await sluice.send('order.created', { note: 'two boxes' });
  await signIn(page);
  await row(page, id).getByRole('link').first().click();
  await expect(page.getByText('two boxes')).toBeVisible();
  await page.getByRole('button', { name: 'Replay' }).click();
  await page.goto('/');
  await expect(page.locator('tr[data-event-id]')).toHaveCount(2);
});

test('a dead letter is retried by a form', async ({ page, sluice, sink }) => {
  sink.status = 500;
  await sluice.applyNotify(sink.url);
  const id = await sluice.send();
  await expect.poll(async () => (await sluice.event(id)).status).toBe('failed');
  await signIn(page);
  await page.goto('/dead-letters');
  await expect(row(page, id)).toContainText('500');
  sink.status = 200;
  await row(page, id).getByRole('button', { name: 'Retry' }).click();
  await expect(page).toHaveURL(/\/dead-letters/);
  await expect.poll(async () => (await sluice.event(id)).status).toBe('processed');
  await page.goto('/dead-letters');
  await expect(row(page, id)).toHaveCount(0);
});

test('signing out works', async ({ page }) => {
  await signIn(page);
  await page.getByRole('button', { name: 'Sign out' }).first().click();
  await page.goto('/');
  await expect(page).toHaveURL(/\/login/);
});
