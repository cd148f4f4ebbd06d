// What the stream does not tell of the alarms in sight: their values now, their limits, what to do.

import { useEffect, useRef, useState } from "preact/hooks";

import { ask } from "../engine/ask";
import type { Alarm, AlarmPage } from "../engine/shapes";

import { compare } from "./follow";

const EVERY_MS = 1000;
const HIDDEN_MS = 10_000;
/** Older than this what was said does not count as live. */
const STALE_MS = 6000;
/** While somebody drags through thousands, nothing is asked about those in between. */
const SETTLE_MS = 60;
/** What is known of so many is kept. */
const KEPT_MAX = 1000;

interface Known {
  at: number;
  alarm: Alarm;
}

export interface Sight {
  /** What is known of an alarm; null until it has been told. */
  of: (id: string) => Alarm | null;
  isStale: (id: string) => boolean;
  /** Sees these alarms from now on. */
  see: (ids: readonly string[]) => void;
}

export function useSight(): Sight {
  const known = useRef(new Map<string, Known>()).current;
  const seen = useRef<readonly string[]>([]);
  const look = useRef<(pause: number) => void>(() => {});
  const [, redraw] = useState(0);

  useEffect(() => {
    const open = new AbortController();
    let timer = 0;
    let isAsking = false;
    /** After what pause it was wanted while a question was open; null if it was not. */
    let wanted: number | null = null;
    async function turn() {
      isAsking = true;
      // The loss of the stream says that nothing comes, and what is known grows stale.
      await learn(seen.current, known, open.signal).catch(() => {});
      isAsking = false;
      if (open.signal.aborted) return;
      redraw((count) => count + 1);
      const pause = wanted ?? (document.hidden ? HIDDEN_MS : EVERY_MS);
      wanted = null;
      schedule(pause);
    }
    /** One question at a time: what was said first never comes after what was said later. */
    function schedule(pause: number) {
      if (isAsking) {
        wanted = pause;
        return;
      }
      clearTimeout(timer);
      timer = window.setTimeout(turn, pause);
    }
    look.current = schedule;
    schedule(0);
    return () => {
      open.abort();
      clearTimeout(timer);
    };
  }, []);

  return {
    of: (id) => known.get(id)?.alarm ?? null,
    isStale: (id) => performance.now() - (known.get(id)?.at ?? 0) > STALE_MS,
    see: (ids) => {
      seen.current = ids;
      if (ids.some((id) => !known.has(id))) look.current(SETTLE_MS);
    },
  };
}

async function learn(ids: readonly string[], known: Map<string, Known>, open: AbortSignal) {
  if (ids.length === 0) return;
  const said = await ask<AlarmPage>("api/v1/alarms", { alarm: ids, limit: ids.length }, open);
  compare(said);
  const at = performance.now();
  for (const alarm of said.alarms) {
    known.delete(alarm.id);
    known.set(alarm.id, { at, alarm });
  }
  // A map keeps the order in which they came: the first ones were seen longest ago.
  for (const id of known.keys()) {
    if (known.size <= KEPT_MAX) return;
    known.delete(id);
  }
}
