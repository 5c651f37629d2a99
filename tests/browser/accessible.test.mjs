// Every page, in every language, under the rules of WCAG 2.2 A and AA that a machine can check.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { faults, told } from './stage/axe.mjs';
import { picture, stage } from './stage/stage.mjs';
import { walk } from './stage/visit.mjs';

const here = stage();
const LANGUAGES = ['en', 'de', 'fr', 'es', 'ar'];

/** The policy of the pages lets no script in, not even the one that looks for faults. */
const LOOKED_INTO = { bypassCSP: true };

for (const language of LANGUAGES) {
  test(`no page in ${language} has a fault`, async (t) => {
    const page = await here.page(t, LOOKED_INTO);
    const pages = [];
    for await (const name of walk(page, language)) {
      await picture(page, `${language}-${name.replaceAll(' ', '-')}`);
      pages.push({ name, found: await faults(page) });
    }
    assert.equal(told(pages), '');
  });
}

test('the description of the API has no fault', async (t) => {
  const page = await here.page(t, LOOKED_INTO);
  await page.goto('/docs');
  await picture(page, 'docs');
  assert.equal(told([{ name: 'description of the API', found: await faults(page) }]), '');
});

test('a page with a fault is found', async (t) => {
  const page = await here.page(t, LOOKED_INTO);
  await page.goto('/en');
  await page.locator('label[for=product]').evaluate((label) => label.remove());
  assert.equal(
    told([{ name: 'form', found: await faults(page) }]),
    'form:\n  label: #product: Form elements must have labels',
  );
});
