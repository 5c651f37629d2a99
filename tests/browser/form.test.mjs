// The form is filled in, sent back with what is wrong, corrected and taken.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stage } from './stage/stage.mjs';
import { until } from './stage/until.mjs';
import { SENDER, TOLD, complain, send } from './stage/visit.mjs';

const here = stage();

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.className);

test('a complaint is taken, and what was said is on record', async (t) => {
  const page = await here.page(t);
  const { reference, code } = await complain(page);
  assert.match(reference, /^RD-[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  assert.match(code, /^([a-z0-9]{4} ){6}[a-z0-9]{2}$/);
  assert.equal(await page.title(), 'We have received your complaint – Example Ltd, Department of Lamps and Kettles');
  assert.equal(await page.locator('blockquote.typed').innerText(), TOLD);
  assert.ok(!page.url().includes(reference), 'no reference stands in an address');
  await until('the complaint is registered', async () => (await here.program.references()).includes(reference));
  assert.deepEqual(await here.program.words(reference), [TOLD]);
});

test('a form that was left empty keeps nobody waiting: each thing that is missing is named', async (t) => {
  const page = await here.page(t);
  await page.goto('/en');
  assert.equal(await send(page), 422);
  assert.deepEqual(await page.locator('.summary li').allInnerTexts(), [
    'What happened? – Tell us what happened.',
    'Email address – Give an email address or a phone number, so that you can be answered.',
  ]);
  assert.match(await page.title(), /^Please check: /);
});

test('an error is announced and leads to its field', async (t) => {
  const page = await here.page(t);
  await page.goto('/en');
  await send(page);
  assert.equal(await page.getByRole('alert', { name: 'It has not been sent yet' }).count(), 1);
  assert.equal(await focused(page), 'summary');
  await page.getByRole('link', { name: 'Email address' }).click();
  assert.equal(await focused(page), 'email');
  const email = page.getByRole('textbox', { name: 'Email address' });
  assert.equal(await email.getAttribute('aria-invalid'), 'true');
  const ids = (await email.getAttribute('aria-describedby')).split(' ');
  const described = await Promise.all(ids.map((id) => page.locator(`#${id}`).textContent()));
  assert.match(described.join(' '), /Error: Give an email address or a phone number/);
});

test('what was typed is kept while it is corrected, and then it is taken', async (t) => {
  const page = await here.page(t);
  const typed = { what_happened: `${TOLD}\n<b>“Twice”</b> & again`, remedy: 'Another lamp.', product: 'Lamp', name: 'Kim' };
  await page.goto('/en');
  for (const [name, value] of Object.entries(typed)) await page.locator(`#${name}`).fill(value);
  await page.locator('#email').fill('kim at example');
  await page.locator('#language').selectOption('de');
  assert.equal(await send(page), 422);
  for (const [name, value] of Object.entries(typed)) assert.equal(await page.locator(`#${name}`).inputValue(), value);
  assert.equal(await page.locator('#email').inputValue(), 'kim at example');
  assert.equal(await page.locator('#language').inputValue(), 'de');
  await page.locator('#email').fill(SENDER);
  assert.equal(await send(page), 202);
  assert.equal(await page.locator('blockquote.typed').first().innerText(), typed.what_happened);
});

test('the page speaks the language that the browser asks for, and says so', async (t) => {
  for (const [locale, language, heading] of [['de-AT', 'de', 'Beschwerde'], ['fr-FR', 'fr', 'réclamation'], ['pl-PL', 'en', 'complaint']]) {
    const page = await here.page(t, { locale });
    await page.goto('/');
    assert.equal(await page.locator('html').getAttribute('lang'), language);
    assert.match(await page.locator('h1').innerText(), new RegExp(heading));
  }
});

test('a form on a page of somebody else cannot complain for its visitor', async (t) => {
  const page = await here.page(t);
  const field = (name, value) => `<input name="${name}" value="${value}">`;
  const form = `<form method="post" action="${here.program.url}/en">${field('what_happened', TOLD)}${field('email', SENDER)}`;
  await page.goto(`data:text/html,${encodeURIComponent(`<main>${form}<button>Win</button></form></main>`)}`);
  assert.equal(await send(page), 422);
  assert.equal(await page.locator('#what_happened').inputValue(), TOLD);
  assert.equal(await page.getByRole('alert').count(), 1);
});
