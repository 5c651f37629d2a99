// Where a complaint stands, for whoever shows its reference and receipt code, and what they add to it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stage } from './stage/stage.mjs';
import { until } from './stage/until.mjs';
import { another, complain, look, send } from './stage/visit.mjs';

const here = stage();
const ADDED = 'The box was open.';

/** Looks until the page says so. */
const tells = (page, receipt, words) =>
  until(`the status page says “${words}”`, async () => {
    await look(page, receipt);
    return (await page.locator('main').innerText()).includes(words);
  });

test('the reference and the receipt code show where a complaint stands', async (t) => {
  const page = await here.page(t);
  const receipt = await complain(page);
  await tells(page, receipt, 'We received your complaint.');
  assert.equal(await page.locator('h1').innerText(), 'Where your complaint stands');
  const text = await page.locator('main').innerText();
  for (const words of [receipt.reference, 'What comes next, and by when', 'We tell you what we have decided']) {
    assert.ok(text.includes(words), words);
  }
  assert.ok(!page.url().includes(receipt.reference), 'no reference stands in an address');
});

test('capitals and blanks do not matter in what is typed', async (t) => {
  const page = await here.page(t);
  const { reference, code } = await complain(page);
  const typed = { reference: ` ${reference.toLowerCase()} `, code: code.replaceAll(' ', '').toUpperCase() };
  assert.equal(await look(page, typed), 200);
});

test('a wrong receipt code shows nothing, keeps the reference and forgets the code', async (t) => {
  const page = await here.page(t);
  const { reference, code } = await complain(page);
  assert.equal(await look(page, { reference, code: another(code) }), 422);
  assert.equal(await page.getByRole('alert', { name: 'These do not belong together' }).count(), 1);
  assert.equal(await page.locator('#reference').inputValue(), reference);
  assert.equal(await page.locator('#receipt_code').inputValue(), '');
  const wrongCode = await page.locator('main').innerText();
  await look(page, { reference: 'RD-0000-0000', code });
  assert.equal(await page.locator('main').innerText(), wrongCode, 'a wrong reference gets the same answer');
});

test('what is added is announced, noted and told apart from nothing', async (t) => {
  const page = await here.page(t);
  const receipt = await complain(page);
  await page.locator('button.second').click();
  await page.locator('#text').waitFor();
  assert.equal(await send(page), 422);
  await page.getByRole('link', { name: 'Write what you would like to add.' }).click();
  await page.locator('#text').fill(ADDED);
  assert.equal(await send(page), 202);
  assert.equal(await page.getByRole('status', { name: 'We have received what you added' }).count(), 1);
  assert.equal(await page.locator('#text').inputValue(), '');
  await tells(page, receipt, 'We received more from you.');
  assert.ok((await here.program.words(receipt.reference)).includes(ADDED));
});

test('a reload after adding does not add it twice', async (t) => {
  const page = await here.page(t);
  const receipt = await complain(page);
  await look(page, receipt);
  await page.locator('#text').fill(ADDED);
  await send(page);
  assert.equal((await page.reload()).status(), 202);
  // What comes after it has been read when the last words are there.
  await page.locator('#text').fill('That is all.');
  await send(page);
  const words = () => here.program.words(receipt.reference);
  await until('the last words are on record', async () => (await words().catch(() => [])).includes('That is all.'));
  assert.equal((await words()).filter((text) => text === ADDED).length, 1);
});

test('what was written to the complainant is read on the status page', async (t) => {
  const page = await here.page(t);
  // Who complains often is not written to each time.
  const receipt = await complain(page, '/en', undefined, 'lee@example.org');
  await tells(page, receipt, 'What we wrote to you');
  const message = page.locator('details.message').first();
  assert.ok((await message.innerText()).includes(receipt.reference));
  await message.locator('summary').click();
  assert.equal(await message.locator('blockquote').isVisible(), false);
  await page.keyboard.press('Enter');
  assert.equal(await message.locator('blockquote').isVisible(), true);
});

test('a complaint is taken back, and looked at again, without a script', async (t) => {
  const page = await here.page(t, { javaScriptEnabled: false });
  const receipt = await complain(page);
  await tells(page, receipt, 'We received your complaint.');
  await page.getByRole('button', { name: 'Take the complaint back' }).click();
  await page.getByRole('button', { name: 'No, go back' }).click();
  await page.getByRole('button', { name: 'Take the complaint back' }).click();
  await page.locator('#text').fill('It works again.');
  assert.equal(await send(page), 202);
  assert.equal(await page.getByRole('status', { name: 'We have received that you take your complaint back' }).count(), 1);
  await tells(page, receipt, 'because you took it back');
  await page.getByRole('button', { name: 'Ask for a review' }).click();
  assert.equal(await send(page), 202);
  await tells(page, receipt, 'We are looking at your complaint again');
  assert.ok((await here.program.words(receipt.reference)).includes('It works again.'));
});

test('a link from a mail fills in reference and code, and shows nothing by itself', async (t) => {
  const page = await here.page(t);
  const receipt = await complain(page);
  const link = `/en/status#${receipt.reference}.${receipt.code.replaceAll(' ', '')}`;
  await page.goto(link);
  const at = () => new URL(page.url()).hash;
  assert.equal(at(), '', 'nothing of it stays in the address');
  assert.equal(await page.locator('#reference').inputValue(), receipt.reference);
  assert.equal(await page.locator('h1').innerText(), 'See where your complaint stands');
  // The same page once more, as when somebody presses the link a second time.
  await page.locator('#reference').fill('');
  await page.evaluate((hash) => (location.hash = hash), link.split('#')[1]);
  await until('the fields are filled in again', async () => (await page.locator('#reference').inputValue()) !== '');
  await page.keyboard.press('Enter');
  await page.locator('h1', { hasText: 'Where your complaint stands' }).waitFor();
  assert.equal(at(), '');
  await page.goto('about:blank');
  await page.goto('/en/status#nonsense');
  assert.equal(await page.locator('#reference').inputValue(), '');
});
