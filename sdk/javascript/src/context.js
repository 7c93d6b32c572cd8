// Contexts as the evaluator reads them (docs/formats/context.md).

const utf8 = new TextEncoder();

class Bytes {
  constructor() {
    this.array = new Uint8Array(256);
    this.view = new DataView(this.array.buffer);
    this.size = 0;
  }
  room(size) {
    if (this.size + size <= this.array.length) return;
    const larger = new Uint8Array(Math.max(2 * this.array.length, this.size + size));
    larger.set(this.array.subarray(0, this.size));
    this.array = larger;
    this.view = new DataView(larger.buffer);
  }
  byte(value) {
    this.room(1);
    this.array[this.size++] = value;
  }
  uint32(value) {
    this.room(4);
    this.view.setUint32(this.size, value, true);
    this.size += 4;
  }
  int64(value) {
    this.room(8);
    this.view.setBigInt64(this.size, value, true);
    this.size += 8;
  }
  double(value) {
    this.room(8);
    this.view.setFloat64(this.size, value, true);
    this.size += 8;
  }
  text(value) {
    this.room(4 + 3 * value.length);
    const { written } = utf8.encodeInto(value, this.array.subarray(this.size + 4));
    this.view.setUint32(this.size, written, true);
    this.size += 4 + written;
  }
  entry(kind, name) {
    this.byte(kind);
    this.text(name);
  }
}

function addAttribute(bytes, name, value) {
  switch (typeof value) {
    case "string":
      bytes.entry(4, name);
      return bytes.text(value);
    case "boolean":
      bytes.entry(1, name);
      return bytes.byte(value ? 1 : 0);
    case "number":
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
        bytes.entry(2, name);
        return bytes.int64(BigInt(value));
      }
      bytes.entry(3, name);
      return bytes.double(value);
    case "bigint":
      if (BigInt.asIntN(64, value) !== value) return addAttribute(bytes, name, Number(value));
      bytes.entry(2, name);
      return bytes.int64(value);
    default:
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) return undefined;
    bytes.entry(5, name);
    return bytes.int64(BigInt(value.getTime()) * 1000n);
  }
  if (Array.isArray(value)) {
    const texts = value.filter((element) => typeof element === "string");
    bytes.entry(6, name);
    bytes.uint32(texts.length);
    for (const text of texts) bytes.text(text);
  }
  return undefined; // anything else is nothing that a condition could ask about
}

export class Context {
  constructor(attributes = {}, { groups = {}, now } = {}) {
    const bytes = new Bytes();
    for (const [name, value] of Object.entries(attributes)) addAttribute(bytes, name, value);
    for (const [experiment, group] of Object.entries(groups)) {
      bytes.entry(8, experiment);
      bytes.text(group);
    }
    if (now !== undefined) {
      bytes.entry(7, "");
      bytes.int64(typeof now === "bigint" ? now : BigInt(now.getTime()) * 1000n);
    }
    this.encoded = bytes.array.slice(0, bytes.size);
    Object.freeze(this);
  }
}

const nothing = new Context();

export function contextOf(given) {
  if (given instanceof Context) return given;
  return given === undefined || given === null ? nothing : new Context(given);
}
