// Small screens and large letters: nobody has to scroll sideways.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { picture, stage } from './stage/stage.mjs';
import { walk } from './stage/visit.mjs';

const here = stage();
const LANGUAGES = ['en', 'de', 'fr', 'es', 'ar'];

/** What reaches beyond the sides of the window, and whether the page scrolls sideways. */
const beyond = (page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    // The trap and the words for screen readers are out of sight on purpose.
    const seen = [...document.body.querySelectorAll('*')].filter((it) => !it.closest('.trap, .hidden'));
    const sticksOut = (it) => it.getBoundingClientRect().right > clientWidth + 1 || it.getBoundingClientRect().left < -1;
    const found = seen.filter(sticksOut).map((it) => `${it.localName}.${it.className}#${it.id}`);
    return scrollWidth > clientWidth ? [`the page is ${scrollWidth} wide`, ...found] : found;
  });

// A small phone, and a screen of 1280 by 800 pixels at 200 %.
const WINDOWS = [[320, 640], [640, 400]];

for (const language of LANGUAGES) {
  test(`no page in ${language} scrolls sideways, neither at 320 pixels nor at 200 %`, async (t) => {
    const page = await here.page(t);
    const wrong = [];
    for await (const name of walk(page, language)) {
      for (const [width, height] of WINDOWS) {
        await page.setViewportSize({ width, height });
        for (const what of await beyond(page)) wrong.push(`${name} at ${width}: ${what}`);
        if (width === 320) await picture(page, `320-${language}-${name.replaceAll(' ', '-')}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

test('the description of the API does not scroll sideways at 320 pixels', async (t) => {
  const page = await here.page(t, { viewport: { width: 320, height: 640 } });
  await page.goto('/docs');
  assert.deepEqual(await beyond(page), []);
});

test('letters of twice the size find room', async (t) => {
  const page = await here.page(t, { viewport: { width: 1280, height: 800 } });
  for await (const name of walk(page, 'de')) {
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    assert.deepEqual(await beyond(page), [], name);
    if (name === 'form') await picture(page, 'twice-de-form');
  }
});

test('a page that is too wide is found', async (t) => {
  const page = await here.page(t, { viewport: { width: 320, height: 640 } });
  await page.goto('/en');
  await page.locator('h1').evaluate((element) => (element.style.width = '30rem'));
  assert.deepEqual(await beyond(page), ['the page is 496 wide', 'h1.#']);
});
