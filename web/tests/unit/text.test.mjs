import assert from "node:assert/strict";
import { test } from "node:test";

import { source } from "../support/source.mjs";

const { NOTHING, bytes, milliseconds, percent, portion, rate, value } = await source("text/number.ts");
const { hours, span } = await source("text/span.ts");
const { isBad, qualityWords } = await source("text/quality.ts");

test("values have the digits that matter, and what is no number is never 0", () => {
  const table = [
    [0, "0"],
    [20.2010059, "20.201"],
    [412.55, "412.55"],
    [12345.678, "12,345.7"],
    [0.00012345, "0.000123"],
    [-3.5, "−3.5"],
    [1e-7, "1.000e−7"],
    [2.5e12, "2.500e+12"],
    ["Infinity", "∞"],
    ["-Infinity", "−∞"],
    [null, NOTHING],
    [undefined, NOTHING],
  ];
  for (const [number, text] of table) assert.equal(value(number), text);
});

test("rates, sizes, latencies and shares carry their units", () => {
  assert.deepEqual([rate(9.96), rate(1234567), rate(null)], ["10", "1,234,567", NOTHING]);
  assert.deepEqual([bytes(0), bytes(1536), bytes(3 * 2 ** 30)], ["0 B", "1.5 KiB", "3 GiB"]);
  assert.deepEqual([milliseconds(0.42), milliseconds(35.6), milliseconds(2500)], ["0.4 ms", "36 ms", "2.5 s"]);
  assert.deepEqual([percent(0.034), percent(0.5), percent(null)], ["3.4 %", "50 %", NOTHING]);
  const portions = [1, 0.99999, 0.9146, 0, null].map(portion);
  assert.deepEqual(portions, ["100 %", "99.99 %", "91.46 %", "0 %", NOTHING]);
});

test("spans are told in the two units that matter", () => {
  const table = [
    [0, "0 s"],
    [59.9, "59 s"],
    [60, "1 min"],
    [3599, "59 min 59 s"],
    [7260, "2 h 1 min"],
    [90000, "1 d 1 h"],
    [null, NOTHING],
  ];
  for (const [seconds, text] of table) assert.equal(span(seconds), text);
  assert.deepEqual([hours(null), hours(5400), hours(1e9)], ["no end in sight", "1.5 h", "over 100 d"]);
});

test("a bad quality is told from a doubtful one", () => {
  assert.equal(isBad(["late"]), false);
  assert.equal(isBad(["late", "comm_lost"]), true);
  assert.equal(isBad("good"), false);
  assert.equal(isBad(null), false);
  assert.equal(qualityWords(["comm_lost", "late"]), "comm lost, late");
});
