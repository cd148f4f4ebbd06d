// What is abnormal about the engine and its devices, the worst first.

import type { AlarmSummary, Overview } from "../engine/shapes";
import { bytes, count } from "../text/number";
import { span } from "../text/span";
import { PRIORITIES, plural, words } from "../text/words";

/** A backlog that drains in less is everyday life. */
const DRAIN_SLOW_S = 60;
const BACKLOG_SMALL_BYTES = 16 << 20;

export interface Finding {
  text: string;
  href: string | null;
  /** Whether it cannot wait. */
  isGrave: boolean;
}

export function autonomyIsLow(journal: Overview["journal"]): boolean {
  return journal.rung !== "normal";
}

/** What is wrong with the database; null if nothing is. */
export function databaseTrouble(store: Overview["store"]): string | null {
  if (!store.connected) return store.trouble ?? "the database is away; the journal carries on";
  if (store.trouble) return store.trouble;
  if (store.backlog_bytes < BACKLOG_SMALL_BYTES) return null;
  if (store.drain_seconds === null) return `${bytes(store.backlog_bytes)} behind, and falling back`;
  if (store.drain_seconds < DRAIN_SLOW_S) return null;
  return `${bytes(store.backlog_bytes)} behind, stored in ${span(store.drain_seconds)}`;
}

/** All that is abnormal. */
export function findings(now: Overview, alarms: AlarmSummary | null): Finding[] {
  const found: Finding[] = [];
  const add = (text: string, href: string | null = null, isGrave = true) =>
    found.push({ text, href, isGrave });
  for (const priority of PRIORITIES) {
    const waiting = alarms?.priorities[priority].unacknowledged ?? 0;
    const alarm = plural(waiting, "alarm");
    const isGrave = priority === "urgent" || priority === "high";
    const text = `${count(waiting)} ${priority} ${alarm} unacknowledged`;
    if (waiting > 0) add(text, "#/alarms", isGrave);
  }
  for (const { alarm, detail } of now.engine_alarms) add(`${words(alarm)}: ${detail}`);
  const { down } = now.devices;
  if (down > 0) add(`${count(down)} ${plural(down, "device")} down`, "#/devices?state=down");
  const trouble = databaseTrouble(now.store);
  if (trouble) add(`database: ${trouble}`);
  const { ledger, journal } = now;
  if (!ledger.balanced) add(`the ledger is off by ${count(ledger.unaccounted)} readings`);
  if (ledger.lost > 0) add(`${count(ledger.lost)} readings lost`);
  if (ledger.quarantined > 0) add(`${count(ledger.quarantined)} readings quarantined`);
  if (autonomyIsLow(journal)) add(`the journal is ${journal.rung}: little room is left`);
  return found;
}
