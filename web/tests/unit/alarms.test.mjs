// What the list of alarms is made of: the engine's table, a question, an order, and what was selected.

import assert from "node:assert/strict";
import { test } from "node:test";

import { source } from "../support/source.mjs";

const { Table } = await source("alarms/table.ts");
const { Listing } = await source("alarms/listing.ts");
const { chosenOf, selectionOf, toggled } = await source("alarms/selection.ts");

const { carried } = await source("parts/current.ts");
const { reasonsOf } = await source("alarms/refused.ts");

const PRIORITIES = ["low", "medium", "high", "urgent"];

function facts(more = {}) {
  const state = "unacknowledged";
  const levels = { level: "high", worst_level: "high" };
  const flags = ["unacknowledged"];
  return { state, base_state: state, ...levels, priority: "low", flags, suppressed_by: [], shelf: null, ...more };
}

function told(table, kind, data) {
  table.take({ kind, data: JSON.stringify(data) });
}

function part(table, alarms, { number = 0, complete = true, sequence = 0 } = {}) {
  told(table, "snapshot", { sequence, part: number, complete, alarms });
}

function standing(id, more = {}) {
  const place = { name: `bay-${id}:limit`, device: `bay-${id}`, area: "north" };
  const annunciated = "2026-11-28T03:00:00Z";
  return { id: String(id), ...place, occurrence: id, sequence: id, raised: null, annunciated, ...facts(), ...more };
}

function record(table, id, more = {}) {
  const sequence = table.sequence + 1;
  const received = "2026-11-28T03:00:01Z";
  const own = { sequence, action: "raised", annunciated: true, received, after: facts(), ...more };
  const { name, device, area } = standing(id);
  told(table, "record", { id: String(id), name, device, area, occurrence: sequence, ...own });
}

function names(table, question = {}) {
  const listing = new Listing();
  listing.update(table, { sort: "newest", ...question });
  return listing.rows.map((entry) => entry.id);
}

test("what happens to alarms is told in order, and those at rest are forgotten", () => {
  const table = new Table();
  part(table, [standing(1), standing(2)], { sequence: 7 });
  record(table, 3);
  record(table, 1, { action: "acknowledged", annunciated: false, after: facts({ state: "acknowledged", flags: [] }) });
  record(table, 2, { action: "returned", annunciated: false, after: facts({ state: "normal" }) });
  assert.equal(table.sequence, 10);
  assert.deepEqual(names(table), ["3", "1"]);
  assert.equal(table.get("1").annunciated, "2026-11-28T03:00:00Z");
  assert.equal(table.get("3").raised, "2026-11-28T03:00:01Z");
  // The same again is nothing new; what is missing is noticed.
  told(table, "record", { ...standing(1), sequence: 9, after: facts({ state: "normal" }) });
  assert.equal(table.size, 2);
  assert.equal(table.isBroken, false);
  record(table, 4, { sequence: 12 });
  assert.equal(table.isBroken, true);
});

test("a table of which not all has come shows what was there before", () => {
  const table = new Table();
  part(table, [standing(1)]);
  part(table, [standing(2)], { complete: false });
  assert.deepEqual(names(table), ["1"]);
  part(table, [standing(3)], { complete: false });
  part(table, [standing(4)], { number: 1 });
  assert.deepEqual(names(table), ["4", "3"]);
});

test("what a reading has confirmed is unconfirmed no more", () => {
  const table = new Table();
  part(table, [standing(1, { flags: ["unacknowledged", "unconfirmed"] })]);
  told(table, "confirmed", { sequence: 0, alarms: [{ id: "1", name: null }, { id: "9", name: null }] });
  assert.deepEqual(table.get("1").flags, ["unacknowledged"]);
});

test("the newest comes first, and of one instant the one that was raised last", () => {
  const table = new Table();
  const at = (fraction) => `2026-11-28T03:00:00${fraction}Z`;
  part(table, [
    standing(1, { annunciated: at(".896") }),
    standing(2, { annunciated: at(".8965") }),
    standing(3, { annunciated: at("") }),
    standing(4, { annunciated: null, raised: { received: at(".9") } }),
    standing(30, { annunciated: at(".896"), occurrence: 0 }),
    standing(5, { annunciated: null }),
  ]);
  assert.deepEqual(names(table), ["4", "2", "1", "30", "3", "5"]);
});

test("a question asks as the engine's own list does", () => {
  const table = new Table();
  part(table, [
    standing(1, { priority: "urgent" }),
    standing(2, { state: "shelved" }),
    standing(3, { flags: [], area: "south" }),
    standing(4, { level: "normal", base_state: "returned_unacknowledged" }),
    standing(5, { name: null, device: null, area: null, priority: "high" }),
  ]);
  for (const [question, expected] of [
    [{}, ["5", "4", "3", "2", "1"]],
    [{ hidden: true }, ["2"]],
    [{ hidden: false, acknowledged: false }, ["5", "4", "1"]],
    [{ active: false }, ["4"]],
    [{ least: "high" }, ["5", "1"]],
    [{ area: "south" }, ["3"]],
    [{ device: "bay-4" }, ["4"]],
    [{ part: "BAY-1" }, ["1"]],
    [{ sort: "priority" }, ["1", "5", "4", "3", "2"]],
    [{ sort: "name" }, ["5", "1", "2", "3", "4"]],
  ]) {
    assert.deepEqual(names(table, question), expected, JSON.stringify(question));
  }
});

test("a list that is kept is the one that is made anew, whatever happens", () => {
  let seed = 7;
  const random = (below) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  for (const sort of ["newest", "priority", "name"]) {
    const table = new Table();
    part(table, Array.from({ length: 50 }, (_, index) => standing(index + 1)));
    const question = { sort, hidden: false };
    const kept = new Listing();
    for (let turn = 0; turn < 300; turn += 1) {
      kept.update(table, question);
      const anew = new Listing();
      const copy = { takeChanges: () => null, all: () => table.all() };
      anew.update(copy, question);
      assert.deepEqual(kept.rows, anew.rows);
      kept.rows.forEach((entry, index) => assert.equal(kept.find(entry.id), index));
      for (let events = random(4); events > 0; events -= 1) {
        const state = ["unacknowledged", "shelved", "normal"][random(3)];
        const received = `2026-11-28T03:00:0${random(5)}Z`;
        record(table, 1 + random(60), { received, after: facts({ state, priority: PRIORITIES[random(4)] }) });
      }
    }
    assert.equal(kept.find("99"), -1);
  }
});

test("what comes after it was selected was not seen, and is not meant", () => {
  const table = new Table();
  part(table, [standing(1), standing(2), standing(3)], { sequence: 3 });
  const listing = new Listing();
  const rows = () => {
    listing.update(table, { sort: "name" });
    return listing.rows;
  };
  let selection = selectionOf(rows());
  const now = () => {
    const { chosen, outdated } = chosenOf(selection, rows());
    return [chosen.map((entry) => entry.id), outdated];
  };
  assert.deepEqual(now(), [["1", "2", "3"], 0]);
  record(table, 1);
  record(table, 2, { action: "escalated", occurrence: 2, after: facts({ worst_level: "high_high" }) });
  record(table, 4);
  assert.deepEqual(now(), [["3"], 2]);
  selection = toggled(selection, table.get("2"));
  selection = toggled(selection, table.get("3"));
  assert.deepEqual(now(), [["2"], 1]);
});

test("what returns to normal or eases was seen worse, and stays selected", () => {
  const table = new Table();
  const worst = { worst_level: "high_high" };
  part(table, [standing(1), standing(2, worst), standing(3, { worst_level: "low" })], { sequence: 3 });
  const selection = selectionOf(table.all());
  const returned = facts({ state: "returned_unacknowledged", level: "normal", worst_level: "normal" });
  record(table, 1, { action: "returned", annunciated: false, occurrence: 1, after: returned });
  record(table, 2, { action: "returned", annunciated: false, occurrence: 2, after: returned });
  record(table, 3, { action: "escalated", occurrence: 3, after: facts({ worst_level: "low_low" }) });
  const { chosen, outdated } = chosenOf(selection, table.all());
  assert.deepEqual([chosen.map((entry) => entry.id), outdated], [["1", "2"], 1]);
});

test("a table is current only if it is whole, unbroken and no other is coming", () => {
  const table = new Table();
  assert.equal(table.isCurrent, false);
  part(table, [standing(1)], { complete: false });
  assert.equal(table.isCurrent, false);
  part(table, [standing(2)], { number: 1 });
  assert.equal(table.isCurrent, true);
  part(table, [standing(1)], { complete: false });
  assert.equal(table.isCurrent, false);
  table.begin();
  assert.deepEqual([table.isCurrent, names(table)], [true, ["2", "1"]]);
  record(table, 3, { sequence: 9 });
  assert.equal(table.isCurrent, false);
});

test("the chosen row is that of every question that asks for it, and gone if it leaves that list", () => {
  const keys = (of, ...rows) => ({ of, at: (index) => rows[index], find: (key) => rows.indexOf(key) });
  const once = { index: 1, key: "b", of: "all" };
  assert.equal(carried(once, keys("all", "a", "b")), once);
  const other = carried(once, keys("some", "b", "c"));
  assert.deepEqual([other.key, other.of], ["b", "some"]);
  // Of the same question it is gone; another one has never had it.
  assert.equal(carried(other, keys("some", "c")).key, "b");
  assert.equal(carried(other, keys("none", "c")).key, null);
});

test("reasons that differ in names and occurrences alone are said once", () => {
  const moved = (n) => ({ alarm: `bay-${n}:limit`, reason: `bay-${n}:limit: ${n} was seen, and ${n + 7} is there` });
  const refused = [moved(1), { alarm: "x", reason: "no" }, moved(2), moved(3)];
  assert.equal(reasonsOf(refused), "bay-1:limit: bay-1:limit: 1 was seen, and 8 is there (and 2 more for that); x: no");
  const many = ["a", "b", "c", "d"].map((reason) => ({ alarm: "x", reason }));
  assert.equal(reasonsOf(many), "x: a; x: b; x: c; and so on");
});
