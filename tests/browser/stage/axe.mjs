// What axe finds wrong with a page, one line for each place: rule, place, what to do.

import { createRequire } from 'node:module';

const axe = createRequire(import.meta.url)('axe-core');

// WCAG 2.2, levels A and AA, and what it holds of 2.0 and 2.1.
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'];

/** The faults of the page. Its context must bypass the policy that lets no script in. */
export async function faults(page) {
  await page.addScriptTag({ content: axe.source });
  const found = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: { type: 'tag', values } }), TAGS);
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(' ')}: ${rule.help}`));
}

/** Names each page that has faults, with its faults; empty when none has. */
export function told(pages) {
  const wrong = pages.filter(({ found }) => found.length > 0);
  return wrong.map(({ name, found }) => `${name}:\n${found.map((line) => `  ${line}`).join('\n')}`).join('\n');
}
