// The alarms that somebody has selected, each as it was seen then: an occurrence that came later, or a level
// that is worse, was not seen and is not meant.

import type { Level } from "../engine/shapes";

import type { Entry } from "./table";

interface Seen {
  occurrence: number;
  worst_level: Level;
}

/** By the ids of the alarms. */
export type Selection = ReadonlyMap<string, Seen>;

export const NOTHING_SELECTED: Selection = new Map();

/** How bad a level is: the same as the engine's `Level::rank`. What has returned is normal. */
const RANKS: Record<Level, number> = {
  normal: 0,
  high: 1,
  low: 1,
  abnormal: 1,
  high_high: 2,
  low_low: 2,
};

export function isSelected(selection: Selection, entry: Entry): boolean {
  const seen = selection.get(entry.id);
  if (seen?.occurrence !== entry.occurrence) return false;
  return RANKS[entry.worst_level] <= RANKS[seen.worst_level];
}

/** Those that are meant, and how many were once but are not any more for what came since. */
export function chosenOf(selection: Selection, rows: readonly Entry[]) {
  if (selection.size === 0) return { chosen: [], outdated: 0 };
  const once = rows.filter((entry) => selection.has(entry.id));
  const chosen = once.filter((entry) => isSelected(selection, entry));
  return { chosen, outdated: once.length - chosen.length };
}

export function selectionOf(entries: readonly Entry[]): Selection {
  return new Map(entries.map((entry) => [entry.id, seen(entry)]));
}

export function toggled(selection: Selection, entry: Entry): Selection {
  const next = new Map(selection);
  if (isSelected(selection, entry)) next.delete(entry.id);
  else next.set(entry.id, seen(entry));
  return next;
}

function seen({ occurrence, worst_level }: Entry): Seen {
  return { occurrence, worst_level };
}
