import { expect, expectRefusals, hydrated, markDocument, signIn, test } from '../support/test.ts';
import { push } from '../support/webhooks.ts';

test('a source made in the page is given the right secret, and what waited is released', async ({
  page, sluice, complaints,
}) => {
  await signIn(page);
  await page.goto('/sources');
  await hydrated(page);
  await page.getByRole('link', { name: /^GitHub/ }).click();
  await page.getByLabel('Name').fill('shop-repo');
  await expect(page.getByText(`${sluice.url}/api/webhooks/shop-repo`)).toBeVisible();
  await page.getByLabel('Secret').fill('a typo');
  const loaded = await markDocument(page);
  await page.getByRole('button', { name: 'Create source' }).click();
  await expect(page).toHaveURL('/sources/shop-repo');
  await expect(page.getByText('Waiting for its first delivery')).toBeVisible();
  await expect(page.locator('body')).not.toContainText('a typo');

  expect(await push(sluice, 'shop-repo', 'the right one')).toBe(401);
  const quarantine = page.getByRole('link', { name: /^Quarantine/ }).first();
  await expect(quarantine).toContainText('1');
  await page.getByRole('link', { name: '1 delivery' }).click();
  await expect(page).toHaveURL('/quarantine?source=shop-repo');
  const held = page.locator('[data-held-id]');
  await expect(held).toContainText('Signed with another secret, or altered on its way');
  await held.locator('summary').click();
  await expect(held.locator('pre')).toContainText('{"ref":"refs/heads/main"}');
  await held.getByRole('button', { name: 'Verify again' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'still not believed' })).toBeVisible();
  await expect(held).toHaveCount(1);
  expectRefusals(complaints, 422);

  await held.getByRole('link', { name: 'shop-repo' }).click();
  await page.getByText('Rotate', { exact: true }).click();
  await page.getByLabel('New secret').fill('the right one');
  await page.getByRole('button', { name: 'Put in force' }).click();
  await expect(page.getByText('The one before', { exact: true })).toBeVisible();

  await quarantine.click();
  await held.getByRole('button', { name: 'Verify again' }).click();
  await expect(page.getByText('Nothing in quarantine')).toBeVisible();
  await expect(quarantine).not.toContainText('1');
  await page.getByRole('link', { name: 'Open it' }).click();
  await expect(page.getByRole('heading', { name: 'push' })).toBeVisible();
  await loaded.check();
  await page.goto('/');
  await expect(page.locator('tr[data-event-id]')).toContainText(['push']);
});

test('a secret that was made here is shown once, and the one before it is ended', async ({
  page, sluice,
}) => {
  await sluice.command('sources', 'create', '--name', 'github', '--kind', 'github', '--secret', 'old');
  await signIn(page);
  await page.goto('/sources/github');
  await hydrated(page);
  await page.getByText('Rotate', { exact: true }).click();
  await page.getByRole('button', { name: 'Put in force' }).click();
  const panel = page.getByRole('region', { name: 'Its new secret' });
  await expect(panel).toBeFocused();
  const secret = (await panel.locator('code').textContent()) ?? '';
  expect(secret).toMatch(/^\w{52}$/);
  expect(await push(sluice, 'github', secret)).toBe(202);
  expect(await push(sluice, 'github', 'old', { delivery: 'd-2' })).toBe(202);
  expect(await sluice.holdsInFiles(secret)).toBe(false);

  await page.reload();
  await expect(page.getByText('It was shown already')).toBeVisible();
  await expect(page.locator('body')).not.toContainText(secret);
  await page.getByRole('link', { name: 'Close' }).click();

  await hydrated(page);
  await page.getByRole('button', { name: 'End it' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('The one before', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'End it' }).click();
  await page.getByRole('button', { name: 'End old secret' }).click();
  await expect(page.getByText('The one before', { exact: true })).toHaveCount(0);
  expect(await push(sluice, 'github', 'old', { delivery: 'd-3' })).toBe(401);
  expect(await push(sluice, 'github', secret, { delivery: 'd-4' })).toBe(202);
});

test('a name that is taken is refused where it was written', async ({
  page, sluice, complaints,
}) => {
  await sluice.command('sources', 'create', '--name', 'hmac', '--kind', 'hmac', '--secret', 's');
  await signIn(page);
  await page.goto('/sources?new=hmac');
  await hydrated(page);
  await page.getByLabel('Header with the signature').fill('X-Till-Signature');
  const refusal = page.getByRole('alert');
  const answered = page.waitForResponse(/sources\/create/);
  await page.getByRole('button', { name: 'Create source' }).click();
  expect((await answered).status()).toBe(422);
  await expect(refusal).toContainText('There is a source `hmac` already');
  await expect(page.getByLabel('Header with the signature')).toHaveValue('X-Till-Signature');
  expectRefusals(complaints, 422);
  await page.getByLabel('Name').fill('till');
  await page.getByRole('button', { name: 'Create source' }).click();
  await expect(page.getByRole('region', { name: 'Its new secret' })).toBeVisible();
  await expect(page.getByText('x-till-signature', { exact: true })).toBeVisible();
});

test('a deleted source takes nothing any more and its events stay', async ({ page, sluice, complaints }) => {
  await sluice.command('sources', 'create', '--name', 'github', '--kind', 'github', '--secret', 's');
  expect(await push(sluice, 'github', 's')).toBe(202);
  await signIn(page);
  await page.goto('/sources/github');
  await hydrated(page);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('button', { name: 'Delete source' }).click();
  await expect(page).toHaveURL('/sources');
  await expect(page.getByText('No sources yet')).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'its events stay' })).toBeVisible();
  // The page follows its source, and may have asked for it once more while it went.
  expectRefusals(complaints, 404);
  expect(await push(sluice, 'github', 's', { delivery: 'd-2' })).toBe(404);
  await page.goto('/');
  await expect(page.locator('tr[data-event-id]')).toHaveCount(1);
});
