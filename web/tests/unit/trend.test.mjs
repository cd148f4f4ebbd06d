import assert from "node:assert/strict";
import { test } from "node:test";

import { source } from "../support/source.mjs";

const { between, live, pan, parseSpan, queryOf, rangeOf, zoom } = await source("trend/range.ts");
const { Trace } = await source("trend/trace.ts");

const NOW = Date.parse("2026-11-28T12:00:00Z");
const at = (second) => new Date(NOW + second * 1000).toISOString();
const reading = (second, value, quality = []) => ({ time: at(second), value, quality });
const x = (second) => NOW / 1000 + second;

test("a range is the same after a way through the address", () => {
  for (const span of ["5m", "15m", "1h", "7d", "90s"]) {
    const range = live(parseSpan(span), NOW);
    const query = new URLSearchParams(Object.entries(queryOf(range)).filter(([, value]) => value));
    assert.deepEqual(rangeOf(query, NOW), range);
  }
  const past = { from: NOW - 5000, to: NOW - 1000, isLive: false };
  assert.deepEqual(rangeOf(new URLSearchParams(queryOf(past)), NOW), past);
  assert.equal(rangeOf(new URLSearchParams("span=rubbish"), NOW).isLive, true);
});

test("what is moved beyond now is live again, and what is zoomed stays where it was", () => {
  const range = live(60_000, NOW);
  const earlier = pan(range, -0.5, NOW);
  assert.deepEqual(earlier, { from: NOW - 90_000, to: NOW - 30_000, isLive: false });
  assert.deepEqual(pan(earlier, 0.5, NOW), range);
  const closer = zoom(earlier, 0.5, 0.5, NOW);
  assert.deepEqual(closer, { from: NOW - 75_000, to: NOW - 45_000, isLive: false });
  assert.deepEqual(zoom(range, 2, 1, NOW), live(120_000, NOW));
  assert.ok(zoom(earlier, 1000, 0, NOW).to <= NOW);
  assert.equal(between(NOW, NOW + 5), null);
});

test("a line has holes where readings are missing, and none elsewhere", () => {
  const readings = [reading(0, 1), reading(1, 2), reading(9, 3), reading(10, 4)];
  const trace = new Trace({ readings }, 1);
  assert.deepEqual(trace.ys, [1, 2, null, 3, 4]);
  const irregular = new Trace({ readings }, null);
  assert.deepEqual(irregular.ys, [1, 2, 3, 4]);
});

test("no line is drawn over a gap that is known", () => {
  const gaps = [{ device: "d", from: at(1), to: at(2), reason: "outage" }];
  const trace = new Trace({ readings: [reading(1, 1), reading(2, 2)], gaps }, null);
  assert.deepEqual(trace.ys, [1, null, 2]);
  assert.deepEqual(trace.gaps, [{ from: x(1), to: x(2), reason: "outage" }]);
});

test("bad readings are marks, never part of the line", () => {
  const readings = [reading(0, 1), reading(1, 7, ["comm_lost"]), reading(2, null, ["not_finite"]), reading(3, 2)];
  const trace = new Trace({ readings }, 1);
  assert.deepEqual(trace.ys, [1, null, null, 2]);
  assert.deepEqual(trace.marks, [{ x: x(1), y: 7 }]);
  assert.deepEqual(trace.bad, [{ from: x(1), to: x(3) }]);
});

test("what comes when it comes is bad until the next reading", () => {
  const readings = [reading(0, 1), reading(10, 7, ["offline"]), reading(60, 7, ["offline"]), reading(90, 2)];
  const trace = new Trace({ readings }, null);
  assert.deepEqual(trace.bad, [{ from: x(10), to: x(61) }]);
});

test("columns become their first, least, most and last in order, each once", () => {
  const sample = (second, value) => ({ time: at(second), value });
  const column = (second, good, first, min, max, last) => ({ time: at(second), count: 4, good, average: null, first, min, max, last });
  const columns = [
    column(0, 1, sample(0, 5), sample(3, 1), sample(2, 9), sample(3, 1)),
    column(10, 0.5, sample(11, 4), sample(11, 4), sample(11, 4), sample(11, 4)),
    column(20, 0, null, null, null, null),
  ];
  const trace = new Trace({ columns, column_seconds: 10 }, 1);
  assert.deepEqual(trace.xs, [0, 2, 3, 11, 20].map(x));
  assert.deepEqual(trace.ys, [5, 9, 1, 4, null]);
  assert.deepEqual(trace.bad, [{ from: x(10), to: x(30) }]);
});

test("the sample nearest to an instant is found, whatever came or went", () => {
  const trace = new Trace({ readings: [reading(0, 1), reading(10, 2), reading(20, 3)] }, null);
  const table = [[-5, 0], [0, 0], [4, 0], [6, 1], [15, 2], [99, 2]];
  for (const [second, index] of table) assert.equal(trace.nearest(x(second)), index, `${second} s`);
  assert.equal(new Trace(null, null).nearest(x(0)), null);
});

test("what comes live is added once, and what is old is not", () => {
  const trace = new Trace({ readings: [reading(0, 1)] }, 1);
  const now = (second, value) => ({ point: "p", value, quality: [], time: at(second), level: "normal" });
  assert.equal(trace.follow(now(0, 1)), false);
  assert.equal(trace.follow(now(1, 2)), true);
  assert.equal(trace.follow(now(1, 2)), false);
  assert.equal(trace.follow({ ...now(2, null), time: null }), false);
  assert.deepEqual(trace.ys, [1, 2]);
});
