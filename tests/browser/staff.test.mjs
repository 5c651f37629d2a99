// A clerk signs in, types in a letter, is told what is wrong, corrects it, and hands over the receipt.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { faults, told } from './stage/axe.mjs';
import { hashed } from './stage/program.mjs';
import { picture, stage } from './stage/stage.mjs';
import { until } from './stage/until.mjs';
import { TOLD, receipt } from './stage/visit.mjs';

const PASSWORD = 'correct horse battery';
const FIVE_DAYS_AGO = new Date(Date.now() - 5 * 24 * 3600 * 1000).toISOString().slice(0, 16);
const LANGUAGES = ['en', 'de', 'fr', 'es', 'ar'];

const here = stage(undefined, async () => `
[staff]
listen = "127.0.0.1:0"
[staff.rates]
account_sign_ins_per_minute = 100
[staff.accounts.ina]
password_hash = ${JSON.stringify(await hashed(PASSWORD))}
`);

/** A page in the clerks' part of the house. */
const office = (t, options = {}) => here.page(t, { baseURL: here.program.staff, ...options });

/** Presses the last button of the page: that of its form. */
async function send(page) {
  const answer = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.locator('main form:not(.bar) button').last().click();
  const status = (await answer).status();
  await page.waitForLoadState();
  return status;
}

async function signIn(page, language = 'en', password = PASSWORD) {
  await page.goto(`/${language}/sign-in`);
  await page.locator('#account').fill('ina');
  await page.locator('#password').fill(password);
  return send(page);
}

/** Types in a letter; first something is missing. Names each page when it is there. */
async function* typeIn(page, language) {
  assert.equal(await signIn(page, language, 'a wrong guess'), 422);
  yield 'sign-in with an error';
  assert.equal(await signIn(page, language), 303);
  yield 'form';
  await page.locator('#staff_channel').selectOption('letter');
  await page.locator('#staff_received_at').fill(FIVE_DAYS_AGO);
  await page.locator('#staff_postal_address').fill('1 High Street\nLeeds');
  assert.equal(await send(page), 422);
  yield 'form with errors';
  assert.equal(await page.locator('#staff_channel').inputValue(), 'letter');
  assert.equal(await page.locator('#staff_received_at').inputValue(), FIVE_DAYS_AGO);
  assert.equal(await page.locator('#staff_postal_address').inputValue(), '1 High Street\nLeeds');
  await page.locator('#staff_backdating_reason').fill('It lay in the wrong tray.');
  await page.locator('#what_happened').fill(TOLD);
  assert.equal(await send(page), 202);
  yield 'receipt';
}

for (const language of LANGUAGES) {
  test(`a letter is typed in in ${language}, on pages without a fault`, async (t) => {
    const page = await office(t, { bypassCSP: true });
    const pages = [];
    for await (const name of typeIn(page, language)) {
      await picture(page, `${language}-staff-${name.replaceAll(' ', '-')}`);
      pages.push({ name, found: await faults(page) });
    }
    assert.equal(told(pages), '');
    const { reference } = await receipt(page);
    await until('the complaint is registered', async () => (await here.program.references()).includes(reference));
    assert.deepEqual(await here.program.words(reference), [TOLD]);
  });
}

test('it works without JavaScript', async (t) => {
  const page = await office(t, { javaScriptEnabled: false });
  const names = [];
  for await (const name of typeIn(page, 'en')) names.push(name);
  assert.deepEqual(names, ['sign-in with an error', 'form', 'form with errors', 'receipt']);
});

test('whoever is not signed in sees no form, and whoever signs out is out', async (t) => {
  const page = await office(t);
  await page.goto('/en');
  assert.match(page.url(), /\/en\/sign-in$/);
  await signIn(page);
  assert.equal(await page.locator('.bar strong').innerText(), 'ina');
  await Promise.all([page.waitForEvent('load'), page.locator('.bar button').click()]);
  assert.equal(await page.getByRole('alert', { name: 'You are signed out' }).count(), 1);
  await page.goto('/en');
  assert.match(page.url(), /\/en\/sign-in$/);
});

test('a form is filled in and sent with the keyboard alone', async (t) => {
  const page = await office(t);
  await signIn(page);
  const tabTo = async (id) => {
    for (let stops = 0; stops < 60; stops += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate(() => document.activeElement.id)) === id) return;
    }
    throw new Error(`the Tab key does not lead to ${id}`);
  };
  await tabTo('staff_channel');
  await page.keyboard.press('ArrowDown');
  await tabTo('what_happened');
  await page.keyboard.type(TOLD);
  await tabTo('phone');
  await page.keyboard.type('+44 113 496 0000');
  const answer = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.keyboard.press('Enter');
  assert.equal((await answer).status(), 202);
});

test('a note of a call comes filled in, outlives a reload, and is a draft no more once it is on record', async (t) => {
  const page = await office(t, { bypassCSP: true });
  await signIn(page);
  const call = '/en?call=1769941834.17&from=%2B441134960000';
  await page.goto(call);
  assert.equal(await page.locator('#staff_channel').inputValue(), 'phone');
  assert.equal(await page.locator('#staff_call').inputValue(), '1769941834.17');
  assert.equal(await page.locator('#phone').inputValue(), '+441134960000');
  assert.equal(await page.getByRole('heading', { name: 'Open complaints of this caller' }).count(), 1);
  await page.locator('#what_happened').fill(TOLD);
  await page.goto(call);
  assert.equal(await page.locator('#what_happened').inputValue(), TOLD);
  await picture(page, 'en-staff-call');
  assert.equal(told([{ name: 'call', found: await faults(page) }]), '');
  assert.equal(await send(page), 202);
  await page.goto(call);
  assert.equal(await page.locator('#what_happened').inputValue(), '');
});
