// npm's `ws` against a real server: the first block of the JSON contract as a client nobody here
// wrote speaks it. One owner and one member; every op, the refusals that can be had without
// waiting, and the closes.
//
//   node ws_client.mjs http://127.0.0.1:8080/

import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { Runner, assert, assertEqual, until } from './harness.mjs';

/** A connection that keeps every frame it got. */
class Peer {
  frames = [];
  closed = null;
  #next = 1;

  static async connect(url, { subprotocol = 'chatroom.v1.json', hello = true } = {}) {
    const peer = new Peer();
    peer.socket = new WebSocket(url, subprotocol);
    peer.socket.on('message', (data, binary) =>
      peer.frames.push(binary ? { binary: true } : JSON.parse(String(data))),
    );
    peer.socket.on('close', (code) => (peer.closed = code));
    await new Promise((resolve, reject) => peer.socket.once('open', resolve).once('error', reject));
    if (hello) await peer.event('hello');
    return peer;
  }

  send(frame) {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  async ask(op, fields = {}) {
    const id = this.#next++;
    this.send({ id, op, ...fields });
    return until(`the answer to ${op}`, () => this.frames.find((frame) => frame.id === id));
  }

  async ok(op, fields) {
    const answer = await this.ask(op, fields);
    assert(answer.ok !== undefined, `${op} was refused: ${JSON.stringify(answer)}`);
    return answer.ok;
  }

  async error(op, fields) {
    const { error } = await this.ask(op, fields);
    assert(error, `${op} was not refused`);
    assert(
      typeof error.message === 'string' && typeof (error.temporary ?? false) === 'boolean',
      `shape of ${JSON.stringify(error)}`,
    );
    return error.code;
  }

  event(name, matches = () => true) {
    return until(`event ${name}`, () =>
      this.frames.find((frame) => frame.event === name && matches(frame)),
    );
  }

  messages(room) {
    return this.frames.filter((frame) => frame.event === 'message' && frame.room === room);
  }

  async enter(user, room, fields = {}) {
    await this.ok('auth', { user, nick: `${user} the tester` });
    return this.ok('join', { room, ...fields });
  }

  untilClosed() {
    return until('the close', () => this.closed !== null && this.closed);
  }

  close() {
    this.socket.close();
  }
}

export async function wsClientTests({ runner, server }) {
  const url = `${server.url.replace(/^http/, 'ws')}chat`;
  const stamp = Date.now() % 1_000_000;
  let rooms = 0;
  const test = (name, run) =>
    runner.test(`ws: ${name}`, async () => {
      const peers = [];
      const connect = async (options) => {
        const peer = await Peer.connect(url, options);
        peers.push(peer);
        return peer;
      };
      try {
        await run(connect, `ws/${stamp}/${++rooms}`);
      } finally {
        for (const peer of peers) peer.close();
      }
    });

  await test('hello, auth and join carry what the contract says', async (connect, room) => {
    const alice = await connect();
    const [hello] = alice.frames;
    assertEqual([hello.version, hello.heartbeat_ms > 0], [1, true], 'hello');
    assertEqual(await alice.error('join', { room }), 'unauthorized', 'before auth');
    await alice.ok('ping');
    const auth = await alice.ok('auth', { user: `alice${stamp}`, nick: 'Alice ✨' });
    assertEqual(auth.user, `alice${stamp}`, 'user');
    for (const field of ['session', 'resume', 'heartbeat_ms', 'limits'])
      assert(auth[field], `${field} in ${JSON.stringify(auth)}`);
    assertEqual([auth.limits.text_bytes, auth.limits.frame_bytes], [2_048, 65_536], 'limits');
    assertEqual(await alice.error('auth', { user: 'x' }), 'bad_request', 'auth twice');
    const join = await alice.ok('join', { room });
    assert(
      join.room === room && typeof join.epoch === 'string' && join.epoch,
      JSON.stringify(join),
    );
    assertEqual(
      [join.online, join.offset ?? 0, join.messages ?? [], join.recovered ?? false],
      [1, 0, [], false],
      'a new room',
    );
    assertEqual(
      join.state.channels.map((channel) => channel.name),
      ['main'],
      'channels',
    );
    assertEqual(await alice.error('join', { room }), 'already_member', 'join twice');
  });

  await test('a guest gets a name, and may come back with it', async (connect) => {
    const [first, second] = [await connect(), await connect()];
    const { user } = await first.ok('auth');
    assert(/^guest-/.test(user), user);
    assertEqual((await second.ok('auth', { user, nick: 'Gus' })).user, user, 'user');
  });

  await test('both read what either says, with one offset and a stamped name', async (connect, room) => {
    const [alice, bob] = [await connect(), await connect()];
    await alice.enter('alice', room);
    const joined = await bob.enter('bob', room);
    assertEqual([joined.online, joined.role ?? 'member'], [2, 'member'], 'the second to come');
    const first = await alice.ok('publish', { room, text: 'hello', data: { a: [1, 2] } });
    const second = await bob.ok('publish', { room, text: '你好 👩‍👩‍👧‍👦 \u202E' });
    assertEqual([first.offset, second.offset, first.epoch], [1, 2, joined.epoch], 'positions');
    for (const peer of [alice, bob]) {
      await until('two messages', () => peer.messages(room).length === 2);
      const seen = peer
        .messages(room)
        .map(({ offset, user, nick, text }) => ({ offset, user, nick, text }));
      assertEqual(
        seen,
        [
          { offset: 1, user: 'alice', nick: 'alice the tester', text: 'hello' },
          { offset: 2, user: 'bob', nick: 'bob the tester', text: '你好 👩‍👩‍👧‍👦 \u202E' },
        ],
        'messages',
      );
      assertEqual(peer.messages(room)[0].data, { a: [1, 2] }, 'data');
      assert(Math.abs(peer.messages(room)[0].time - Date.now()) < 60_000, 'time is Unix ms');
    }
  });

  await test('an idempotency key gives the first answer again', async (connect, room) => {
    const alice = await connect();
    await alice.enter('alice', room);
    const [one, two] = [
      await alice.ok('publish', { room, text: 'once', key: 'k1' }),
      await alice.ok('publish', { room, text: 'once', key: 'k1' }),
    ];
    assertEqual(two, one, 'answers');
    const next = await alice.ok('publish', { room, text: 'next' });
    assertEqual(next.offset, one.offset + 1, 'offset');
    assertEqual(alice.messages(room).length, 2, 'messages');
  });

  await test('history and since give back what was said', async (connect, room) => {
    const [alice, bob] = [await connect(), await connect()];
    const { epoch } = await alice.enter('alice', room);
    for (let n = 1; n <= 9; ++n) await alice.ok('publish', { room, text: `m${n}` });
    const texts = (page) => page.messages.map((message) => message.text).join();
    assertEqual(texts(await alice.ok('history', { room, limit: 3 })), 'm7,m8,m9', 'newest');
    const before = await alice.ok('history', { room, before: 4, limit: 2 });
    assertEqual([texts(before), before.more], ['m2,m3', true], 'before');
    const after = await alice.ok('history', { room, after: 6 });
    assertEqual([texts(after), after.more ?? false], ['m7,m8,m9', false], 'after');
    const back = await bob.enter('bob', room, { since: { epoch, offset: 5 } });
    assertEqual(
      [texts(back), back.was_recovering, back.recovered, back.offset],
      ['m6,m7,m8,m9', true, true, 9],
      'since',
    );
    await bob.ok('leave', { room });
    const lost = await bob.ok('join', { room, since: { epoch: 'another', offset: 5 } });
    assertEqual([lost.recovered ?? false, lost.messages ?? []], [false, []], 'another epoch');
    await bob.ok('leave', { room });
    assertEqual(texts(await bob.ok('join', { room, recent: 2 })), 'm8,m9', 'recent');
  });

  await test('after leave nothing of the room follows; others see it', async (connect, room) => {
    const [alice, bob] = [await connect(), await connect()];
    await alice.enter('alice', room);
    await bob.enter('bob', room);
    await alice.event('presence', (event) => event.joins?.some((join) => join.user === 'bob'));
    const list = await alice.ok('presence', { room });
    assertEqual(
      [list.online, list.members.map((member) => member.user).sort()],
      [2, ['alice', 'bob']],
      'presence',
    );
    assert(
      (await alice.ok('presence', { room, since_version: list.version })).unchanged,
      'unchanged',
    );
    await bob.ok('leave', { room });
    await alice.event('presence', (event) => event.leaves?.includes('bob'));
    await alice.ok('publish', { room, text: 'is he gone' });
    await bob.ok('ping');
    assertEqual(bob.messages(room), [], 'messages after leave');
    assertEqual(
      await bob.error('publish', { room, text: 'x' }),
      'not_member',
      'publish after leave',
    );
  });

  await test('a direct message reaches its user, and only him', async (connect, room) => {
    const [alice, bob, carol] = [await connect(), await connect(), await connect()];
    const users = ['alice', 'bob', 'carol'].map((name) => `${name}${stamp}`);
    await alice.enter(users[0], room);
    await bob.enter(users[1], room);
    await carol.enter(users[2], room);
    assertEqual(
      (await alice.ok('send_to', { user: users[1], text: 'psst' })).sessions,
      1,
      'sessions',
    );
    const direct = await bob.event('direct');
    assertEqual([direct.user, direct.to, direct.text], [users[0], users[1], 'psst'], 'direct');
    assertEqual(
      await alice.error('send_to', { user: 'nobody at all', text: 'x' }),
      'not_found',
      'nobody',
    );
    await carol.ok('ping');
    assert(!carol.frames.some((frame) => frame.event === 'direct'), 'carol heard nothing');
  });

  await test('refusals: size, shape, permission, what comes later', async (connect, room) => {
    const [alice, bob] = [await connect(), await connect()];
    await alice.enter('alice', room);
    await bob.enter('bob', room);
    const refusals = {
      'empty text': await bob.error('publish', { room, text: '' }),
      'long text': await bob.error('publish', { room, text: 'x'.repeat(2_049) }),
      'a number': await bob.error('publish', { room, text: 7 }),
      'a notice': await bob.error('publish', { room, text: 'x', kind: 'notice' }),
      high: await bob.error('publish', { room, text: 'x', priority: 'high' }),
      elsewhere: await bob.error('publish', { room: `${room}/other`, text: 'x' }),
      'no such op': await bob.error('dance'),
      mute: await alice.error('mute', { room, user: 'bob', for_ms: 1_000 }),
    };
    assertEqual(
      refusals,
      {
        'empty text': 'bad_request',
        'long text': 'too_large',
        'a number': 'bad_request',
        'a notice': 'forbidden',
        high: 'forbidden',
        elsewhere: 'not_member',
        'no such op': 'unsupported',
        mute: 'forbidden',
      },
      'codes',
    );
    assertEqual(
      (await alice.ok('publish', { room, text: 'x'.repeat(2_048) })).offset,
      1,
      'the longest text',
    );
    bob.send('{"op":"publish","room":"nowhere","text":"no id, no answer"}');
    await bob.ok('ping');
    assert(!bob.frames.some((frame) => frame.event === 'error'), 'silence without id');
  });

  await test('subscribe, unsubscribe and switch decide what is heard', async (connect, room) => {
    const [alice, bob] = [await connect(), await connect()];
    await alice.enter('alice', room, { channels: ['main', 'gifts'] });
    await bob.enter('bob', room);
    const said = async (channel, text) => {
      await alice.ok('publish', { room, channel, text });
      await bob.ok('ping');
      return bob.messages(room).some((message) => message.text === text);
    };
    assertEqual([await said('main', 'm1'), await said('gifts', 'g1')], [true, false], 'main only');
    await bob.ok('subscribe', { room, channel: 'gifts' });
    assertEqual([await said('main', 'm2'), await said('gifts', 'g2')], [true, true], 'both');
    await bob.ok('unsubscribe', { room, channel: 'main' });
    assertEqual([await said('main', 'm3'), await said('gifts', 'g3')], [false, true], 'gifts only');
    await bob.ok('switch', { room, from: 'gifts', to: 'main' });
    assertEqual([await said('main', 'm4'), await said('gifts', 'g4')], [true, false], 'main again');
    const offsets = bob.messages(room).map((message) => message.offset);
    assertEqual(offsets, [1, 3, 4, 6, 7], 'one timeline, with holes');
  });

  await test('a call nobody answers is refused', async (connect, room) => {
    const alice = await connect();
    await alice.enter('alice', room);
    const code = await alice.error('call', { room, name: 'test.echo', data: { n: 1 } });
    assert(['unsupported', 'not_found', 'internal'].includes(code), code);
  });

  await test('a bad sign-in is closed 4500, nonsense 4501, a huge frame 1009', async (connect) => {
    const stale = await connect();
    const began = Date.now();
    assertEqual(await stale.error('auth', { resume: 'something old' }), 'unauthorized', 'resume');
    assertEqual(await stale.untilClosed(), 4500, 'bad sign-in');
    assert(Date.now() - began < 1_000, 'soon');
    const nonsense = await connect();
    nonsense.send('this is not JSON');
    assertEqual(await nonsense.untilClosed(), 4501, 'not JSON');
    assert(
      nonsense.frames.some((frame) => frame.event === 'error'),
      'error event first',
    );
    const array = await connect();
    array.send('[]');
    assertEqual(await array.untilClosed(), 4501, 'not an object');
    const huge = await connect();
    huge.send({ id: 1, op: 'auth', user: 'x'.repeat(7_000) });
    assertEqual(await huge.untilClosed(), 1009, 'over 6 KiB before auth');
  });

  await test('a wrong path, subprotocol or origin is answered over HTTP', async () => {
    const status = (address, subprotocol, options) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(address, subprotocol, options);
        socket.on('unexpected-response', (request, response) => {
          resolve(response.statusCode);
          request.destroy();
        });
        socket.on('open', () => reject(new Error(`opened: ${address}`)));
        socket.on('error', () => {});
      });
    assertEqual(await status(url.replace('/chat', '/elsewhere'), 'chatroom.v1.json'), 404, 'path');
    assertEqual(await status(url, 'chatroom.v9.json'), 400, 'subprotocol');
    assertEqual(
      await status(url, 'chatroom.v1.json', { origin: 'https://evil.example' }),
      403,
      'origin',
    );
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const runner = new Runner();
  const address = process.argv[2] ?? 'http://127.0.0.1:8080/';
  await wsClientTests({ runner, server: { url: address.endsWith('/') ? address : `${address}/` } });
  process.exit(runner.finish() ? 0 : 1);
}
