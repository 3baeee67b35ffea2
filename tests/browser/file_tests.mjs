// What chatd does with files that are not as they should be: those it serves, and those it reads.
// Each of these once ended the process, stopped its loop, or was passed over in silence.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChatdServer } from './chatd_server.mjs';
import { assert, assertEqual, until } from './harness.mjs';

/** The status of a path that is sent as it stands: fetch would tidy it up. */
function status(port, path) {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, timeout: 3_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('timeout', () => reject(new Error(`no answer to ${path}`)))
      .on('error', reject)
      .end();
  });
}

export async function fileTests({ runner, binary }) {
  const folder = mkdtempSync(join(tmpdir(), 'chatd-files-'));
  try {
    await runner.test('chatd: only files of a bearable size are served', async () => {
      mkdirSync(join(folder, 'sub'));
      writeFileSync(join(folder, 'index.html'), '<p>here');
      writeFileSync(join(folder, 'large'), '');
      truncateSync(join(folder, 'large'), 5 << 20);
      assertEqual(spawnSync('mkfifo', [join(folder, 'pipe')]).status, 0, 'mkfifo');
      const server = await new ChatdServer(binary, { webRoot: folder }).start();
      try {
        for (const path of ['//', '/sub', '/sub/', '/large', '/pipe', '/none']) {
          assertEqual(await status(server.port, path), 404, path);
        }
        assertEqual(await status(server.port, '/'), 200, 'the page');
      } finally {
        await server.stop();
      }
    });
    await runner.test('chatd: a list without a word does not start', () => {
      writeFileSync(join(folder, 'empty'), '# nothing\n');
      for (const words of [folder, join(folder, 'empty'), join(folder, 'none')]) {
        const chatd = spawnSync(binary, ['--open', '--ws', '127.0.0.1:0', '--words', words], {
          timeout: 3_000,
        });
        assertEqual(chatd.status, 1, words);
        assert(String(chatd.stderr).includes(words), String(chatd.stderr));
      }
    });
    await runner.test('chatd: several threads do not share a port with another process', async () => {
      const first = spawn(binary, ['--open', '--ws', '127.0.0.1:0', '--threads', '2']);
      try {
        let told = '';
        first.stderr.on('data', (data) => (told += data));
        const [, address] = await until('the port', () => told.match(/listening on ws (\S+)/));
        const second = ['--open', '--ws', address, '--threads', '2'];
        const { status, stderr } = spawnSync(binary, second, { timeout: 3_000 });
        assertEqual(status, 1, String(stderr));
      } finally {
        first.kill('SIGKILL');
      }
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
