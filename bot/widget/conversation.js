/**
 * One conversation with the server: its token, its exchanges, and what of it this tab remembers.
 *
 * An exchange is `{id, text, choice?, reply?, failure?, rated?}`: what the person sent and what came
 * back. Nothing is asked of the server and nothing is stored before the first message.
 */

const KEPT = 60; // exchanges
const TIMEOUT = 40_000; // ms; the server gives up earlier
const PAUSE = 1_500; // ms before the one automatic retry

/** Why a request failed: a `code` of the server's problems, or "network" or "offline". */
export class Failure extends Error {
  constructor(code, { status = 0, retryAfter = 0 } = {}) {
    super(code);
    Object.assign(this, { code, status, retryAfter });
  }
}

export class Conversation {
  #server;
  #key;
  #token = null;
  #leaving = false;
  exchanges = [];

  /** @param {string} server the address that the API lies below, with a slash at the end */
  constructor(server) {
    this.#server = server;
    this.#key = `engagement-lotse ${server}`;
    addEventListener("pagehide", () => (this.#leaving = true));
    addEventListener("pageshow", () => (this.#leaving = false));
  }

  /** Take up what this tab remembers, e.g. from the page before. */
  restore() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.#key));
      if (kept) [this.#token, this.exchanges] = [kept.token, kept.exchanges];
    } catch {
      // storage is switched off or holds something else: begin anew
    }
  }

  save() {
    this.exchanges = this.exchanges.slice(-KEPT);
    try {
      const kept = { token: this.#token, exchanges: this.exchanges };
      sessionStorage.setItem(this.#key, JSON.stringify(kept));
    } catch {
      // without storage the conversation lasts as long as the page
    }
  }

  forget() {
    this.#token = null;
    this.exchanges = [];
    try {
      sessionStorage.removeItem(this.#key);
    } catch {
      // nothing was stored then
    }
  }

  /** The exchange that still waits for its reply, if any. */
  get pending() {
    return this.exchanges.find((exchange) => !exchange.reply && !exchange.failure);
  }

  /** Begin an exchange. `choice` is the id of an issued choice, when that is what was clicked. */
  add(text, choice) {
    const exchange = { id: newId(), text, ...(choice && { choice }) };
    this.exchanges.push(exchange);
    this.save();
    return exchange;
  }

  /**
   * Send an exchange and put the reply into it. Sent again after a failure it keeps its id, so that
   * the server answers it once only.
   * @returns {Promise<boolean>} whether an expired conversation had to be replaced by a new one
   * @throws {Failure}
   */
  async send(exchange) {
    delete exchange.failure;
    this.save();
    let renewed = false;
    try {
      const reply = await this.#persist(exchange, () => (renewed = true));
      exchange.reply = reply;
    } catch (failure) {
      if (this.#leaving) return new Promise(() => {}); // goes on after the reload
      exchange.failure = failure.code;
      throw failure;
    } finally {
      if (!this.#leaving && this.exchanges.includes(exchange)) this.save();
    }
    return renewed;
  }

  async #persist(exchange, onRenewed) {
    for (let attempt = 0; ; attempt++) {
      try {
        if (!this.#token) {
          this.#token = (await this.#request("POST", "conversations")).token;
          this.save();
        }
        const { id, text, choice } = exchange;
        return await this.#request("POST", "messages", choice ? { id, choice } : { id, text });
      } catch (failure) {
        if (attempt > 0 || !this.exchanges.includes(exchange)) throw failure;
        if (failure.status === 401) {
          this.#token = null;
          delete exchange.choice; // of the old conversation: its title says the same
          onRenewed();
        } else if (failure.code === "network" || failure.code === "timeout") {
          await new Promise((done) => setTimeout(done, failure.retryAfter * 1000 || PAUSE));
        } else {
          throw failure;
        }
      }
    }
  }

  /** @throws {Failure} */
  async rate(exchange, entry, helpful, reason) {
    await this.#request("POST", "feedback", { entry, helpful, ...(reason && { reason }) });
    exchange.rated = true;
    this.save();
  }

  /**
   * Delete the conversation on the server, and then here.
   * @throws {Failure} it is still there
   */
  async remove() {
    try {
      if (this.#token) await this.#request("DELETE", "conversation");
    } catch (failure) {
      if (failure.status !== 401) throw failure; // unknown there: nothing is left to delete
    }
    this.forget();
  }

  async #request(method, path, body) {
    if (navigator.onLine === false) throw new Failure("offline");
    const headers = {};
    if (body) headers["Content-Type"] = "application/json";
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    let response, data;
    try {
      response = await fetch(new URL(`api/v1/${path}`, this.#server), {
        method,
        headers,
        body: body && JSON.stringify(body),
        credentials: "omit",
        referrerPolicy: "no-referrer",
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      data = response.status === 204 ? {} : await response.json();
    } catch {
      throw new Failure("network");
    }
    if (response.ok) return data;
    const retryAfter = Number(response.headers.get("Retry-After")) || 0;
    throw new Failure(data.code ?? "other", { status: response.status, retryAfter });
  }
}

/** A UUID, also on pages without HTTPS, where crypto.randomUUID is missing. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
