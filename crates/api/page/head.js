// The head line: the engine at a glance.

import { byId, element, setClass, setText } from "./rows.js";
import { bytes, count, milliseconds, rate, span } from "./text.js";

/** Beyond this a new version of the engine would not be rolled out. */
const DURABLE_P95_MAX_MS = 500;
/** Rounds that the ledger must be off before that is a finding: readings in hand pass. */
const UNBALANCED_ROUNDS = 3;

let unbalanced = 0;

export function showHead(status) {
  setText(byId("engine"), status.engine);
  const about = `version ${status.version} · up ${span(status.uptime_seconds)} · `
    + `${count(status.devices.total)} devices, ${count(status.points)} points`;
  setText(byId("about"), about);
  for (const tile of tiles(status)) show(tile);
  notice(status);
}

function tiles(status) {
  const { devices, ledger, store, stages } = status;
  unbalanced = ledger.balanced ? 0 : unbalanced + 1;
  const isOff = ledger.unaccounted < 0 || unbalanced >= UNBALANCED_ROUNDS;
  const away = !store.connected;
  return [
    {
      name: "Readings a second",
      text: rate(status.readings_per_second),
      more: `${count(ledger.received)} since the start`,
    },
    {
      name: "Wire to durable, p95",
      text: milliseconds(stages.durable.p95_ms),
      more: `alarm ${milliseconds(stages.alarm.p95_ms)}`,
      wrong: stages.durable.p95_ms > DURABLE_P95_MAX_MS && "slow",
    },
    {
      name: "Ledger",
      text: isOff ? count(ledger.unaccounted) : "balanced",
      more: `${count(ledger.refused)} refused`,
      wrong: isOff && "unaccounted",
    },
    {
      name: "Waiting for the database",
      text: bytes(store.backlog_bytes),
      more: `${count(ledger.in_journal)} readings`,
    },
    {
      name: "Database",
      text: away ? "" : "connected",
      more: away ? "readings wait in the journal" : `${count(ledger.stored)} stored`,
      wrong: away && "away",
    },
    {
      name: "Devices",
      text: `${count(devices.up)} up`,
      more: `${count(devices.unknown)} unknown`,
      wrong: devices.down > 0 && `${count(devices.down)} down`,
    },
  ];
}

function show({ name, text, more, wrong }) {
  const head = byId("head");
  let tile = head.querySelector(`[data-name="${name}"]`);
  if (!tile) {
    tile = element("div");
    tile.dataset.name = name;
    const value = element("dd");
    value.append(element("span", "badge wrong"), element("span", "live"), element("small"));
    tile.append(element("dt", "", name), value);
    head.append(tile);
  }
  const [badge, main, small] = tile.lastElementChild.children;
  badge.hidden = !wrong;
  setText(badge, wrong ? `✕ ${wrong}` : "");
  setText(main, wrong && text ? ` ${text}` : text);
  setText(small, more);
}

/** What the engine itself finds wrong. */
function notice(status) {
  const found = Object.entries(status.checks).filter(([, check]) => check.status !== "ok");
  const target = byId("notice");
  target.hidden = found.length === 0;
  const grade = { degraded: "Degraded", unready: "Not ready", dead: "Must be restarted" };
  const lines = found.map(([, check]) => `${grade[check.status]}: ${check.detail}`);
  setText(target, lines.join(" · "));
  setClass(target, status.ready ? "banner notice" : "banner silence");
}
