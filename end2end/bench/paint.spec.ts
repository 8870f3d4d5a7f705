// How soon an event that was stored is on the screen. It prints figures and asks only that every row comes.
import { expect, hydrated, openStream, test } from '../support/test.ts';

/** Events a second, and for how many seconds. */
const RATE = Number(process.env.PAINT_RATE ?? 100);
const SECONDS = Number(process.env.PAINT_SECONDS ?? 30);

declare global {
  interface Window {
    /** When the row of an event was painted first, in milliseconds since 1970. */
    painted: Map<string, number>;
  }
}

const now = () => performance.timeOrigin + performance.now();

function percentile(values: number[], share: number): string {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1);
}

test(`${RATE} events a second, each until it is painted`, async ({ page, sluice }) => {
  await openStream(page);
  await hydrated(page);
  const first = await sluice.send();
  await expect(page.locator(`tr[data-event-id="${first}"]`)).toBeVisible();
  await page.evaluate(() => {
    window.painted = new Map();
    const look = () => {
      const rows = document.querySelectorAll<HTMLElement>('tr[data-event-id]');
      const ids = [...rows].map((row) => row.dataset.eventId ?? '').filter((id) => !window.painted.has(id));
      if (ids.length === 0) return;
      for (const id of ids) window.painted.set(id, Number.NaN);
      // A task after the frame that shows them: by then it has been painted.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          const time = performance.timeOrigin + performance.now();
          for (const id of ids) window.painted.set(id, time);
        };
        port2.postMessage(null);
      });
    };
    const what = { childList: true, subtree: true, attributeFilter: ['data-event-id'] };
    new MutationObserver(look).observe(document.body, what);
  });

  const sent: Promise<{ id: string; asked: number; answered: number }>[] = [];
  const begin = now();
  for (let number = 0; number < RATE * SECONDS; number++) {
    const wait = begin + (number * 1_000) / RATE - now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const asked = now();
    sent.push(sluice.send('tick', { number }).then((id) => ({ id, asked, answered: now() })));
  }
  const events = await Promise.all(sent);
  const took = (now() - begin) / 1_000;
  await expect(page.locator(`tr[data-event-id="${events.at(-1)?.id}"]`)).toBeVisible();
  await page.waitForTimeout(500);
  const painted = new Map(await page.evaluate(() => [...window.painted]));
  const missing = events.filter(({ id }) => !painted.has(id));
  expect(missing, 'every row came').toEqual([]);

  const since = (from: 'asked' | 'answered') =>
    events.map((event) => Math.max(0, (painted.get(event.id) ?? Number.NaN) - event[from]));
  const lines = [`${events.length} events in ${took.toFixed(1)} s, milliseconds until painted`];
  for (const from of ['asked', 'answered'] as const) {
    const all = since(from);
    const [p50, p99, most] = [percentile(all, 0.5), percentile(all, 0.99), percentile(all, 1)];
    lines.push(`  since it was ${from.padEnd(8)}  p50 ${p50}  p99 ${p99}  most ${most}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
});
