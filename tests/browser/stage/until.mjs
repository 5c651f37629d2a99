// Waiting for what must become true, and for nothing else.

const PATIENCE = 30_000;
const PAUSE = 50;

/** Asks until the answer is true, and says what was waited for in vain. */
export async function until(what, isSo) {
  const end = Date.now() + PATIENCE;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((go) => setTimeout(go, PAUSE));
  }
}
