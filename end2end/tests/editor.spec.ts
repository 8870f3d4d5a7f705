// Workflows made, understood, tried, changed and brought back in the browser.
import { expect, hydrated, reaches, signIn, test } from '../support/test.ts';

const yaml = (target: string, above: number) => `name: Tell the warehouse
triggers:
  - eventType: order.*
    filter: event.payload.total > ${above}
steps:
  - id: notify
    http: { method: POST, url: "${target}/orders", body: "\${event.payload}" }
    retry: { attempts: 1 }
`;

test('a workflow is made in the form, tried, saved, run, changed, compared and restored', async ({
  page, sluice, sink,
}) => {
  test.slow();
  const small = await sluice.send('order.created', { id: 1, total: 50 });
  await signIn(page);
  await page.goto('/workflows');
  await page.getByRole('link', { name: 'with an empty one' }).click();
  await hydrated(page);
  const text = page.locator('#definition');

  await page.getByLabel('Workflow name').fill('Tell the warehouse');
  await page.getByLabel('Event type pattern').fill('order.*');
  await page.getByLabel('Filter').fill('event.payload.total > 100');
  await page.getByRole('button', { name: 'Add step' }).click();
  await page.getByLabel('Step ID').fill('notify');
  await page.getByLabel('URL').fill(`${sink.url}/orders`);
  await page.getByLabel('Body').fill('${event.payload}');
  await expect(text).toHaveValue(/filter: event\.payload\.total > 100/);
  await expect(text).toHaveValue(/id: notify/);

  await page.getByLabel('Runs at once').fill('2');
  await page.getByLabel('Order key').fill('event.payload.id');
  await expect(text).toHaveValue(/concurrency: 2\norder:\n  key: event\.payload\.id\n/);
  await page.getByLabel('Order key').fill('');
  await expect(text).not.toHaveValue(/order:\n/);

  // The text is as good a way in as the form; broken, it says where, and the form stays.
  const good = await text.inputValue();
  await text.fill(good.replace('total > 100', 'total >'));
  await expect(page.getByRole('list', { name: 'Problems' })).toContainText('Line 4, column');
  await text.fill(good.replace('name:', 'name'));
  await expect(page.getByRole('list', { name: 'Problems' })).toContainText(/Line \d+/);
  await expect(page.getByLabel('Step ID')).toHaveValue('notify');
  await text.fill(good.replace('> 100', '> 90'));
  await expect(page.getByLabel('Filter')).toHaveValue('event.payload.total > 90');

  const preview = page.getByRole('status', { name: 'Preview' });
  await expect(preview).toContainText('It would not start');
  await expect(preview).toContainText('event.payload.total is 50');
  await page.getByLabel('Filter').fill('event.payload.total > 40');
  await expect(preview).toContainText('It would start');
  await expect(preview).toContainText(`${sink.url}/orders`);
  await page.getByRole('button', { name: 'Backtest' }).click();
  await expect(page.getByRole('status', { name: 'Backtest' })).toContainText('Of the last 1 events it would match 1');
  expect(sink.bodies).toHaveLength(0);

  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page).toHaveURL(/\/workflows\/wfl_\w+$/);
  await expect(page.getByText('Saved: events that match start it')).toBeVisible();
  const taken = await sluice.send('order.created', { id: 2, total: 60 });
  await reaches(sluice, taken, 'processed');
  expect((await sluice.event(taken)).runs).toHaveLength(1);
  expect(sink.bodies).toHaveLength(1);

  await page.getByRole('link', { name: 'Edit' }).click();
  await expect(page.getByLabel('Filter')).toHaveValue('event.payload.total > 40');
  await page.getByLabel('Filter').fill('event.payload.total > 70');
  await expect(text).toHaveValue(/> 70/);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved as version 2: trigger order.* changed.')).toBeVisible();
  await page.getByRole('link', { name: 'Version 2' }).click();
  await expect(page.locator('del')).toContainText('> 40');
  await expect(page.locator('ins')).toContainText('> 70');
  await page.getByRole('button', { name: 'Restore version 1' }).click();
  await expect(page.getByText('Restored as version 3.')).toBeVisible();
  const again = await sluice.send('order.created', { id: 3, total: 60 });
  await reaches(sluice, again, 'processed');
  expect((await sluice.event(again)).runs).toHaveLength(1);

  // Why the first event started nothing is told on its page.
  await page.goto(`/events/${small}`);
  await expect(page.getByRole('region', { name: 'Triggers' })).toContainText('was made after the event had come');
});

test('unsaved work survives a reload, and another version that was saved meanwhile is not lost', async ({
  page, sluice, sink,
}) => {
  await sluice.applyText(yaml(sink.url, 100));
  const event = await sluice.send('order.created', { id: 1, total: 60 });
  await signIn(page);
  await page.goto('/workflows');
  await page.getByRole('link', { name: 'Tell the warehouse' }).click();
  await page.getByRole('link', { name: 'Edit' }).click();
  await hydrated(page);
  const text = page.locator('#definition');
  await expect(text).toHaveValue(/> 100/);
  await text.fill(yaml(sink.url, 55));
  await expect(page.getByLabel('Filter')).toHaveValue('event.payload.total > 55');

  await page.reload();
  await hydrated(page);
  await expect(page.getByText('There is unsaved work from before.')).toBeVisible();
  await expect(text).toHaveValue(/> 100/);
  await page.getByRole('button', { name: 'Restore draft' }).click();
  await expect(text).toHaveValue(/> 55/);
  await expect(page.getByLabel('Filter')).toHaveValue('event.payload.total > 55');

  await sluice.applyText(yaml(sink.url, 200));
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('Version 2 has been saved meanwhile');
  await page.getByRole('button', { name: 'Go on from version 2' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved as version 3')).toBeVisible();

  await page.getByRole('link', { name: 'Edit' }).click();
  await expect(page.getByText('There is unsaved work')).toHaveCount(0);
  await page.getByRole('button', { name: 'Test run' }).click();
  await expect(page.getByText('The test run has begun.')).toBeVisible();
  await expect.poll(() => sink.bodies.length).toBe(1);
  await page.goto(`/events/${event}`);
  await expect(page.locator('.run').getByText('Test', { exact: true })).toBeVisible();
  expect((await sluice.event(event)).status).toBe('processed');

  await page.goto('/workflows');
  await page.getByRole('link', { name: 'Tell the warehouse' }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete workflow' }).click();
  await expect(page.getByText('No workflows yet')).toBeVisible();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a workflow is written as YAML, refused with its problems, and saved', async ({ page, sluice, sink }) => {
    await signIn(page);
    await page.goto('/workflows');
    await page.getByRole('link', { name: /^Wait and look again/ }).click();
    await expect(page.locator('#definition')).toHaveValue(/Remind of unpaid orders/);
    await page.goto('/workflows/new');
    await page.locator('#definition').fill(yaml(sink.url, 100).replace('> 100', '>'));
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('list', { name: 'Problems' })).toContainText('Line 4, column');
    await expect(page.locator('#definition')).toHaveValue(/total >\n/);
    await page.locator('#definition').fill(yaml(sink.url, 100));
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page).toHaveURL(/\/workflows\/wfl_\w+$/);
    await expect(page.getByText('Version 1').first()).toBeVisible();
    const id = await sluice.send();
    await expect.poll(async () => (await sluice.event(id)).runs.length).toBe(1);
  });
});
