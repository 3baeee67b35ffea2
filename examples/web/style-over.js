// What stands over the chat: members, the moderators' desk, menus, the little sheets of the box.

export const OVER = `
input:not([type]), input[type="password"], select { height: 32px; padding: 0 10px; border: 0;
  border-radius: 8px; background: #0f1218; box-shadow: inset 0 0 0 1px #343b49; font-size: 13px; }
select { padding: 0 6px; }
input::placeholder { color: #8a93a5; opacity: 1; }
input[type="checkbox"] { width: 16px; height: 16px; margin: 0; flex: none;
  accent-color: var(--chat-accent); }
.check { display: flex; align-items: center; gap: 9px; min-height: 30px; font-size: 13px;
  cursor: pointer; }
.refusal { margin: 0; padding: 6px 10px; border-radius: 7px; font-size: 12.5px; color: #ffc2c2;
  background: #34191d; }
.hard { color: #ffb3b3; }

/* A menu */
.menu { inset: auto 10px 10px; display: grid; gap: 6px; max-height: calc(100% - 20px);
  overflow: auto; grid-template-columns: repeat(auto-fill, minmax(148px, 1fr)); }
.menu header, .menu .refusal, .menu .cancel { grid-column: 1 / -1; }
.menu header h3 { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.menu .about { margin: 2px 0 4px; color: var(--chat-dim); font-size: 12.5px; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; }
.menu .soft { min-height: 34px; padding: 4px 10px; white-space: normal; line-height: 1.25;
  overflow-wrap: anywhere; background: rgb(255 255 255 / .08); }
.menu .soft:hover { background: rgb(255 255 255 / .16); }
.menu .hard { background: rgb(255 107 107 / .12); }
.menu .cancel { background: none; color: var(--chat-dim); }

/* Somebody's card */
.card { inset: auto 10px 10px; display: grid; gap: 10px; max-height: calc(100% - 20px);
  overflow-y: auto; scrollbar-width: thin; scrollbar-color: #39404f transparent; }
.card > header { display: grid; grid-template-columns: auto 1fr auto; align-items: center;
  column-gap: 10px; }
.card > header::before { content: attr(data-initial); grid-row: 1 / 3; width: 38px; height: 38px;
  border-radius: 50%; display: grid; place-items: center; font-size: 16px; font-weight: 700;
  color: hsl(var(--hue) 75% 90%); background: hsl(var(--hue) 38% 34%); }
.card h3 { align-self: end; font-size: 14.5px; }
.card h3, .card small { min-width: 0; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; grid-column: 2; }
.card h3:only-of-type:not(:has(+ small)) { grid-row: 1 / 3; align-self: center; }
.card small { font-size: 12px; color: var(--chat-dim); align-self: start; }
.card > header .round { grid-area: 1 / 3 / 3; }
.card h4 { margin: 2px 0 -4px; }
.profile { font-size: 13px; overflow-wrap: anywhere; }
.profile p { margin: 0; white-space: pre-wrap; }
.profile dl { display: grid; grid-template-columns: minmax(4em, auto) 1fr; gap: 3px 12px;
  margin: 8px 0 0; }
.profile dl:first-child { margin: 0; }
.profile dt { color: var(--chat-dim); }
.profile dd { margin: 0; }
.profile a { color: var(--chat-accent); }
.deeds { display: grid; gap: 6px; grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); }
.deeds + h4 + .deeds { grid-template-columns: repeat(auto-fill, minmax(148px, 1fr)); }
.deeds .soft { min-height: 34px; padding: 4px 10px; white-space: normal; line-height: 1.25;
  overflow-wrap: anywhere; }
.deeds .hard { background: rgb(255 107 107 / .12); }

/* Members and desk fill the place of the list */
.full { inset: 0; border-radius: 0; padding: 0; display: flex; flex-direction: column;
  background: var(--chat-panel); box-shadow: none; }
.full > header { display: flex; align-items: center; justify-content: space-between; flex: none;
  padding: 8px; padding-inline-start: 16px; }
.people, .scroll { flex: 1; overflow-y: auto; min-height: 0; scrollbar-width: thin;
  scrollbar-color: #39404f transparent; }
.people { padding: 0 8px 8px; }
.members p { margin: 8px; color: var(--chat-dim); font-size: 12.5px; }
.person { display: flex; align-items: center; gap: 10px; width: 100%; min-height: 38px;
  padding: 4px 8px; border-radius: 8px; text-align: start; font-size: 13.5px; }
.person::before { content: attr(data-initial); width: 26px; height: 26px; border-radius: 50%;
  display: grid; place-items: center; flex: none; font-size: 12px; font-weight: 700;
  color: hsl(var(--hue) 75% 90%); background: hsl(var(--hue) 38% 34%); }
.person::after { content: attr(data-badge); color: var(--chat-dim); font-size: 11.5px;
  margin-inline-start: auto; flex: none; }
.person bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.person:hover { background: rgb(255 255 255 / .06); }
.person:focus-visible { outline-offset: -2px; }
.members footer { display: flex; gap: 8px; padding: 8px 16px 12px; }
.scroll { padding: 0 16px 16px; display: grid; gap: 18px; align-content: start; }
h4 { margin: 0 0 8px; font-size: 11.5px; font-weight: 700; letter-spacing: .04em;
  color: var(--chat-dim); }
.desk ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 6px; }
.desk li { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 8px; padding: 8px 10px;
  border-radius: 9px; background: var(--chat-raised); font-size: 13px; }
.desk .who { font-weight: 650; max-width: 100%; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; margin-inline-end: auto; }
.desk .held .who { margin-inline-end: 0; }
.held li > span { flex: 1 0 100%; order: 1; overflow-wrap: anywhere; max-height: 8em;
  overflow-y: auto; }
.held li > .soft { order: 2; flex: 1; }
.desk small { color: var(--chat-dim); font-size: 11.5px; }
.desk small:empty { display: none; }
.desk .empty { margin: 0; color: var(--chat-dim); font-size: 12.5px; }
.switches { display: grid; gap: 4px; }
.switches select { width: 100%; margin-bottom: 6px; }
.desk form { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 8px; }
.desk form input { flex: 1; min-width: 8em; }
.desk form .soft { min-height: 32px; }

/* Over the send box */
.own.sheet, .quick { inset-inline: 12px; bottom: calc(100% - 4px); }
.own.sheet { display: grid; gap: 10px; }
.rename { display: flex; gap: 8px; align-items: center; }
.rename input { flex: 1; min-width: 0; height: 34px; }
.rename .soft { min-height: 34px; }
.blocked h3 { margin-bottom: 6px; }
.blocked p { margin: 0; color: var(--chat-dim); font-size: 12.5px; }
.blocked ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 6px; max-height: 132px;
  overflow-y: auto; }
.blocked li { display: flex; align-items: center; gap: 8px; font-size: 13px; }
.blocked bdi { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.quick { display: grid; grid-template-columns: repeat(6, 1fr); gap: 6px; padding: 10px; }
.quick h3 { grid-column: 1 / 4; align-self: center; color: var(--chat-dim); }
.quick button { height: 36px; border-radius: 8px; background: rgb(255 255 255 / .06);
  font-size: 15px; }
.quick button:hover { background: rgb(255 255 255 / .14); }
.quick .gift { background: rgb(245 181 74 / .14); font-size: 17px; }
.quick .gift:active { transform: scale(1.12); }
`;
