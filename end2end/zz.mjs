import { chromium } from '@playwright/test';
const url = 'http://127.0.0.1:3222';
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless','--no-sandbox','--disable-gpu','--disable-quic','--no-first-run','--disable-background-networking','--disable-component-update','--disable-sync'] });
for (const scheme of ['light','dark']) for (const width of [1280, 390]) {
  const c = await b.newContext({ colorScheme: scheme, viewport: { width, height: width === 390 ? 844 : 800 } });
  const p = await c.newPage();
  const bad = []; p.on('console', m => m.type() === 'error' && bad.push(m.text())); p.on('pageerror', e => bad.push(String(e)));
  await p.goto(url + '/login');
  if (scheme === 'light') await p.screenshot({ path: `/tmp/shots/login-${scheme}-${width}.png` });
  await p.getByLabel('Email').fill('ada@acme.dev'); await p.getByLabel('Password').fill('correct horse battery');
  await p.getByRole('button', { name: 'Sign in' }).click(); await p.waitForURL(url + '/');
  for (const [name, path] of [['stream','/'],['dlq','/dead-letters'],['workflows','/workflows'],['keys','/keys']]) {
    await p.goto(url + path); await p.waitForSelector('html[data-hydrated]', { timeout: 8000 }).catch(() => bad.push('not hydrated ' + path));
    await p.waitForTimeout(900);
    await p.screenshot({ path: `/tmp/shots/${name}-${scheme}-${width}.png` });
  }
  await p.goto(url + '/?status=failed'); await p.waitForTimeout(500);
  const id = await p.locator('[data-event-id]').first().getAttribute('data-event-id');
  await p.goto(url + '/events/' + id); await p.waitForTimeout(900);
  await p.screenshot({ path: `/tmp/shots/event-${scheme}-${width}.png`, fullPage: true });
  console.log(scheme, width, bad);
  await c.close();
}
await b.close();
