// An evaluator that keeps itself up to date from `sinan serve`, with what Node.js 18 and browsers have.

import { Evaluator, SnapshotError } from "./evaluator.js";

const mostHold = 60; // seconds that the server holds an answer back
const long = 5000; // milliseconds after which it counts as one that does
const skew = 2000; // milliseconds that clocks may differ before ours is corrected; the server tells full seconds

export class Client extends Evaluator {
  #url;
  #options;
  #tag;
  #listeners = new Set();
  #ended = new AbortController();
  #following;
  #tried;
  status = "not_ready";
  lastError;

  // See connect().
  constructor(module, url, options = {}) {
    super(module, options);
    if (!/^https?:\/\//.test(url)) throw new TypeError(`the server's address must begin with http:// or https://: ${url}`);
    this.#url = url.replace(/\/+$/, "");
    this.#options = { wait: 5000, poll: 30000, timeout: 5000, ...options };
  }

  // Waits at most `wait` milliseconds; never rejects.
  async start() {
    await this.#loadCache();
    await new Promise((tried) => {
      const timer = setTimeout(tried, this.#options.wait);
      this.#tried = () => {
        clearTimeout(timer);
        tried();
      };
      this.#following = this.#follow();
    });
    return this;
  }

  // Ends the requests; the values stay.
  async close() {
    this.#ended.abort();
    await this.#following;
  }

  // `listener` is called with "ready", "stale", "changed" or "error". Gives back what takes it away again.
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #loadCache() {
    try {
      const kept = await this.#options.cache?.read();
      if (kept === undefined) return;
      this.load(kept);
      this.#setStatus("stale");
    } catch (error) {
      this.#options.onWarning?.(`the last known snapshot is left aside: ${error.message}`);
    }
  }

  async #follow() {
    const { poll } = this.#options;
    const hold = Math.min(Math.floor(poll / 1000), mostHold);
    let isHeld = false; // the request: the first one, and one after a break, is answered at once
    for (let inVain = 0; !this.#ended.signal.aborted; ) {
      const began = performance.now();
      const changed = await this.#try(isHeld ? hold : 0);
      const wasHeld = isHeld && hold > 0 && performance.now() - began >= Math.min(long, hold * 500);
      const isFollowed = wasHeld || changed === true;
      inVain = isFollowed ? 0 : Math.min(inVain + 1, 20);
      const goesOn = changed !== undefined && (isFollowed || !isHeld);
      isHeld = changed !== undefined;
      // Soon after a break, later and later while answers are not held; never all clients at once.
      if (!goesOn) await this.#sleep(Math.min(poll, 125 * 2 ** inVain) * (0.8 + 0.4 * Math.random()));
    }
  }

  // Whether another version came; undefined when the server could not be asked.
  async #try(hold) {
    try {
      return await this.#refresh(hold);
    } catch (error) {
      // An answer that is held and breaks off says nothing yet about the server: the next request does.
      if (hold === 0 && !this.#ended.signal.aborted) this.#failed(error);
      return undefined;
    } finally {
      this.#tried();
    }
  }

  // `hold` is for how many seconds the server may keep its answer back while there is no other snapshot than ours.
  async #refresh(hold) {
    const headers = {};
    if (this.#tag !== undefined) headers["If-None-Match"] = this.#tag;
    if (this.#options.token !== undefined) headers.Authorization = `Bearer ${this.#options.token}`;
    const controller = new AbortController();
    const abort = () => controller.abort();
    const timer = setTimeout(abort, this.#options.timeout + hold * 1000);
    this.#ended.signal.addEventListener("abort", abort);
    if (this.#ended.signal.aborted) abort();
    let changed = false;
    try {
      const url = `${this.#url}/v1/experiments/snapshot${hold > 0 ? `?wait=${hold}` : ""}`;
      const response = await fetch(url, { headers, signal: controller.signal, cache: "no-store" });
      this.#setClock(response.headers.get("Date"));
      if (response.status !== 304) {
        if (!response.ok) throw new Error(`the server answers ${response.status} when asked for the snapshot`);
        changed = await this.#take(new Uint8Array(await response.arrayBuffer()), response.headers.get("ETag") ?? undefined);
      }
    } finally {
      clearTimeout(timer);
      this.#ended.signal.removeEventListener("abort", abort);
      controller.abort(); // what was not read is not wanted
    }
    this.lastError = undefined;
    this.#setStatus("ready");
    return changed;
  }

  async #take(snapshot, tag) {
    const before = this.version;
    this.load(snapshot);
    this.#tag = tag;
    try {
      await this.#options.cache?.write(snapshot);
    } catch (error) {
      this.#options.onWarning?.(`the snapshot is not kept: ${error.message}`); // the values are right all the same
    }
    const changed = this.version !== before;
    if (changed) this.#tell("changed");
    return changed;
  }

  // Schedules are read at the server's time. Pages of another origin are not told it, and go by their own.
  #setClock(date) {
    const told = Date.parse(date ?? "");
    const offset = Number.isNaN(told) ? 0 : told + 500 - Date.now();
    this.clockOffset = Math.abs(offset) > skew ? offset : 0;
  }

  #sleep(milliseconds) {
    return new Promise((done) => {
      const end = () => {
        clearTimeout(timer);
        this.#ended.signal.removeEventListener("abort", end);
        done();
      };
      const timer = setTimeout(end, milliseconds);
      this.#ended.signal.addEventListener("abort", end);
      if (this.#ended.signal.aborted) end();
    });
  }

  #failed(error) {
    this.lastError = error.cause?.message ?? error.message;
    if (this.status === "ready") this.#setStatus("stale");
    this.#tell("error");
  }

  #setStatus(status) {
    if (status === this.status) return;
    this.status = status;
    this.#tell(status);
  }

  #tell(event) {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // a listener's fault is not ours
      }
    }
  }
}
