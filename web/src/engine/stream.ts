// The connection that live values come over: it opens itself again, and says when nothing comes.

import { signal } from "@preact/signals";

import { EventReader, type ServerEvent } from "./events";
import { Problem, wordsOf } from "./problem";
import { lapse } from "./session";

/** Without a word for this long nothing on the page counts as live. */
export const SILENCE_MS = 6000;
const WATCH_MS = 250;
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 4000;

export interface Link {
  isLost: boolean;
  /** Seconds without a word; whole ones, so that nothing is drawn in between. */
  silent: number;
  /** Whether anything ever came. */
  wasLive: boolean;
  problem: string | null;
}

export const link = signal<Link>({ isLost: false, silent: 0, wasLive: false, problem: null });

export class Stream {
  readonly #take: (event: ServerEvent) => void;
  readonly #refused: (path: string) => void;
  #path: string | null = null;
  #open: AbortController | null = null;
  #timer = 0;
  #pause = PAUSE_MS;
  #heard = performance.now();
  #wasLive = false;
  #problem: string | null = null;
  #wall = Date.now();
  #ticked = performance.now();

  /** Tells what comes to `take`, and to `refused` which path makes no sense to the engine. */
  constructor(take: (event: ServerEvent) => void, refused: (path: string) => void) {
    this.#take = take;
    this.#refused = refused;
    setInterval(() => this.#watch(), WATCH_MS);
    addEventListener("online", () => this.#again(0));
  }

  /** Follows `path` from now on; null is nothing. */
  follow(path: string | null): void {
    if (path === this.#path) return;
    if (this.#path === null) this.#heard = performance.now();
    this.#path = path;
    this.#again(0);
  }

  /** Begins anew after `pause` milliseconds. */
  #again(pause: number): void {
    clearTimeout(this.#timer);
    this.#open?.abort();
    this.#open = null;
    if (this.#path === null) return;
    this.#timer = window.setTimeout(() => void this.#run(), pause);
  }

  async #run(): Promise<void> {
    const path = this.#path;
    if (path === null) return;
    const open = new AbortController();
    this.#open = open;
    try {
      await this.#read(path, open);
      this.#problem = "the engine ended the stream";
    } catch (error) {
      if (open !== this.#open) return;
      const status = error instanceof Problem ? error.status : 0;
      if (status === 401) lapse();
      if (status === 400 || status === 404) this.#refused(path);
      this.#problem = open.signal.aborted ? null : wordsOf(error);
    }
    if (open !== this.#open) return;
    this.#again(this.#pause * (0.75 + Math.random() / 2));
    this.#pause = Math.min(this.#pause * 2, PAUSE_MAX_MS);
  }

  async #read(path: string, open: AbortController): Promise<void> {
    // An engine that hangs takes connections all the same, and keeps those that it has.
    const watch = () => setTimeout(() => open.abort(), SILENCE_MS);
    let patience = watch();
    try {
      const headers = { Accept: "text/event-stream" };
      const answer = await fetch(path, { headers, signal: open.signal, cache: "no-store" });
      if (!answer.ok || answer.body === null) throw await Problem.of(answer);
      const reader = new EventReader();
      const decoder = new TextDecoder();
      const body = answer.body.getReader();
      for (;;) {
        const { done, value } = await body.read();
        if (done || open !== this.#open) return;
        const events = reader.take(decoder.decode(value, { stream: true }));
        if (events.length === 0) continue;
        clearTimeout(patience);
        patience = watch();
        this.#hear(events);
      }
    } finally {
      clearTimeout(patience);
    }
  }

  #hear(events: ServerEvent[]): void {
    this.#heard = performance.now();
    this.#wasLive = true;
    this.#problem = null;
    this.#pause = PAUSE_MS;
    for (const event of events) this.#take(event);
    this.#tell();
  }

  #watch(): void {
    const [now, wall] = [performance.now(), Date.now()];
    // A computer that slept: its monotonic clock may have slept as well.
    if (wall - this.#wall - (now - this.#ticked) > SILENCE_MS) {
      this.#heard = now - SILENCE_MS;
      this.#again(0);
    }
    [this.#ticked, this.#wall] = [now, wall];
    this.#tell();
  }

  #tell(): void {
    const quiet = performance.now() - this.#heard;
    const isLost = quiet >= SILENCE_MS && this.#path !== null;
    const next: Link = {
      isLost,
      silent: isLost ? Math.floor(quiet / 1000) : 0,
      wasLive: this.#wasLive,
      problem: this.#problem,
    };
    const now = link.value;
    const isSame =
      now.isLost === next.isLost &&
      now.silent === next.silent &&
      now.wasLive === next.wasLive &&
      now.problem === next.problem;
    if (!isSame) link.value = next;
  }
}
