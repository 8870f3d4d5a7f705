import { expect, expectRefusals, hydrated, markDocument, openStream, row, signIn, status, test } from '../support/test.ts';

test('an event appears without a reload and changes from Pending to Processed', async ({
  page, sluice, sink,
}) => {
  sink.delayMs = 800;
  await sluice.applyNotify(sink.url);
  await openStream(page);
  await hydrated(page);
  const document = await markDocument(page);

  const id = await sluice.send();
  await expect(row(page, id)).toBeVisible({ timeout: 2_000 });
  await expect(row(page, id)).toContainText('order.created');
  await expect(status(page, id)).toHaveText(/Pending|Processing/);
  await expect(status(page, id)).toHaveAttribute('data-status', 'processed');
  await expect(status(page, id)).toHaveText('Processed');
  await document.check();
});

test('an event is opened, read and replayed', async ({ page, sluice, sink }) => {
  await sluice.applyNotify(sink.url);
  await openStream(page);
  await hydrated(page);
  const document = await markDocument(page);
  const id = await sluice.send('order.created', { id: 7, total: 120, note: 'two boxes' });
  await expect(status(page, id)).toHaveAttribute('data-status', 'processed');

  await row(page, id).getByRole('link').first().click();
  await expect(page).toHaveURL(`/events/${id}`);
  await expect(page.getByText('two boxes')).toBeVisible();
  await expect(page.getByText('Notify warehouse').first()).toBeVisible();
  await expect(status(page, id)).toHaveText('Processed');
  expect(sink.bodies).toEqual([{ orderId: 7, note: 'from shop' }]);

  await page.getByRole('button', { name: 'Replay' }).click();
  await expect.poll(() => sink.bodies.length).toBe(2);
  await page.getByRole('link', { name: 'Stream', exact: true }).first().click();
  await expect(page.locator('tr[data-event-id]')).toHaveCount(2);
  await document.check();
});

test('a row is replayed from the list and the new event comes in live', async ({ page, sluice }) => {
  const id = await sluice.send();
  await openStream(page);
  await hydrated(page);
  await row(page, id).getByRole('button', { name: 'Replay' }).click();
  await expect(page.locator('tr[data-event-id]')).toHaveCount(2);
});

test('filters narrow the list, stay in the address and hold for new events', async ({
  page, sluice,
}) => {
  const order = await sluice.send('order.created');
  const refund = await sluice.send('refund.created');
  await openStream(page);
  await hydrated(page);
  await expect(row(page, refund)).toBeVisible();

  await page.getByLabel('Event type').fill('order.*');
  await page.getByLabel('Event type').press('Enter');
  await expect(page).toHaveURL(/eventType=order/);
  await expect(row(page, refund)).toHaveCount(0);
  await expect(row(page, order)).toBeVisible();

  const another = await sluice.send('refund.created');
  const live = await sluice.send('order.paid');
  await expect(row(page, live)).toBeVisible();
  await expect(row(page, another)).toHaveCount(0);

  await page.goto(`/?q=${refund.slice(0, -2)}`);
  await expect(row(page, refund)).toBeVisible();
  await expect(row(page, order)).toHaveCount(0);

  await page.goto('/?status=failed');
  await expect(page.locator('tr[data-event-id]')).toHaveCount(0);
});

test('a filter that finds as little as before is applied all the same', async ({ page, sluice }) => {
  await openStream(page);
  await hydrated(page);
  // It came by the stream: what was fetched was empty, and is empty under the filter too.
  const id = await sluice.send('tick');
  await expect(status(page, id)).toHaveText('Processed');
  await page.getByRole('search').getByLabel('Status').selectOption('Failed');
  await expect(page).toHaveURL(/status=failed/);
  await expect(row(page, id)).toHaveCount(0);
  await expect(page.getByText('No event matches')).toBeVisible();
});

test('a filter that finds the same events holds for those that come', async ({ page, sluice }) => {
  const order = await sluice.send('order.created');
  await openStream(page);
  await hydrated(page);
  await expect(row(page, order)).toBeVisible();
  await page.getByLabel('Event type').fill('order.*');
  await page.getByLabel('Event type').press('Enter');
  await expect(page).toHaveURL(/eventType=order/);
  const refund = await sluice.send('refund.created');
  const paid = await sluice.send('order.paid');
  await expect(row(page, paid)).toBeVisible();
  await expect(row(page, refund)).toHaveCount(0);
});

test('payloads are searched by text and by a value at a path, and what comes is searched too', async ({
  page, sluice,
}) => {
  const ann = await sluice.send('order.created', { customer: { email: 'ann@example.com' }, total: 12 });
  const bob = await sluice.send('order.created', { customer: { email: 'bob@example.com' }, total: 120 });
  await openStream(page);
  await hydrated(page);
  await page.getByLabel('Payload').fill('customer.email = "ann@example.com"');
  await page.getByLabel('Payload').press('Enter');
  await expect(page).toHaveURL((url) => url.searchParams.get('search') === 'customer.email = "ann@example.com"');
  await expect(row(page, ann)).toBeVisible();
  await expect(row(page, bob)).toHaveCount(0);

  await page.getByLabel('Payload').fill('bob');
  await page.getByLabel('Payload').press('Enter');
  await expect(row(page, bob)).toBeVisible();
  await expect(row(page, ann)).toHaveCount(0);
  const carol = await sluice.send('order.created', { note: 'carol' });
  const again = await sluice.send('order.created', { note: 'bob again' });
  await expect(row(page, again)).toBeVisible();
  await expect(row(page, carol)).toHaveCount(0);
  await page.reload();
  await expect(page.getByLabel('Payload')).toHaveValue('bob');
  await expect(row(page, bob)).toBeVisible();
});

test('a search that cannot be understood says what is wrong with it', async ({ page, complaints }) => {
  await signIn(page);
  await page.goto(`/?search=${encodeURIComponent('order.total =')}`);
  await expect(page.getByText('a value is missing after')).toBeVisible();
  await expect(page.getByLabel('Payload')).toHaveValue('order.total =');
  expectRefusals(complaints, 400);
});

test('event types that came are suggested, several of a family as a pattern', async ({ page, sluice }) => {
  await sluice.send('order.created');
  await sluice.send('order.paid');
  await sluice.send('refund.created');
  await openStream(page);
  await expect(page.getByLabel('Event type')).toHaveAttribute('list', 'event-types');
  const suggested = page.locator('datalist#event-types option');
  const names = await suggested.evaluateAll((all) => all.map((one) => one.getAttribute('value')));
  expect(names).toEqual(['order.*', 'order.created', 'order.paid', 'refund.created']);
});

test('an open page catches up after the server has crashed and come back', async ({
  page, sluice, complaints,
}) => {
  await openStream(page);
  await hydrated(page);
  const document = await markDocument(page);
  await expect(row(page, await sluice.send())).toBeVisible();
  await sluice.crashAndRestart();
  const missed = await sluice.send();
  await expect(row(page, missed)).toBeVisible({ timeout: 20_000 });
  const later = await sluice.send();
  await expect(row(page, later)).toBeVisible();
  await document.check();
  // The browser itself reports the cut connection.
  complaints.splice(0, complaints.length, ...complaints.filter((c) => !/net::ERR_/.test(c)));
});

test('markup in a payload stays text', async ({ page, sluice }) => {
  const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
  const id = await sluice.send('order.created', { note: hostile });
  await openStream(page);
  await hydrated(page);
  await expect(row(page, id)).toContainText('<img');
  await page.goto(`/events/${id}`);
  await hydrated(page);
  await expect(page.getByText('onerror').first()).toBeVisible();
  await expect(page).toHaveTitle(/Sluice/);
  await expect(page.locator('main img')).toHaveCount(0);
});

test('the stream is narrowed to a stretch of time, and to two times of the reader', async ({ page, sluice }) => {
  const id = await sluice.send('order.created');
  await openStream(page);
  await hydrated(page);
  await page.getByLabel('Received').selectOption('last hour');
  await expect(page).toHaveURL(/within=1h/);
  await expect(row(page, id)).toBeVisible();
  // What comes now is within the last hour too.
  const next = await sluice.send('order.paid');
  await expect(row(page, next)).toBeVisible();

  await expect(page.getByLabel('From')).toBeHidden();
  await page.getByLabel('Received').selectOption('between …');
  await page.getByLabel('From').fill('2020-01-01T10:00');
  await page.getByLabel('To', { exact: true }).fill('2020-01-02T10:00');
  await page.getByRole('button', { name: 'Filter' }).click();
  const local = await page.evaluate(() => new Date('2020-01-01T10:00').toISOString());
  await expect(page).toHaveURL((url) => url.searchParams.get('from') === local);
  await expect(row(page, id)).toHaveCount(0);
  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel('From')).toHaveValue('2020-01-01T10:00');
  await page.getByLabel('To', { exact: true }).fill('');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(row(page, id)).toBeVisible();
});
