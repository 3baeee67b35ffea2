// What a lively room says: made-up lines in several scripts, the same for the same number.

const SHORT = [
  '666',
  '哈哈哈哈',
  'LUL',
  'nice!',
  '来了来了',
  'GG',
  '?????',
  '前方高能',
  'wow',
  '+1',
  '泪目',
  'lets gooo',
  '8888888',
  'すごい',
  '草',
  'ㅋㅋㅋㅋ',
  '🔥🔥🔥',
  '👏👏',
  '❤️',
  '好听！',
  'first time here',
  'hello from Lisbon',
];
const LONG = [
  '这个转场也太丝滑了吧，是怎么做到的',
  'what is the name of this song?',
  '主播今天状态真好，一直看到现在',
  'the lighting on those mountains is unreal',
  'この景色、本当にきれいですね',
  'can we get this as a wallpaper please',
  'مرحبا بالجميع من الدار البيضاء',
  'ערב טוב לכולם',
  '第一次看直播，弹幕好热闹啊 😂',
  'I have been here since the very beginning and it only gets better',
  '👩‍👩‍👧‍👦 the whole family is watching',
  'ça c’est magnifique',
  'Спасибо за стрим!',
];
const NICKS = [
  '小鱼干',
  'Mika',
  '夜雨',
  'northwind',
  '柚子茶',
  'たぬき',
  'Ólafur',
  'zed',
  '阿木',
  'Priya',
  'سارة',
  'Kestrel',
  '老王',
  'momo',
  '星野',
  'Ines',
  'rook',
  '半糖',
  'Yusuf',
  '云端',
  'Bao',
  'Tuva',
  '清风',
  'quill',
];

/** Line number `n` of the crowd. */
export function crowdLine(n) {
  const dice = Math.imul(n + 1, 2654435761) >>> 0;
  const who = (dice >>> 7) % 400;
  const texts = dice % 100 < 68 ? SHORT : LONG;
  const nick = NICKS[who % NICKS.length] + (who < NICKS.length ? '' : String(who));
  const line = { user: `u${who}`, nick, text: texts[(dice >>> 9) % texts.length] };
  if (dice % 97 === 0)
    return {
      ...line,
      role: 'moderator',
      priority: 'high',
      text: '欢迎新来的朋友！ Be kind to each other.',
    };
  if (dice % 211 === 0) return { ...line, count: 12, text: '前方高能！' };
  return line;
}

/** People of flesh and sockets: each joins over a WebSocket of his own and says crowd lines. */
export class Crowd {
  #sockets = [];
  #timer = 0;
  sent = 0;
  refused = 0;

  /** @param {string} chatUrl  ws:// address @param {string} room @param {number} people */
  static async gather(WebSocket, chatUrl, room, people = 8) {
    const crowd = new Crowd();
    await Promise.all(
      Array.from({ length: people }, (_, n) => crowd.#enter(WebSocket, chatUrl, room, n)),
    );
    return crowd;
  }

  async #enter(WebSocket, chatUrl, room, n) {
    const socket = new WebSocket(chatUrl, 'chatroom.v1.json');
    this.#sockets.push(socket);
    socket.room = room;
    await new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', (code) => reject(new Error(`crowd member ${n} was closed ${code}`)));
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data));
        if (frame.event === 'hello')
          socket.send(
            JSON.stringify({ id: 1, op: 'auth', user: `crowd${n}`, nick: NICKS[n % NICKS.length] }),
          );
        else if (frame.id === 1 && frame.ok)
          socket.send(JSON.stringify({ id: 2, op: 'join', room }));
        else if (frame.id === 2 && frame.ok) resolve();
        else if (frame.id <= 2) reject(new Error(JSON.stringify(frame.error)));
        else if (frame.id > 2 && frame.error) this.refused += 1;
      });
    });
  }

  /** One message now, as person number `n`. */
  say(text, n = 0) {
    const socket = this.#sockets[n];
    this.sent += 1;
    socket.send(JSON.stringify({ id: 2 + this.sent, op: 'publish', room: socket.room, text }));
  }

  /** This many messages a second, evenly, until stop(). */
  talk(perSecond) {
    const began = performance.now();
    const before = this.sent;
    this.#timer = setInterval(() => {
      const due = before + Math.floor(((performance.now() - began) / 1000) * perSecond);
      while (this.sent < due) this.say(crowdLine(this.sent).text, this.sent % this.#sockets.length);
    }, 20);
  }

  stop() {
    clearInterval(this.#timer);
  }

  leave() {
    this.stop();
    for (const socket of this.#sockets) {
      socket.removeAllListeners('close');
      socket.close();
    }
  }
}
