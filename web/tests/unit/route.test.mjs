import assert from "node:assert/strict";
import { test } from "node:test";

import { source } from "../support/source.mjs";

const { parse, toDevice, toPoint } = await source("route.ts");

test("every address leads to a view", () => {
  const table = [
    ["", "overview", ""],
    ["#/", "overview", ""],
    ["#/nonsense", "overview", ""],
    ["#/devices", "devices", ""],
    ["#/devices?q=a", "devices", ""],
    ["#/devices/", "devices", ""],
    ["#/points", "devices", ""],
    ["#/alarms?show=all", "alarms", ""],
    ["#/canary", "canary", ""],
    ["#/devices/%E0%A4%A", "device", "%E0%A4%A"],
  ];
  for (const [hash, view, name] of table) {
    const route = parse(hash);
    assert.deepEqual([route.view, route.name], [view, name], hash);
  }
});

test("names of any kind come back from their address", () => {
  for (const name of ["a.b", "sub 1/bay?2#3", "Ümläut%", "a&b=c"]) {
    assert.deepEqual([parse(toDevice(name)).view, parse(toDevice(name)).name], ["device", name]);
    assert.deepEqual([parse(toPoint(name)).view, parse(toPoint(name)).name], ["point", name]);
  }
  assert.equal(parse("#/alarms?show=hidden&q=x").query.get("show"), "hidden");
});
