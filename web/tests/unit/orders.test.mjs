// What is given to the engine again, and by which key.

import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { source } from "../support/source.mjs";

// What the page does from time to time is no part of this.
globalThis.window = { setTimeout: () => 0 };
globalThis.setInterval = () => 0;

const { tell } = await source("engine/ask.ts");
const { acknowledge, who } = await source("alarms/orders.ts");

afterEach(() => mock.restoreAll());

/** Answers each order by what `answers` says in turn; what was asked. */
function engine(...answers) {
  const asked = [];
  mock.method(globalThis, "fetch", async (path, { method, headers, body, signal }) => {
    if (method !== "POST") return Response.json({ sequence: 0 });
    asked.push({ path, key: headers["Idempotency-Key"], order: JSON.parse(body), signal });
    const { status = 200, again, ...said } = answers.shift();
    return Response.json(said, { status, headers: again ? { "Retry-After": again } : {} });
  });
  return asked;
}

/** Lets pauses be over at once. */
function skipPauses() {
  const { setTimeout } = globalThis;
  mock.method(globalThis, "setTimeout", (then) => setTimeout(then, 0));
}

function alarm(n) {
  return { id: String(n), name: `bay-${n}:limit`, occurrence: n, worst_level: "high", flags: ["unacknowledged"] };
}

test("an order of which the engine does not know what became is given again by the same key", async () => {
  skipPauses();
  const asked = engine({ status: 504, detail: "it may have been done" }, { status: 503, again: "1" }, { done: true });
  assert.deepEqual(await tell("path", { by: "anna" }), { done: true });
  assert.equal(asked.length, 3);
  assert.equal(new Set(asked.map(({ key }) => key)).size, 1);
});

test("an order that waits to be given again is not, if it is stopped", async () => {
  const stop = new AbortController();
  const asked = engine({ status: 503, again: "9", detail: "busy" });
  const told = tell("path", {}, { stop: stop.signal });
  setImmediate(() => stop.abort());
  await assert.rejects(told, /busy/);
  assert.equal(asked.length, 1);
});

test("an order is waited for longer than the engine needs to say that it does not know", async () => {
  const timeout = mock.method(AbortSignal, "timeout");
  engine({ done: true });
  await tell("path", {});
  const [patience] = timeout.mock.calls[0].arguments;
  assert.ok(patience > 30_000, `${patience} ms`);
});

test("of a portion those are acknowledged again that may have been or not, and not those refused", async () => {
  skipPauses();
  who.value = "anna";
  const refused = { status: 409, problem: { detail: "another occurrence" } };
  const unknown = { status: 504, problem: { detail: "it may have been done" } };
  const busy = { status: 503, problem: { detail: "busy" } };
  const asked = engine(
    { results: [{ status: 200 }, unknown, refused, busy] },
    { results: [{ status: 200 }, busy] },
    { results: [{ status: 200 }] },
  );
  assert.equal(await acknowledge([1, 2, 3, 4].map(alarm)), false);
  const named = asked.map(({ order }) => order.alarms.map((own) => own.occurrence));
  assert.deepEqual(named, [[1, 2, 3, 4], [2, 4], [4]]);
  assert.equal(new Set(asked.map(({ key }) => key)).size, 1);
});

test("what stays unknown is not counted as done, and nothing further is asked for", async () => {
  skipPauses();
  who.value = "anna";
  const unknown = { results: [{ status: 504, problem: { detail: "it may have been done" } }] };
  const asked = engine(...Array.from({ length: 20 }, () => unknown));
  assert.equal(await acknowledge([alarm(1)]), false);
  assert.equal(asked.length, 8);
});
