// The right side: header, banner, tabs, what is pinned, rows, send box.

export const CHAT = `
/* Header */
.bar { display: flex; align-items: center; gap: 8px; height: 48px; padding-inline: 16px 8px;
  border-bottom: 1px solid var(--chat-line); flex: none; min-width: 0; }
.bar h2 { margin-inline-end: auto; font-size: 14px; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; min-width: 2em; }
.bar .round { color: var(--chat-dim); flex: none; }
.bar .round:hover { color: var(--chat-text); }
.bar .round[aria-expanded="true"] { color: var(--chat-accent); }
.state { display: inline-flex; align-items: center; gap: 7px; font-size: 12px;
  color: var(--chat-dim); white-space: nowrap; }
.state::before { content: ""; width: 8px; height: 8px; border-radius: 50%; flex: none;
  background: var(--chat-warn); }
.state.live { font-size: 0; gap: 0; }
.state.live::before { background: #43d17a; box-shadow: 0 0 0 3px rgb(67 209 122 / .18); }
.state.closed::before, .state.refused::before { background: var(--chat-bad); }
.slow, .hand { font-size: 11.5px; height: 24px; line-height: 24px; padding: 0 9px;
  border-radius: 99px; white-space: nowrap; flex: none; }
.slow { background: #33301f; color: var(--chat-warn); }
.hand { line-height: 22px; color: var(--chat-text); border: 1px solid #434b5b; }
.hand:hover { border-color: var(--chat-dim); }
.hand[aria-pressed="true"] { color: var(--chat-warn); border-color: var(--chat-warn); }
.like { position: relative; display: inline-flex; align-items: center; gap: 5px; height: 28px;
  padding: 0 9px; border-radius: 99px; font-size: 12px; font-weight: 600; flex: none;
  font-variant-numeric: tabular-nums; color: #ff86b0; background: rgb(243 103 154 / .13); }
.like:hover { background: rgb(243 103 154 / .24); }
.like > span:empty:not(.hearts) { display: none; }
.like:active svg { transform: scale(1.25); }
.like svg { width: 14px; height: 14px; }
.hearts { position: absolute; inset: auto 50% 100% auto; width: 0; pointer-events: none;
  z-index: 6; }
.hearts i { position: absolute; bottom: 0; font-style: normal; font-size: 16px; opacity: 0;
  color: hsl(var(--hue) 85% 62%); animation: rise 1.6s ease-out; }
@keyframes rise { 0% { opacity: 0; transform: translate(0, 60px) scale(.6); } 15% { opacity: 1; }
  100% { opacity: 0; transform: translate(var(--x), 0) scale(1.25); } }
.desk-open { position: relative; }
.desk-open .count { position: absolute; inset: 0 0 auto auto; min-width: 16px; height: 16px;
  padding: 0 4px; border-radius: 99px; font-size: 10.5px; font-weight: 700; line-height: 16px;
  background: var(--chat-warn); color: #241a05; }
.desk-open .count:empty { display: none; }

/* Between header and list */
.banner { display: flex; align-items: center; gap: 10px; padding-block: 8px;
  padding-inline: 16px 8px; font-size: 13px; flex: none; flex-wrap: wrap;
  background: #2f2817; color: #ffdf9e; border-bottom: 1px solid #4a3d1d; }
.banner.bad { background: #34191d; color: #ffc2c2; border-color: #55252b; }
.banner span { flex: 1; min-width: 10em; overflow-wrap: anywhere; }
.banner input { width: 9em; flex: 1; }
.banner button, .soft { min-height: 28px; padding: 0 12px; border-radius: 7px;
  background: rgb(255 255 255 / .12); font-size: 12.5px; font-weight: 600; white-space: nowrap;
  flex: none; }
.banner button:hover, .soft:hover { background: rgb(255 255 255 / .2); }
.tabs { display: flex; align-items: center; gap: 2px; flex: none; padding-inline: 8px 4px;
  border-bottom: 1px solid var(--chat-line); }
.strip { display: flex; flex: 1; min-width: 0; gap: 2px; overflow-x: auto; scrollbar-width: none; }
.tab { position: relative; display: inline-flex; align-items: center; gap: 5px; flex: none;
  height: 38px; padding: 0 10px; max-width: 11em; font-size: 12.5px; font-weight: 600;
  color: var(--chat-dim); }
.tab bdi { padding-inline-end: 2px; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.tab:hover { color: var(--chat-text); }
.tab:focus-visible { outline-offset: -3px; border-radius: 8px; }
.tab.off { font-weight: 500; font-style: italic; }
.tab[aria-selected="true"] { color: var(--chat-text); }
.tab[aria-selected="true"]::after { content: ""; position: absolute; inset: auto 8px 0; height: 2px;
  border-radius: 2px; background: var(--chat-accent); }
.tab svg { width: 11px; height: 11px; }
.tab bdi[data-badge]::after { content: " · " attr(data-badge); color: #a9cbff; font-weight: 500; }
.tab[data-unread]::before { content: ""; width: 7px; height: 7px; border-radius: 50%; flex: none;
  background: var(--chat-accent); }
.tab.called::before { background: var(--chat-warn); box-shadow: 0 0 0 3px rgb(245 181 74 / .25); }
.tabs .round { width: 28px; height: 28px; font-size: 12px; color: var(--chat-dim); flex: none; }
.rate { padding: 4px 16px; font-size: 12px; color: var(--chat-warn); flex: none;
  border-bottom: 1px solid var(--chat-line); }
.pinned { display: flex; align-items: flex-start; flex: none; font-size: 13px;
  border-bottom: 1px solid var(--chat-line); background: #18222a;
  box-shadow: inset 3px 0 var(--chat-accent); }
.pinned .next { display: flex; align-items: flex-start; gap: 8px; flex: 1; min-width: 0;
  padding: 8px 12px 8px 14px; text-align: start; }
.pinned .next:disabled { color: inherit; }
.pinned svg { margin-top: 3px; color: var(--chat-accent); }
.pinned .next span:first-of-type { flex: 1; min-width: 0; max-height: 58px; overflow: hidden;
  overflow-wrap: anywhere; }
.pinned .count { color: var(--chat-dim); font-size: 11.5px; font-variant-numeric: tabular-nums; }
.pinned .round { margin: 3px; width: 28px; height: 28px; font-size: 12px; flex: none; }
.pinned .round svg { margin: 0; color: var(--chat-dim); }

/* List */
.middle { position: relative; flex: 1; min-height: 0; }
.log { height: 100%; overflow-y: auto; overflow-x: hidden; overflow-anchor: none;
  overscroll-behavior: contain; padding: 8px 0 10px;
  scrollbar-width: thin; scrollbar-color: #39404f transparent; contain: strict; }
.log:focus-visible { outline-offset: -2px; }
.row { position: relative; padding-block: 3px; padding-inline: 48px 14px; min-height: 28px;
  overflow-wrap: anywhere; contain: layout style; }
.row:hover, .row:focus-within { background: rgb(255 255 255 / .04); }
.row[data-initial]::before { content: attr(data-initial); position: absolute;
  inset-inline-start: 14px; top: 3px; width: 24px; height: 24px; border-radius: 50%;
  display: grid; place-items: center; font-size: 12px; font-weight: 700;
  color: hsl(var(--hue) 75% 90%); background: hsl(var(--hue) 38% 34%); }
/* A nick has a direction of its own; the space behind it follows the row's. */
.nick { display: inline-block; max-width: 100%; margin-right: 8px; font-weight: 600;
  font-size: 13px; color: hsl(var(--hue) 62% 74%); cursor: pointer; }
:host(:dir(rtl)) .nick { margin: 0 0 0 8px; }
.nick[data-badge]::after { content: attr(data-badge); margin-inline-start: 6px; padding: 1px 5px;
  border-radius: 4px; font-size: 10.5px; font-weight: 700;
  background: #2b3a4f; color: #a9cbff; vertical-align: 1px; }
.log.all .nick[data-channel]::before { content: attr(data-channel); margin-inline-end: 6px;
  padding: 1px 6px; border-radius: 4px; font-size: 10.5px; font-weight: 600; unicode-bidi: isolate;
  background: #253330; color: #84d8cb; vertical-align: 1px; }
.text { white-space: pre-wrap; }
.text[data-quote]::before { content: attr(data-quote); display: block; margin: 2px 0;
  padding-inline: 8px 0; border-inline-start: 2px solid #4b5568; color: var(--chat-dim);
  font-size: 12.5px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
  unicode-bidi: plaintext; }
.row.tall .text { display: block; max-height: 220px; overflow-y: auto; }
.text[data-count]::after { content: attr(data-count); margin-inline-start: 6px; padding: 1px 7px;
  border-radius: 99px; background: rgb(245 181 74 / .2); color: #ffd28a; font-weight: 700;
  font-size: 12px; }
.row[data-seen]::after { content: attr(data-seen); display: block; font-size: 11px;
  color: var(--chat-dim); text-align: end; }
.own .nick { color: var(--chat-accent); }
.row.own { background: linear-gradient(90deg, rgb(63 212 194 / .1), rgb(63 212 194 / .02));
  box-shadow: inset 2px 0 var(--chat-accent); }
.row.high { background: linear-gradient(90deg, rgb(228 110 40 / .18), rgb(228 110 40 / .03));
  box-shadow: inset 2px 0 #ea8a3e; }
.row.mention { background: rgb(245 181 74 / .14); box-shadow: inset 2px 0 var(--chat-warn); }
:host(:dir(rtl)) .row.own { box-shadow: inset -2px 0 var(--chat-accent);
  background: linear-gradient(270deg, rgb(63 212 194 / .1), rgb(63 212 194 / .02)); }
:host(:dir(rtl)) .row.high { box-shadow: inset -2px 0 #ea8a3e;
  background: linear-gradient(270deg, rgb(228 110 40 / .18), rgb(228 110 40 / .03)); }
:host(:dir(rtl)) .row.mention { box-shadow: inset -2px 0 var(--chat-warn); }
.pending { opacity: .6; }
.row.direct { background: rgb(150 120 255 / .12); box-shadow: inset 2px 0 #9b85ff;
  font-style: italic; }
.act { position: absolute; inset: 1px 8px auto auto; display: grid; place-items: center;
  width: 30px; height: 26px; border-radius: 7px; color: var(--chat-text); background: #2a303c;
  box-shadow: 0 0 0 1px rgb(255 255 255 / .09); }
:host(:dir(rtl)) .act { inset: 1px auto auto 8px; }
.act:hover { background: #384050; }
.system { padding-inline: 16px; min-height: 26px; color: var(--chat-dim); font-size: 12.5px;
  text-align: center; }
.system .nick { display: none; }
.system.warn .text { color: var(--chat-warn); }
.system.good .text { color: #6fcf97; }
.system.divider { display: flex; align-items: center; gap: 10px; color: #ff9aa2; font-size: 11.5px;
  font-weight: 650; }
.system.divider::before, .system.divider::after { content: ""; flex: 1; height: 1px;
  background: rgb(255 107 107 / .45); }
.newer { position: absolute; left: 50%; bottom: 12px; transform: translateX(-50%);
  display: inline-flex; align-items: center; gap: 7px; height: 32px; padding: 0 14px;
  border-radius: 99px; background: var(--chat-accent); color: #06231f; font-size: 13px;
  font-weight: 650; box-shadow: 0 6px 20px rgb(0 0 0 / .45); white-space: nowrap; }

/* Send box */
.composer { flex: none; padding: 10px 12px 12px; border-top: 1px solid var(--chat-line);
  position: relative; }
.notice { min-height: 0; margin: 0 4px 8px; font-size: 12.5px; color: var(--chat-warn);
  overflow-wrap: anywhere; }
.notice:empty { display: none; }
.reply { display: flex; align-items: center; gap: 8px; margin-bottom: 6px; padding-inline: 10px 2px;
  font-size: 12.5px; color: var(--chat-dim); border-inline-start: 2px solid var(--chat-accent); }
.reply bdi { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.reply .round { width: 26px; height: 26px; font-size: 11px; }
.whispers .reply { border-color: #9b85ff; color: #c9bdff; }
.whispers .field, .whispers .field:focus-within { box-shadow: inset 0 0 0 1.5px #9b85ff; }
.field { display: flex; align-items: flex-end; border-radius: 10px; background: var(--chat-raised);
  box-shadow: inset 0 0 0 1px var(--chat-line); }
.field:focus-within { box-shadow: inset 0 0 0 1.5px var(--chat-accent); }
textarea { flex: 1; min-width: 0; resize: none; border: 0; background: none;
  padding-block: 10px; padding-inline: 12px 0; height: 40px; max-height: 112px; line-height: 20px;
  overflow-y: auto; scrollbar-width: none; }
textarea:focus-visible { outline: none; }
textarea::placeholder { color: #8a93a5; opacity: 1; }
.field .round { width: 40px; height: 40px; color: var(--chat-dim); }
.under { display: flex; align-items: center; gap: 10px; margin-top: 8px; }
.me { display: inline-flex; align-items: center; gap: 6px; min-width: 0; max-width: 62%;
  height: 30px; padding: 0 8px; margin-inline-start: -4px; border-radius: 7px; font-size: 12.5px;
  color: var(--chat-dim); }
.me:hover, .me[aria-expanded="true"] { background: rgb(255 255 255 / .07);
  color: var(--chat-text); }
.me bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.me bdi[data-badge]::after { content: " · " attr(data-badge); color: #a9cbff; }
.bytes { margin-inline-start: auto; font-size: 11.5px; color: var(--chat-dim); white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.bytes.near { color: var(--chat-warn); }
.bytes.over { color: var(--chat-bad); font-weight: 650; }
.send { height: 32px; min-width: 68px; padding: 0 16px; border-radius: 8px; flex: none;
  background: var(--chat-accent); color: #05231f; font-weight: 680; font-size: 13.5px;
  font-variant-numeric: tabular-nums; }
.send:hover:enabled { filter: brightness(1.08); }
.send:disabled { background: #2a303c; color: #98a1b2; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
`;
