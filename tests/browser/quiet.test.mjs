// What a page costs, and what it keeps from doing: it is small, asks nobody else, breaks no rule of its own, and holds still.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stage } from './stage/stage.mjs';
import { walk } from './stage/visit.mjs';

const here = stage();
const FIRST_PAGE_BYTES_MAX = 60_000;

/** Collects what the browser complains of on a page. */
function complaints(page) {
  const heard = [];
  // A form with errors is a refusal, and browsers note each; and they ask for an icon on their own.
  const isExpected = (text) => /^Failed to load resource: .* status of (422|404)/.test(text);
  page.on('console', (message) => isExpected(message.text()) || heard.push(message.text()));
  page.on('pageerror', (error) => heard.push(String(error)));
  page.on('requestfailed', (request) => heard.push(`${request.url()}: ${request.failure().errorText}`));
  return heard;
}

/** What moves on a page, or would. */
const moving = (page) =>
  page.evaluate(() => {
    const moves = ({ animationName, transitionDuration, scrollBehavior }) =>
      animationName !== 'none' || /[1-9]/.test(transitionDuration) || scrollBehavior === 'smooth';
    const found = [...document.querySelectorAll('*')].filter((it) => moves(getComputedStyle(it)));
    return found.map((it) => it.localName).concat(document.getAnimations().map(() => 'an animation'));
  });

test('the first page weighs less than 60 KB with all that belongs to it', async (t) => {
  const page = await here.page(t);
  const answers = [];
  page.on('response', (response) => answers.push(response));
  await page.goto('/', { waitUntil: 'networkidle' });
  const bodies = await Promise.all(answers.map((answer) => answer.body()));
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
  assert.ok(answers.length >= 2, 'the page and its styles were counted');
  assert.ok(bytes < FIRST_PAGE_BYTES_MAX, `${bytes} bytes`);
  t.diagnostic(`${bytes} bytes in ${answers.length} answers`);
});

test('no page asks another host, and nothing is left in the browser', async (t) => {
  const page = await here.page(t);
  const asked = new Set();
  page.context().on('request', (request) => asked.add(new URL(request.url()).origin));
  for await (const name of walk(page, 'en')) assert.deepEqual([...asked], [here.program.url], name);
  assert.deepEqual(await page.context().storageState(), { cookies: [], origins: [] });
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), [], 'what was typed is forgotten once it is taken');
});

test('no page breaks the policy that it is sent with', async (t) => {
  const page = await here.page(t);
  const heard = complaints(page);
  for await (const name of walk(page, 'en')) assert.deepEqual(heard, [], name);
  await page.goto('/docs');
  assert.deepEqual(heard, [], 'the description of the API');
});

test('what the policy forbids is stopped and heard', async (t) => {
  const page = await here.page(t);
  const heard = complaints(page);
  await page.goto('/en');
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'document.title = "taken over"';
    document.body.append(script);
  });
  assert.match(heard.join('\n'), /Content Security Policy/);
  assert.match(await page.title(), /^Make a complaint/);
});

test('nothing moves for people who asked for that', async (t) => {
  const page = await here.page(t, { reducedMotion: 'reduce' });
  for await (const name of walk(page, 'en')) assert.deepEqual(await moving(page), [], name);
});

test('something that moves is found', async (t) => {
  const page = await here.page(t, { reducedMotion: 'reduce' });
  await page.goto('/en');
  await page.locator('h1').evaluate((element) => (element.style.transition = 'color 1s'));
  assert.deepEqual(await moving(page), ['h1']);
});
