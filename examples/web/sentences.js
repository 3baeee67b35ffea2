// One friendly sentence for everything a server can refuse or end, in English and Chinese.
//
// The tables are complete for the protocol: every error code, every close code, every reason for
// leaving and for a gap. A host may add to them, or overwrite a sentence, before it shows one.

/** @typedef {{en: string, zh: string}} Sentence */

/** Error codes of answers, and three that only exist on this side of the line. */
export const ERRORS = {
  bad_request: { en: 'That request was not understood.', zh: '请求格式有误。' },
  unauthorized: { en: 'Please sign in first.', zh: '请先登录。' },
  token_expired: {
    en: 'Your sign-in has expired. Please sign in again.',
    zh: '登录已过期，请重新登录。',
  },
  forbidden: { en: 'You are not allowed to do that here.', zh: '你没有权限这样做。' },
  not_found: { en: 'There is nobody and nothing by that name.', zh: '找不到对象。' },
  not_member: { en: 'You are not in this room.', zh: '你不在这个房间里。' },
  already_member: { en: 'You are already in this room.', zh: '你已经在这个房间里了。' },
  too_large: { en: 'That message is too long.', zh: '消息太长了。' },
  rate_limited: { en: 'You are sending too fast.', zh: '你发得太快了。' },
  slow_mode: { en: 'Slow mode is on: one message at a time.', zh: '慢速模式已开启，请稍后再发。' },
  duplicate: { en: 'You have just said that.', zh: '请不要重复发送相同内容。' },
  muted: { en: 'You are muted in this room.', zh: '你已被禁言。' },
  banned: { en: 'You are banned from this room.', zh: '你已被封禁。' },
  mode_restricted: {
    en: 'Only some members may speak right now.',
    zh: '当前只有部分成员可以发言。',
  },
  filtered: {
    en: 'That message was not accepted by the word filter.',
    zh: '消息包含不允许的内容。',
  },
  held: { en: 'A moderator will look at that message first.', zh: '消息正在等待审核。' },
  room_full: { en: 'This room is full.', zh: '房间已满。' },
  queue_full: {
    en: 'Too much is waiting to be sent. Give it a moment.',
    zh: '等待发送的内容太多，请稍候。',
  },
  room_overloaded: {
    en: 'The room is very busy. Please try again.',
    zh: '房间太繁忙，请再试一次。',
  },
  limit_reached: { en: 'A limit of this server has been reached.', zh: '已达到服务器上限。' },
  position_lost: { en: 'Your place in the conversation was lost.', zh: '消息位置已失效。' },
  wrong_password: { en: 'That is not the password of this room.', zh: '房间密码不正确。' },
  storage_failed: {
    en: 'The message could not be saved. Please try again.',
    zh: '消息保存失败，请再试一次。',
  },
  unsupported: { en: 'This server cannot do that yet.', zh: '服务器暂不支持此操作。' },
  internal: {
    en: 'Something went wrong on the server. Please try again.',
    zh: '服务器出错了，请再试一次。',
  },
  timeout: { en: 'The server did not answer in time.', zh: '服务器没有及时回应。' },
  disconnected: {
    en: 'The connection was lost before an answer came.',
    zh: '连接在收到回应前断开了。',
  },
  closed: { en: 'You have left this chat.', zh: '你已离开聊天。' },
};

/** Rules of refusals, where they say more than the code does. */
export const RULES = {
  command_rate: { en: 'You are asking for too much at once.', zh: '你的操作太频繁了。' },
  join_rate: { en: 'You are joining rooms too quickly.', zh: '你进入房间太频繁了。' },
  self_mute: { en: 'You have muted yourself here.', zh: '你已将自己禁言。' },
  mute_all: { en: 'Only moderators may speak right now.', zh: '全员禁言中。' },
  moderated: { en: 'Only speakers may speak in this room.', zh: '只有嘉宾可以发言。' },
  members_only: { en: 'Only members of this room may speak.', zh: '只有房间成员可以发言。' },
  followers_only: { en: 'Only followers may speak right now.', zh: '只有关注者可以发言。' },
  emote_only: { en: 'Only emotes are allowed right now.', zh: '当前只允许发送表情。' },
  channel_closed: { en: 'This channel is closed.', zh: '该频道已关闭。' },
  channel_private: { en: 'This channel is for its own members.', zh: '该频道仅限成员。' },
  room_rate: { en: 'The whole room is sending too fast.', zh: '房间消息太多了，请稍候。' },
  tenant_rate: { en: 'This service is very busy.', zh: '服务太繁忙，请稍候。' },
  address_rate: { en: 'Too much comes from your network.', zh: '你的网络请求太多了。' },
};

/** WebSocket close codes. 4000-4499: the client comes back by itself; 4500-4999: it does not. */
export const CLOSES = {
  1000: { en: 'The connection was closed.', zh: '连接已关闭。' },
  1001: { en: 'The server is going away.', zh: '服务器正在离线。' },
  1002: {
    en: 'Client and server do not speak the same protocol.',
    zh: '客户端与服务器协议不一致。',
  },
  1003: { en: 'The server cannot read what was sent.', zh: '服务器无法读取所发数据。' },
  1006: { en: 'The connection was lost.', zh: '连接已断开。' },
  1007: { en: 'The server cannot read what was sent.', zh: '服务器无法读取所发数据。' },
  1008: { en: 'The server does not allow this connection.', zh: '服务器拒绝此连接。' },
  1009: { en: 'What was sent was too large.', zh: '发送的数据太大。' },
  1011: { en: 'Something went wrong on the server.', zh: '服务器出错了。' },
  1012: { en: 'The server is restarting.', zh: '服务器正在重启。' },
  1013: { en: 'The server is busy.', zh: '服务器繁忙。' },
  4000: { en: 'The server is restarting.', zh: '服务器正在重启。' },
  4001: { en: 'Your connection could not keep up.', zh: '你的网络跟不上了。' },
  4002: { en: 'The server did not hear from you.', zh: '服务器没有收到你的心跳。' },
  4003: { en: 'Your place in the conversation was lost.', zh: '消息位置已失效。' },
  4004: { en: 'Something went wrong on the server.', zh: '服务器出错了。' },
  4005: { en: 'This room has moved to another server.', zh: '房间已迁移到另一台服务器。' },
  4006: { en: 'The server is very busy.', zh: '服务器太繁忙。' },
  4500: { en: 'Your sign-in was not accepted.', zh: '登录未被接受。' },
  4501: {
    en: 'Client and server do not speak the same protocol.',
    zh: '客户端与服务器协议不一致。',
  },
  4502: { en: 'You are banned from this server.', zh: '你已被此服务器封禁。' },
  4503: { en: 'You have opened this chat in another place.', zh: '你已在别处打开了聊天。' },
  4504: { en: 'There are too many connections from here.', zh: '来自此处的连接太多。' },
  4505: { en: 'Signing in took too long.', zh: '登录超时。' },
  4506: { en: 'Your sign-in has expired. Please sign in again.', zh: '登录已过期，请重新登录。' },
  4507: { en: 'A limit of this server has been reached.', zh: '已达到服务器上限。' },
  4508: { en: 'This room no longer exists.', zh: '房间已不存在。' },
};

/** Why a member is no longer in a room. */
export const LEAVES = {
  left: { en: 'You have left the room.', zh: '你已离开房间。' },
  kicked: { en: 'A moderator has removed you from the room.', zh: '你已被管理员移出房间。' },
  banned: { en: 'A moderator has banned you from the room.', zh: '你已被管理员封禁。' },
  room_closed: { en: 'The room was closed.', zh: '房间已关闭。' },
  replaced: { en: 'You have joined from another place.', zh: '你已在别处加入房间。' },
  dropped: { en: 'The connection to the room was lost.', zh: '与房间的连接已断开。' },
  timed_out: { en: 'You were away for too long.', zh: '你离开太久了。' },
  slow_consumer: { en: 'Your connection could not keep up.', zh: '你的网络跟不上了。' },
  limit: { en: 'The room has reached a limit.', zh: '房间已达到上限。' },
  shutdown: { en: 'The server is restarting.', zh: '服务器正在重启。' },
  moved: { en: 'The room has moved to another server.', zh: '房间已迁移到另一台服务器。' },
  auth_expired: {
    en: 'Your sign-in has expired. Please sign in again.',
    zh: '登录已过期，请重新登录。',
  },
  password_changed: { en: 'The password of the room has changed.', zh: '房间密码已更改。' },
  protocol_error: {
    en: 'Client and server do not speak the same protocol.',
    zh: '客户端与服务器协议不一致。',
  },
};

/** Why messages are missing. */
export const GAPS = {
  slow_consumer: { en: 'Your connection was too slow for them.', zh: '你的网络太慢。' },
  sampled: { en: 'The room was too busy to show all.', zh: '房间太热闹，只显示了一部分。' },
  budget: { en: 'The room was too busy to show all.', zh: '房间太热闹，只显示了一部分。' },
  history_lost: { en: 'The server no longer has them.', zh: '服务器已没有这些消息。' },
};

const pick = (entry, language) => entry[String(language).startsWith('zh') ? 'zh' : 'en'];

/** Seconds until `ms` have passed, at least one: what a countdown shows. */
export const seconds = (ms) => Math.max(1, Math.ceil(ms / 1000));

/**
 * The sentence for a refusal.
 * @param {string|{code: string, rule?: string, message?: string}} error  a code, or an error that
 *   carries one
 * @param {string} [language]  'en' or 'zh'
 */
export function errorSentence(error, language = 'en') {
  const { code, rule } = typeof error === 'string' ? { code: error } : error;
  if (rule && Object.hasOwn(RULES, rule)) return pick(RULES[rule], language);
  if (Object.hasOwn(ERRORS, code)) return pick(ERRORS[code], language);
  return (typeof error === 'object' && error.message) || pick(ERRORS.internal, language);
}

const AGAIN = { en: (time) => ` Try again in ${time}.`, zh: (time) => `请 ${time}后再试。` };
const UNITS = { en: ['s', 'min', 'h'], zh: ['秒', '分钟', '小时'] };

/** A wait as one says it: 45 s, 10 min, 3 h. */
export function shortTime(ms, language = 'en') {
  const units = pick(UNITS, language);
  const whole = seconds(ms);
  if (whole < 100) return `${whole} ${units[0]}`;
  if (whole < 100 * 60) return `${Math.ceil(whole / 60)} ${units[1]}`;
  return `${Math.ceil(whole / 3_600)} ${units[2]}`;
}

/** The sentence for a refusal, and when it is worth trying again, if that is known. */
export function refusalSentence(error, language = 'en') {
  const wait = error?.retryAfterMs ?? 0;
  const sentence = errorSentence(error, language);
  return wait > 0 ? sentence + pick(AGAIN, language)(shortTime(wait, language)) : sentence;
}

/** The sentence for a WebSocket close code; hosts' own codes get the sentence of their range. */
export function closeSentence(code, language = 'en') {
  if (Object.hasOwn(CLOSES, code)) return pick(CLOSES[code], language);
  if (code >= 4500 && code <= 4999) return pick(CLOSES[1000], language);
  return pick(CLOSES[1006], language);
}

/** The sentence for a reason in a `left` event. */
export function leaveSentence(reason, language = 'en') {
  return pick(Object.hasOwn(LEAVES, reason) ? LEAVES[reason] : LEAVES.left, language);
}

/** The sentence for a reason in a `gap` event. */
export function gapSentence(reason, language = 'en') {
  return pick(Object.hasOwn(GAPS, reason) ? GAPS[reason] : GAPS.history_lost, language);
}
