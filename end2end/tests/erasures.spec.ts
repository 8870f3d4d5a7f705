import { expect, hydrated, signIn, test } from '../support/test.ts';

const order = (email: string) => ({ id: 7, customer: { email } });

test('an event is held and released', async ({ page, sluice }) => {
  const id = await sluice.send('order.created', order('ada@example.test'));
  await signIn(page);
  await page.goto(`/events/${id}`);
  await hydrated(page);
  await page.getByRole('button', { name: 'Hold', exact: true }).click();
  const question = page.getByRole('dialog', { name: 'Hold this event?' });
  await question.getByLabel('Why').fill('asked for by the court');
  await question.getByRole('button', { name: 'Hold event' }).click();
  const held = page.getByRole('group', { name: 'Held' });
  await expect(held).toContainText('asked for by the court');
  await expect(page.getByRole('list', { name: 'History' })).toContainText('Held by owner@example.test');
  await held.getByRole('button', { name: 'Release' }).click();
  await expect(held).toHaveCount(0);
  const undo = page.getByRole('status').getByRole('button', { name: 'Undo' });
  await undo.click();
  await expect(held).toContainText('asked for by the court');
  await undo.click();
  await expect(held).toHaveCount(0);
});

test('what there is about somebody is counted, then erased, with a receipt', async ({ page, sluice }) => {
  for (let n = 0; n < 3; n += 1) await sluice.send('order.created', order('grace@example.test'));
  await sluice.send('order.created', order('bob@example.test'));
  await signIn(page);
  await page.goto('/erasures');
  await hydrated(page);
  await page.getByRole('textbox', { name: /^Where/ }).fill('customer.email');
  await page.getByRole('textbox', { name: /^Value/ }).fill('grace@example.test');
  await page.getByRole('button', { name: 'Count' }).click();
  await expect(page.getByRole('status', { name: 'Counted' })).toContainText('3 events');
  expect(page.url()).not.toContain('grace');
  await page.getByRole('button', { name: 'Erase', exact: true }).click();
  await page.getByRole('dialog', { name: 'Erase all of it?' }).getByRole('button', { name: 'Erase it' }).click();
  const receipt = page.locator('[data-erasure-id]');
  await expect(receipt).toHaveCount(1);
  await expect(async () => {
    await page.reload();
    await expect(receipt).toContainText('finished', { timeout: 500 });
  }).toPass();
  await expect(receipt).toContainText('3 events');
  await expect(receipt).not.toContainText('grace');
  expect(await sluice.holdsInFiles('grace@example.test')).toBe(false);
  expect(await sluice.holdsInFiles('bob@example.test')).toBe(true);
});

test.describe('without a script', () => {
  test.use({ javaScriptEnabled: false });

  test('what there is about somebody is counted', async ({ page, sluice }) => {
    await sluice.send('order.created', order('joan@example.test'));
    await signIn(page);
    await page.goto('/erasures');
    await page.getByRole('textbox', { name: /^Where/ }).fill('customer.email');
    await page.getByRole('textbox', { name: /^Value/ }).fill('joan@example.test');
    await page.getByRole('button', { name: 'Count' }).click();
    await expect(page.getByRole('status', { name: 'Counted' })).toContainText('1 events');
    expect(page.url()).not.toContain('joan');
  });
});
