// Whoever sends a form twice complains once.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stage } from './stage/stage.mjs';
import { until } from './stage/until.mjs';
import { SENDER, TOLD, complain, receipt, send } from './stage/visit.mjs';

const here = stage();

/** How many complaints are registered: once a later one is, those before it are. */
async function registered(t) {
  const last = await complain(await here.page(t), '/en', 'Nothing but this one.');
  const known = () => here.program.references();
  await until('the last complaint is registered', async () => (await known()).includes(last.reference));
  return (await known()).length - 1;
}

test('a reload of the thank-you page shows the same receipt and makes no second complaint', async (t) => {
  const before = await registered(t);
  const page = await here.page(t);
  const first = await complain(page);
  assert.equal((await page.reload()).status(), 202);
  assert.deepEqual(await receipt(page), first);
  assert.equal(await registered(t), before + 2, 'the complaint, and the last one of the count before');
});

test('a form that is sent twice at once makes one complaint', async (t) => {
  const before = await registered(t);
  const page = await here.page(t);
  await page.goto('/en');
  await page.locator('#what_happened').fill(TOLD);
  await page.locator('#email').fill(SENDER);
  await page.locator('button').dblclick();
  await page.locator('.reference').waitFor();
  assert.equal(await registered(t), before + 2, 'the complaint, and the last one of the count before');
});

for (const path of ['/', '/en']) {
  test(`whoever goes back to ${path} and sends again hears the same reference`, async (t) => {
    const page = await here.page(t);
    const first = await complain(page, path);
    await page.goBack();
    assert.equal(await page.locator('#what_happened').inputValue(), TOLD, 'the browser keeps what was typed');
    assert.equal(await send(page), 202);
    assert.deepEqual(await receipt(page), first);
  });

  test(`whoever goes back to ${path} and changes the words is told that the form was sent before`, async (t) => {
    const page = await here.page(t);
    await complain(page, path);
    await page.goBack();
    await page.locator('#what_happened').fill(`${TOLD} So did the other one.`);
    assert.equal(await send(page), 422);
    assert.equal(await page.getByRole('alert', { name: 'This form was sent before, with other words' }).count(), 1);
  });
}
