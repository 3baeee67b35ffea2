// The looks of <chat-room>, as a constructed sheet: no inline style, so a strict Content-Security-
// Policy is content, and one script tag brings everything. A host changes colours from outside by
// the custom properties of :host.

const CSS = `
:host {
  --chat-accent: #3fd4c2;
  --chat-bg: #0d0f14;
  --chat-panel: #14171e;
  --chat-raised: #1d212b;
  --chat-line: #262b36;
  --chat-text: #e9ecf2;
  --chat-dim: #8e97a8;
  --chat-warn: #f5b54a;
  --chat-bad: #ff6b6b;
  --chat-font: "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Noto Sans CJK SC", "PingFang SC",
    "Hiragino Sans GB", "Microsoft YaHei", system-ui, sans-serif, "Noto Color Emoji";
  display: block; height: 560px; min-height: 300px; overflow: hidden; container: room / inline-size;
  color: var(--chat-text); background: var(--chat-bg); font: 14px/1.45 var(--chat-font);
  color-scheme: dark; -webkit-text-size-adjust: 100%; font-variant-emoji: unicode;
}
:host([hidden]), [hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
button, input, textarea { font: inherit; color: inherit; }
button { cursor: pointer; border: 0; background: none; padding: 0; }
button:disabled { cursor: default; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--chat-accent); outline-offset: 1px; }
svg { width: 1em; height: 1em; fill: currentColor; flex: none; }
bdi { unicode-bidi: isolate; }

.app { display: flex; height: 100%; }
.theatre { position: relative; flex: 1; min-width: 0; overflow: hidden; background: #05060a;
  isolation: isolate; }
.theatre ::slotted(*) { position: absolute; inset: 0; width: 100%; height: 100%; }
.chat { position: relative; display: flex; flex-direction: column; width: 352px; min-height: 0;
  background: var(--chat-panel); border-inline-start: 1px solid var(--chat-line); }
:host([layout="chat"]) .theatre { display: none; }
:host([layout="chat"]) .chat { width: 100%; border: 0; }

/* Stage */
.air { position: absolute; inset: 62px 0 58px; overflow: hidden; pointer-events: none;
  contain: strict; z-index: 1; }
.bullet { position: absolute; top: 0; left: 0; max-width: min(42em, 92%);
  height: var(--bullet-height);
  line-height: var(--bullet-height); padding: 0 .35em; font-size: var(--bullet-font);
  font-weight: 600;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; color: #fff;
  will-change: transform;
  contain: layout paint style; unicode-bidi: isolate;
  text-shadow: 0 1px 1px rgb(0 0 0 / .95), 0 0 2px rgb(0 0 0 / .9), 0 0 6px rgb(0 0 0 / .45); }
.bullet[data-count]::after { content: attr(data-count); margin-inline-start: .4em; color: #ffd76a;
  font-size: .85em; }
.bullet.own { border: 1.5px solid var(--chat-accent); border-radius: 7px; padding: 0 .5em;
  line-height: calc(var(--bullet-height) - 4px); background: rgb(10 40 40 / .35); }
.bullet.high { border-radius: 99px; padding: 0 .8em;
  background: linear-gradient(90deg, rgb(196 83 24 / .92), rgb(170 40 96 / .88));
  box-shadow: inset 0 0 0 1px rgb(255 214 160 / .45); color: #fff6e6;
  text-shadow: 0 1px 2px rgb(0 0 0 / .5); }
.bullet.low { font-weight: 500; opacity: .8; }
.head, .tools { position: absolute; inset-inline: 0; z-index: 2; display: flex;
  align-items: center; gap: 10px; padding: 12px 16px; }
.head { top: 0; height: 76px; align-items: flex-start;
  background: linear-gradient(rgb(4 6 12 / .78), rgb(4 6 12 / 0)); pointer-events: none; }
.head > * { pointer-events: auto; }
.tools { bottom: 0; height: 58px; background: linear-gradient(rgb(4 6 12 / 0), rgb(4 6 12 / .8));
  justify-content: flex-end; }
.badge-live { display: inline-flex; align-items: center; gap: 6px; height: 24px; padding: 0 9px;
  border-radius: 5px; flex: none;
  background: #e5344e; font-size: 11px; font-weight: 700; letter-spacing: .08em; color: #fff; }
.badge-live::before { content: ""; width: 6px; height: 6px; border-radius: 50%; background: #fff;
  animation: pulse 2s steps(8) infinite; }
.off .badge-live { background: #4a505e; }
.off .badge-live::before { animation: none; opacity: .5; }
@keyframes pulse { 50% { opacity: .25; } }
.title { min-width: 0; flex: 1; line-height: 1.3; text-shadow: 0 1px 3px rgb(0 0 0 / .7); }
.title b { display: block; font-size: 16px; font-weight: 650; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.title span { display: block; font-size: 12px; color: #ccd3df; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.title span:empty { display: none; }
.chip { display: inline-flex; align-items: center; gap: 6px; height: 28px; padding: 0 10px;
  border-radius: 99px; flex: none;
  font-size: 12.5px; font-weight: 600; font-variant-numeric: tabular-nums;
  background: rgb(20 24 34 / .62); color: #f2f5fa;
  box-shadow: inset 0 0 0 1px rgb(255 255 255 / .1); }
.chip:hover { background: rgb(46 53 70 / .8); }
.round { display: inline-grid; place-items: center; width: 34px; height: 34px; border-radius: 50%;
  font-size: 17px; color: #e9edf5; }
.round:hover { background: rgb(255 255 255 / .14); }
.round[aria-expanded="true"] { color: var(--chat-accent); background: rgb(255 255 255 / .12); }
.switch { display: inline-flex; align-items: center; gap: 9px; height: 34px; padding: 0 6px;
  margin-inline-end: auto; font-size: 13px; font-weight: 600; }
.switch::before { content: ""; width: 34px; height: 20px; border-radius: 99px; flex: none;
  background: radial-gradient(circle at 10px 50%, #fff 7px, transparent 7.5px), #596172;
  transition: background-position .15s; }
.switch[aria-checked="true"]::before {
  background: radial-gradient(circle at 24px 50%, #fff 7px, transparent 7.5px), var(--chat-accent);
  }
.sheet { position: absolute; z-index: 5; padding: 14px; border-radius: 12px;
  background: rgb(24 28 37 / .97);
  box-shadow: 0 12px 40px rgb(0 0 0 / .5), inset 0 0 0 1px rgb(255 255 255 / .08); }
.settings { right: 14px; bottom: 60px; width: 268px; max-width: calc(100% - 28px); display: grid;
  grid-template-columns: auto 1fr 46px; gap: 12px; align-items: center; font-size: 13px; }
.settings output { text-align: end; color: var(--chat-dim); font-variant-numeric: tabular-nums;
  font-size: 12px; }
.settings h3 { grid-column: 1 / -1; }
h2, h3 { margin: 0; font-size: 13px; font-weight: 650; letter-spacing: .01em; }
input[type="range"] { width: 100%; margin: 0; accent-color: var(--chat-accent); }

/* Chat */
.bar { display: flex; align-items: center; gap: 8px; height: 48px; padding: 0 8px 0 16px;
  border-bottom: 1px solid var(--chat-line); flex: none; }
.bar h2 { margin-inline-end: auto; font-size: 14px; }
.state { display: inline-flex; align-items: center; gap: 7px; font-size: 12px;
  color: var(--chat-dim); white-space: nowrap; }
.state::before { content: ""; width: 8px; height: 8px; border-radius: 50%;
  background: var(--chat-warn); }
.state.live::before { background: #43d17a; box-shadow: 0 0 0 3px rgb(67 209 122 / .18); }
.state.closed::before, .state.refused::before { background: var(--chat-bad); }
.slow { font-size: 11.5px; padding: 1px 8px; border-radius: 99px; background: #33301f;
  color: var(--chat-warn); white-space: nowrap; }
.hand { font-size: 11.5px; height: 24px; padding: 0 10px; border-radius: 99px; white-space: nowrap;
  background: none; color: var(--chat-dim); border: 1px solid var(--chat-line); cursor: pointer; }
.hand[aria-pressed="true"] { color: var(--chat-warn); border-color: var(--chat-warn); }
.like { position: relative; display: inline-flex; align-items: center; gap: 4px; height: 24px; padding: 0 8px;
  border-radius: 99px; font-size: 11.5px; font-variant-numeric: tabular-nums; color: #f3679a; }
.like svg { width: 14px; height: 14px; fill: currentColor; }
.hearts { position: absolute; inset: auto 50% 100% auto; width: 0; pointer-events: none; z-index: 3; }
.hearts i { position: absolute; bottom: 0; font-style: normal; font-size: 16px; opacity: 0;
  color: hsl(var(--hue) 85% 62%); animation: rise 1.6s ease-out; }
@keyframes rise { 0% { opacity: 0; transform: translate(0, 60px) scale(.6); } 15% { opacity: 1; }
  100% { opacity: 0; transform: translate(var(--x), 0) scale(1.25); } }
.rate { padding: 4px 16px; font-size: 12px; color: var(--chat-warn); border-bottom: 1px solid var(--chat-line); }
.hands { display: grid; gap: 6px; padding: 8px 16px; border-bottom: 1px solid var(--chat-line); }
.hands > div { display: flex; align-items: center; gap: 8px; }
.hands bdi { margin-inline-end: auto; overflow: hidden; text-overflow: ellipsis; }
.bar .round { color: var(--chat-dim); }
.bar .round[aria-expanded="true"] { color: var(--chat-accent); }
.banner { display: flex; align-items: center; gap: 10px; padding: 8px 8px 8px 16px;
  font-size: 13px; flex: none;
  background: #2f2817; color: #ffdf9e; border-bottom: 1px solid #4a3d1d; }
.banner.bad { background: #34191d; color: #ffc2c2; border-color: #55252b; }
.banner span { flex: 1; min-width: 0; }
.banner button, .soft { height: 28px; padding: 0 12px; border-radius: 7px;
  background: rgb(255 255 255 / .12); font-size: 12.5px; font-weight: 600; white-space: nowrap;
  flex: none; }
.banner button:hover, .soft:hover { background: rgb(255 255 255 / .2); }
.menu { left: 14px; right: 14px; bottom: 14px; display: grid; gap: 6px;
  grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); max-height: 80%; overflow: auto; }
.menu header, .menu .refusal { grid-column: 1 / -1; }
.hard { color: #ffb3b3; }
.refusal { margin: 0; font-size: 12.5px; color: #ffc2c2; }
.waiting ul { list-style: none; margin: 0; padding: 0; max-height: 30vh; overflow-y: auto; }
.waiting li { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; font-size: 13px; padding: 3px 0; }
.waiting li span { flex: 1; min-width: 6em; overflow-wrap: anywhere; }
.switches { display: flex; flex-wrap: wrap; gap: 12px; align-items: center; font-size: 12.5px;
  padding: 0 0 10px; }
.switches select { height: 28px; border-radius: 7px; border: 0; padding: 0 8px; color: inherit;
  background: #2b303c; font: inherit; }
.pinned { padding: 8px 16px; font-size: 13px; border-bottom: 1px solid var(--chat-line);
  background: #1a2126; border-inline-start: 3px solid var(--chat-accent);
  max-height: 68px; overflow: hidden; overflow-wrap: anywhere; }
.middle { position: relative; flex: 1; min-height: 0; }
.log { height: 100%; overflow-y: auto; overflow-x: hidden; overflow-anchor: none;
  overscroll-behavior: contain; padding: 8px 0 10px;
  scrollbar-width: thin; scrollbar-color: #39404f transparent; contain: strict; }
.log:focus-visible { outline-offset: -2px; }
.row { position: relative; padding: 3px 14px 3px 48px; min-height: 28px; overflow-wrap: anywhere;
  contain: layout style; }
.row:hover { background: rgb(255 255 255 / .035); }
.row[data-initial]::before { content: attr(data-initial); position: absolute;
  inset-inline-start: 14px; top: 3px; width: 24px; height: 24px; border-radius: 50%;
  display: grid; place-items: center; font-size: 12px; font-weight: 700;
  color: hsl(var(--hue) 75% 90%); background: hsl(var(--hue) 38% 34%); }
/* A nick has a direction of its own; the space behind it follows the row's. */
.nick { font-weight: 600; font-size: 13px; color: hsl(var(--hue) 62% 72%); margin-right: 8px;
  cursor: pointer; }
:host(:dir(rtl)) .nick { margin: 0 0 0 8px; }
.nick[data-badge]::after { content: attr(data-badge); margin-inline-start: 6px; padding: 1px 5px;
  border-radius: 4px; font-size: 10.5px; font-weight: 700;
  background: #2b3a4f; color: #a9cbff; vertical-align: 1px; }
.text { white-space: pre-wrap; }
.message .text, .pending .text, .direct .text { display: inline; }
.row.tall .text { display: block; max-height: 220px; overflow-y: auto; }
.text[data-count]::after { content: attr(data-count); margin-inline-start: 6px;
  color: var(--chat-warn); font-weight: 650; font-size: 12px; }
.own .nick { color: var(--chat-accent); }
.row.own { background: linear-gradient(90deg, rgb(63 212 194 / .1), rgb(63 212 194 / .02));
  box-shadow: inset 2px 0 var(--chat-accent); }
.row.high { background: linear-gradient(90deg, rgb(228 110 40 / .18), rgb(228 110 40 / .03));
  box-shadow: inset 2px 0 #ea8a3e; }
.row.mention { background: rgb(245 181 74 / .14); box-shadow: inset 2px 0 var(--chat-warn); }
.pending { opacity: .55; }
.row.direct { background: rgb(150 120 255 / .12); box-shadow: inset 2px 0 #9b85ff; font-style: italic; }
.system { padding-inline: 16px; min-height: 26px; color: var(--chat-dim); font-size: 12.5px;
  text-align: center; }
.system .nick { display: none; }
.system.warn .text { color: var(--chat-warn); }
.system.good .text { color: #6fcf97; }
.newer { position: absolute; left: 50%; bottom: 12px; transform: translateX(-50%);
  display: inline-flex; align-items: center; gap: 7px; height: 32px; padding: 0 14px;
  border-radius: 99px; background: var(--chat-accent); color: #06231f; font-size: 13px;
  font-weight: 650; box-shadow: 0 6px 20px rgb(0 0 0 / .45); white-space: nowrap; }
.members { inset: 0; border-radius: 0; padding: 0; display: flex; flex-direction: column;
  background: var(--chat-panel); box-shadow: none; }
.members header { display: flex; align-items: center; justify-content: space-between;
  padding: 10px 8px 6px 16px; }
.members .people { flex: 1; overflow-y: auto; min-height: 0; padding: 0 8px 8px;
  scrollbar-width: thin; scrollbar-color: #39404f transparent; }
.members p { margin: 8px; color: var(--chat-dim); font-size: 12.5px; }
.person { display: flex; align-items: center; gap: 10px; width: 100%; min-height: 38px;
  padding: 4px 8px; border-radius: 8px; text-align: start; font-size: 13.5px; }
.person::before { content: attr(data-initial); width: 26px; height: 26px; border-radius: 50%;
  display: grid; place-items: center; flex: none; font-size: 12px; font-weight: 700;
  color: hsl(var(--hue) 75% 90%); background: hsl(var(--hue) 38% 34%); }
.person::after { content: attr(data-badge); color: var(--chat-dim); font-size: 11.5px;
  margin-inline-start: auto; }
.person bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.person:hover { background: rgb(255 255 255 / .06); }
.members footer { display: flex; gap: 8px; padding: 8px 16px 12px; }

/* Composer */
.composer { flex: none; padding: 10px 12px 12px; border-top: 1px solid var(--chat-line);
  position: relative; }
.notice { min-height: 0; margin: 0 4px 8px; font-size: 12.5px; color: var(--chat-warn); }
.notice:empty { display: none; }
.field { display: flex; align-items: flex-end; border-radius: 10px; background: var(--chat-raised);
  box-shadow: inset 0 0 0 1px var(--chat-line); }
.field:focus-within { box-shadow: inset 0 0 0 1.5px var(--chat-accent); }
textarea { flex: 1; min-width: 0; resize: none; border: 0; background: none;
  padding: 10px 0 10px 12px; height: 40px; max-height: 112px; line-height: 20px; overflow-y: auto;
  scrollbar-width: none; }
textarea:focus-visible { outline: none; }
textarea::placeholder { color: #707a8c; opacity: 1; }
.field .round { width: 40px; height: 40px; color: var(--chat-dim); }
.under { display: flex; align-items: center; gap: 10px; margin-top: 8px; }
.me { display: inline-flex; align-items: center; gap: 6px; min-width: 0; max-width: 55%;
  height: 30px; padding: 0 8px; margin-inline-start: -4px; border-radius: 7px; font-size: 12.5px;
  color: var(--chat-dim); }
.me:hover:enabled { background: rgb(255 255 255 / .07); color: var(--chat-text); }
.me:disabled svg { display: none; }
.me bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bytes { margin-inline-start: auto; font-size: 11.5px; color: var(--chat-dim);
  font-variant-numeric: tabular-nums; }
.bytes.near { color: var(--chat-warn); }
.bytes.over { color: var(--chat-bad); font-weight: 650; }
.send { height: 32px; min-width: 68px; padding: 0 16px; border-radius: 8px;
  background: var(--chat-accent); color: #05231f; font-weight: 680; font-size: 13.5px;
  font-variant-numeric: tabular-nums; }
.send:hover:enabled { filter: brightness(1.08); }
.send:disabled { background: #2a303c; color: #7a8496; }
.rename, .quick { left: 12px; right: 12px; bottom: calc(100% - 4px); }
.rename { display: flex; gap: 8px; align-items: center; }
.rename input { flex: 1; min-width: 0; height: 34px; padding: 0 10px; border: 0;
  border-radius: 8px; background: #0f1218; box-shadow: inset 0 0 0 1px var(--chat-line); }
.quick { display: grid; grid-template-columns: repeat(6, 1fr); gap: 6px; padding: 10px; }
.quick button { height: 36px; border-radius: 8px; background: rgb(255 255 255 / .06);
  font-size: 15px; }
.quick button:hover { background: rgb(255 255 255 / .14); }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }

@container room (max-width: 719px) {
  .app { flex-direction: column; }
  .theatre { flex: none; height: 34%; min-height: 176px; }
  .chat { width: 100%; flex: 1; border-inline-start: 0; border-top: 1px solid var(--chat-line); }
  .head { padding: 8px 12px; height: 52px; gap: 8px; }
  .title b { font-size: 14px; line-height: 24px; }
  .title span { display: none; }
  .chip { height: 24px; padding: 0 9px; font-size: 12px; }
  .tools { padding: 4px 8px; height: 44px; gap: 2px; }
  .air { inset: 40px 0 40px; }
  .settings { right: 10px; left: 10px; bottom: 46px; width: auto; max-width: none;
    padding: 10px 14px; gap: 7px 12px; }
  .bar { height: 42px; padding-inline-start: 14px; }
  .row:not(.system) { padding-inline: 46px 12px; }
  .row[data-initial]::before { inset-inline-start: 12px; }
  .composer { padding: 8px 10px max(10px, env(safe-area-inset-bottom)); }
  textarea { font-size: 16px; }
  .send { height: 36px; }
  .me { height: 34px; }
}
@media (prefers-reduced-motion: reduce) { *, *::before { animation: none !important;
  transition: none !important; } }
`;

export const sheet = new CSSStyleSheet();
sheet.replaceSync(CSS);
