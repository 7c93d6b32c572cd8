// Server-sent events by fetch: the browser's own EventSource cannot send the Authorization header.
import { ApiError, fetchApi } from "./api";

export interface ServerEvent {
  name: string; // "message" where the server gave none
  data: string;
  id: string;
}

// Cuts a stream's text into events (WHATWG HTML, 9.2.6). Feed it pieces as they come.
export class EventParser {
  #rest = "";
  #data: string[] = [];
  #name = "";
  #id = "";

  feed(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop()!;
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length > 0) events.push({ name: this.#name || "message", data: this.#data.join("\n"), id: this.#id });
        this.#data = [];
        this.#name = "";
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "data") this.#data.push(value);
      else if (field === "event") this.#name = value;
      else if (field === "id") this.#id = value;
    }
    return events;
  }
}

export interface WatchOptions {
  signal: AbortSignal;
  // True: a stream that the server ended is opened again. False: its end is the end, and watch() returns.
  endless?: boolean;
  // Told when the connection is lost and when it is back.
  onConnection?: (connected: boolean) => void;
}

const kMostDelay = 15_000;

// Calls `onEvent` for each event until the stream ends or the signal aborts. A connection that breaks is opened again after the last
// event that was seen. Throws an ApiError for an answer that trying again does not change (4xx).
export async function watch(path: string, onEvent: (event: ServerEvent) => void, options: WatchOptions): Promise<void> {
  let lastId = "";
  let delay = 500;
  while (!options.signal.aborted) {
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (lastId) headers["Last-Event-ID"] = lastId;
      const response = await fetchApi("GET", path, { headers, signal: options.signal });
      options.onConnection?.(true);
      const parser = new EventParser();
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        delay = 500;
        for (const event of parser.feed(value)) {
          if (event.id) lastId = event.id;
          onEvent(event);
        }
      }
      if (!options.endless) return;
    } catch (error) {
      if (options.signal.aborted) return;
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) throw error;
    }
    options.onConnection?.(false);
    await new Promise((resolve) => setTimeout(resolve, delay));
    delay = Math.min(delay * 2, kMostDelay);
  }
}
