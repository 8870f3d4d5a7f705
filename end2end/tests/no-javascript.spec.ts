// Everything that reads and the actions that matter also work as plain HTML.
import { expect, failedEvent, openStream, OWNER, reaches, row, signIn, status, test } from '../support/test.ts';
import { push } from '../support/webhooks.ts';

test.use({ javaScriptEnabled: false });

test('the stream is rendered by the server and filtered by a form', async ({ page, sluice }) => {
  const order = await sluice.send('order.created');
  const refund = await sluice.send('refund.created');
  await openStream(page);
  await expect(row(page, order)).toBeVisible();
  await expect(status(page, refund)).toHaveText('Processed');
  const received = row(page, order).locator('.c-time');
  await expect(received).toHaveText(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  expect(await received.evaluate((it) => it.scrollWidth <= it.clientWidth), 'the time is cut off').toBe(true);

  await page.getByLabel('Event type').fill('order.*');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page).toHaveURL(/eventType=order/);
  await expect(row(page, order)).toBeVisible();
  await expect(row(page, refund)).toHaveCount(0);
  await expect(page.getByLabel('Event type')).toHaveValue('order.*');
});

test('payloads are searched by the form', async ({ page, sluice }) => {
  const twelve = await sluice.send('order.created', { order: { total: 12 } });
  const other = await sluice.send('order.created', { order: { total: 120 } });
  await openStream(page);
  await expect(async () => {
    await page.getByLabel('Payload').fill('order.total = 12');
    await page.getByRole('button', { name: 'Filter' }).click();
    await expect(row(page, twelve)).toBeVisible({ timeout: 500 });
  }).toPass();
  await expect(row(page, other)).toHaveCount(0);
  await expect(page.getByLabel('Payload')).toHaveValue('order.total = 12');
});

test('an event is read and replayed', async ({ page, sluice }) => {
  const id = await sluice.send('order.created', { note: 'two boxes' });
  await openStream(page);
  await row(page, id).getByRole('link').first().click();
  await expect(page.getByText('two boxes')).toBeVisible();
  await page.getByRole('button', { name: 'Replay' }).click();
  await page.goto('/');
  await expect(page.locator('tr[data-event-id]')).toHaveCount(2);
});

test('a dead letter is retried by a form', async ({ page, sluice, sink }) => {
  const id = await failedEvent(sluice, sink);
  await signIn(page);
  await page.goto('/dead-letters');
  await expect(row(page, id)).toContainText('500');
  sink.status = 200;
  await row(page, id).getByRole('button', { name: 'Retry' }).click();
  await expect(page).toHaveURL(/\/dead-letters/);
  await reaches(sluice, id, 'processed');
  await page.goto('/dead-letters');
  await expect(row(page, id)).toHaveCount(0);
});

test('a source is made, its secret shown once, and a delivery released from quarantine', async ({
  page, sluice,
}) => {
  await signIn(page);
  await page.goto('/sources');
  await page.getByRole('link', { name: /^GitHub/ }).click();
  await page.getByRole('button', { name: 'Create source' }).click();
  await expect(page).toHaveURL(/\/sources\/github\?made=/);
  const panel = page.getByRole('region', { name: 'Its new secret' });
  const secret = (await panel.locator('code').textContent()) ?? '';
  await page.reload();
  await expect(page.getByText('It was shown already')).toBeVisible();

  await push(sluice, 'github', 'not yet in force');
  await page.goto('/quarantine');
  const held = page.locator('[data-held-id]');
  await held.getByRole('button', { name: 'Verify again' }).click();
  await expect(page).toHaveURL(/\/quarantine\?/);
  await expect(page.getByRole('status').filter({ hasText: 'still not believed' })).toBeVisible();
  await page.goto('/sources/github');
  await page.getByText('Rotate', { exact: true }).click();
  await page.getByLabel('New secret').fill('not yet in force');
  await page.getByRole('button', { name: 'Put in force' }).click();
  await expect(page.getByText('The one before', { exact: true })).toBeVisible();
  await push(sluice, 'github', 'a stranger', { delivery: 'd-2' });
  await page.goto('/quarantine');
  await held.last().getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Verify selected again' }).click();
  await expect(held).toHaveCount(1);
  await held.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete it' }).click();
  await expect(page.getByText('Nothing in quarantine')).toBeVisible();
  await page.goto('/');
  await expect(page.locator('tr[data-event-id]')).toHaveCount(1);
  expect(await push(sluice, 'github', secret, { delivery: 'd-3' })).toBe(202);
});

test('a key is made by a form, shown once, and revoked', async ({ page }) => {
  await signIn(page);
  await page.goto('/keys?new=1');
  await page.getByLabel('Name').fill('shop');
  await page.getByRole('checkbox', { name: 'Read See' }).check();
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByRole('region', { name: 'Your new key' })).toContainText('slk_');
  const made = page.getByRole('row').filter({ hasText: 'shop' });
  await expect(made).toContainText('ingest, read');
  await page.reload();
  await expect(page.getByText('It was shown already')).toBeVisible();
  await made.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('button', { name: 'Revoke key' }).click();
  await expect(made).toContainText('Revoked');
});

test('signing in and out works', async ({ page }) => {
  await page.goto('/');
  await page.getByLabel('Email').fill(OWNER.email);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Stream' })).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).first().click();
  await page.goto('/');
  await expect(page).toHaveURL(/\/login/);
});
