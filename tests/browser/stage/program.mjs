// The program under test: every service in one process, with settings and data in a folder of its own.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { until } from './until.mjs';

const START_PATIENCE = 60_000;
const STOP_PATIENCE = 40_000;

// A JSON string without escapes of its own is a TOML string.
const settings = (folder, web) => `
[data]
folder = ${JSON.stringify(join(folder, 'data'))}
[public]
address = "127.0.0.1:0"
[health]
address = "127.0.0.1:0"
[email.accounts.help]
kind = "maildir"
path = ${JSON.stringify(join(folder, 'inbox'))}
address = "help@example.org"
[notifier]
maildir_path = ${JSON.stringify(join(folder, 'outbox'))}
from_address = "help@example.org"
[web]
organisation = "Example Ltd, Department of Lamps and Kettles"
answer_languages = ["en", "de", "ar"]
${web}
[web.texts.en]
other_ways = ["By telephone: 0113 496 0000, Monday to Friday, nine to five"]
escalation = "You can take it to the ombudsman, free of charge: ombudsman.example.org."
`;

/** Starts the program with these lines more in `[web]` and these tables more, and waits until it is ready. */
export async function start(web = 'min_fill_seconds = 0', more = '') {
  const folder = await mkdtemp(join(tmpdir(), 'redress-browser-'));
  for (const name of ['new', 'cur', 'tmp']) await mkdir(join(folder, 'inbox', name), { recursive: true });
  const config = join(folder, 'redress.toml');
  await writeFile(config, settings(folder, web) + more);
  const log = await open(join(folder, 'log'), 'w');
  const child = spawn(process.env.REDRESS, ['--json', '--config', config, 'up'], { stdio: ['ignore', 'pipe', log.fd] });
  await log.close();
  const program = new Program(child, folder, config, more.includes('[staff.accounts.'));
  try {
    await program.listen();
  } catch (error) {
    const told = await readFile(join(folder, 'log'), 'utf8');
    await program.stop().catch(() => undefined);
    throw new Error(`redress did not start; its log ends:\n${told.slice(-4000)}`, { cause: error });
  }
  return program;
}

/** The hash of a clerk's password, as it stands in the settings. */
export async function hashed(password) {
  const child = spawn(process.env.REDRESS, ['staff', 'hash-password'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(`${password}\n`);
  let hash = '';
  for await (const chunk of child.stdout) hash += chunk;
  return hash.trim();
}

class Program {
  #child;
  #folder;
  #config;
  #ended;
  #abandon;
  #servesClerks;

  constructor(child, folder, config, servesClerks) {
    [this.#child, this.#folder, this.#config, this.#servesClerks] = [child, folder, config, servesClerks];
    this.#ended = once(child, 'exit');
    // Whatever ends the tests ends the program too.
    this.#abandon = () => child.kill();
    process.once('exit', this.#abandon);
  }

  /** Learns where it listens from what it prints, and waits until it says that it is ready. */
  async listen() {
    const patience = setTimeout(() => this.#child.kill(), START_PATIENCE);
    const at = {};
    for await (const line of createInterface({ input: this.#child.stdout })) {
      const { listener, url } = JSON.parse(line);
      at[listener] = url;
      if (at.public && at.health && (at.staff || !this.#servesClerks)) break;
    }
    clearTimeout(patience);
    if (!at.public) throw new Error('it told no address');
    this.url = at.public;
    this.staff = at.staff;
    await until('redress is ready', async () => (await fetch(`${at.health}/readyz`)).ok);
  }

  /** What a command answers, line by line. */
  async ask(...command) {
    const told = await promisify(execFile)(process.env.REDRESS, ['--json', '--config', this.#config, ...command]);
    return told.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  /** References of the complaints that are registered. */
  async references() {
    return (await this.ask('queue')).map((complaint) => complaint.reference);
  }

  /** The words of everything that came in about a complaint. */
  async words(reference) {
    const [shown] = await this.ask('show', reference);
    return shown.contacts.map((contact) => contact.text);
  }

  /** Asks it to stop, by its own id, and waits until it has. */
  async stop() {
    process.off('exit', this.#abandon);
    this.#child.kill();
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), STOP_PATIENCE);
    const [code, signal] = await this.#ended;
    clearTimeout(patience);
    await rm(this.#folder, { recursive: true, force: true });
    if (code !== 0) throw new Error(`redress ended with ${code ?? signal}`);
  }
}
