// What a lively room says: made-up lines in several scripts, the same for the same number.

const SHORT = ['666', '哈哈哈哈', 'LUL', 'nice!', '来了来了', 'GG', '?????', '前方高能', 'wow', '+1', '泪目', 'lets gooo',
  '8888888', 'すごい', '草', 'ㅋㅋㅋㅋ', '🔥🔥🔥', '👏👏', '❤️', '好听！', 'first time here', 'hello from Lisbon'];
const LONG = ['这个转场也太丝滑了吧，是怎么做到的', 'what is the name of this song?', '主播今天状态真好，一直看到现在',
  'the lighting on those mountains is unreal', 'この景色、本当にきれいですね', 'can we get this as a wallpaper please',
  'مرحبا بالجميع من الدار البيضاء', 'ערב טוב לכולם', '第一次看直播，弹幕好热闹啊 😂', 'I have been here since the very beginning and it only gets better',
  '👩‍👩‍👧‍👦 the whole family is watching', 'อรุณสวัสดิ์', 'ça c’est magnifique', 'Спасибо за стрим!'];
const NICKS = ['小鱼干', 'Mika', '夜雨', 'northwind', '柚子茶', 'たぬき', 'Ólafur', 'zed', '阿木', 'Priya', 'سارة', 'Kestrel', '老王',
  'momo', '星野', 'Ines', 'rook', '半糖', 'Yusuf', '云端', 'Bao', 'Tuva', '清风', 'quill'];

/** Line number `n` of the crowd. */
export function crowdLine(n) {
  const dice = Math.imul(n + 1, 2654435761) >>> 0;
  const who = (dice >>> 7) % 400;
  const texts = dice % 100 < 68 ? SHORT : LONG;
  const nick = NICKS[who % NICKS.length] + (who < NICKS.length ? '' : String(who));
  const line = { user: `u${who}`, nick, text: texts[(dice >>> 9) % texts.length] };
  if (dice % 97 === 0) return { ...line, role: 'moderator', priority: 'high', text: '欢迎新来的朋友！ Be kind to each other.' };
  if (dice % 211 === 0) return { ...line, count: 12, text: '前方高能！' };
  return line;
}
