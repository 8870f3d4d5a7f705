import { expect, hydrated, signIn, test } from '../support/test.ts';

test('a type shows what its payloads look like and the event that changed that', async ({ page, sluice }) => {
  for (let n = 0; n < 6; n += 1) await sluice.send('order.created', { id: n, to: { zip: '1000' } });
  const changed = await sluice.send('order.created', { id: 'seven', to: { zip: '1000' } });
  await signIn(page);
  await expect(async () => {
    await page.goto('/types');
    await expect(page.getByRole('row').filter({ hasText: 'order.created' })).toBeVisible({ timeout: 500 });
  }).toPass();
  await hydrated(page);
  await page.getByRole('link', { name: 'order.created' }).click();
  await expect(page).toHaveURL(/\/types\/order\.created$/);
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('changed from number to number or string')).toBeVisible({ timeout: 500 });
  }).toPass();
  await expect(page.getByRole('row').filter({ hasText: 'to.zip' })).toContainText('string');
  await page.getByRole('link', { name: changed }).click();
  await expect(page).toHaveURL(new RegExp(`/events/${changed}$`));
});
