import { expect, expectRefusals, hydrated, signIn, test } from '../support/test.ts';

test('a limit says what it would take before it is in force', async ({ page, sluice }) => {
  for (let n = 0; n < 3; n += 1) await sluice.send('order.created', { n, text: 'x'.repeat(500_000) });
  await signIn(page);
  await page.goto('/retention');
  await hydrated(page);
  const form = page.getByRole('region', { name: 'Keep at most' });
  await form.getByRole('textbox', { name: /^At most/ }).fill('1MiB');
  await form.getByRole('button', { name: 'Preview' }).click();
  const planned = form.getByRole('status', { name: 'Planned' });
  await expect(planned).toContainText('1 event would be removed at once');
  await expect(form.getByText('at most 1MiB; now')).toHaveCount(0);
  await hydrated(page);
  await form.getByRole('button', { name: 'Put in force' }).click();
  await expect(form.getByText('at most 1MiB; now')).toBeVisible();
  await expect(planned).toHaveCount(0);
  await form.getByRole('button', { name: 'Remove the limit of processed events' }).click();
  await expect(form.getByText('at most 1MiB; now')).toHaveCount(0);
});

test.describe('without a script', () => {
  test.use({ javaScriptEnabled: false });

  test('a rule says what it would take before it is in force', async ({ page, sluice }) => {
    await sluice.send('order.created', { n: 1 });
    await signIn(page);
    await page.goto('/retention');
    const form = page.getByRole('region', { name: 'Keep events for' });
    await form.getByRole('textbox', { name: /^For/ }).fill('1d');
    await form.getByRole('button', { name: 'Preview' }).click();
    const planned = form.getByRole('status', { name: 'Planned' });
    await expect(planned).toContainText('Processed events, kept for 1d: nothing would be removed now');
    await expect(page.getByText('Everything is kept')).toBeVisible();
    await form.getByRole('button', { name: 'Put in force' }).click();
    await expect(planned).toHaveCount(0);
    await expect(page.getByRole('row').filter({ hasText: 'every other source' })).toContainText('1d');
  });

  test('what is no time is refused in words', async ({ page, complaints }) => {
    await signIn(page);
    await page.goto('/retention');
    const form = page.getByRole('region', { name: 'Keep events for' });
    await form.getByRole('textbox', { name: /^For/ }).fill('soon');
    await form.getByRole('button', { name: 'Preview' }).click();
    await expect(form.getByRole('alert')).toContainText('is not a duration');
    await expect(form.getByRole('button', { name: 'Put in force' })).toHaveCount(0);
    expectRefusals(complaints, 422);
  });

  test('a source has a limit of size', async ({ page }) => {
    await signIn(page);
    await page.goto('/retention');
    const form = page.getByRole('region', { name: 'Keep at most' });
    await form.getByRole('textbox', { name: /^Source/ }).fill('shop');
    await form.getByRole('textbox', { name: /^At most/ }).fill('20GiB');
    await form.getByRole('button', { name: 'Preview' }).click();
    await expect(form.getByRole('status', { name: 'Planned' })).toContainText('of shop, at most 20GiB');
    await form.getByRole('button', { name: 'Put in force' }).click();
    await expect(form.getByText('of shop: at most 20GiB')).toBeVisible();
    await form.getByRole('button', { name: 'Remove the limit of processed events of shop' }).click();
    await expect(form.getByText('of shop: at most 20GiB')).toHaveCount(0);
  });
});
