import type { Page } from '@playwright/test';
import { expect, expectRefusals, hydrated, openStream, OWNER, signIn, test } from '../support/test.ts';

async function invite(page: Page, email: string, role: string): Promise<string> {
  await page.goto('/people?new=1');
  await page.getByLabel('Email').fill(email);
  await page.getByRole('region', { name: 'Invite someone' }).getByLabel('Role').selectOption(role);
  await page.getByRole('button', { name: 'Make the link' }).click();
  const panel = page.getByRole('region', { name: "The invitation's link" });
  await expect(panel).toBeVisible();
  return (await panel.locator('code').textContent()) ?? '';
}

test('someone is invited, comes in, gets a role, and is removed', async ({ page, browser, sluice }) => {
  await openStream(page);
  await hydrated(page);
  const link = await invite(page, 'ada@example.test', 'Viewer');
  expect(link).toContain(`${sluice.url}/join?token=`);
  expect(await sluice.holdsInFiles(new URL(link).searchParams.get('token') ?? '')).toBe(false);

  const other = await browser.newContext({ baseURL: sluice.url });
  const theirs = await other.newPage();
  await theirs.goto(link);
  await theirs.getByLabel('Password').fill('a long enough password');
  await theirs.getByRole('button', { name: 'Come in' }).click();
  await expect(theirs).toHaveURL(`${sluice.url}/`);
  await theirs.goto('/people');
  await expect(theirs.getByText('Only an owner can ask people in')).toBeVisible();
  await expect(theirs.getByRole('button', { name: 'Remove' })).toHaveCount(0);

  await page.goto('/people');
  await hydrated(page);
  const row = page.getByRole('row').filter({ hasText: 'ada@example.test' });
  await row.getByLabel('Role of ada@example.test').selectOption('Operator');
  await row.getByRole('button', { name: 'Set' }).click();
  await expect(page.getByText('ada@example.test is operator from their next click on')).toBeVisible();
  await theirs.reload();
  await expect(theirs.locator('.who .role').first()).toHaveText('operator');

  await row.getByRole('button', { name: 'Remove' }).click();
  const question = page.getByRole('dialog', { name: 'Remove ada@example.test?' });
  await question.getByRole('button', { name: 'Remove' }).click();
  await expect(row).toHaveCount(0);
  await theirs.reload();
  await expect(theirs).toHaveURL(/\/login/);
  await other.close();

  await page.goto('/audit?action=user');
  const log = page.locator('tbody tr');
  await expect(log.nth(0)).toContainText('User removed');
  await expect(log.nth(1)).toContainText('from viewer to operator');
  await expect(log.nth(2)).toContainText('User joined');
  await expect(log.nth(3)).toContainText('User invited');
  await expect(log.nth(3)).toContainText(OWNER.email);
});

test('a password is changed, and only the new one works', async ({ page, complaints }) => {
  await signIn(page);
  await page.goto('/settings');
  await hydrated(page);
  await page.getByLabel('Current password').fill('not the password');
  await page.getByLabel('New password').fill('an even longer password');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByRole('alert')).toContainText('not right');
  expectRefusals(complaints, 422);
  await page.getByLabel('Current password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page).toHaveURL(/\/login/);
  await page.goto('/');
  await expect(page).toHaveURL(/\/login/);
  await page.getByLabel('Email').fill(OWNER.email);
  await page.getByLabel('Password').fill('an even longer password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/$/);
});

test.describe('without a script', () => {
  test.use({ javaScriptEnabled: false });

  test('someone is invited, and the log is filtered', async ({ page }) => {
    await openStream(page);
    const link = await invite(page, 'bob@example.test', 'Operator');
    expect(link).toContain('/join?token=');
    await page.goto('/audit');
    await page.getByLabel('Kind').selectOption('Keys');
    await page.getByRole('button', { name: 'Filter' }).click();
    await expect(page).toHaveURL(/action=key/);
    await expect(page.getByRole('row').filter({ hasText: 'Key created' }).first()).toBeVisible();
    await expect(page.getByRole('row').filter({ hasText: 'User invited' })).toHaveCount(0);
  });
});

test('an owner ends the sessions of someone else', async ({ page, browser, sluice }) => {
  await signIn(page);
  const link = await invite(page, 'bob@example.test', 'Operator');
  const context = await browser.newContext({ baseURL: sluice.url });
  const theirs = await context.newPage();
  await theirs.goto(link);
  await theirs.getByLabel('Password').fill('a long enough password');
  await theirs.getByRole('button', { name: 'Come in' }).click();
  await hydrated(theirs);
  await page.goto('/people');
  await hydrated(page);
  await page.getByRole('row').filter({ hasText: 'bob@example.test' }).getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('Their session has ended.')).toBeVisible();
  // The page that they have open gets nothing more, and says so.
  await expect(theirs.getByText('Your session has ended.')).toBeVisible({ timeout: 15_000 });
  await theirs.goto('/');
  await expect(theirs).toHaveURL(/\/login$/);
  await context.close();
});

test('one sees where one is signed in, and ends what one does not know', async ({
  page, browser, sluice, complaints,
}) => {
  await signIn(page);
  const elsewhere = async () => {
    const context = await browser.newContext({ baseURL: sluice.url });
    const there = await context.newPage();
    await signIn(there);
    return there;
  };
  const [first, second] = [await elsewhere(), await elsewhere()];
  await page.goto('/settings');
  await hydrated(page);
  const sessions = page.getByRole('region', { name: 'Where you are signed in' });
  const rows = sessions.getByRole('row').filter({ hasText: 'Chrome on Linux' });
  await expect(rows).toHaveCount(3);
  await expect(rows.filter({ hasText: '127.0.0.1' })).toHaveCount(3);
  await expect(rows.filter({ hasText: 'This one' })).toHaveCount(1);

  const end = rows.getByRole('button', { name: 'End', exact: true });
  const password = sessions.getByLabel('Your password');
  await password.fill('not the password');
  await end.first().click();
  await expect(sessions.getByRole('alert')).toContainText('The password is not right.');
  expectRefusals(complaints, 422);
  await expect(rows).toHaveCount(3);
  await password.press('Enter');
  await password.fill(OWNER.password);
  await end.first().click();
  await expect(page.getByText('One session has ended.').first()).toBeVisible();
  await expect(rows).toHaveCount(2);
  await password.fill(OWNER.password);
  await sessions.getByRole('button', { name: 'End all others' }).click();
  await expect(rows).toHaveCount(1);
  await expect(password).toHaveCount(0);
  for (const there of [first, second]) {
    await there.goto('/');
    await expect(there).toHaveURL(/\/login$/);
    await there.context().close();
  }
  await page.reload();
  await expect(rows).toHaveCount(1);
});
