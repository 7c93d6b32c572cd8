// The evaluator in Node.js: the shared vectors, and what the package adds to them.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";

import { Context, SnapshotError, createEvaluator } from "@sinan/experiment";

import { checkVectors } from "./vectors.js";

const folder = process.env.SINAN_VECTORS;
const read = (name) => readFile(`${folder}/${name}`);
const user = { user_id: "u42", city: "San Francisco", app_version: "3.4.1" };

async function evaluatorOf(suite, options) {
  const evaluator = await createEvaluator(options);
  evaluator.load(await read(`${suite}.snapshot`));
  return evaluator;
}

test("the shared vectors", async () => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5));
  const { cases, wrong } = await checkVectors(names, read, createEvaluator, Context);
  assert.deepEqual(wrong.slice(0, 10), []);
  assert.ok(cases > 1500);
});

test("getters never fail", async () => {
  const hostile = { x: Symbol("x"), y: {}, n: 2n ** 90n, d: new Date(NaN), "": null, u: undefined, "\ud800": "\ud800", f: () => 1 };
  const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`a${i}`, i]));
  for (const evaluator of [await createEvaluator(), await evaluatorOf("buttons"), await evaluatorOf("values")]) {
    for (const context of [undefined, null, {}, hostile, many]) {
      assert.equal(evaluator.boolean("no.such\ud800", true, context), true);
      assert.equal(evaluator.string("no.such", "mine", context), "mine");
      assert.deepEqual(evaluator.json("no.such", [1], context), [1]);
    }
  }
  const buttons = await evaluatorOf("buttons");
  assert.equal(buttons.number("traffic_slice", 7, user), 7);
  assert.equal(buttons.details("traffic_slice", "mine", many).errorCode, "INVALID_CONTEXT");
  assert.equal(buttons.string("traffic_slice".repeat(10000), "mine", { user_id: "x".repeat(100000) }), "mine");
});

test("every type", async () => {
  const values = await evaluatorOf("values");
  assert.equal(values.boolean("v1", false), true);
  assert.equal(values.bigint("v4", 0n), 9007199254740993n);
  assert.equal(values.bigint("v2", 5n), 0n);
  assert.equal(values.bigint("v1", 5n), 5n);
  assert.equal(values.number("v5", 0), 2 ** 63);
  assert.equal(values.number("v9", 0), 0.1);
  assert.equal(values.string("v35", "").length, 5000);
  assert.deepEqual(values.json("v39", null), { a: { b: [1, 2.5, true, null, "ü"] }, "": "x" });
});

test("a prefetch counts nothing until it is read", async () => {
  const exposed = [];
  const evaluator = await evaluatorOf("buttons", { onExposure: (details, context) => exposed.push([details.exposures, context]) });
  const fetched = evaluator.prefetch(user);
  assert.equal(evaluator.accesses("traffic_slice"), 0);
  assert.equal(exposed.length, 0);
  const value = fetched.value("traffic_slice", "mine");
  assert.match(value, /^[AB]$/);
  assert.equal(evaluator.accesses("traffic_slice"), 1);
  assert.deepEqual(exposed[0][0], [{ experiment: "slices", group: value.toLowerCase() }]);
  assert.equal(fetched.value("no.such", "mine"), "mine");
  assert.equal(evaluator.string("traffic_slice", "mine", new Context(user)), value);
  assert.equal(evaluator.accesses("traffic_slice"), 2);
  assert.equal(exposed.length, 2);
  evaluator.load(await read("values.snapshot"));
  assert.equal(evaluator.accesses("traffic_slice"), 2);
});

test("what a listener throws is dropped", async () => {
  const evaluator = await evaluatorOf("buttons", {
    onExposure() {
      throw new Error("no");
    },
  });
  assert.match(evaluator.string("traffic_slice", "mine", user), /^[AB]$/);
});

test("overrides and explanations", async () => {
  const evaluator = await evaluatorOf("buttons");
  const restore = evaluator.override({ traffic_slice: "C" });
  assert.equal(evaluator.string("traffic_slice", "mine", user), "C");
  restore();
  assert.match(evaluator.string("traffic_slice", "mine", user), /^[AB]$/);
  const forced = new Context(user, { groups: { slices: "a", button_black: "t2" } });
  assert.equal(evaluator.string("checkout.button_color", "mine", forced), "blue");
  assert.match(evaluator.explain("traffic_slice"), /has no unit: the context lacks user_id/);
});

test("a clock that is wrong is corrected for schedules", async () => {
  const planned = await evaluatorOf("typed_texts");
  const context = { user_id: "u42" };
  assert.match(planned.string("planned", "", context), /^[AB]$/);
  planned.clockOffset = 3000 - Date.now(); // at the server it is 1970: between the windows
  assert.equal(planned.string("planned", "", context), "none");
  assert.match(planned.string("planned", "", new Context(context, { now: new Date(1500) })), /^[AB]$/);
});

test("what is no successor is refused", async () => {
  const evaluator = await evaluatorOf("buttons");
  const damaged = Uint8Array.from(await read("buttons.snapshot"));
  damaged[damaged.length - 1] ^= 1;
  for (const [snapshot, message] of [
    [new Uint8Array(), /damaged/],
    [damaged, /checksum/],
    [await read("texts.snapshot"), /older/],
  ]) {
    assert.throws(() => evaluator.load(snapshot), (error) => error instanceof SnapshotError && message.test(error.message));
  }
  assert.equal(evaluator.version, 7);
  evaluator.load(new Uint8Array(await read("buttons.snapshot")).buffer); // the same again, as another kind of bytes
});
