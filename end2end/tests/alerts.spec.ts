import { expect, expectRefusals, hydrated, signIn, test } from '../support/test.ts';

test('a rule is made, fires, is told to a channel, muted and deleted', async ({ page, sluice, sink, complaints }) => {
  await signIn(page);
  await page.goto('/alerts?new=channel');
  await hydrated(page);
  await page.getByLabel('Name').fill('ops');
  await page.getByLabel('Address').fill(`${sink.url}/alerts`);
  await page.getByRole('button', { name: 'Make channel' }).click();
  const once = page.getByRole('region', { name: "The channel's secret" });
  await expect(once.locator('code')).toContainText('whsec_');
  await once.getByRole('link', { name: 'I have kept it' }).click();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await expect(page.getByText('The test arrived.')).toBeVisible();

  await page.getByRole('link', { name: 'New rule' }).click();
  await page.getByLabel('Name').fill('Orders fail');
  await page.getByLabel('Fires on').selectOption('deadLetters');
  await expect(page.getByLabel('Event type')).toBeHidden();
  await page.getByRole('textbox', { name: /^More than/ }).fill('many');
  await page.getByRole('button', { name: 'Make rule' }).click();
  await expect(page.getByRole('alert')).toContainText('cannot be read');
  expectRefusals(complaints, 422);
  await page.getByRole('textbox', { name: /^More than/ }).fill('0');
  await page.getByRole('button', { name: 'Make rule' }).click();
  const rule = page.getByRole('row').filter({ hasText: 'Orders fail' });
  await expect(rule.first()).toContainText('Quiet');

  const id = await sluice.send('order.created');
  await fetch(`${sluice.url}/api/v1/events/${id}/failed`, {
    method: 'POST',
    headers: { 'x-api-key': sluice.key },
  });
  // Nobody reloads: the page and the way around it say so by themselves.
  await expect(rule.first()).toContainText('Firing', { timeout: 40_000 });
  const link = page.getByRole('navigation').getByRole('link', { name: /^Alerts/ });
  await expect(link.locator('.badge')).toHaveText('1');
  await expect(page.getByRole('row').filter({ hasText: '1 dead letters wait' })).toBeVisible();

  await rule.first().getByRole('button', { name: 'Mute' }).click();
  await expect(rule.first()).toContainText('muted until');
  const notice = page.getByRole('status').filter({ hasText: 'Orders fail is muted for 1h.' });
  await notice.getByRole('button', { name: 'Undo' }).click();
  await expect(rule.first()).not.toContainText('muted until');
  await rule.first().getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete rule' }).click();
  await expect(page.locator('[data-rule-id]').filter({ hasText: 'Orders fail' })).toHaveCount(0);
});
