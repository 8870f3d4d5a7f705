// The list of runs: live, and narrowed by what the address says.
import { expect, hydrated, markDocument, reaches, signIn, test } from '../support/test.ts';

test('a run appears, moves and ends while the page is open', async ({ page, sluice, sink }) => {
  sink.delayMs = 3_000;
  await sluice.applyNotify(sink.url);
  await signIn(page);
  await page.goto('/runs');
  await hydrated(page);
  const document = await markDocument(page);
  const runs = page.locator('[data-run-id]');
  await expect(page.getByText('No run yet')).toBeVisible();
  await sluice.send();
  await expect(runs.locator('[data-status]:not([data-status="succeeded"])')).toBeVisible();
  await runs.getByRole('link').first().click();
  await expect(page.getByRole('heading', { level: 1, name: 'Run', exact: true })).toBeVisible();
  await expect(page.locator('[data-status="succeeded"]').first()).toBeVisible();
  await page.getByRole('link', { name: 'Runs', exact: true }).first().click();
  await expect(runs.locator('[data-status="succeeded"]')).toBeVisible();

  await sluice.send('order.paid');
  await expect(runs).toHaveCount(2);
  await expect(runs.locator('[data-status="succeeded"]')).toHaveCount(2);
  await document.check();
});

test('runs are narrowed by status, and to a stretch of time', async ({ page, sluice, sink }) => {
  await sluice.applyNotify(sink.url);
  const id = await sluice.send();
  await reaches(sluice, id, 'processed');
  await signIn(page);
  await page.goto('/runs');
  await hydrated(page);
  const runs = page.locator('[data-run-id]');
  const filter = page.getByRole('search');
  await expect(runs).toHaveCount(1);
  await filter.getByLabel('Status').selectOption('Failed');
  await expect(page).toHaveURL('/runs?status=failed');
  await expect(page.getByText('No run matches')).toBeVisible();
  await filter.getByRole('link', { name: 'Show all' }).click();
  await expect(filter.getByLabel('Status')).toHaveValue('');
  await expect(runs).toHaveCount(1);

  await filter.getByLabel('Created').selectOption('last hour');
  await expect(page).toHaveURL('/runs?within=1h');
  await expect(runs).toHaveCount(1);
  await filter.getByLabel('Created').selectOption('between …');
  await filter.getByLabel('From').fill('2020-01-01T10:00');
  await filter.getByLabel('To', { exact: true }).fill('2020-01-02T10:00');
  await filter.getByRole('button', { name: 'Filter' }).click();
  const local = await page.evaluate(() => new Date('2020-01-01T10:00').toISOString());
  await expect(page).toHaveURL((url) => url.searchParams.get('from') === local);
  await expect(page.getByText('No run matches')).toBeVisible();
});

test.describe('without a script', () => {
  test.use({ javaScriptEnabled: false });

  test('runs are narrowed by the form', async ({ page, sluice, sink }) => {
    await sluice.applyNotify(sink.url);
    const id = await sluice.send();
    await reaches(sluice, id, 'processed');
    await signIn(page);
    await page.goto('/runs');
    await expect(page.locator('[data-run-id]')).toHaveCount(1);
    await page.getByLabel('Created').selectOption('between …');
    await page.getByLabel('To', { exact: true }).fill('2020-01-02T10:00');
    await page.getByRole('button', { name: 'Filter' }).click();
    await expect(page.getByText('No run matches')).toBeVisible();
    await expect(page.getByLabel('To', { exact: true })).toHaveValue('2020-01-02T10:00');
  });
});
