import assert from "node:assert/strict";
import { test } from "node:test";

import { source } from "../support/source.mjs";

const { EventReader } = await source("engine/events.ts");

const TEXT =
  ": here\n\nid: 7\nevent: snapshot\ndata: {\"a\":1}\n\nevent: beat\r\ndata: x\r\ndata:y\r\n\r\nretry: 5\n\ndata: last\n\n";
const EVENTS = [
  { kind: "snapshot", data: '{"a":1}' },
  { kind: "beat", data: "x\ny" },
  { kind: "message", data: "last" },
];

test("events are the same wherever the text is cut", () => {
  for (let cut = 0; cut <= TEXT.length; cut += 1) {
    const reader = new EventReader();
    const found = [...reader.take(TEXT.slice(0, cut)), ...reader.take(TEXT.slice(cut))];
    assert.deepEqual(found, EVENTS, `cut at ${cut}`);
  }
});

test("an event that has not ended is none", () => {
  const reader = new EventReader();
  assert.deepEqual(reader.take("event: delta\ndata: {}\n"), []);
  assert.deepEqual(reader.take("\n"), [{ kind: "delta", data: "{}" }]);
});
