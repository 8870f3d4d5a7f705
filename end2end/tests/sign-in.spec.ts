import { expect, expectRefusals, openStream, OWNER, test } from '../support/test.ts';

test('a stranger is sent to sign in, and back to the page afterwards', async ({ page }) => {
  await page.goto('/dead-letters');
  await expect(page).toHaveURL(/\/login/);
  await page.getByLabel('Email').fill(OWNER.email);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/dead-letters');
});

test('a wrong password is named as such and lets nobody in', async ({ page }) => {
  await page.goto('/login');
  await page.getByLabel('Email').fill(OWNER.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText(/not right/);
  await page.goto('/');
  await expect(page).toHaveURL(/\/login/);
});

test('signing out closes the dashboard', async ({ page, complaints }) => {
  await openStream(page);
  await page.getByRole('button', { name: 'Sign out' }).first().click();
  await expect(page).toHaveURL(/\/login/);
  await page.goto('/');
  await expect(page).toHaveURL(/\/login/);
  // Of what the page was still asking for as it was left.
  expectRefusals(complaints, 401);
});

test.describe('without an owner', () => {
  test.use({ owner: false });

  test('the printed link sets up the first owner, once', async ({ page, sluice, complaints }) => {
    await page.goto(sluice.setupLink());
    await page.getByLabel('Email').fill('first@example.test');
    await page.getByLabel('Password').fill('a long enough password');
    await page.getByRole('button', { name: 'Create owner' }).click();
    await expect(page).toHaveURL(/\/$/);
    await page.getByRole('button', { name: 'Sign out' }).first().click();
    await expect(page).toHaveURL(/\/login/);
    // Of what the page was still asking for as it was left.
    expectRefusals(complaints, 401);

    await page.goto(sluice.setupLink());
    await page.getByLabel('Email').fill('second@example.test');
    await page.getByLabel('Password').fill('a long enough password');
    await page.getByRole('button', { name: 'Create owner' }).click();
    await expect(page.getByRole('alert')).toContainText('owner already');

    await page.goto('/login');
    await page.getByLabel('Email').fill('first@example.test');
    await page.getByLabel('Password').fill('a long enough password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL(/\/$/);
  });
});
