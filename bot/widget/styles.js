/**
 * The looks of the widget. A site sets the custom properties on <engagement-lotse>:
 *
 *   --lotse-accent, --lotse-on-accent              colour of header and buttons, and of text on it
 *   --lotse-accent-dark, --lotse-on-accent-dark    of buttons in dark mode
 *   --lotse-font, --lotse-radius, --lotse-offset, --lotse-width, --lotse-height, --lotse-z-index
 *
 * Choose colours with a contrast of at least 4.5:1.
 */

const LIGHT = `
  --accent: var(--lotse-accent, #0d4f55); --on-accent: var(--lotse-on-accent, #fff);
  --surface: #fff; --ground: #f7f4ed; --text: #1b2425; --muted: #4c595a;
  --line: #d9d6cc; --edge: #717e7f; --mine: #e3eeec; --bad: #9c1c1c; --bad-ground: #fdf0ee;
  --focus: #b34700;
  color-scheme: light;`;

const DARK = `
  --accent: var(--lotse-accent-dark, #8fd6cd); --on-accent: var(--lotse-on-accent-dark, #06211f);
  --surface: #1a2625; --ground: #111a19; --text: #eef3f1; --muted: #b4c2bf;
  --line: #35423f; --edge: #7f8f8b; --mine: #23403d; --bad: #ffb4a9; --bad-ground: #3a1f1c;
  --focus: #ffb978;
  color-scheme: dark;`;

const STYLES = `
:host {
  all: initial; ${LIGHT}
  --radius: var(--lotse-radius, 12px);
  --offset: var(--lotse-offset, 16px);
  font: max(1rem, 16px) / 1.5 var(--lotse-font, system-ui, sans-serif);
  color: var(--text);
}
:host([hidden]) { display: none; }
@media (prefers-color-scheme: dark) { :host(:not([scheme="light"])) { ${DARK} } }
:host([scheme="dark"]) { ${DARK} }

*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
h1, h2, h3, p, ul, ol { margin: 0; padding: 0; font: inherit; }
p, li, h1, h2, h3, span, summary, button { overflow-wrap: anywhere; }
ul[role="list"] { list-style: none; }

button, textarea { font: inherit; color: inherit; letter-spacing: inherit; word-spacing: inherit; }
button {
  min-height: 44px; padding: 8px 14px; border: 1px solid var(--edge);
  border-radius: calc(var(--radius) * .7); background: var(--surface); cursor: pointer;
}
button:hover { border-color: var(--accent); text-decoration: underline; }
button.primary, .launcher {
  border-color: transparent; background: var(--accent); color: var(--on-accent); font-weight: 600;
}
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }

.launcher {
  position: fixed; inset: auto var(--offset) var(--offset) auto; z-index: var(--lotse-z-index, 1000);
  display: flex; align-items: center; gap: 10px; max-width: calc(100vw - 2 * var(--offset));
  min-height: 52px; padding: 10px 20px; border-radius: 26px; box-shadow: 0 4px 16px rgb(0 0 0 / .28);
}
svg { flex: none; width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 2;
  stroke-linejoin: round; }
:host([position="left"]) :is(.launcher, .panel) { right: auto; left: var(--offset); }

.panel {
  position: fixed; z-index: var(--lotse-z-index, 1000);
  right: var(--offset); bottom: calc(var(--offset) + 64px);
  display: flex; flex-direction: column;
  width: min(var(--lotse-width, 27rem), 100vw - 2 * var(--offset));
  height: min(var(--lotse-height, 44rem), 100vh - 2 * var(--offset) - 64px);
  overflow: hidden; border: 1px solid var(--edge); border-radius: var(--radius);
  background: var(--ground); box-shadow: 0 12px 40px rgb(0 0 0 / .3);
}
:host([full-page]) { display: block; }
:host([full-page]) .panel {
  position: static; width: 100%; max-width: 50rem; height: 100vh; height: 100dvh;
  margin: 0 auto; border-width: 0 1px; border-radius: 0; box-shadow: none;
}

header {
  display: flex; flex-wrap: wrap; align-items: center; gap: 8px;
  padding: 12px 14px; background: var(--lotse-accent, #0d4f55); color: var(--lotse-on-accent, #fff);
}
.title { flex: 1 1 6.5em; }
.title :is(h1, h2) { font-size: 1.125em; font-weight: 700; line-height: 1.3; }
.title p { font-size: .875em; line-height: 1.3; }
header button { padding: 6px 12px; border-color: currentColor; background: transparent; }
header button:hover { border-color: currentColor; }
header :focus-visible { outline-color: currentColor; }

.menu { border-bottom: 1px solid var(--edge); background: var(--surface); }
.menu button { width: 100%; border: 0; border-radius: 0; text-align: start; }
.menu :focus-visible { outline-offset: -3px; }
.confirm {
  display: flex; flex-wrap: wrap; gap: 8px; padding: 12px 14px;
  border-bottom: 1px solid var(--edge); background: var(--surface);
}
.confirm p { flex: 1 0 100%; }
.notice {
  padding: 8px 14px; border-bottom: 1px solid var(--line); color: var(--muted); font-size: .875em;
}

.log {
  flex: 1 1 auto; min-height: 8rem; overflow-y: auto; overscroll-behavior: contain;
  padding: 14px; display: flex; flex-direction: column; gap: 14px;
}
.log:focus-visible, .panel:focus-visible { outline-offset: -3px; }
article { display: flex; flex-direction: column; gap: 10px; max-width: 100%; }
article.bot {
  padding: 12px 14px; border: 1px solid var(--line);
  border-radius: 2px var(--radius) var(--radius) var(--radius); background: var(--surface);
}
article.card { border-top: 3px solid var(--accent); }
article.you {
  align-self: flex-end; max-width: 88%; padding: 8px 14px; border: 1px solid transparent; gap: 2px;
  border-radius: var(--radius) var(--radius) 2px var(--radius); background: var(--mine);
}
.you p { white-space: pre-wrap; }
.who { color: var(--muted); font-size: .8125em; font-weight: 600; }
article :is(h2, h3) { font-size: 1.0625em; font-weight: 700; line-height: 1.35; }
article :is(details > ul, ol) { padding-inline-start: 1.4em; }
li + li { margin-top: 6px; }
li::marker { color: var(--muted); }
summary { min-height: 28px; cursor: pointer; color: var(--accent); font-weight: 600; }
summary + ul { margin-top: 4px; }
.source {
  padding-inline-start: 10px; border-inline-start: 3px solid var(--line);
  color: var(--muted); font-size: .875em;
}
.choice {
  display: block; width: 100%; border-color: var(--accent); background: transparent; color: var(--accent);
  text-align: start; line-height: 1.35;
}
.progress { display: flex; flex-direction: column; gap: 6px; font-size: .875em; font-weight: 600; }
progress { width: 100%; height: 12px; accent-color: var(--accent); }
.download { display: inline-flex; align-items: center; min-height: 44px; font-weight: 600; }
.hint { font-size: .875em; }
.feedback { padding-top: 8px; border-top: 1px solid var(--line); font-size: .875em; }
.feedback [role="group"] { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
.feedback form { padding: 10px 0 0; border: 0; }
.failed { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; font-size: .875em; }

.status { padding: 0 14px 6px; color: var(--muted); font-size: .875em; }
.status:empty { padding: 0; }
.alert > p {
  padding: 8px 14px; border-inline-start: 4px solid var(--bad);
  background: var(--bad-ground); color: var(--bad);
}
.alert a { color: inherit; }
form {
  display: grid; grid-template-columns: 1fr auto; gap: 4px 8px; align-items: center;
  padding: 8px 14px 14px; border-top: 1px solid var(--line); background: var(--surface);
}
label { font-weight: 600; }
.line {
  grid-column: 1 / -1; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 8px;
  align-items: baseline;
}
.feedback form > * { grid-column: 1 / -1; justify-self: start; }
textarea {
  width: 100%; min-height: 52px; max-height: 9rem; padding: 8px 10px; resize: none;
  field-sizing: content; border: 1px solid var(--edge); border-radius: calc(var(--radius) * .7);
  background: var(--surface);
}
.counter { color: var(--muted); font-size: .8125em; }
.counter.over { color: var(--bad); font-weight: 700; }

/* small windows and strong zoom: the panel is the whole window and scrolls as one */
@media (max-width: 30rem), (max-height: 30rem) {
  :host(:not([full-page])) .panel {
    inset: 0; width: 100%; height: 100vh; height: 100dvh; border: 0; border-radius: 0;
  }
}
@media (max-width: 24rem) {
  .title { flex-basis: 6em; }
  .title p { display: none; }
  .title :is(h1, h2) { font-size: 1em; }
  header { gap: 6px; padding: 10px; }
  header button { padding: 6px 9px; }
}
@media (max-height: 30rem) {
  .panel, :host([full-page]) .panel { overflow-y: auto; }
  .panel > * { flex: none; }
  .log { overflow: visible; }
}

@media (prefers-reduced-motion: no-preference) {
  article, .panel { animation: appear .18s ease-out; }
  @keyframes appear { from { opacity: 0; transform: translateY(6px); } }
}
@media (forced-colors: active) {
  article.you, .alert > p, button.primary, .launcher, header { border: 1px solid; }
  article.card { border-top-width: 3px; }
}

@media print {
  :host(:not([printing])) .region { display: none; }
  .launcher, header button, .menu, .confirm, .status, .alert, .panel > form, .feedback, .choices,
  .failed { display: none !important; }
  .panel, :host([full-page]) .panel {
    position: static; display: block; width: auto; max-width: none; height: auto; overflow: visible;
    border: 0; box-shadow: none;
  }
  .log { display: block; overflow: visible; }
  article { margin-top: 12px; break-inside: avoid; }
  * { background: none !important; color: #000 !important; animation: none !important; }
}
`;

function styleSheet(css) {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}

export const sheet = styleSheet(STYLES);

/** For the page around the widget: nothing but the widget and what it lies in is printed. */
export const printSheet = styleSheet(`@media print {
  body :not(engagement-lotse, :has(engagement-lotse)) { display: none !important; }
}`);
