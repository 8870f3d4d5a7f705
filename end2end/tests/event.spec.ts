// An event's page: its history, what differs from the one before, and its payload.
import type { Page } from '@playwright/test';
import { expect, failedEvent, hydrated, reaches, signIn, test } from '../support/test.ts';

/** What was copied last. */
async function copied(page: Page): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText());
}

test('the history tells each turn in its order, and who did what', async ({ page, sluice, sink }) => {
  const id = await failedEvent(sluice, sink);
  await signIn(page);
  await page.goto(`/events/${id}`);
  await hydrated(page);
  const turns = page.getByRole('list', { name: 'History' }).getByRole('listitem');
  await expect(turns).toContainText([
    'Received from shop',
    '1 workflow matched',
    'Notify warehouse v1 began',
    'notify, attempt 1:',
    'Notify warehouse v1 failed',
    'Failed',
  ]);
  await expect(turns.first().locator('time')).toHaveAttribute('datetime', /^\d{4}-\d\d-\d\dT.*Z$/);

  sink.status = 200;
  await page.getByRole('button', { name: 'Retry' }).click();
  await expect(turns.filter({ hasText: 'Retried by' })).toHaveCount(1);
  await expect(turns.last()).toContainText('Processed');
  await page.getByRole('button', { name: 'Replay' }).click();
  const replayed = turns.filter({ hasText: 'Replayed by' });
  await expect(replayed).toHaveCount(1);
  await replayed.getByRole('link').click();
  await expect(turns.first()).toContainText(`Came in again, as a replay of ${id}`);
});

test('an event runs again as it is now, or as it was', async ({ page, sluice, sink }) => {
  await sluice.applyNotify(sink.url);
  const id = await sluice.send();
  await reaches(sluice, id, 'processed');
  await sluice.applyNotify(`${sink.url}/moved`);
  await signIn(page);
  for (const [button, version, replays] of [['Replay', 'v2', 1], ['Run as it was', 'v1', 2]] as const) {
    await page.goto(`/events/${id}`);
    await hydrated(page);
    await page.getByRole('button', { name: button }).click();
    const turns = page.getByRole('list', { name: 'History' }).getByRole('listitem');
    const replayed = turns.filter({ hasText: 'Replayed by' });
    await expect(replayed).toHaveCount(replays);
    await replayed.last().getByRole('link').click();
    await expect(turns.first()).toContainText(`as a replay of ${id}`);
    await expect(turns.filter({ hasText: `Notify warehouse ${version} began` })).toHaveCount(1);
  }
});

test('the payload is held against the one before of its type', async ({ page, sluice }) => {
  const first = await sluice.send('order.created', { id: 1, total: 12, items: [{ sku: 'box' }] });
  await sluice.send('other', { id: 9 });
  const second = await sluice.send('order.created', { id: 2, items: [{ sku: 'lid' }], note: 'new' });
  const third = await sluice.send('order.created', { id: 2, items: [{ sku: 'lid' }], note: 'new' });
  await signIn(page);
  await page.goto(`/events/${second}`);
  await expect(page.getByText('4 differences from the one before')).toBeVisible();
  const line = (path: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: path, exact: true }) });
  await expect(line('id')).toContainText(/changed\s*1\s*2/);
  await expect(line('items[0].sku')).toContainText(/changed\s*"box"\s*"lid"/);
  await expect(line('total')).toContainText(/removed\s*12/);
  await expect(line('note')).toContainText(/added\s*"new"/);

  await page.goto(`/events/${third}`);
  await expect(page.getByText('The same payload as the one before')).toBeVisible();
  await expect(page.getByText('The last event of this type was')).toBeHidden();
  await page.goto(`/events/${first}`);
  await expect(page.getByRole('heading', { name: /^Payload/ })).toBeVisible();
  await expect(page.getByText('the one before')).toHaveCount(0);
});

test.describe('a payload', () => {
  test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

  test('is searched, and its paths and values are copied', async ({ page, sluice }) => {
    const payload = { order: { items: [{ sku: 'box' }, { sku: 'Lid "round"' }] }, deep: { a: { b: { c: 'lid too' } } } };
    const id = await sluice.send('order.created', payload);
    await signIn(page);
    await page.goto(`/events/${id}`);
    await hydrated(page);
    const field = page.getByLabel('Find in the payload');
    await field.fill('LID');
    await expect(page.getByText('2 places')).toBeVisible();
    await field.press('Enter');
    await expect(page.getByText('1 of 2')).toBeVisible();
    await expect(page.locator('[data-hit]')).toContainText('round');
    await page.getByRole('button', { name: 'Copy value' }).click();
    await expect.poll(() => copied(page)).toBe('Lid "round"');
    await field.press('Enter');
    // It was folded.
    await expect(page.locator('[data-hit]')).toContainText('lid too');
    await expect(page.locator('[data-hit]')).toBeVisible();
    await page.getByRole('button', { name: 'Copy path' }).click();
    await expect.poll(() => copied(page)).toBe('deep.a.b.c');

    await page.locator('.json .leaf').filter({ hasText: 'round' }).click();
    // The button says for a while that it has copied.
    await page.getByRole('button', { name: /Copy path|Copied/ }).first().click();
    await expect.poll(() => copied(page)).toBe('order.items[1].sku');
    await field.fill('nowhere');
    await expect(page.getByText('not there')).toBeVisible();
  });

  test('stays unfolded while its event is fetched again and nothing has changed', async ({ page, sluice }) => {
    const items = Array.from({ length: 2_000 }, (_, number) => ({ number, note: `item ${number} of many in here` }));
    const id = await sluice.send('order.created', { items });
    await signIn(page);
    await page.goto(`/events/${id}`);
    await hydrated(page);
    const field = page.getByLabel('Find in the payload');
    await field.fill('item 1432 of');
    await field.press('Enter');
    await expect(page.locator('[data-hit]')).toContainText('item 1432 of many');
    const again = page.waitForResponse(/\/api\/ui\/events\/get/);
    // What may have been missed is fetched.
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await (await again).finished();
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    await expect(page.locator('[data-hit]')).toContainText('item 1432 of many');
  });

  test('of nearly a megabyte opens, is searched and read to its end', async ({ page, sluice }) => {
    const items = Array.from({ length: 15_000 }, (_, number) => ({ number, note: `item ${number} of many in here` }));
    const id = await sluice.send('order.created', { items, last: 'the end' });
    await signIn(page);
    await page.goto(`/events/${id}`);
    await hydrated(page);
    // What is folded is not in the document.
    expect(await page.locator('.json *').count()).toBeLessThan(2_000);
    const field = page.getByLabel('Find in the payload');
    await field.fill('item 14321 of');
    await field.press('Enter');
    await expect(page.locator('[data-hit]')).toContainText('item 14321 of many');
    await page.getByRole('button', { name: 'Copy path' }).click();
    expect(await copied(page)).toBe('items[14321].note');
    expect(await page.locator('.json *').count()).toBeLessThan(6_000);

    await page.getByText('As sent, byte for byte').click();
    const sent = page.locator('.as-sent pre');
    await expect(sent).toContainText('"items":[{"number":0');
    const more = page.getByRole('button', { name: 'Show more' });
    while (await more.count()) await more.click();
    expect(await sent.textContent()).toBe(JSON.stringify({ items, last: 'the end' }));
  });
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with a script' : 'without a script', () => {
    test.use({ javaScriptEnabled });

    test('an event is deleted from its page, but not while it is held', async ({ page, sluice }) => {
      const [id, other] = [await sluice.send('tick'), await sluice.send('tock')];
      await signIn(page);
      await page.goto(`/events/${id}`);
      if (javaScriptEnabled) await hydrated(page);
      const remove = page.getByRole('button', { name: 'Delete', exact: true });
      const question = page.getByRole('dialog', { name: 'Delete this event?' });
      await remove.click();
      await question.getByRole('button', { name: 'Cancel' }).click();
      await expect(question).toBeHidden();
      await remove.click();
      await question.getByRole('button', { name: 'Delete event' }).click();
      await expect(page).toHaveURL('/');
      await expect(page.locator(`[data-event-id="${other}"]`)).toBeVisible();
      await expect(page.locator(`[data-event-id="${id}"]`)).toHaveCount(0);
      if (javaScriptEnabled) await expect(page.getByText('The event is deleted.')).toBeVisible();

      await page.goto(`/events/${other}`);
      if (javaScriptEnabled) await hydrated(page);
      await page.getByRole('button', { name: 'Hold', exact: true }).click();
      await page.getByRole('button', { name: 'Hold event' }).click();
      await expect(page.getByRole('group', { name: 'Held' })).toBeVisible();
      await expect(remove).toHaveCount(0);
    });
  });
}

test('without a clipboard to write to, a text is copied by selecting it, or nothing is claimed', async ({
  page, sluice,
}) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  const id = await sluice.send();
  await signIn(page);
  await page.goto(`/events/${id}`);
  await hydrated(page);
  await page.evaluate(() =>
    document.addEventListener('copy', () => {
      const field = document.activeElement as HTMLTextAreaElement;
      document.body.dataset.taken = field.value.slice(field.selectionStart, field.selectionEnd);
    }),
  );
  const actions = page.locator('.actions');
  await actions.getByRole('button', { name: 'Copy ID' }).click();
  await expect(actions.getByRole('button', { name: 'Copied' })).toBeVisible();
  await expect(page.locator('body')).toHaveAttribute('data-taken', id);
  await expect(page.locator('textarea')).toHaveCount(0);

  await page.evaluate(() => {
    document.execCommand = () => false;
  });
  await actions.getByRole('button', { name: 'Copy payload' }).click();
  await expect(actions.getByRole('button', { name: 'Select and copy it' })).toBeVisible();
});

test('why nothing ran is said as it is', async ({ page, sluice, sink }) => {
  const before = await sluice.send('order.created', { total: 12 });
  await signIn(page);
  await page.goto(`/events/${before}`);
  await expect(page.getByText('There is no workflow, so nothing had to run.')).toBeVisible();
  await sluice.applyNotify(sink.url);
  // Its type matches, its filter does not.
  const cheap = await sluice.send('order.created', { total: 12 });
  await page.goto(`/events/${cheap}`);
  await expect(page.getByText('No trigger matched this event; Triggers below says why.')).toBeVisible();
  await expect(page.getByRole('region', { name: /^Triggers/ })).toContainText('0 of 1 match');
});
