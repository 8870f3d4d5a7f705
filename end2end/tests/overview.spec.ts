import { expect, hydrated, markDocument, openStream, reaches, test } from '../support/test.ts';

test('the overview shows a period, leads to the events behind each figure, and is live', async ({
  page, sluice, sink,
}) => {
  await sluice.applyNotify(sink.url);
  for (const id of [1, 2, 3]) {
    const sent = await sluice.send('order.created', { id, total: 120 });
    await reaches(sluice, sent, 'processed');
  }
  sink.status = 500;
  const failed = await sluice.send('order.paid');
  await reaches(sluice, failed, 'failed');
  await openStream(page);
  await page.getByRole('link', { name: 'Overview' }).first().click();
  await expect(page).toHaveURL(/\/overview$/);
  await hydrated(page);
  const figure = (name: string) => page.getByRole('region', { name: 'Figures' }).getByRole('link', { name });
  await expect(figure('Events ').first()).toContainText('4');
  await expect(figure('Dead letters')).toContainText('1');
  await expect(page.getByRole('region', { name: 'Event types' })).toContainText('order.created');
  await expect(page.getByRole('region', { name: 'Slowest workflows' })).toContainText('Notify warehouse');

  const same = await markDocument(page);
  await sluice.send('stock.counted', { id: 1 });
  await expect(page.getByRole('region', { name: 'Event types' })).toContainText('stock.counted');
  await page.getByRole('navigation', { name: 'Period' }).getByRole('link', { name: '1 h' }).click();
  await expect(page).toHaveURL(/range=1h/);
  await page.getByText('As a table').first().click();
  const rows = page.getByRole('region', { name: /as a table/ }).first().getByRole('row');
  await expect(rows).toHaveCount(61);
  await same.check();

  // A stretch leads to what came in it, from the table as from the drawing.
  const came = page.locator('td:nth-child(2)').filter({ hasText: /^[1-9]/ });
  const stretch = rows.filter({ has: came }).first().getByRole('link');
  const leads = await stretch.getAttribute('href');
  await expect(page.locator(`svg.chart a[href="${leads}"]`).first()).toContainText(/processed/);
  await stretch.click();
  await expect(page).toHaveURL(/within=custom&from=/);
  await expect(page.locator('[data-event-id]').first()).toBeVisible();
  await page.goBack();

  await figure('Failed').click();
  await expect(page).toHaveURL(/status=failed/);
  await expect(page.locator('[data-event-id]')).toHaveCount(1);
  await page.goBack();

  const slowest = page.getByRole('region', { name: 'Slowest workflows' });
  await expect(slowest.getByRole('columnheader', { name: 'p95' })).toBeVisible();
  await expect(figure('Storage')).toContainText('too early to say');
  await slowest.getByRole('link', { name: 'Notify warehouse' }).click();
  await expect(page).toHaveURL(/\/runs\?workflow=/);
  await expect(page.locator('[data-run-id]')).toHaveCount(4);
});
