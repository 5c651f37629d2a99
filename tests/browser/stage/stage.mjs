// What the tests of a file share: the program, started and stopped once, and a browser.

import { after, before } from 'node:test';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { start } from './program.mjs';

/** The stage of a file; `web` are lines more of `[web]`, and `more` makes tables more. It is set before the first test and struck
 * after the last. */
export function stage(web, more = async () => '') {
  const stage = new Stage();
  before(async () => stage.set(web, await more()));
  after(() => stage.strike());
  return stage;
}

class Stage {
  async set(web, more) {
    this.program = await start(web, more);
    this.browser = await chromium.launch({ executablePath: process.env.CHROMIUM });
  }

  async strike() {
    await this.browser?.close();
    await this.program?.stop();
  }

  /** A page of a person who was never here; it is closed when the test `t` ends. */
  async page(t, options = {}) {
    const context = await this.browser.newContext({ locale: 'en-GB', baseURL: this.program.url, ...options });
    t.after(() => context.close());
    return context.newPage();
  }
}

/** Keeps a picture of the whole page, for people to look at. */
export async function picture(page, name) {
  await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
}
