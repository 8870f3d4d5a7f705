// Going about by keyboard: the palette, the sheet, rows, and from event to event.
import { execFileSync } from 'node:child_process';
import { expect, failedEvent, hydrated, openStream, reaches, row, signIn, test } from '../support/test.ts';

test('the palette leads to pages and to events', async ({ page, sluice }) => {
  const id = await sluice.send('order.created');
  await openStream(page);
  await hydrated(page);
  const palette = page.getByRole('dialog', { name: 'Go anywhere' });
  // Whoever types at once loses no letter.
  await page.keyboard.press('Control+k');
  await page.keyboard.type('dlq');
  await expect(palette.getByRole('option').first()).toHaveText('Dead letters');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/dead-letters');
  await expect(palette).toBeHidden();

  await page.keyboard.press('Control+k');
  await page.keyboard.type(id);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`/events/${id}`);

  await page.keyboard.press('Control+k');
  await page.keyboard.type('order.*');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/eventType=order/);
  await page.getByRole('button', { name: 'Go to' }).first().click();
  await expect(palette).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(palette).toBeHidden();
});

test('keys go through rows and from event to event', async ({ page, sluice }) => {
  const [first, second, third] = [await sluice.send('a.one'), await sluice.send('a.two'), await sluice.send('a.three')];
  await openStream(page);
  await hydrated(page);
  await expect(row(page, first)).toBeVisible();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(row(page, second).getByRole('link').first()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`/events/${second}`);
  const beside = (name: string, id: string) =>
    expect(page.getByRole('link', { name })).toHaveAttribute('href', `/events/${id}`);
  await beside('Older', first);
  await page.keyboard.press('j');
  await expect(page).toHaveURL(`/events/${first}`);
  await beside('Newer', second);
  await page.keyboard.press('k');
  await expect(page).toHaveURL(`/events/${second}`);
  await beside('Newer', third);
  await page.keyboard.press('k');
  await expect(page).toHaveURL(`/events/${third}`);
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await expect(page).toHaveURL('/dead-letters');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toContainText('Replay the event');
});

test('keys act on the row that has the focus', async ({ page, context, sluice, sink }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const id = await failedEvent(sluice, sink);
  await openStream(page);
  await hydrated(page);
  await page.keyboard.press('j');
  await expect(row(page, id).getByRole('link').first()).toBeFocused();
  await page.keyboard.press('c');
  await expect(page.getByRole('status').filter({ hasText: `Copied ${id}.` })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(id);
  await page.keyboard.press('r');
  await expect(page.locator('tr[data-event-id]')).toHaveCount(2);
  const replay = (await page.locator('tr[data-event-id]').first().getAttribute('data-event-id')) ?? '';
  await reaches(sluice, replay, 'failed');

  await page.goto('/dead-letters');
  await hydrated(page);
  await page.keyboard.press('/');
  await expect(page.getByLabel('Event type')).toBeFocused();
  await page.getByRole('heading', { level: 1 }).click();
  sink.status = 200;
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(row(page, id).getByRole('link').first()).toBeFocused();
  await page.keyboard.press('r');
  await reaches(sluice, id, 'processed');

  for (const [path, first] of [['/types', 'order.created'], ['/runs', ''], ['/workflows', 'Notify warehouse']]) {
    const line = page.locator('main tbody tr').first();
    // Types are learnt a moment after their events.
    await expect(async () => {
      await page.goto(path);
      await expect(line).toBeVisible({ timeout: 500 });
    }).toPass();
    await hydrated(page);
    await page.keyboard.press('j');
    await expect(line.getByRole('link').first()).toBeFocused();
    await expect(page.locator(':focus')).toContainText(first);
  }
});

test('new events that wait are shown by a key, which is the beginning of no other', async ({ page, sluice }) => {
  const first = await sluice.send('a.one');
  await openStream(page);
  await hydrated(page);
  await expect(row(page, first)).toBeVisible();
  await page.locator('.switch input').uncheck();
  const second = await sluice.send('a.two');
  const waiting = page.getByRole('button', { name: '1 new event' });
  await expect(waiting).toBeVisible();
  await page.keyboard.press('Shift+G');
  await expect(row(page, second)).toBeVisible();
  await expect(waiting).toHaveCount(0);

  const third = await sluice.send('a.three');
  await expect(waiting).toBeVisible();
  await page.keyboard.press('g');
  await expect(row(page, third)).toHaveCount(0);
  await page.keyboard.press('d');
  await expect(page).toHaveURL('/dead-letters');
});

test('keys mean letters while someone types', async ({ page }) => {
  await openStream(page);
  await hydrated(page);
  await page.keyboard.press('/');
  const field = page.getByLabel('Event type');
  await expect(field).toBeFocused();
  await page.keyboard.type('gdj?');
  await expect(field).toHaveValue('gdj?');
  await expect(page).toHaveURL(/\/$/);
});

test('an event copied as curl is sent again by a shell', async ({ page, context, sluice }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const id = await sluice.send('order.created', { note: "two 'boxes' of $HOME and \\ things" });
  await signIn(page);
  await page.goto(`/events/${id}`);
  await hydrated(page);
  await page.getByRole('button', { name: 'Copy as curl' }).click();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  const answer = execFileSync('sh', ['-c', `${command} --silent`], {
    env: { ...process.env, SLUICE_API_KEY: sluice.key },
  });
  const sent = JSON.parse(answer.toString());
  const [before, after] = [await sluice.event(id), await sluice.event(sent.id)];
  expect(after.payload).toEqual(before.payload);
});
