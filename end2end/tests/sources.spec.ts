// The providers' own signers: what they sign is believed, and nothing else is.
import { sign } from '@octokit/webhooks-methods';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { expect, test } from '../support/test.ts';
import type { Sluice } from '../support/sluice.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

async function create(sluice: Sluice, kind: string): Promise<void> {
  await sluice.command('sources', 'create', '--name', kind, '--kind', kind, '--secret', SECRET);
}

async function deliver(sluice: Sluice, kind: string, body: string, headers: Record<string, string>) {
  return fetch(`${sluice.url}/api/webhooks/${kind}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}

test('a delivery signed by Octokit, Stripe or Standard Webhooks is believed', async ({ sluice }) => {
  const push = JSON.stringify({ ref: 'refs/heads/main' });
  const invoice = JSON.stringify({ id: 'evt_1', type: 'invoice.paid' });
  const user = JSON.stringify({ type: 'user.created', data: { id: 7 } });
  const now = new Date();
  const deliveries: [string, string, Record<string, string>, string, string][] = [
    ['github', push, {
      'x-github-event': 'push',
      'x-github-delivery': 'd-1',
      'x-hub-signature-256': await sign(SECRET, push),
    }, 'push', 'd-1'],
    ['stripe', invoice, {
      'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload: invoice, secret: SECRET }),
    }, 'invoice.paid', 'evt_1'],
    ['standard-webhooks', user, {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(SECRET).sign('msg_1', now, user),
    }, 'user.created', 'msg_1'],
  ];
  for (const [kind, body, headers, eventType, eventId] of deliveries) {
    await create(sluice, kind);
    const answer = await deliver(sluice, kind, body, headers);
    expect(answer.status, `${kind}: ${await answer.clone().text()}`).toBe(202);
    const accepted = await answer.json();
    expect(accepted.eventId).toBe(eventId);
    const event = await sluice.event(accepted.id);
    expect(event).toMatchObject({ eventType, source: kind, payload: JSON.parse(body) });

    const again = await deliver(sluice, kind, body, headers);
    expect(await again.json()).toMatchObject({ id: accepted.id, duplicate: true });
    const altered = await deliver(sluice, kind, body.replace('}', ',"x":1}'), headers);
    expect(altered.status).toBe(401);
    expect((await altered.json()).code).toBe('invalid_signature');
    const unsigned = await deliver(sluice, kind, body, { 'x-github-event': 'push' });
    expect(unsigned.status).toBe(401);
  }
});

test('a secret is rotated without a gap and lies nowhere in plain text', async ({ sluice }) => {
  await create(sluice, 'github');
  const send = async (secret: string) => {
    const headers = { 'x-github-event': 'push', 'x-hub-signature-256': await sign(secret, '{}') };
    return (await deliver(sluice, 'github', '{}', headers)).status;
  };
  expect(await send(SECRET)).toBe(202);
  await sluice.command('sources', 'rotate', 'github', '--secret', 'the second');
  // A running server learns of it within seconds.
  await expect.poll(() => send('the second'), { timeout: 10_000 }).toBe(202);
  expect(await send(SECRET)).toBe(202);
  await sluice.command('sources', 'rotate', 'github', '--secret', 'the third');
  await expect.poll(() => send('the third'), { timeout: 10_000 }).toBe(202);
  expect(await send(SECRET)).toBe(401);
  expect(await sluice.command('sources', 'list', '--json')).not.toContain(SECRET);
  expect(await sluice.holdsInFiles(SECRET)).toBe(false);
});

test('what was signed with another secret waits in quarantine until the secret is right', async ({ sluice }) => {
  await create(sluice, 'github');
  const body = '{"ref":"refs/heads/main"}';
  const headers = {
    'x-github-event': 'push',
    'x-github-delivery': 'd-9',
    'x-hub-signature-256': await sign('the right one', body),
  };
  expect((await deliver(sluice, 'github', body, headers)).status).toBe(401);
  const held = JSON.parse(await sluice.command('quarantine', 'list', '--json')).items;
  expect(held).toMatchObject([{ source: 'github', cause: 'wrong_signature', body }]);
  await expect(sluice.command('quarantine', 'release', held[0].id)).rejects.toThrow('still not believed');

  await sluice.command('sources', 'rotate', 'github', '--secret', 'the right one');
  const released = await expect
    .poll(() => sluice.command('quarantine', 'release', held[0].id, '--json').catch(() => ''), { timeout: 10_000 })
    .toContain('d-9')
    .then(() => sluice.command('events', 'list', '--type', 'push', '--json'));
  expect(JSON.parse(released).items).toMatchObject([{ eventId: 'd-9', source: 'github' }]);
  expect(JSON.parse(await sluice.command('quarantine', 'list', '--json')).items).toEqual([]);
});
