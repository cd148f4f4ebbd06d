// Keeps the table of alarms at what the engine says, for as long as a list of them is open. It asks for what
// is new again and again, and holds no connection: a browser has six to an engine, for all its windows.

import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { EventReader } from "../engine/events";
import { Problem, Unreadable, wordsOf } from "../engine/problem";
import { lapse } from "../engine/session";

import { told } from "./summary";
import { Table } from "./table";

const PATH = "api/v1/alarms/stream?wait=0";
const EVERY_MS = 1000;
const HIDDEN_MS = 10_000;
/** Without a word for this long the engine counts as silent. */
const PATIENCE_MS = 8000;
/** Older than this the table does not count as live. */
const STALE_MS = 6000;
/** While very much comes, it is shown so often. */
const SHOW_MS = 500;

export const table = new Table();

/** Another number whenever something in the table is another. */
export const version = signal(0);

export interface Following {
  /** For some seconds the table has not been what the engine says, or it is known to be wrong. */
  isStale: boolean;
  problem: string | null;
}

export const following = signal<Following>({ isStale: true, problem: null });

let lastId: string | null = null;
/** When all that is new was taken last. */
let caughtUp = Number.NEGATIVE_INFINITY;
let askAgain: () => void = () => {};

/** Follows the alarms for as long as a view is shown. */
export function useFollowing(): Following {
  useEffect(follow, []);
  return following.value;
}

/** Asks at once, after something was done. */
export function askAlarms(): void {
  askAgain();
}

/** What the engine says beside the stream: the table is asked for anew if it is another. */
export function compare({ sequence, total }: { sequence: number; total: number }): void {
  if (sequence !== table.sequence || total === table.size) return;
  table.isBroken = true;
  lastId = null;
}

function follow(): () => void {
  const open = new AbortController();
  let timer = 0;
  let isAsking = false;
  let isWanted = false;
  async function turn() {
    isWanted = isAsking;
    if (isAsking) return;
    clearTimeout(timer);
    isAsking = true;
    const problem = await catchUp(open.signal).then(() => null, wordsOf);
    isAsking = false;
    if (open.signal.aborted) return;
    tell(problem);
    const pause = document.hidden ? HIDDEN_MS : EVERY_MS;
    timer = window.setTimeout(turn, isWanted ? 0 : pause);
  }
  const again = () => void turn();
  askAgain = again;
  const unfollow = effect(() => {
    void told.value;
    again();
  });
  document.addEventListener("visibilitychange", again);
  const watch = setInterval(() => tell(following.peek().problem), 500);
  return () => {
    open.abort();
    unfollow();
    clearTimeout(timer);
    clearInterval(watch);
    document.removeEventListener("visibilitychange", again);
    // Whoever comes back sees the table as it was, and not as live, until all that is new has come.
    caughtUp = Number.NEGATIVE_INFINITY;
    tell(null);
  };
}

function tell(problem: string | null): void {
  const isStale = table.isBroken || performance.now() - caughtUp > STALE_MS;
  const now = following.peek();
  if (now.isStale !== isStale || now.problem !== problem) following.value = { isStale, problem };
}

/** Takes all that is new. */
async function catchUp(open: AbortSignal): Promise<void> {
  const late = new AbortController();
  const watch = () =>
    setTimeout(() => late.abort(new DOMException("no word", "TimeoutError")), PATIENCE_MS);
  let patience = watch();
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (lastId !== null) headers["Last-Event-ID"] = lastId;
  table.begin();
  try {
    const signal = AbortSignal.any([open, late.signal]);
    const answer = await fetch(PATH, { headers, signal, cache: "no-store" });
    if (answer.status === 401) lapse();
    if (!answer.ok || answer.body === null) throw await Problem.of(answer);
    for await (const piece of pieces(answer.body)) {
      clearTimeout(patience);
      patience = watch();
      take(piece);
    }
    // A greeting, or parts of a table of which the rest is missing, are no news of the alarms.
    if (table.isCurrent) caughtUp = performance.now();
  } finally {
    clearTimeout(patience);
    show();
  }
}

async function* pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<Piece> {
  const [reader, decoder, source] = [new EventReader(), new TextDecoder(), body.getReader()];
  for (;;) {
    const { done, value } = await source.read();
    if (done) return;
    const events = reader.take(decoder.decode(value, { stream: true }));
    yield { events, lastId: reader.lastId };
  }
}

interface Piece {
  events: ReturnType<EventReader["take"]>;
  lastId: string | null;
}

let shown = 0;

function take(piece: Piece): void {
  try {
    for (const event of piece.events) table.take(event);
  } catch (error) {
    // The next turn asks for all of it: nobody knows what is missing now.
    table.isBroken = true;
    lastId = null;
    throw new Unreadable("an event of the stream of alarms", { cause: error });
  }
  lastId = table.isBroken ? null : (piece.lastId ?? lastId);
  if (performance.now() - shown > SHOW_MS) show();
}

/** Lets the views draw what has changed. */
function show(): void {
  shown = performance.now();
  if (table.isEdited) version.value += 1;
}
