// What is said when no form can be shown, or a good one has to be sent once more: without a fault, and true.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';

import { faults } from './stage/axe.mjs';
import { picture, stage } from './stage/stage.mjs';
import { SENDER, TOLD, look, send } from './stage/visit.mjs';

const here = stage(`
min_fill_seconds = 60
concurrency_max = 1
rates = { submissions_per_minute = 1, receipt_tries_per_minute = 1 }
`);

/** A sender of their own for the limits, which are not for the machine that all these tests run on. */
const from = (address) => ({ bypassCSP: true, extraHTTPHeaders: { 'x-forwarded-for': address } });

async function filledIn(page) {
  await page.goto('/en');
  await page.locator('#what_happened').fill(TOLD);
  await page.locator('#email').fill(SENDER);
}

/** The answer has this status and headline, and no fault. */
async function says(page, status, expected, words) {
  assert.equal(status, expected);
  const heading = page.locator('.summary h2, h1').first();
  assert.equal(await heading.innerText(), words);
  await picture(page, `message-${words.toLowerCase().replaceAll(' ', '-')}`);
  assert.deepEqual(await faults(page), []);
}

test('a form that comes back too soon is kept, to be sent once more', async (t) => {
  const page = await here.page(t, from('192.0.2.1'));
  await filledIn(page);
  await says(page, await send(page), 422, 'Please send it once more');
  assert.equal(await page.locator('#what_happened').inputValue(), TOLD);
});

test('a sender who sends too much keeps what was typed', async (t) => {
  const page = await here.page(t, from('192.0.2.2'));
  await filledIn(page);
  await send(page);
  await says(page, await send(page), 429, 'Too much has been sent from your connection');
  assert.equal(await page.locator('#what_happened').inputValue(), TOLD);
});

test('a sender who tries too many receipts is told so', async (t) => {
  const page = await here.page(t, from('192.0.2.3'));
  const tried = { reference: 'RD-0000-0000', code: 'a' };
  await look(page, tried);
  await says(page, await look(page, tried), 429, 'Too many tries');
});

test('a form that is too long is refused in words', async (t) => {
  const page = await here.page(t, from('192.0.2.4'));
  await filledIn(page);
  await page.locator('#what_happened').fill('no '.repeat(100_000));
  await says(page, await send(page), 413, 'This is more than we can take at once');
});

test('a form with too many fields is refused in words', async (t) => {
  const page = await here.page(t, from('192.0.2.5'));
  await filledIn(page);
  const more = (form) => form.append(...Array.from({ length: 97 }, (_, at) => Object.assign(document.createElement('input'), { name: `more-${at}` })));
  await page.locator('form').evaluate(more);
  await says(page, await send(page), 413, 'This form has more fields than we can take');
});

test('a form in another shape is refused in words', async (t) => {
  const page = await here.page(t, from('192.0.2.6'));
  await filledIn(page);
  await page.locator('form').evaluate((form) => (form.enctype = 'text/plain'));
  await says(page, await send(page), 415, 'This form could not be read');
});

test('an address that is asked in another way answers in words', async (t) => {
  const page = await here.page(t, from('192.0.2.7'));
  await page.route('**/en', (route) => route.continue({ method: 'PUT' }));
  const answer = await page.goto('/en');
  await says(page, answer.status(), 405, 'This is not possible here');
});

test('whoever meets a busy program reloads, and what was typed is sent again', async (t) => {
  const page = await here.page(t, from('192.0.2.8'));
  await filledIn(page);
  const other = await occupy();
  await says(page, await send(page), 503, 'Too many people are sending at this moment');
  other.destroy();
  assert.equal((await page.reload()).status(), 422);
  assert.equal(await page.locator('#what_happened').inputValue(), TOLD);
});

/** Takes the one place there is: a form whose words do not come. It is there once the program asks for them. */
async function occupy() {
  const { hostname, port } = new URL(here.program.url);
  const socket = connect(port, hostname);
  const head = ['POST /en HTTP/1.1', `Host: ${hostname}:${port}`, 'Content-Type: application/x-www-form-urlencoded'];
  socket.write([...head, 'Content-Length: 100', 'Expect: 100-continue', '', ''].join('\r\n'));
  const [asked] = await once(socket, 'data');
  assert.match(String(asked), /^HTTP\/1.1 100 /);
  return socket;
}
