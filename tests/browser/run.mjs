// Runs the browser tests.
//
//   node run.mjs                      the page against the stand-in server
//   node run.mjs --chatd PATH         the page, and a Node client, against a real chatd
//   node run.mjs --chatd PATH --compress   likewise, with permessage-deflate
//   node run.mjs --url http://…       the page against a server that runs already
//
// --web-root DIR the page of this folder instead of the one inside chatd
// --seconds N   how long each flood lasts (15);  --long   60 s
// --screens DIR saves pictures;  --only TEXT   tests whose name holds TEXT
// The last line is `N passed, N failed, N skipped`; the exit code says whether all is well.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cardTests } from './card_tests.mjs';
import { channelTests } from './channel_tests.mjs';
import { ChatdServer } from './chatd_server.mjs';
import { fileTests } from './file_tests.mjs';
import { Runner, Skip, assert, openBrowser } from './harness.mjs';
import { MockServer } from './mock_server.mjs';
import { moduleTests } from './module_tests.mjs';
import { pageTests } from './page_tests.mjs';
import { peopleTests } from './people_tests.mjs';
import { moderationTests } from './moderation_tests.mjs';
import { refusalTests } from './refusal_tests.mjs';
import { troubleTests } from './trouble_tests.mjs';
import { wsClientTests } from './ws_client.mjs';

const { values: options } = parseArgs({
  options: {
    chatd: { type: 'string' },
    'web-root': { type: 'string' },
    url: { type: 'string' },
    compress: { type: 'boolean' },
    seconds: { type: 'string' },
    long: { type: 'boolean' },
    screens: { type: 'string' },
    only: { type: 'string' },
  },
});
const seconds = Number(options.seconds ?? (options.long ? 60 : 15));
const runner = new Runner(options.only);

async function main() {
  const ours = options.url
    ? null
    : await (
        options.chatd
          ? new ChatdServer(options.chatd, {
              webRoot: options['web-root'],
              compress: options.compress,
            })
          : new MockServer({ webRoot: options['web-root'] })
      ).start();
  const server = ours ?? { url: options.url.endsWith('/') ? options.url : `${options.url}/` };
  let browser;
  try {
    if (!ours || options.chatd) {
      await wsClientTests({ runner, server });
      if (options.chatd) await fileTests({ runner, binary: options.chatd });
      await runner.test('Python websockets', () => pythonClient(server));
    }
    if (ours && !options.chatd) await moduleTests({ runner });
    browser = await openBrowser();
    if (ours && !options.chatd) {
      const { screens, 'web-root': webRoot } = options;
      await troubleTests({ runner, browser, screens, webRoot });
      await refusalTests({ runner, browser, webRoot });
    }
    if (options.chatd) {
      const { screens } = options;
      await moderationTests({ runner, browser, server, screens });
      await channelTests({ runner, browser, server, screens });
      await cardTests({ runner, browser, server, screens });
      const { chatd: binary, 'web-root': webRoot } = options;
      await peopleTests({ runner, browser, server, screens, binary, webRoot });
    }
    await pageTests({ runner, browser, server, seconds, restart: ours, screens: options.screens });
  } catch (error) {
    if (!(error instanceof Skip)) throw error;
    await runner.test('the page in Chromium', () => {
      throw error;
    });
  } finally {
    await browser?.close();
    await ours?.stop();
  }
}

/** py_client.py, with the first Python that has the package; Debian's own comes first. */
function pythonClient(server) {
  const pythons = ['/usr/bin/python3', 'python3'];
  const python = pythons.find((path) => spawnSync(path, ['-c', 'import websockets']).status === 0);
  if (!python) throw new Skip('no websockets for Python (package python3-websockets)');
  const script = fileURLToPath(new URL('py_client.py', import.meta.url));
  const url = `${server.url.replace(/^http/, 'ws')}chat`;
  const { status, stdout, stderr } = spawnSync(python, [script, url], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert(status === 0, `${stdout}${stderr}`);
}

await main();
process.exit(runner.finish() ? 0 : 1);
