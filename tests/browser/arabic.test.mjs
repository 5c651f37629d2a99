// Arabic runs from right to left, and what is Latin in it does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stage } from './stage/stage.mjs';
import { SENDER, send } from './stage/visit.mjs';

const here = stage();
const TOLD = 'انكسر المصباح في المساء الأول.';

/** The room to the left and to the right of the words of an element, inside its parent. */
const rooms = (locator) =>
  locator.evaluate((element) => {
    const words = document.createRange();
    words.selectNodeContents(element);
    const [inner, outer] = [words.getBoundingClientRect(), element.parentElement.getBoundingClientRect()];
    return { left: inner.left - outer.left, right: outer.right - inner.right };
  });

const direction = (locator) => locator.evaluate((element) => getComputedStyle(element).direction);

test('the page begins on the right', async (t) => {
  const page = await here.page(t, { locale: 'ar' });
  await page.goto('/');
  assert.equal(await page.locator('html').getAttribute('lang'), 'ar');
  assert.equal(await page.locator('html').getAttribute('dir'), 'rtl');
  for (const place of ['h1', 'label[for=product]', 'legend', 'button']) {
    const { left, right } = await rooms(page.locator(place).first());
    assert.ok(right < left, `${place} begins ${right} from the right and ends ${left} from the left`);
  }
});

test('addresses and numbers are written from the left, words as their script runs', async (t) => {
  const page = await here.page(t);
  await page.goto('/ar');
  assert.equal(await direction(page.locator('#email')), 'ltr');
  assert.equal(await direction(page.locator('#phone')), 'ltr');
  await page.locator('#what_happened').fill(TOLD);
  assert.equal(await direction(page.locator('#what_happened')), 'rtl');
  await page.locator('#what_happened').fill('The lamp broke.');
  assert.equal(await direction(page.locator('#what_happened')), 'ltr');
});

test('a complaint in Arabic is corrected and taken, its errors marked on the right', async (t) => {
  const page = await here.page(t);
  await page.goto('/ar');
  await page.locator('#what_happened').fill(TOLD);
  assert.equal(await send(page), 422);
  const marks = await page.locator('.wrong').evaluate((element) => {
    const { borderRightWidth, borderLeftWidth } = getComputedStyle(element);
    return { borderRightWidth, borderLeftWidth };
  });
  assert.deepEqual(marks, { borderRightWidth: '5px', borderLeftWidth: '0px' });
  await page.locator('#email').fill(SENDER);
  assert.equal(await send(page), 202);
  assert.equal(await direction(page.locator('blockquote.typed')), 'rtl');
  assert.equal(await direction(page.locator('.reference')), 'ltr');
  const { left, right } = await rooms(page.locator('.reference'));
  assert.ok(right < left, 'the reference stands on the right');
});
