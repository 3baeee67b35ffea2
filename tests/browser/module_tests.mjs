// chatroom.js without a page: in Node, over npm's `ws`, against the stand-in server, which can be
// told to misbehave. What a reconnect must keep is easier to count here than in a browser.

import { readFileSync } from 'node:fs';
import WebSocket from 'ws';
import {
  CLOSES,
  ChatClient,
  ERRORS,
  GAPS,
  LEAVES,
  closeSentence,
  errorSentence,
  reconnects,
} from '../../examples/web/chatroom.js';
import { MockServer } from './mock_server.mjs';
import { assert, assertEqual, until } from './harness.mjs';

const FAST = { WebSocket, backoffBaseMs: 30, backoffMaxMs: 60 };

const ERROR_CODES = `
  bad_request unauthorized token_expired forbidden not_found not_member already_member
  too_large rate_limited slow_mode duplicate muted banned mode_restricted filtered held
  room_full queue_full room_overloaded limit_reached position_lost wrong_password
  storage_failed unsupported internal`
  .trim()
  .split(/\s+/);
const REASONS = `
  left kicked banned room_closed replaced dropped timed_out slow_consumer limit shutdown
  moved auth_expired password_changed protocol_error`
  .trim()
  .split(/\s+/);
const GAP_REASONS = 'slow_consumer sampled budget history_lost'.split(' ');
const CLOSE_CODES = [
  1009, 4000, 4001, 4002, 4003, 4004, 4005, 4006, 4500, 4501, 4502, 4503, 4504, 4505, 4506, 4507,
  4508,
];

/** A client in a room, with everything it heard. */
async function visit(server, name, auth = { user: name, nick: name }, options = {}) {
  const client = new ChatClient(server.url.replace('http', 'ws') + 'chat', auth, {
    ...FAST,
    ...options,
  });
  const room = client.room('r', { recent: 10 });
  const heard = { texts: [], gaps: [], states: [], left: [] };
  client.addEventListener('state', (e) => heard.states.push(e.detail.state));
  room.addEventListener('message', (e) => heard.texts.push(e.detail.message.text));
  room.addEventListener('gap', (e) => heard.gaps.push(e.detail));
  room.addEventListener('left', (e) => heard.left.push(e.detail.reason));
  client.connect();
  return { client, room, heard };
}

const untilIn = ({ room }) => until('the room', () => room.state === 'in');

export async function moduleTests({ runner }) {
  const within = async (options, run) => {
    const server = await new MockServer(options).start(0);
    const visitors = [];
    const enter = async (...args) => {
      const visitor = await visit(server, ...args);
      visitors.push(visitor);
      return visitor;
    };
    try {
      await run(server, enter);
    } finally {
      for (const { client } of visitors) client.close();
      await server.stop();
    }
  };
  const test = (name, run, options = {}) =>
    runner.test(`chatroom.js: ${name}`, () => within(options, run));

  await test('every code of the protocol has its sentence, in both languages', async () => {
    const complete = (table, keys) =>
      keys.filter((key) => !(table[key]?.en?.endsWith('.') && table[key]?.zh?.endsWith('。')));
    assertEqual(
      complete(ERRORS, [...ERROR_CODES, ...codesOfHeader()]),
      [],
      'error codes without a sentence',
    );
    assertEqual(complete(CLOSES, CLOSE_CODES), [], 'close codes without a sentence');
    assertEqual(complete(LEAVES, REASONS), [], 'reasons without a sentence');
    assertEqual(complete(GAPS, GAP_REASONS), [], 'gap reasons without a sentence');
    assertEqual(closeSentence(4321), CLOSES[1006].en, "a host's own code");
    assertEqual(
      errorSentence({ code: 'house_rule', message: 'No hats.' }),
      'No hats.',
      "a host's own error",
    );
    assertEqual(
      [4000, 4300, 4499, 1006, 1012].map(reconnects),
      [true, true, true, true, true],
      'codes to come back after',
    );
    assertEqual(
      [4500, 4800, 4999, 1002].map(reconnects),
      [false, false, false, false],
      'codes to stay away after',
    );
  });

  await test('messages missed while away arrive once, in order', async (server, enter) => {
    const a = await enter('a');
    await untilIn(a);
    server.say('r', 'bob', 'one');
    await until('one', () => a.heard.texts.length === 1);
    server.kickAll(4001);
    for (let n = 2; n <= 250; ++n) server.say('r', 'bob', `m${n}`);
    await until(
      'the return',
      () => a.heard.states.filter((state) => state === 'live').length === 2,
    );
    server.say('r', 'bob', 'live');
    await until('all', () => a.heard.texts.length >= 251);
    assertEqual(
      a.heard.texts,
      ['one', ...Array.from({ length: 249 }, (_, n) => `m${n + 2}`), 'live'],
      'texts',
    );
    assertEqual(a.heard.gaps, [], 'gaps');
  });

  await test('a log that began anew is a gap, and the newest are read', async (server, enter) => {
    const a = await enter('a');
    await untilIn(a);
    server.say('r', 'bob', 'old');
    await until('old', () => a.heard.texts.length === 1);
    await server.stop();
    await server.start();
    server.say('r', 'bob', 'new');
    await until('new', () => a.heard.texts.includes('new'));
    assertEqual(a.heard.texts, ['old', 'new'], 'texts');
    assertEqual(
      a.heard.gaps.map((gap) => gap.reason),
      ['history_lost'],
      'gaps',
    );
  });

  await test('a publish caught by a reconnect is said once', async (server, enter) => {
    const a = await enter('a');
    await untilIn(a);
    let lose = true;
    const real = server.op_publish;
    server.op_publish = function (session, command) {
      const answer = real.call(this, session, command);
      if (!lose) return answer;
      lose = false; // taken, but the connection dies before the answer
      session.socket.terminate();
      return answer;
    };
    const { offset } = await a.room.publish('only once');
    await until('the message', () => a.heard.texts.length === 1);
    assertEqual([offset, a.heard.texts], [1, ['only once']], 'offset and texts');
  });

  await test('the outbox is bounded', async (server, enter) => {
    const a = await enter('a');
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => a.room.publish(`m${n}`)),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    assertEqual(
      refused.map((result) => result.reason.code),
      ['queue_full', 'queue_full', 'queue_full', 'queue_full'],
      'refusals',
    );
  });

  await test('4000-4499 come back, 4500-4999 do not', async (server, enter) => {
    for (const code of [4000, 4002, 4499]) {
      const a = await enter(`a${code}`);
      await untilIn(a);
      server.kickAll(code);
      await until(
        'the return',
        () => a.heard.states.filter((state) => state === 'live').length === 2,
      );
      a.client.close();
    }
    for (const code of [4500, 4502, 4800]) {
      const a = await enter(`b${code}`);
      await untilIn(a);
      server.kickAll(code);
      await until('the end', () => a.client.state === 'closed');
      assertEqual(a.client.lastClose.code, code, 'close code');
      await new Promise((resolve) => setTimeout(resolve, 150));
      assertEqual(a.client.state, 'closed', 'still closed');
    }
  });

  await test('a refused token ends it; a function is asked once more', async (server, enter) => {
    const bad = await enter('bad', { token: 'stale' });
    await until('the end', () => bad.client.state === 'closed');
    assertEqual(bad.client.lastClose.error.code, 'unauthorized', 'error');
    let asked = 0;
    const fresh = await enter('fresh', async () => ({ token: ++asked === 1 ? 'stale' : 'good' }));
    await untilIn(fresh);
    assertEqual(asked, 2, 'tokens asked for');
    const never = await enter('never', async () => ({ token: 'stale' }));
    await until('the end', () => never.client.state === 'closed');
  });

  await test('a guest keeps his name over a reconnect', async (server, enter) => {
    const a = await enter('guest', {});
    await untilIn(a);
    const { user } = a.client;
    assert(user.startsWith('guest-'), user);
    server.kickAll(4001);
    await until(
      'the return',
      () => a.heard.states.filter((state) => state === 'live').length === 2,
    );
    assertEqual(a.client.user, user, 'user');
  });

  await test('a reconnect event is followed, in time and to its address', async (server, enter) => {
    const other = await new MockServer().start(0);
    try {
      const a = await enter('a');
      await untilIn(a);
      const began = performance.now();
      server.broadcast({ event: 'reconnect', after_ms: 200, address: `127.0.0.1:${other.port}` });
      await until(
        'the move',
        () =>
          a.client.url.includes(String(other.port)) &&
          a.client.state === 'live' &&
          a.room.state === 'in',
      );
      assert(performance.now() - began >= 190, 'it waited');
      other.say('r', 'bob', 'over here');
      await until('the message', () => a.heard.texts.includes('over here'));
    } finally {
      await other.stop();
    }
  });

  await test('an address that would leave wss is not followed', async () => {
    const client = new ChatClient(
      'wss://127.0.0.1:1/chat',
      {},
      {
        ...FAST,
        WebSocket: class {
          close() {}
        },
      },
    );
    client.connect();
    assertEqual(client.url, 'wss://127.0.0.1:1/chat', 'url');
    client.close();
  });

  await test(
    'a link that says nothing is given up',
    async (server, enter) => {
      const a = await enter('a', undefined, { pongTimeoutMs: 200 });
      await untilIn(a);
      server.hush();
      await until(
        'the loss',
        () =>
          a.heard.states.includes('waiting') ||
          a.heard.states.filter((s) => s === 'connecting').length > 1,
        5_000,
      );
    },
    { heartbeatMs: 300 },
  );

  await test(
    'a quiet but living link is kept',
    async (server, enter) => {
      const a = await enter('a', undefined, { pongTimeoutMs: 200 });
      await untilIn(a);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      assertEqual(a.heard.states, ['connecting', 'live'], 'states');
    },
    { heartbeatMs: 300 },
  );

  await test('being kicked is final, being too slow is not', async (server, enter) => {
    const a = await enter('a');
    await untilIn(a);
    server.broadcast({ event: 'left', room: 'r', reason: 'kicked', by: 'mod' }, 'r');
    await until('left', () => a.heard.left.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assertEqual([a.room.state, a.heard.left], ['out', ['kicked']], 'after a kick');
    const refused = await a.room.publish('still here?').catch((error) => error.code);
    assertEqual(refused, 'not_member', 'publish after a kick');
  });

  await test('a gap moves the place, so that nothing is asked for twice', async (server, enter) => {
    const a = await enter('a');
    await untilIn(a);
    server.broadcast(
      {
        event: 'gap',
        room: 'r',
        channel: 'main',
        from: 1,
        to: 40,
        count: 40,
        classes: ['lossy'],
        reason: 'slow_consumer',
      },
      'r',
    );
    await until('the gap', () => a.heard.gaps.length === 1);
    assertEqual([a.room.position.offset, a.heard.gaps[0].count], [40, 40], 'place and count');
  });

  await test('answers reject with code, temporary and retry_after_ms', async (server, enter) => {
    const a = await enter('a');
    await untilIn(a);
    server.refuse.set('publish', {
      code: 'slow_mode',
      message: 'slow',
      temporary: true,
      retry_after_ms: 4_000,
    });
    const error = await a.room.publish('x').catch((refusal) => refusal);
    assertEqual(
      [error.code, error.temporary, error.retryAfterMs],
      ['slow_mode', true, 4_000],
      'error',
    );
  });
}

/** The words of Errc, where the header is at hand. */
function codesOfHeader() {
  try {
    const header = readFileSync(new URL('../../include/chatroom/error.h', import.meta.url), 'utf8');
    const body = /enum class Errc[^{]*\{([^}]*)\}/.exec(header)[1];
    return [...body.matchAll(/^\s*([a-z_]+)/gm)]
      .map((match) => match[1])
      .filter((word) => word !== 'ok');
  } catch {
    return [];
  }
}
