// The SDK that senders use: what it emits is what Sluice shows.
import { CloudEvent, HTTP, type Message } from 'cloudevents';
import { expect, test } from '../support/test.ts';

test('CloudEvents come in by all three modes of the SDK', async ({ sluice }) => {
  const event = (id: string) =>
    new CloudEvent({ id, type: 'com.example.sold', source: '/shop', data: { total: 120 } });
  const send = async (message: Message) => {
    const answer = await fetch(`${sluice.url}/api/webhooks/ingest`, {
      method: 'POST',
      headers: { ...(message.headers as Record<string, string>), 'x-api-key': sluice.key },
      body: message.body as string,
    });
    expect(answer.status).toBe(202);
    return answer.json();
  };

  const binary = await send(HTTP.binary(event('one')));
  const structured = await send(HTTP.structured(event('two')));
  const batch = await send({
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify([event('one'), event('three')]),
  });

  expect(batch.items.map((item: { duplicate: boolean }) => item.duplicate)).toEqual([true, false]);
  for (const id of [binary.id, structured.id, batch.items[1].id]) {
    expect((await sluice.event(id)).payload).toEqual({ total: 120 });
  }
});
