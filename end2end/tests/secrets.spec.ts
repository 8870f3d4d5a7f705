// What calls keep secret: signatures that the reference library believes, and the page of secrets.
import { Webhook } from 'standardwebhooks';
import { expect, hydrated, signIn, test } from '../support/test.ts';

const workflow = (url: string, rest: string): string => `
name: Signs
triggers: [{ eventType: order.* }]
steps:
  - id: call
    http: { url: "${url}/hook", body: "\${event.payload}", ${rest} }
    retry: { attempts: 1 }
`;

test('the library of Standard Webhooks believes a signed call, with the old secret and the new', async ({ sluice, sink }) => {
  await sluice.applyText(workflow(sink.url, 'sign: true'));
  const secret = (await sluice.command('workflows', 'secret', 'Signs')).trim();
  expect(secret).toMatch(/^whsec_/);
  await sluice.send();
  await expect.poll(() => sink.calls.length).toBe(1);
  expect(new Webhook(secret).verify(sink.calls[0].body, sink.calls[0].headers)).toEqual({ id: 7, total: 120 });

  const next = (await sluice.command('workflows', 'secret', 'Signs', '--rotate')).trim();
  await sluice.send();
  await expect.poll(() => sink.calls.length).toBe(2);
  for (const either of [secret, next]) {
    new Webhook(either).verify(sink.calls[1].body, sink.calls[1].headers);
  }
  const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  expect(() => new Webhook(other).verify(sink.calls[1].body, sink.calls[1].headers)).toThrow();
});

test('a secret is set, used, told by whom it is read, and forgotten', async ({ page, sluice, sink }) => {
  await signIn(page);
  await page.goto('/secrets');
  await hydrated(page);
  await page.getByRole('link', { name: 'New secret' }).first().click();
  await page.getByLabel('Name').fill('TOKEN');
  await page.getByLabel('Value').fill('tok-123456');
  await page.getByRole('button', { name: 'Set secret' }).click();
  const row = page.locator('[data-secret=TOKEN]');
  await expect(row).toContainText('no workflow');

  await sluice.applyText(workflow(sink.url, 'headers: { x-token: "${secret.TOKEN}" }'));
  const id = await sluice.send();
  await expect.poll(() => sink.calls[0]?.headers['x-token']).toBe('tok-123456');
  await page.reload();
  await expect(row).toContainText('Signs');
  expect(await page.content()).not.toContain('tok-123456');
  await page.goto(`/events/${id}`);
  expect(await page.content()).not.toContain('tok-123456');

  await page.goto('/secrets');
  await hydrated(page);
  await row.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete secret' }).click();
  await expect(row).toHaveCount(0);
});
