import { expect, hydrated, signIn, test } from '../support/test.ts';

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
  await expect.poll(async () => (await sluice.event(taken)).status).toBe('processed');
  expect((await sluice.event(taken)).runs).toHaveLength(1);
});
