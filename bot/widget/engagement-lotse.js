/**
 * <engagement-lotse>: the chat with the Engagement-Lotse as a web component.
 *
 *   <script type="module" src="https://…/widget/engagement-lotse.js"></script>
 *   <engagement-lotse privacy="/datenschutz" contact="Frau Beispiel, Zimmer 12"></engagement-lotse>
 *
 * Attributes: name, greeting, launcher, contact (a human, shown after a failure), privacy (URL),
 * position ("left"), scheme ("light" or "dark" instead of what the system says), full-page, server
 * (where the assistant runs, if not where this file comes from).
 * Colours and the like: the custom properties --lotse-… in styles.js.
 *
 * Texts reach the page as text nodes only, links only with a scheme that can't do harm.
 */
import { Conversation } from "./conversation.js";
import { sheet, printSheet } from "./styles.js";
import texts from "./texts.de.js";

const LIMIT = 1000; // characters of a message
const NEAR_LIMIT = 100;
const REASON_LIMIT = 500;
const SLOW = 8_000; // ms
const DELETED_TOPIC = "daten_loeschen";
const RATED = new Set(["answer", "overview"]);
const SAFE_SCHEMES = new Set(["https:", "mailto:", "tel:"]);
const LINKS = /(https:\/\/[^\s<>„“"]*[^\s<>„“".,;:!?)])|([\w.+-]+@[\w-]+(?:\.[\w-]+)+)/g;

class EngagementLotse extends HTMLElement {
  #ui;
  #conversation;
  #server;
  #busy = false;

  connectedCallback() {
    if (this.#ui) return;
    this.#server = new URL(this.getAttribute("server") ?? "../", import.meta.url).href;
    this.#conversation = new Conversation(this.#server);
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    this.#ui = this.#build();
    root.append(this.#ui.region);
    if (this.#fullPage) this.#show();
    addEventListener("online", () => this.#resume(true));
  }

  get #fullPage() {
    return this.hasAttribute("full-page");
  }

  get #name() {
    return this.getAttribute("name") ?? texts.name;
  }

  // --- structure ---------------------------------------------------------------------------------

  #build() {
    const ui = {};
    ui.launcher = h("button", {
      class: "launcher", type: "button", "aria-expanded": "false", "aria-controls": "panel",
      onclick: () => (ui.panel.hidden ? this.#open() : this.#close()),
    }, icon("M4 5h16v11H9l-5 4z"), this.getAttribute("launcher") ?? texts.launcher);
    ui.panel = this.#buildPanel(ui);
    ui.region = h("section", {
      class: "region", lang: texts.lang, "aria-label": texts.region,
      onkeydown: (event) => event.key === "Escape" && this.#escape(event),
    }, this.#fullPage ? null : ui.launcher, ui.panel);
    return ui;
  }

  #buildPanel(ui) {
    ui.log = h("div", { class: "log", role: "log", "aria-label": texts.log, tabindex: "0" });
    ui.status = h("p", { class: "status", role: "status" });
    ui.alert = h("div", { class: "alert", role: "alert" });
    ui.confirm = h("div", { class: "confirm", role: "group", hidden: "" });
    const role = this.#fullPage ? "region" : "dialog";
    return h("div", { id: "panel", class: "panel", role, "aria-labelledby": "name", hidden: "" },
      this.#buildHeader(ui), ui.menu, ui.confirm, this.#buildNotice(), ui.log,
      ui.status, ui.alert, this.#buildForm(ui));
  }

  #buildHeader(ui) {
    const action = (text, run) => h("li", {}, h("button", {
      type: "button", onclick: () => { this.#toggleMenu(false); run(); },
    }, text));
    ui.menu = h("ul", { id: "menu", class: "menu", role: "list", hidden: "" },
      action(texts.restart, () => this.#confirm("Restart", texts.restarted)),
      action(texts.download, () => this.#download()),
      action(texts.print, () => this.#print()),
      action(texts.remove, () => this.#confirm("Remove", texts.removed)));
    ui.menuButton = h("button", {
      type: "button", "aria-expanded": "false", "aria-controls": "menu",
      onclick: () => this.#toggleMenu(ui.menu.hidden),
    }, texts.menu);
    ui.closeButton = h("button", { type: "button", onclick: () => this.#close() }, texts.close);
    return h("header", {},
      h("div", { class: "title" },
        h(this.#fullPage ? "h1" : "h2", { id: "name" }, this.#name),
        h("p", {}, texts.kind)),
      ui.menuButton, this.#fullPage ? null : ui.closeButton);
  }

  #buildNotice() {
    const url = safeUrl(this.getAttribute("privacy") ?? "", document.baseURI);
    const link = this.getAttribute("privacy") && url && h("a", { href: url }, texts.privacy);
    return h("p", { class: "notice" }, texts.notice, link && " ", link);
  }

  #buildForm(ui) {
    ui.counter = h("p", { id: "counter", class: "counter" });
    ui.input = h("textarea", {
      id: "input", rows: "1", "aria-describedby": "counter", autocomplete: "off",
      oninput: () => this.#count(),
      onkeydown: (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.#submit();
      },
    });
    ui.send = h("button", { class: "primary", type: "submit" }, texts.send);
    ui.form = h("form", {
      onsubmit: (event) => { event.preventDefault(); this.#submit(); },
    },
    h("div", { class: "line" }, h("label", { for: "input" }, texts.input), ui.counter),
    ui.input, ui.send);
    return ui.form;
  }

  // --- opening and closing -------------------------------------------------------------------------

  #open() {
    this.#show();
    this.#ui.launcher.setAttribute("aria-expanded", "true");
    this.#ui.input.focus();
  }

  #show() {
    const { panel, log } = this.#ui;
    panel.hidden = false;
    if (!log.hasChildNodes()) {
      this.#conversation.restore();
      this.#render();
    }
    this.#resume(false);
  }

  #close() {
    this.#ui.panel.hidden = true;
    this.#ui.launcher.setAttribute("aria-expanded", "false");
    this.#ui.launcher.focus();
  }

  /** Close the innermost thing that is open. */
  #escape(event) {
    const { menu, menuButton, confirm, panel } = this.#ui;
    if (!menu.hidden) {
      this.#toggleMenu(false);
      menuButton.focus();
    } else if (!confirm.hidden) {
      this.#endConfirm();
    } else if (!this.#fullPage && !panel.hidden) {
      this.#close();
    } else {
      return;
    }
    event.stopPropagation();
  }

  #toggleMenu(open) {
    this.#ui.menu.hidden = !open;
    this.#ui.menuButton.setAttribute("aria-expanded", String(open));
  }

  // --- sending -------------------------------------------------------------------------------------

  #count() {
    const { input, counter, status } = this.#ui;
    const length = [...input.value].length;
    counter.textContent = fill(texts.counter, { n: length, max: LIMIT });
    counter.classList.toggle("over", length > LIMIT);
    input.toggleAttribute("aria-invalid", length > LIMIT);
    const left = LIMIT - length;
    if (this.#busy) return;
    say(status, left >= 0 && left <= NEAR_LIMIT && left % 20 === 0 // not with every key
      ? fill(texts.almostFull, { n: left }) : "");
  }

  #submit() {
    const { input } = this.#ui;
    const over = [...input.value].length - LIMIT;
    if (over > 0) return this.#warn(fill(texts.tooLong, { n: over }));
    if (!input.value.trim()) return this.#warn(texts.empty);
    if (this.#ask(input.value.trim())) {
      input.value = "";
      this.#count();
    }
  }

  /** Send a text or a choice; refuse while another one is being answered. */
  #ask(text, choice) {
    if (this.#busy) {
      say(this.#ui.status, texts.busy);
      return false;
    }
    const exchange = this.#conversation.add(text, choice);
    const node = this.#message("you", [h("p", {}, text)]);
    node.dataset.id = exchange.id;
    this.#ui.log.append(node);
    this.#send(exchange, node);
    return true;
  }

  async #send(exchange, node) {
    const { status, alert } = this.#ui;
    this.#busy = true;
    node.querySelector(".failed")?.remove();
    alert.replaceChildren();
    say(status, texts.writing);
    this.#scrollTo(node); // last, as what is said takes room
    const slow = setTimeout(() => say(status, texts.slow), SLOW);
    try {
      const renewed = await this.#conversation.send(exchange);
      if (!node.isConnected) return; // deleted meanwhile
      say(status, renewed ? texts.renewed : "");
      this.#showReply(exchange, node);
    } catch (failure) {
      if (!node.isConnected) return;
      say(status, "");
      node.append(this.#retry(exchange, node));
      this.#warn(this.#explain(failure), true);
      this.#scrollTo(node);
    } finally {
      clearTimeout(slow);
      this.#busy = false;
    }
  }

  #showReply(exchange, node) {
    if (exchange.reply.answer.topic === DELETED_TOPIC) {
      this.#conversation.forget();
      this.#ui.log.replaceChildren();
      node = null;
    }
    const [message, actions] = this.#reply(exchange);
    if (node?.isConnected) node.after(message);
    else this.#ui.log.append(message);
    message.append(...actions);
    this.#scrollTo(node ?? message);
  }

  /** Go on with what a reload or a lost connection interrupted. */
  #resume(onlyOffline) {
    if (this.#busy || this.#ui.panel.hidden) return;
    const waiting = onlyOffline
      ? this.#conversation.exchanges.find((exchange) => exchange.failure === "offline")
      : this.#conversation.pending;
    const node = waiting && this.#ui.log.querySelector(`[data-id="${waiting.id}"]`);
    if (node) this.#send(waiting, node);
  }

  #retry(exchange, node) {
    return h("div", { class: "failed", "aria-live": "off" },
      h("span", {}, texts.notAnswered),
      h("button", {
        type: "button",
        onclick: () => {
          if (this.#busy) return;
          this.#ui.input.focus(); // the button goes away
          this.#send(exchange, node);
        },
      }, texts.retry));
  }

  #explain({ code, retryAfter }) {
    if (code === "offline") return texts.offline;
    const known = Object.hasOwn(texts.failures, code) ? code : "other";
    return fill(texts.failures[known], { n: retryAfter });
  }

  /** Say what went wrong, and after a failure of the assistant who can help instead. */
  #warn(text, withContact = false) {
    const contact = withContact && this.getAttribute("contact");
    this.#ui.alert.replaceChildren(
      h("p", {}, text), ...(contact ? [h("p", {}, ...linked(fill(texts.contact, { contact })))] : []));
  }

  // --- showing -------------------------------------------------------------------------------------

  #render() {
    const { log } = this.#ui;
    const topics = texts.topics.map((topic) => h("li", {},
      h("button", { class: "choice", type: "button", onclick: () => this.#ask(topic) }, topic)));
    log.replaceChildren(this.#message("bot", [
      h("p", {}, this.getAttribute("greeting") ?? texts.greeting),
      h("ul", { class: "choices", role: "list", "aria-label": texts.topicsLabel }, ...topics)]));
    for (const exchange of this.#conversation.exchanges) {
      const node = this.#message("you", [h("p", {}, exchange.text)]);
      node.dataset.id = exchange.id;
      log.append(node);
      if (exchange.failure) node.append(this.#retry(exchange, node));
      if (!exchange.reply) continue;
      const [message, actions] = this.#reply(exchange);
      message.append(...actions);
      log.append(message);
    }
    this.#count();
    if (this.#conversation.exchanges.length) this.#scrollTo(log.lastElementChild);
  }

  #message(who, content) {
    return h("article", { class: who }, h("p", { class: "who" }, texts[who]), ...content);
  }

  /** The message that shows a reply, and what can be done next, to be put at its end. */
  #reply(exchange) {
    const { answer, parts, choices } = exchange.reply;
    const left = new Map(choices.map((choice) => [choice.title, choice]));
    const content = parts.map((part) => this.#part(part, left));
    const message = this.#message("bot", content);
    message.classList.toggle("card", answer.status === "answer");
    const actions = [];
    if (left.size) actions.push(this.#choices([...left.values()]));
    if (RATED.has(answer.status) && answer.entries.length) actions.push(this.#feedback(exchange));
    return [message, actions];
  }

  #choice(choice) {
    const take = () => this.#ask(choice.title, choice.id);
    return h("li", {}, h("button", { class: "choice", type: "button", onclick: take }, choice.title));
  }

  #choices(choices) {
    return h("ul", { class: "choices", role: "list", "aria-label": texts.related },
      ...choices.map((choice) => this.#choice(choice)));
  }

  /** One part of a reply as an element; a numbered title that is a choice takes it from `left`. */
  #part(part, left) {
    const items = () => part.items.map((item) => h("li", {}, ...linked(item)));
    switch (part.type) {
      case "heading":
        return h(this.#fullPage ? "h2" : "h3", {}, part.text);
      case "source":
        return h("p", { class: "source" }, part.text);
      case "points":
        return h("details", part.label ? {} : { open: "" },
          h("summary", {}, `${(part.label ?? texts.points).replace(/:$/, "")} (${part.items.length})`),
          h("ul", {}, ...items()));
      case "numbered":
        return h("ol", { start: String(part.start) }, ...part.items.map((item) => {
          const choice = left.get(item);
          left.delete(item);
          return choice ? this.#choice(choice) : h("li", {}, ...linked(item));
        }));
      case "progress":
        return h("label", { class: "progress" }, part.text,
          h("progress", { value: String(part.step), max: String(part.of) }));
      case "link":
        return this.#link(part);
      default:
        return h("p", {}, ...linked(part.text ?? ""));
    }
  }

  #link({ text, path }) {
    const url = safeUrl(path, this.#server);
    if (!url) return h("p", {}, text);
    const own = new URL(url).origin === new URL(this.#server).origin;
    return h("p", {}, own ? h("a", { class: "download", href: url, download: "" }, text)
      : anchor(url, text));
  }

  #feedback(exchange) {
    const box = h("div", { class: "feedback", "aria-live": "off" });
    const thank = () => box.replaceChildren(h("p", { tabindex: "-1" }, texts.thanks));
    if (exchange.rated) {
      thank();
      return box;
    }
    const rate = async (helpful, reason) => {
      try {
        const [entry] = exchange.reply.answer.entries;
        await this.#conversation.rate(exchange, entry, helpful, reason);
        thank();
        box.firstChild.focus();
      } catch {
        this.#warn(texts.feedbackFailed);
      }
    };
    const id = `reason-${exchange.id}`;
    const reason = h("textarea", { id, rows: "2", maxlength: String(REASON_LIMIT) });
    const form = h("form", {
      hidden: "", onsubmit: (event) => { event.preventDefault(); rate(false, reason.value.trim()); },
    }, h("label", { for: id }, texts.reason), reason,
    h("button", { type: "submit" }, texts.sendReason));
    const no = h("button", {
      type: "button", "aria-expanded": "false",
      onclick: () => {
        form.hidden = !form.hidden;
        no.setAttribute("aria-expanded", String(!form.hidden));
      },
    }, texts.no);
    const yes = h("button", { type: "button", onclick: () => rate(true) }, texts.yes);
    const question = `question-${exchange.id}`;
    box.append(h("div", { role: "group", "aria-labelledby": question },
      h("span", { id: question }, texts.helpful), yes, no), form);
    return box;
  }

  /** Scroll so that a message begins at the top; the page behind stays where it is. */
  #scrollTo(node) {
    const { log, panel } = this.#ui;
    const scroller = log.scrollHeight > log.clientHeight + 1 ? log : panel;
    const top = node.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    scroller.scrollTop += top - 8;
  }

  // --- restart, delete, download, print ------------------------------------------------------------

  /** Ask before the conversation is deleted. @param {"Restart" | "Remove"} what */
  #confirm(what, done) {
    const { confirm } = this.#ui;
    const cancel = h("button", { type: "button", onclick: () => this.#endConfirm() }, texts.cancel);
    const yes = h("button", {
      class: "primary", type: "button", onclick: () => this.#remove(done),
    }, texts[`confirm${what}Yes`]);
    confirm.setAttribute("aria-labelledby", "confirm-text");
    confirm.replaceChildren(h("p", { id: "confirm-text" }, texts[`confirm${what}`]), yes, cancel);
    confirm.hidden = false;
    cancel.focus();
  }

  #endConfirm() {
    this.#ui.confirm.hidden = true;
    this.#ui.menuButton.focus();
  }

  async #remove(done) {
    const { alert, confirm, input, status } = this.#ui;
    try {
      await this.#conversation.remove();
    } catch {
      this.#warn(texts.removeFailed, true);
      return;
    }
    confirm.hidden = true;
    alert.replaceChildren();
    input.value = "";
    this.#render();
    say(status, done);
    input.focus();
  }

  #download() {
    const date = new Date().toLocaleDateString(texts.lang, { dateStyle: "long" });
    const lines = [fill(texts.fileTitle, { name: this.#name, date }), texts.fileNotice];
    for (const { text, reply } of this.#conversation.exchanges) {
      lines.push(`${texts.you}:\n${text}`);
      if (reply) lines.push(`${texts.bot}:\n${reply.parts.map(plain).join("\n")}`);
    }
    const blob = new Blob([`${lines.join("\n\n")}\n`], { type: "text/plain;charset=utf-8" });
    const url = URL.createObjectURL(blob);
    h("a", { href: url, download: texts.fileName }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    this.#ui.menuButton.focus();
  }

  /** Print the conversation alone; the page around it prints without the chat, as ever. */
  #print() {
    const closed = [...this.#ui.log.querySelectorAll("details:not([open])")];
    const restore = () => {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => s !== printSheet);
      this.removeAttribute("printing");
      for (const details of closed) details.open = false;
    };
    for (const details of closed) details.open = true;
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, printSheet];
    this.setAttribute("printing", "");
    addEventListener("afterprint", restore, { once: true });
    this.#ui.menuButton.focus();
    print();
  }
}

// --- small tools -----------------------------------------------------------------------------------

/** Make an element; `on…` are listeners, strings become text. */
function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(svg.namespaceURI, "path"));
  svg.firstChild.setAttribute("d", path);
  return svg;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Change a live region only when there is something else to say. */
function say(region, text) {
  if (region.textContent !== text) region.textContent = text;
}

/** The absolute URL of a link, or null when following it could do harm. */
function safeUrl(url, base) {
  try {
    const parsed = new URL(url, base);
    const own = [location.origin, new URL(base).origin];
    const same = /^https?:$/.test(parsed.protocol) && own.includes(parsed.origin);
    return same || SAFE_SCHEMES.has(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

function anchor(url, text) {
  const node = h("a", { href: url, rel: "noopener noreferrer" }, text);
  if (url.startsWith("http")) {
    node.target = "_blank";
    node.append(" ", h("span", { class: "hint" }, texts.newWindow));
  }
  return node;
}

/** A text as nodes, with its web and mail addresses as links. */
function linked(text) {
  const nodes = [];
  let end = 0;
  for (const { 0: found, 2: mail, index } of text.matchAll(LINKS)) {
    nodes.push(text.slice(end, index), anchor(mail ? `mailto:${mail}` : found, found));
    end = index + found.length;
  }
  return [...nodes, text.slice(end)];
}

/** A part of a reply as plain text. */
function plain(part) {
  if (part.type === "points") {
    return [part.label, ...part.items.map((item) => `• ${item}`)].filter(Boolean).join("\n");
  }
  if (part.type === "numbered") {
    return part.items.map((item, at) => `${part.start + at}. ${item}`).join("\n");
  }
  return part.text;
}

customElements.define("engagement-lotse", EngagementLotse);
