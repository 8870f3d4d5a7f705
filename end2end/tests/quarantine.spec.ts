import { expect, hydrated, signIn, test } from '../support/test.ts';
import { push } from '../support/webhooks.ts';

test('deliveries are filtered, chosen, released and deleted together', async ({ page, sluice }) => {
  for (const name of ['github', 'mirror']) {
    await sluice.command('sources', 'create', '--name', name, '--kind', 'github', '--secret', 's');
  }
  for (const delivery of ['d-1', 'd-2']) await push(sluice, 'github', 'other', { delivery });
  await push(sluice, 'github', 'a third', { delivery: 'd-3' });
  await push(sluice, 'mirror', 's', { headers: { 'x-hub-signature-256': 'plain' } });
  await signIn(page);
  await page.goto('/quarantine');
  await hydrated(page);
  const held = page.locator('[data-held-id]');
  await expect(held).toHaveCount(4);

  await page.getByRole('search').getByLabel('Cause').selectOption('malformed header');
  await expect(page).toHaveURL('/quarantine?cause=malformed_header');
  await expect(held).toHaveCount(1);
  await expect(held).toContainText('not written as this kind of source writes it');
  await page.getByRole('link', { name: 'Clear' }).click();
  await page.getByRole('search').getByLabel('Source').selectOption('github (3)');
  await expect(held).toHaveCount(3);

  await expect(page.getByRole('button', { name: 'Verify selected again' })).toBeDisabled();
  await page.getByLabel('Select all').check();
  await expect(page.getByText('3 selected')).toBeVisible();
  await sluice.command('sources', 'rotate', 'github', '--secret', 'other');
  await page.getByRole('button', { name: 'Verify selected again' }).click();
  const said = page.getByRole('status').filter({ hasText: '2 deliveries are events now' });
  await expect(said).toContainText('1 delivery left as it was');
  await expect(held).toHaveCount(1);
  await expect(page.getByText('none selected')).toBeVisible();

  await held.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Delete selected' }).click();
  await page.getByRole('button', { name: 'Delete them' }).click();
  await expect(page.getByText('No delivery matches')).toBeVisible();
  const listed = JSON.parse(await sluice.command('quarantine', 'list', '--json')).items;
  expect(listed).toMatchObject([{ source: 'mirror' }]);
});

test('what a stranger sends is text and never a page of its own', async ({ page, sluice }) => {
  await sluice.command('sources', 'create', '--name', 'github', '--kind', 'github', '--secret', 's');
  const body = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
  await push(sluice, 'github', 'other', { body, headers: { 'x-note': '<b>bold</b>' } });
  await signIn(page);
  await page.goto('/quarantine');
  await hydrated(page);
  await page.locator('[data-held-id] summary').click();
  await expect(page.locator('[data-held-id] pre')).toHaveText(body);
  await expect(page.getByText('<b>bold</b>')).toBeVisible();
  await expect(page).toHaveTitle(/Quarantine/);
});

test('a delivery that comes while the page is open appears by itself', async ({ page, sluice }) => {
  await sluice.command('sources', 'create', '--name', 'github', '--kind', 'github', '--secret', 's');
  await signIn(page);
  await page.goto('/quarantine');
  await hydrated(page);
  await expect(page.getByText('Nothing in quarantine')).toBeVisible();
  await push(sluice, 'github', 'other');
  await expect(page.locator('[data-held-id]')).toHaveCount(1);
});

test('a question about one delivery stays with it while others come above', async ({ page, sluice }) => {
  await sluice.command('sources', 'create', '--name', 'github', '--kind', 'github', '--secret', 's');
  await push(sluice, 'github', 'other', { delivery: 'd-1' });
  await signIn(page);
  await page.goto('/quarantine');
  await hydrated(page);
  const held = page.locator('[data-held-id]');
  const asked = await held.getAttribute('data-held-id');
  await held.getByRole('button', { name: 'Delete' }).click();
  await push(sluice, 'github', 'other', { delivery: 'd-2' });
  await expect(held).toHaveCount(2);
  await page.getByRole('button', { name: 'Delete it' }).click();
  await expect(held).toHaveCount(1);
  await expect(page.locator(`[data-held-id="${asked}"]`)).toHaveCount(0);
});
