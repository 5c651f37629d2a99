// What people do on the pages, in any language: fields are found by their names, which no language changes.

import { until } from './until.mjs';

export const TOLD = 'The lamp broke on the first evening.';
export const SENDER = 'kim@example.org';

const MAIN_BUTTON = 'main form button:not(.second)';

/** Presses the button of the form that is on the page, waits for the answer, and returns its status. */
export async function send(page) {
  const answer = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.locator(MAIN_BUTTON).click();
  const status = (await answer).status();
  await page.waitForLoadState();
  return status;
}

/** Complains, and returns what the thank-you page gives. */
export async function complain(page, path = '/en', told = TOLD, sender = SENDER) {
  await page.goto(path);
  await page.locator('#what_happened').fill(told);
  await page.locator('#email').fill(sender);
  await send(page);
  return receipt(page);
}

/** Reference and receipt code, as they stand on the thank-you page. */
export async function receipt(page) {
  const reference = await page.locator('.reference').innerText();
  return { reference, code: await page.locator('.code').innerText() };
}

/** Asks where a complaint stands. */
export async function look(page, { reference, code }, path = '/en/status') {
  await page.goto(path);
  await page.locator('#reference').fill(reference);
  await page.locator('#receipt_code').fill(code);
  return send(page);
}

/** A receipt code that differs in its first letter. */
export function another(code) {
  return code.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'));
}

/** Goes through every page in a language, and names each when it is there. */
export async function* walk(page, language) {
  await page.goto(`/${language}`);
  yield 'form';
  await page.locator('#email').fill('not an address');
  await send(page);
  yield 'form with errors';
  await page.locator('#what_happened').fill(TOLD);
  await page.locator('#remedy').fill('Another lamp.');
  await page.locator('#email').fill(SENDER);
  await send(page);
  yield 'thank-you page';
  const { reference, code } = await receipt(page);
  await page.locator('button.second').click();
  await page.locator('#text').waitFor();
  yield 'status page';
  await send(page);
  yield 'status page with an error';
  await page.locator('#text').fill('The box was open.');
  await send(page);
  yield 'status page after adding';
  await until('the complaint is on record', async () => {
    await look(page, { reference, code }, `/${language}/status`);
    return (await page.locator('form[action$="/withdraw"]').count()) === 1;
  });
  await page.locator('form[action$="/withdraw"] button').click();
  await page.locator('form[action$="/withdraw/send"]').waitFor();
  yield 'page that asks before a complaint is taken back';
  await page.locator('#text').fill('x'.repeat(15_001));
  await send(page);
  yield 'page that asks before a complaint is taken back with an error';
  await page.locator('#text').fill('');
  await send(page);
  yield 'status page after taking back';
  await until('the complaint is closed', async () => {
    await look(page, { reference, code }, `/${language}/status`);
    return (await page.locator('form[action$="/review"]').count()) === 1;
  });
  await page.locator('form[action$="/review"] button').click();
  await page.locator('form[action$="/review/send"]').waitFor();
  yield 'page that asks before a review is asked for';
  await page.goto(`/${language}/status`);
  yield 'page that asks for the receipt';
  await look(page, { reference, code: another(code) }, `/${language}/status`);
  yield 'page that asks for the receipt again';
  await page.goto(`/${language}/how-to-complain`);
  yield 'page that says how to complain';
}
