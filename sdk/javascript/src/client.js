// An evaluator that keeps itself up to date from `sinan serve`, with what Node.js 18 and browsers have: fetch and streams.

import { Evaluator, SnapshotError } from "./evaluator.js";

const stable = 5000; // milliseconds after which a stream of events counts as one
const skew = 2000; // milliseconds that clocks may differ before ours is corrected; the server tells full seconds
const mostLine = 65536; // of an event

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
    this.#options = { wait: 5000, poll: 30000, timeout: 5000, inactivity: 45000, ...options };
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
    for (let failures = 0; !this.#ended.signal.aborted; ) {
      failures = (await this.#followOnce()) > stable ? 0 : failures + 1;
      // Soon after a break, later and later while there is no stream; never all clients at once.
      await this.#sleep(Math.min(this.#options.poll, 125 * 2 ** Math.min(failures, 20)) * (0.8 + 0.4 * Math.random()));
    }
  }

  // Follows the server until it cannot be followed any more, and answers for how many milliseconds it could.
  async #followOnce() {
    try {
      await this.#refresh();
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#failed(error);
      return 0;
    } finally {
      this.#tried();
    }
    const began = performance.now();
    try {
      await this.#listen();
    } catch (error) {
      // Only what was told by a stream can be wrong; whether the server is there is for the next request to say.
      if (error instanceof SnapshotError) this.#failed(error);
    }
    return performance.now() - began;
  }

  async #refresh() {
    const headers = this.#tag === undefined ? {} : { "If-None-Match": this.#tag };
    await this.#request("/v1/experiments/snapshot", headers, this.#options.timeout, async (response) => {
      this.#setClock(response.headers.get("Date"));
      if (response.status !== 304) {
        if (!response.ok) throw new Error(`the server answers ${response.status} when asked for the snapshot`);
        await this.#take(new Uint8Array(await response.arrayBuffer()), response.headers.get("ETag") ?? undefined);
      }
    });
    this.lastError = undefined;
    this.#setStatus("ready");
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
    if (this.version !== before) this.#tell("changed");
  }

  async #listen() {
    // `timeout` counts until the answer begins, then `inactivity` from one piece to the next: heartbeats come every 15 s.
    const { timeout, inactivity } = this.#options;
    await this.#request("/ofrep/v1/events", { Accept: "text/event-stream" }, timeout, async (response, extend) => {
      if (!response.ok) throw new Error(`the server answers ${response.status} when asked for events`);
      extend(inactivity);
      await this.#refresh(); // what was published before the stream began is not told by it
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let data = "";
      let rest = "";
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        extend(inactivity);
        const lines = (rest + piece.value).split("\n");
        rest = lines.pop().slice(0, mostLine);
        for (const line of lines.map((one) => one.replace(/\r$/, ""))) {
          if (line.startsWith("data:")) data = (data + line.slice(5)).slice(0, mostLine);
          if (line !== "") continue;
          if (isRefetch(data)) await this.#refresh();
          data = "";
        }
      }
    });
  }

  // `use(response, extend)` must read all that it wants of the response; `extend` sets the milliseconds that are left.
  async #request(path, headers, timeout, use) {
    const controller = new AbortController();
    const abort = () => controller.abort();
    let timer = setTimeout(abort, timeout);
    const extend = (milliseconds) => {
      clearTimeout(timer);
      timer = setTimeout(abort, milliseconds);
    };
    this.#ended.signal.addEventListener("abort", abort);
    if (this.#ended.signal.aborted) abort();
    try {
      const authorization = this.#options.token === undefined ? {} : { Authorization: `Bearer ${this.#options.token}` };
      const response = await fetch(this.#url + path, {
        headers: { ...headers, ...authorization },
        signal: controller.signal,
        cache: "no-store",
      });
      await use(response, extend);
    } finally {
      clearTimeout(timer);
      this.#ended.signal.removeEventListener("abort", abort);
      controller.abort(); // what was not read is not wanted
    }
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

function isRefetch(data) {
  if (data.trim() === "") return false;
  try {
    // The hub's own `refetch` event has no type: some events were missed.
    return (JSON.parse(data).type ?? "refetchEvaluation") === "refetchEvaluation";
  } catch {
    return false;
  }
}
