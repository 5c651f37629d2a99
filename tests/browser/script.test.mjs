// Browsers that run no script get everything.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stage } from './stage/stage.mjs';
import { TOLD, complain, look, send, walk } from './stage/visit.mjs';

const here = stage();

test('a browser without scripts goes through every page', async (t) => {
  const page = await here.page(t, { javaScriptEnabled: false });
  const seen = [];
  for await (const name of walk(page, 'en')) {
    assert.equal(await page.locator('h1').count(), 1, `${name} has one headline`);
    seen.push(name);
  }
  assert.equal(seen.length, 13);
});

test('a browser without scripts complains, corrects, looks up and adds', async (t) => {
  const page = await here.page(t, { javaScriptEnabled: false });
  await page.goto('/en');
  await page.locator('#what_happened').fill(TOLD);
  assert.equal(await send(page), 422);
  const { reference, code } = await complain(page);
  assert.equal(await look(page, { reference, code }), 200);
  await page.locator('#text').fill('The box was open.');
  assert.equal(await send(page), 202);
  assert.equal(await page.getByRole('status').locator('h2').innerText(), 'We have received what you added');
});

test('no page has a script within itself', async (t) => {
  const page = await here.page(t);
  for await (const name of walk(page, 'en')) {
    assert.doesNotMatch(await page.content(), /<script(?![^>]* src="\/)|javascript:|\son[a-z]+=/i, name);
  }
});
