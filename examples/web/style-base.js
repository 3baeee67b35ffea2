// Colours, the frame, and the stage with what flies over it.

export const BASE = `
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
button, input, textarea, select { font: inherit; color: inherit; }
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
  background: #1a1e28;
  box-shadow: 0 12px 40px rgb(0 0 0 / .5), inset 0 0 0 1px rgb(255 255 255 / .08); }
.settings { right: 14px; bottom: 60px; width: 268px; max-width: calc(100% - 28px); display: grid;
  grid-template-columns: auto 1fr 46px; gap: 12px; align-items: center; font-size: 13px; }
.settings output { text-align: end; color: var(--chat-dim); font-variant-numeric: tabular-nums;
  font-size: 12px; }
.settings h3 { grid-column: 1 / -1; }
h2, h3 { margin: 0; font-size: 13px; font-weight: 650; letter-spacing: .01em; }
input[type="range"] { width: 100%; margin: 0; accent-color: var(--chat-accent); }
`;
