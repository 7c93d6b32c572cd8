// Evaluation in this process: no network, no waiting, no exception. Each evaluator has an instance of the WebAssembly module.

import { Context, contextOf } from "./context.js";

const abi = 1;
const types = ["bool", "int", "double", "string", "json"];
const [any, bool, int, double, string, json] = [-1, 0, 1, 2, 3, 4];
const reasons = ["STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "ERROR"];
const variants = ["default", "default", "rule"];
const problems = [undefined, "FLAG_NOT_FOUND", "TYPE_MISMATCH", "INVALID_CONTEXT"];
const noBucket = 0xffffffff;
const answerBytes = 64; // of sinan_answer

const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { ignoreBOM: true }); // a text may begin with what looks like one

// A snapshot that was not taken: damaged, older than the one in use, of another project. The one in use stays.
export class SnapshotError extends Error {
  name = "SnapshotError";
}

function plain(integer) {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}

export class Evaluator {
  #wasm;
  #memory;
  #handle;
  #room = 0; // of the module's memory: the answer, then the name and the context, then texts
  #roomSize = 0;
  #view; // of the memory; made anew when that has grown
  #array;
  #overrides = new Map();
  #onExposure;
  // Milliseconds that the server's clock is ahead of ours.
  clockOffset = 0;

  // `module`: the compiled evaluator.wasm. `onExposure(details, context)` is called when code reads a value that depends on the unit's
  // group, before it gets the value; what it throws is dropped.
  constructor(module, { onExposure } = {}) {
    this.#onExposure = onExposure;
    const unused = () => 52; // WASI's "not supported": the module has no files
    const instance = new WebAssembly.Instance(module, {
      host: {
        now: () => Date.now() + this.clockOffset,
        text: (value, at, size) => utf8.encodeInto(String(value), new Uint8Array(this.#memory.buffer, at, size)).written,
      },
      wasi_snapshot_preview1: { fd_close: unused, fd_seek: unused, fd_write: unused },
    });
    this.#wasm = instance.exports;
    this.#memory = this.#wasm.memory;
    this.#wasm.sinan_start();
    if (this.#wasm.sinan_experiment_abi() !== abi) throw new Error("evaluator.wasm is of another version than this package");
    this.#handle = this.#wasm.sinan_evaluator_new();
    this.#enlarge(4096);
  }

  get version() {
    return plain(BigInt.asUintN(64, this.#wasm.sinan_evaluator_version(this.#handle)));
  }

  // Throws SnapshotError.
  load(snapshot) {
    const size = snapshot.byteLength;
    const errorSize = 512;
    const at = this.#wasm.sinan_allocate(size + errorSize);
    if (at === 0) throw new SnapshotError("there is no memory for the snapshot");
    try {
      new Uint8Array(this.#memory.buffer, at, size).set(new Uint8Array(snapshot.buffer ?? snapshot, snapshot.byteOffset ?? 0, size));
      if (this.#wasm.sinan_evaluator_load(this.#handle, at, size, at + size, errorSize) === 0) return;
      const message = new Uint8Array(this.#memory.buffer, at + size, errorSize);
      throw new SnapshotError(text.decode(message.subarray(0, message.indexOf(0))));
    } finally {
      this.#wasm.sinan_free(at);
    }
  }

  parameters() {
    return this.#texts((at, size) => this.#wasm.sinan_parameters(this.#handle, at, size)).split("\n").slice(0, -1);
  }

  // Reads since the evaluator was made.
  accesses(parameter) {
    const [at, size] = this.#put(utf8.encode(parameter));
    return this.#wasm.sinan_evaluator_access_count(this.#handle, at, size);
  }

  boolean(parameter, fallback, context) {
    return this.#value(parameter, fallback, context, bool);
  }
  // Of int and double parameters; an int beyond 2^53 loses its last digits.
  number(parameter, fallback, context) {
    return this.#value(parameter, fallback, context, double);
  }
  // Of int parameters, exactly.
  bigint(parameter, fallback, context) {
    const value = this.#value(parameter, undefined, context, int);
    return value === undefined ? fallback : BigInt(value);
  }
  string(parameter, fallback, context) {
    return this.#value(parameter, fallback, context, string);
  }
  json(parameter, fallback, context) {
    return this.#value(parameter, fallback, context, json);
  }

  // `type` is what the caller can use; without it, any.
  details(parameter, fallback, context, { type, prefetch = false } = {}) {
    return this.#details(parameter, fallback, contextOf(context), type === undefined ? any : types.indexOf(type), prefetch);
  }

  // The values of all parameters, for later. Nothing is counted and nobody exposed until one is read.
  prefetch(context) {
    const given = contextOf(context);
    const details = new Map(this.parameters().map((name) => [name, this.#details(name, undefined, given, any, true)]));
    return new Prefetched(details, this.version, (found) => {
      const [at, size] = this.#put(utf8.encode(found.parameter));
      this.#wasm.sinan_count_access(this.#handle, at, size);
      this.#expose(found, given);
    });
  }

  // A line for each decision on the way to the value.
  explain(parameter, context) {
    const name = utf8.encode(parameter);
    const given = contextOf(context).encoded;
    return this.#texts((at, size) => {
      const [nameAt] = this.#put(name, given);
      return this.#wasm.sinan_explain_context(this.#handle, nameAt, name.length, nameAt + name.length, given.length, at, size);
    });
  }

  // For tests: these values, whatever the configuration says, until the function that is given back is called.
  override(values) {
    const before = this.#overrides;
    this.#overrides = new Map([...before, ...Object.entries(values)]);
    return () => {
      this.#overrides = before;
    };
  }

  #value(parameter, fallback, context, type) {
    return this.#details(parameter, fallback, contextOf(context), type, false).value;
  }

  #details(parameter, fallback, context, type, prefetch) {
    const overridden = this.#overrides.get(parameter);
    if (overridden !== undefined) {
      return { parameter, value: overridden, reason: "STATIC", variant: "override", version: this.version, missingUnit: false, exposures: [] };
    }
    let details;
    try {
      details = this.#ask(parameter, fallback, context.encoded, type, prefetch);
    } catch (error) {
      // A fault of ours, or no memory: the caller gets its default all the same.
      return { parameter, value: fallback, reason: "ERROR", errorCode: "GENERAL", errorMessage: String(error), version: 0, missingUnit: false, exposures: [] };
    }
    if (!prefetch) this.#expose(details, context);
    return details;
  }

  #expose(details, context) {
    if (details.exposures.length === 0 || this.#onExposure === undefined) return;
    try {
      this.#onExposure(details, context);
    } catch {
      // whatever it is, the caller gets its value
    }
  }

  #ask(parameter, fallback, context, type, prefetch) {
    const name = utf8.encode(parameter);
    let needed = this.#evaluate(name, context, type, prefetch);
    while (needed > this.#roomSize - this.#textsFrom(name, context)) {
      this.#enlarge(this.#textsFrom(name, context) + needed);
      needed = this.#evaluate(name, context, type, true); // the access has been counted
    }
    return this.#read(parameter, fallback, this.#room + this.#textsFrom(name, context), type);
  }

  #textsFrom(name, context) {
    return answerBytes + name.length + context.length;
  }

  #evaluate(name, context, type, prefetch) {
    const [at, size] = this.#put(name, context);
    const texts = at + size;
    const room = this.#room + this.#roomSize - texts;
    return this.#wasm.sinan_evaluate(this.#handle, at, name.length, type, at + name.length, context.length, prefetch ? 1 : 0, texts, room, this.#room);
  }

  #read(parameter, fallback, at, asked) {
    this.#look();
    const view = this.#view;
    const field = (offset) => view.getUint32(this.#room + offset, true);
    const type = view.getInt32(this.#room, true);
    const details = {
      parameter,
      value: fallback,
      reason: reasons[field(4)],
      type: types[type],
      version: plain(view.getBigUint64(this.#room + 16, true)),
      missingUnit: field(12) !== 0,
      exposures: [],
    };
    const problem = field(8);
    if (problem !== 0) return { ...details, errorCode: problems[problem] };
    const take = (size) => {
      const taken = size === 0 ? "" : text.decode(this.#array.subarray(at, at + size));
      at += size;
      return taken;
    };
    const valueText = take(field(48));
    if (type === bool) {
      details.value = view.getUint32(this.#room + 24, true) !== 0;
    } else if (type === double || asked === double) {
      details.value = view.getFloat64(this.#room + 32, true);
    } else if (type === int) {
      details.value = plain(view.getBigInt64(this.#room + 24, true));
    } else {
      details.value = type === json ? JSON.parse(valueText) : valueText;
    }
    const experiment = take(field(52));
    const group = take(field(56));
    const exposures = take(field(60));
    details.variant = group === "" ? variants[field(4)] : group;
    if (experiment !== "") {
      details.experiment = experiment;
      details.group = group;
      if (field(40) !== noBucket) details.bucket = field(40);
    }
    if (exposures !== "") {
      details.exposures = exposures.split(";").map((pair) => {
        const colon = pair.indexOf(":");
        return { experiment: pair.slice(0, colon), group: pair.slice(colon + 1) };
      });
    }
    return details;
  }

  #texts(ask) {
    for (let size = 4096; ; ) {
      const at = this.#wasm.sinan_allocate(size);
      if (at === 0) return "";
      try {
        const needed = ask(at, size);
        if (needed <= size) return text.decode(new Uint8Array(this.#memory.buffer, at, needed));
        size = needed;
      } finally {
        this.#wasm.sinan_free(at);
      }
    }
  }

  // Copies the pieces behind the answer, one behind the other.
  #put(...pieces) {
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (answerBytes + size > this.#roomSize) this.#enlarge(answerBytes + size + 4096);
    this.#look();
    let at = this.#room + answerBytes;
    for (const piece of pieces) {
      this.#array.set(piece, at);
      at += piece.length;
    }
    return [this.#room + answerBytes, size];
  }

  #look() {
    if (this.#array?.buffer === this.#memory.buffer) return;
    this.#array = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
  }

  #enlarge(size) {
    const at = this.#wasm.sinan_allocate(size);
    if (at === 0) throw new Error("there is no memory for the answer");
    if (this.#room !== 0) this.#wasm.sinan_free(this.#room);
    this.#room = at;
    this.#roomSize = size;
  }
}

// Values as they were when they were fetched, of one context. Reading one is the access: it is counted, and exposes with the version that
// the value came from.
class Prefetched {
  #details;
  #version;
  #accessed;

  constructor(details, version, accessed) {
    this.#details = details;
    this.#version = version;
    this.#accessed = accessed;
  }
  details(parameter, fallback) {
    const found = this.#details.get(parameter);
    if (found === undefined) {
      return { parameter, value: fallback, reason: "ERROR", errorCode: "FLAG_NOT_FOUND", version: this.#version, missingUnit: false, exposures: [] };
    }
    this.#accessed(found);
    return found;
  }
  value(parameter, fallback) {
    return this.details(parameter, fallback).value;
  }
}

export { Context };
