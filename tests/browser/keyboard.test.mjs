// A complaint without a mouse: everything is reached with the Tab key, and one sees where one is.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stage } from './stage/stage.mjs';
import { SENDER, TOLD } from './stage/visit.mjs';

const here = stage();

/** More than there are stops on any page. */
const STOPS_MAX = 40;

/** What has the focus, and whether it can be seen to have it. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { top, bottom, left, right, width, height } = element.getBoundingClientRect();
    const inside = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth && width > 1 && height > 1;
    const name = element.id || element.name || element.textContent.trim();
    return { name, isMarked: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2, inside };
  });

/** Presses Tab until the element has the focus; every stop on the way is visible. Returns the names of the stops. */
async function tabTo(page, locator) {
  const stops = [];
  while (stops.length < STOPS_MAX) {
    await page.keyboard.press('Tab');
    const { name, isMarked, inside } = await focused(page);
    assert.ok(isMarked && inside, `the focus cannot be seen on “${name}”`);
    stops.push(name);
    if (await locator.evaluate((element) => element === document.activeElement)) return stops;
  }
  throw new Error(`the Tab key does not lead there, but to ${stops.join(', ')}`);
}

/** Presses a key that sends a form or follows a link to another page. */
async function answered(page, key) {
  await Promise.all([page.waitForEvent('load'), page.keyboard.press(key)]);
}

test('the first stop leads past everything that is the same on each page', async (t) => {
  const page = await here.page(t);
  await page.goto('/en');
  assert.deepEqual(await tabTo(page, page.locator('.skip')), ['Skip to the content']);
  await page.keyboard.press('Enter');
  assert.equal((await focused(page)).name, 'main');
  assert.deepEqual(await tabTo(page, page.locator('#what_happened')), ['what_happened']);
});

test('the fields follow each other as they are read, and no hidden one is among them', async (t) => {
  const page = await here.page(t);
  await page.goto('/en');
  const stops = await tabTo(page, page.locator('button'));
  const shown = await page.locator('main form :is(input, textarea, select):not([type=hidden], .trap *)').all();
  const fields = await Promise.all(shown.map((field) => field.getAttribute('id')));
  assert.ok(fields.length >= 8 && !fields.includes('website'), fields.join(', '));
  assert.deepEqual(stops, ['Skip to the content', ...fields, 'Send complaint']);
});

test('a complaint is made, corrected, looked up and added to with the keyboard alone', async (t) => {
  const page = await here.page(t);
  await page.goto('/en');
  await tabTo(page, page.locator('#what_happened'));
  await page.keyboard.type(TOLD);
  await tabTo(page, page.locator('button'));
  await answered(page, 'Enter');

  await tabTo(page, page.locator('.summary a'));
  await page.keyboard.press('Enter');
  assert.equal((await focused(page)).name, 'email');
  await page.keyboard.type(SENDER);
  await answered(page, 'Enter');
  assert.equal(await page.locator('h1').innerText(), 'We have received your complaint');

  await tabTo(page, page.locator('button'));
  await answered(page, 'Space');
  await tabTo(page, page.locator('#text'));
  await page.keyboard.type('The box was open.');
  await tabTo(page, page.getByRole('button', { name: 'Add it' }));
  await answered(page, 'Enter');
  assert.equal((await focused(page)).name.split('\n')[0], 'We have received what you added');
});
