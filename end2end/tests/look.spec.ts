// Each page in both schemes and two widths: pictures to look at, and what a machine can judge.
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, hydrated, reaches, signIn, test } from '../support/test.ts';
import { push } from '../support/webhooks.ts';

const ARTEFACTS = 'artefacts';
/** The rules of axe that are about colours. */
const COLOURS = ['color-contrast', 'link-in-text-block'];
const SCHEMES = ['light', 'dark'] as const;

for (const width of [1280, 390]) {
  test.describe(`at ${width}`, () => {
    test.use({ viewport: { width, height: width === 390 ? 844 : 800 } });

    test('every page is legible, accessible and fits, light and dark', async ({
      page, sluice, sink, complaints,
    }) => {
      // Some fifty pictures, each judged.
      test.setTimeout(900_000);
      const judge = (name: string) => check(page, name, width);
      for (const [path, name] of GATES) {
        await page.goto(path);
        await judge(name);
      }
      await signIn(page);
      for (const [path, name] of PAGES) {
        await page.goto(path);
        await judge(`${name}-empty`);
      }

      await sluice.applyNotify(sink.url);
      for (const id of [1, 2, 3]) await sluice.send('order.created', { id, total: 80 * id });
      const long = { note: 'x'.repeat(400), nested: { list: [1, 2, { deep: true }] } };
      await sluice.send('inventory.warehouse.hamburg.stock.level.changed', long);
      const processed = await sluice.send();
      await reaches(sluice, processed, 'processed');
      sink.status = 500;
      const failed = await sluice.send('order.paid');
      await reaches(sluice, failed, 'failed');

      for (const kind of ['github', 'stripe', 'hmac']) {
        await sluice.command('sources', 'create', '--name', kind, '--kind', kind, '--secret', 'one');
      }
      await sluice.command('sources', 'rotate', 'github', '--secret', 'two');
      await push(sluice, 'github', 'one');
      await push(sluice, 'github', 'a third', { body: JSON.stringify({ ref: 'x'.repeat(300) }) });
      await push(sluice, 'github', 'one', { headers: { 'x-hub-signature-256': 'odd' } });
      await push(sluice, 'stripe', 'one');
      await push(sluice, 'stripe', 'one', { headers: { 'stripe-signature': 't=1600000000,v1=00' } });
      await sluice.command(
        'keys', 'create', '--name', 'shop', '--scope', 'order.*', '--scope', 'invoice.**', '--expires', '90d',
      );
      const ended = JSON.parse(await sluice.command('keys', 'create', '--name', 'old till', '--json'));
      await sluice.command('keys', 'revoke', ended.id);

      const { runs } = await sluice.event(failed);
      const events = [
        [`/events/${processed}`, 'event'],
        [`/events/${failed}`, 'event-failed'],
        [`/runs/${runs[0].id}`, 'run'],
        ['/types/order.created', 'type'],
      ];
      const missing = [['/events/evt_none', 'event-missing'], ['/nowhere', 'no-page']];
      for (const [path, name] of [...PAGES, ...FORMS, ...events, ...missing]) {
        await page.goto(path);
        await judge(name);
      }
      await page.goto('/');
      await hydrated(page);
      await page.keyboard.press('Control+k');
      await expect(page.getByRole('dialog', { name: 'Go anywhere' }).getByRole('option').first()).toBeVisible();
      await judge('palette');
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
      await judge('shortcuts');
      await page.goto('/dead-letters');
      await hydrated(page);
      await page.locator('[data-event-id]').first().getByRole('button', { name: 'Mark processed' }).click();
      await judge('dead-letters-note');
      await page.goto(`/events/${failed}`);
      await hydrated(page);
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await judge('event-delete');
      await page.goto('/workflows');
      await page.getByRole('link', { name: 'Notify warehouse' }).click();
      await judge('workflow');
      await page.getByRole('link', { name: 'Version 1' }).click();
      await judge('workflow-version');
      await page.getByRole('link', { name: 'Edit' }).click();
      await expect(page.getByRole('status', { name: 'Preview' })).toContainText('It would');
      await judge('editor');
      await page.locator('#definition').fill('name: a\ntriggers: 1\n');
      await expect(page.getByRole('list', { name: 'Problems' })).toBeVisible();
      await judge('editor-problem');
      await page.goto('/quarantine');
      await hydrated(page);
      await page.locator('[data-held-id] summary').first().click();
      await page.getByRole('checkbox').nth(1).check();
      await judge('quarantine-open');
      await page.locator('[data-held-id]').first().getByRole('button', { name: 'Delete' }).click();
      await judge('quarantine-delete');
      await page.goto('/keys?new=1');
      await hydrated(page);
      await page.getByLabel('Name').fill('warehouse');
      await page.getByRole('button', { name: 'Create key' }).click();
      await expect(page.getByRole('region', { name: 'Your new key' })).toBeVisible();
      await judge('keys-made');
      await page.goto('/api/docs');
      await pictures(page, 'api', width);

      // The browser itself reports the 404 of a page, and of the look-up by which an event's page
      // closes the gap between being rendered and its stream being open.
      const expected = (complaint: string) =>
        complaint.includes('404') && /\/(events\/(evt_none|get|history)|nowhere)\)/.test(complaint);
      complaints.splice(0, complaints.length, ...complaints.filter((c) => !expected(c)));
    });
  });
}

const GATES = [
  ['/login', 'login'],
  ['/login?error=wrong', 'login-wrong'],
  ['/setup?token=none', 'setup'],
  ['/join?token=none&email=ada@example.test', 'join'],
];

const PAGES = [
  ['/', 'stream'],
  ['/overview', 'overview'],
  ['/runs', 'runs'],
  ['/dead-letters', 'dead-letters'],
  ['/quarantine', 'quarantine'],
  ['/workflows', 'workflows'],
  ['/sources', 'sources'],
  ['/secrets', 'secrets'],
  ['/keys', 'keys'],
  ['/alerts', 'alerts'],
  ['/retention', 'retention'],
  ['/erasures', 'erasures'],
  ['/types', 'types'],
  ['/people', 'people'],
  ['/audit', 'audit'],
  ['/settings', 'settings'],
];

const FORMS = [
  ['/runs?status=cancelled&within=1h', 'runs-no-match'],
  ['/quarantine?cause=malformed_header&source=stripe', 'quarantine-no-match'],
  ['/sources?new=1', 'sources-choice'],
  ['/sources?new=hmac', 'sources-new'],
  ['/sources/github', 'source'],
  ['/sources/stripe', 'source-stripe'],
  ['/dead-letters?plan=retry&all=1', 'dead-letters-plan'],
  ['/dead-letters?plan=delete&all=1', 'dead-letters-delete'],
  ['/keys?new=1', 'keys-new'],
  ['/workflows/new?start=remind', 'editor-start'],
  ['/alerts?new=rule', 'alerts-rule'],
  ['/alerts?new=channel', 'alerts-channel'],
  ['/people?new=1', 'people-new'],
];

async function check(page: Page, name: string, width: number): Promise<void> {
  await hydrated(page);
  await pictures(page, name, width);
}

/** The page in both schemes; the second one changes nothing but colours. */
async function pictures(page: Page, name: string, width: number): Promise<void> {
  const overflow = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
  expect.soft(overflow, `${name} is wider than ${width}`).toBeLessThanOrEqual(0);
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${ARTEFACTS}/${name}-${colorScheme}-${width}.png`, fullPage: true });
    // Without what is only for frames of other sites, which takes as long as all the rest.
    const axe = new AxeBuilder({ page }).setLegacyMode();
    const { violations } = await (colorScheme === SCHEMES[0] ? axe : axe.withRules(COLOURS)).analyze();
    const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    const told = grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
    expect.soft(told, `${name} has barriers, ${colorScheme} at ${width}`).toEqual([]);
  }
}
