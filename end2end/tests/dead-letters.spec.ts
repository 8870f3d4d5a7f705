import { expect, hydrated, openStream, row, signIn, status, test } from '../support/test.ts';

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
  sink.status = 500;
  await sluice.applyNotify(sink.url);
  const id = await sluice.send();
  await expect.poll(async () => (await sluice.event(id)).status).toBe('failed');
  await signIn(page);
  await page.goto('/dead-letters');
  await hydrated(page);
  await row(page, id).getByRole('button', { name: 'Mark processed' }).click();
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
  await expect.poll(async () => (await sluice.event(id)).status).toBe('failed');
  await signIn(page);
  await page.goto(`/events/${id}`);
  await hydrated(page);
  await expect(page.getByRole('group', { name: 'What failed' })).toContainText('503');
  sink.status = 200;
  await page.getByRole('button', { name: 'Retry' }).click();
  await expect(status(page, id)).toHaveText('Processed');
});
