// Starts, stops and starts again a real chatd, on ports of its own.

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

const WORDS = new URL('words.txt', import.meta.url).pathname;
const PROFILES = new URL('profiles.jsonl', import.meta.url).pathname;

const FILES = ['--words', WORDS, '--profiles', PROFILES];
const ROOMS = ['--open', '--unlimited', '--owner', 'Alice', '--likes', '--receipts'];

export class ChatdServer {
  #binary;
  #more;
  #process = null;
  #output = '';
  port = 0;
  tcpPort = 0;

  constructor(binary, { webRoot, compress, more = [] } = {}) {
    this.#binary = binary;
    this.#more = webRoot ? ['--web-root', webRoot] : [];
    if (compress) this.#more.push('--compress');
    this.#more.push(...more);
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  async start() {
    this.port ||= await freePort();
    this.tcpPort ||= await freePort();
    const listen = ['--ws', `127.0.0.1:${this.port}`, '--tcp', `127.0.0.1:${this.tcpPort}`];
    this.#process = spawn(this.#binary, [...listen, ...ROOMS, ...FILES, ...this.#more], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (data) => (this.#output = (this.#output + data).slice(-8_000));
    this.#process.stdout.on('data', keep);
    this.#process.stderr.on('data', keep);
    this.#process.on('error', (error) => keep(String(error)));
    for (let tries = 0; tries < 100; ++tries) {
      if (this.#process.exitCode !== null) break;
      const healthy = await fetch(`${this.url}healthz`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (healthy) return this;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`chatd did not start:\n${this.#output}`);
  }

  /** `signal` SIGTERM drains, SIGKILL is a crash. */
  async stop({ signal = 'SIGTERM' } = {}) {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 8_000);
    await ended;
    clearTimeout(late);
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
