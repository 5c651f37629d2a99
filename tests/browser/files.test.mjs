// Files that come with a complaint, and what is typed outliving a reload.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { faults, told } from './stage/axe.mjs';
import { picture, stage } from './stage/stage.mjs';
import { until } from './stage/until.mjs';
import { SENDER, TOLD, look, receipt } from './stage/visit.mjs';

const here = stage();
const MEBIBYTE = 1024 * 1024;

/** A picture by its first bytes. */
const picture_of = (name, bytes) => {
  const buffer = Buffer.alloc(bytes, 7);
  Buffer.from('\x89PNG\r\n\x1a\n', 'latin1').copy(buffer);
  return { name, mimeType: 'image/png', buffer };
};

async function fill(page) {
  await page.goto('/en');
  await page.locator('#what_happened').fill(TOLD);
  await page.locator('#email').fill(SENDER);
}

for (const javaScriptEnabled of [true, false]) {
  test(`files are sent ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async (t) => {
    const page = await here.page(t, { javaScriptEnabled });
    await fill(page);
    await page.locator('#attachments').setInputFiles([picture_of('lamp.png', 3 * MEBIBYTE), picture_of('foot.png', 500)]);
    await page.locator('main form button:not(.second)').click();
    await page.locator('.reference').waitFor();
    const { reference, code } = await receipt(page);
    assert.equal(await look(page, { reference, code }), 200);
    await page.locator('#attachments').setInputFiles(picture_of('bill.png', 2000));
    await page.getByRole('button', { name: 'Add it' }).click();
    await page.getByRole('status', { name: 'We have received what you added' }).waitFor();
  });
}

test('a bar shows how far the files are', async (t) => {
  const page = await here.page(t);
  await fill(page);
  // Slow enough to be seen on the way.
  const session = await page.context().newCDPSession(page);
  await session.send('Network.emulateNetworkConditions', {
    offline: false, latency: 20, downloadThroughput: -1, uploadThroughput: 2 * MEBIBYTE,
  });
  await page.evaluate(() => {
    globalThis.heard = [];
    const said = document.querySelector('.sending [role=status]');
    new MutationObserver(() => globalThis.heard.push(said.textContent)).observe(said, { childList: true, characterData: true, subtree: true });
  });
  await page.locator('#attachments').setInputFiles(picture_of('lamp.png', 6 * MEBIBYTE));
  await page.locator('main form button:not(.second)').click();
  await page.getByRole('status').filter({ hasText: /Sending: [1-9]0 %/ }).waitFor();
  assert.equal(await page.getByRole('progressbar', { name: 'Sending' }).count(), 1);
  assert.ok(await page.locator('main form button:not(.second)').isDisabled(), 'nobody presses it twice');
  await picture(page, 'en-files-on-their-way');
  await page.locator('.reference').waitFor();
});

test('a connection that breaks loses no words, and sending again works', async (t) => {
  const page = await here.page(t);
  await fill(page);
  await page.locator('#attachments').setInputFiles(picture_of('lamp.png', 500));
  await page.route('**/*', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
  await page.locator('main form button:not(.second)').click();
  await page.getByRole('status').filter({ hasText: 'The connection broke' }).waitFor();
  assert.equal(await page.locator('#what_happened').inputValue(), TOLD);
  await page.unroute('**/*');
  await page.locator('main form button:not(.second)').click();
  await page.locator('.reference').waitFor();
});

test('a file that cannot be taken is told at its field, and the page has no fault', async (t) => {
  const page = await here.page(t, { bypassCSP: true });
  await fill(page);
  await page.locator('#attachments').setInputFiles({ name: 'a.pdf', mimeType: 'application/pdf', buffer: Buffer.from('MZ\x90\0') });
  await page.locator('main form button:not(.second)').click();
  const link = page.getByRole('link', { name: /We cannot take this kind of file/ });
  await link.click();
  assert.equal(await page.locator('#attachments').evaluate((field) => field === document.activeElement), true);
  assert.equal(await page.locator('#what_happened').inputValue(), TOLD);
  await picture(page, 'en-form-with-a-wrong-file');
  assert.equal(told([{ name: 'form', found: await faults(page) }]), '');
});

test('what was typed is there again after a reload, in this tab only, until it is on record', async (t) => {
  const page = await here.page(t);
  await fill(page);
  await page.reload();
  assert.equal(await page.locator('#what_happened').inputValue(), TOLD);
  const other = await page.context().newPage();
  await other.goto('/en');
  assert.equal(await other.locator('#what_happened').inputValue(), '');
  await page.locator('main form button:not(.second)').click();
  await page.locator('.reference').waitFor();
  await page.goto('/en');
  assert.equal(await page.locator('#what_happened').inputValue(), '');
});

test('when an answer is lost, a reload and sending again is the same complaint', async (t) => {
  const page = await here.page(t);
  await fill(page);
  let lost = '';
  await page.route('**/*', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    lost = await (await route.fetch()).text();
    return route.abort();
  });
  await page.locator('main form button:not(.second)').click({ noWaitAfter: true });
  await until('the complaint is on record', () => lost !== '');
  await page.unroute('**/*');
  await page.goto('/en');
  assert.equal(await page.locator('#what_happened').inputValue(), TOLD);
  await page.locator('main form button:not(.second)').click();
  await page.locator('.reference').waitFor();
  assert.ok(lost.includes((await receipt(page)).reference), 'it is the reference of the answer that was lost');
});

test('a draft goes with the files it was sent with, and the address is that of what was sent', async (t) => {
  const page = await here.page(t);
  await fill(page);
  await page.locator('#attachments').setInputFiles(picture_of('lamp.png', 500));
  await page.locator('main form button:not(.second)').click();
  await page.locator('.reference').waitFor();
  assert.ok(page.url().endsWith('/en?sent'), page.url());
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

test('after an answer with errors files are sent with a bar again', async (t) => {
  const page = await here.page(t);
  await fill(page);
  await page.locator('#email').fill('no address');
  await page.locator('#attachments').setInputFiles(picture_of('lamp.png', 500));
  await page.locator('main form button:not(.second)').click();
  await page.getByText('Files must be chosen again.').waitFor();
  await page.locator('#email').fill(SENDER);
  await page.locator('#attachments').setInputFiles(picture_of('lamp.png', 500));
  await page.route('**/*', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
  await page.locator('main form button:not(.second)').click();
  await page.getByRole('status').filter({ hasText: 'The connection broke' }).waitFor();
});

test('what was changed after sending is added to the complaint already received', async (t) => {
  const page = await here.page(t);
  await fill(page);
  await page.locator('main form button:not(.second)').click();
  const first = await receipt(page);
  await page.goBack();
  await page.locator('#what_happened').fill('It was the second lamp.');
  await page.locator('main form button:not(.second)').click();
  await page.getByRole('alert', { name: 'This form was sent before, with other words' }).waitFor();
  await picture(page, 'en-form-sent-before');
  await page.getByRole('button', { name: 'Add it to the complaint already received' }).click();
  await page.getByRole('status', { name: 'We have received what you added' }).waitFor();
  assert.ok((await page.locator('main').innerText()).includes(first.reference));
});
