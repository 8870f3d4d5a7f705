// Before the first event, pages say how to send it.
import { expect, hydrated, signIn, test } from '../support/test.ts';

test('pages without events say how to send one', async ({ page, sluice }) => {
  await signIn(page);
  for (const path of ['/', '/runs', '/types', '/overview']) {
    await page.goto(path);
    await hydrated(page);
    await expect(page.getByText(`curl ${sluice.url}/api/webhooks/ingest`), path).toBeVisible();
  }
  await page.goto('/runs');
  await page.getByRole('link', { name: 'See the workflows' }).click();
  await expect(page).toHaveURL('/workflows');
  await page.goto('/');
  await page.getByRole('link', { name: 'Create a key' }).click();
  await expect(page).toHaveURL('/keys?new=1');
  await expect(page.getByRole('region', { name: 'New key' })).toBeVisible();
});
