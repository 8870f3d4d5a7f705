// Sends one order, again and again until it is acknowledged: `eventId` makes that safe.
// Needs SLUICE_API_KEY; SLUICE_URL if not http://127.0.0.1:3000.
const key = process.env.SLUICE_API_KEY;
const url = process.env.SLUICE_URL ?? 'http://127.0.0.1:3000';
if (!key) throw new Error('SLUICE_API_KEY is not set: sluice keys create --name shop --permission ingest');

const id = Number(process.argv[2] ?? Date.now());
const total = Number(process.argv[3] ?? 120);
const event = { eventType: 'order.created', source: 'shop', eventId: `order-${id}`, payload: { id, total } };

for (let attempt = 1; ; attempt += 1) {
  const answer = await post(event).catch((error) => ({ status: 0, text: error.message }));
  if (answer.status === 202) {
    console.log(answer.text);
    break;
  }
  const worthAnotherTry = answer.status === 0 || answer.status === 429 || answer.status >= 500;
  if (!worthAnotherTry || attempt === 5) {
    throw new Error(`${answer.status || 'no answer'}: ${answer.text}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 2 ** attempt * 250));
}

async function post(body) {
  const answer = await fetch(`${url}/api/webhooks/ingest`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: answer.status, text: await answer.text() };
}
