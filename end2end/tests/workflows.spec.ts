import { expect, hydrated, reaches, signIn, test } from '../support/test.ts';

test('a workflow is turned off and on again', async ({ page, sluice, sink }) => {
  await sluice.applyNotify(sink.url);
  await signIn(page);
  await page.goto('/workflows');
  await hydrated(page);
  const workflow = page.getByRole('row').filter({ hasText: 'order.*' });
  await expect(workflow.getByText('On', { exact: true })).toBeVisible();
  await workflow.getByRole('button', { name: 'Turn off' }).click();
  await expect(workflow.getByText('Off', { exact: true })).toBeVisible();
  const ignored = await sluice.send();
  expect((await sluice.event(ignored)).runs).toEqual([]);

  await workflow.getByRole('button', { name: 'Turn on' }).click();
  await expect(workflow.getByText('On', { exact: true })).toBeVisible();
  const taken = await sluice.send();
  await reaches(sluice, taken, 'processed');
  expect((await sluice.event(taken)).runs).toHaveLength(1);

  // The notice says which, and takes it back.
  const notice = page.getByRole('status').filter({ hasText: 'Notify warehouse is on' });
  await notice.getByRole('button', { name: 'Undo' }).click();
  await expect(workflow.getByText('Off', { exact: true })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Notify warehouse is off' })).toBeVisible();
});

test('a receiver that is gone turns its workflow off, and its page says why', async ({
  page,
  sluice,
  sink,
}) => {
  await sluice.applyNotify(sink.url);
  sink.status = 410;
  const id = await sluice.send();
  await reaches(sluice, id, 'failed');
  await expect
    .poll(async () => JSON.parse(await sluice.command('workflows', 'list', '--json'))[0].enabled)
    .toBe(false);
  await signIn(page);
  await page.goto('/workflows');
  await page.getByRole('link', { name: 'Notify warehouse' }).click();
  const why = page.getByText('Turned off by Sluice');
  await expect(why).toContainText('127.0.0.1 answered 410');
});
