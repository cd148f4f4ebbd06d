// The engine's table of alarms, put together from what its stream tells: all that are not at rest.

import type { ServerEvent } from "../engine/events";
import type {
  AlarmCase,
  AlarmFacts,
  AlarmNews,
  AlarmsConfirmed,
  AlarmsPart,
  Instant,
} from "../engine/shapes";

/** One alarm; a new object whenever something happened to it. */
export interface Entry extends AlarmFacts {
  id: string;
  /** Null, like its place, if it is configured no more. */
  name: string | null;
  device: string | null;
  area: string | null;
  occurrence: number;
  sequence: number;
  raised: Instant | null;
  annunciated: Instant | null;
}

/** What the engine is told by an alarm that nobody named. */
export function nameOf({ name, id }: Pick<Entry, "name" | "id">): string {
  return name ?? id;
}

/** When it was annunciated last, or raised if it never was. */
export function since({ annunciated, raised }: Entry): Instant | null {
  return annunciated ?? raised;
}

export class Table {
  /** The last record that is in it. */
  sequence = 0;
  /** What was told does not fit what was there: it must be asked for anew. */
  isBroken = false;
  /** Whether the engine ever told all of it. */
  isWhole = false;
  #entries: ReadonlyMap<string, Entry> = new Map();
  /** What came of a table of which not all has come; null if none is coming. */
  #coming: Map<string, Entry> | null = null;
  /** What has changed since somebody looked; null if that may be everything. */
  #changed: Set<string> | null = new Set();

  get size(): number {
    return this.#entries.size;
  }

  /** Whether it is all that the engine had to tell when it was heard last. */
  get isCurrent(): boolean {
    return this.isWhole && !this.isBroken && this.#coming === null;
  }

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  all(): Entry[] {
    return [...this.#entries.values()];
  }

  /** Whether something has changed since somebody looked. */
  get isEdited(): boolean {
    return this.#changed === null || this.#changed.size > 0;
  }

  /** The alarms to which something happened since this was asked last; null if that may be all. */
  takeChanges(): ReadonlySet<string> | null {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** Another answer of the engine begins: what came of a table that has not ended is forgotten. */
  begin(): void {
    this.#coming = null;
  }

  take({ kind, data }: ServerEvent): void {
    if (kind === "snapshot") this.#part(JSON.parse(data) as AlarmsPart);
    if (kind === "record") this.#record(JSON.parse(data) as AlarmNews);
    if (kind === "confirmed") this.#confirmed(JSON.parse(data) as AlarmsConfirmed);
  }

  #part({ sequence, part, complete, alarms }: AlarmsPart): void {
    const coming = part === 0 || !this.#coming ? new Map<string, Entry>() : this.#coming;
    for (const alarm of alarms) coming.set(alarm.id, entryOf(alarm));
    this.#coming = coming;
    if (!complete) return;
    this.#entries = coming;
    this.#coming = null;
    this.#changed = null;
    this.sequence = sequence;
    this.isWhole = true;
    this.isBroken = false;
  }

  #record(news: AlarmNews): void {
    if (news.sequence <= this.sequence) return;
    // What another engine knew of it comes with the table alone.
    if (news.sequence !== this.sequence + 1 || news.action === "taken_over") this.isBroken = true;
    this.sequence = news.sequence;
    if (news.after.state === "normal") this.#set(news.id, null);
    else this.#set(news.id, after(this.get(news.id), news));
  }

  #confirmed({ alarms }: AlarmsConfirmed): void {
    for (const { id } of alarms) {
      const entry = this.get(id);
      if (!entry) continue;
      const flags = entry.flags.filter((flag) => flag !== "unconfirmed");
      this.#set(id, { ...entry, flags });
    }
  }

  #set(id: string, entry: Entry | null): void {
    const entries = this.#entries as Map<string, Entry>;
    if (entry) entries.set(id, entry);
    else entries.delete(id);
    this.#changed?.add(id);
  }
}

function entryOf(alarm: AlarmCase): Entry {
  return {
    id: alarm.id,
    name: alarm.name,
    device: alarm.device,
    area: alarm.area,
    occurrence: alarm.occurrence,
    sequence: alarm.sequence,
    raised: alarm.raised?.received ?? null,
    annunciated: alarm.annunciated,
    ...factsOf(alarm),
  };
}

function after(before: Entry | undefined, news: AlarmNews): Entry {
  const { id, name, device, area, occurrence, sequence, received } = news;
  return {
    id,
    name,
    device,
    area,
    occurrence,
    sequence,
    raised: news.action === "raised" ? received : (before?.raised ?? null),
    annunciated: news.annunciated ? received : (before?.annunciated ?? null),
    ...factsOf(news.after),
  };
}

function factsOf(facts: AlarmFacts): AlarmFacts {
  const { state, base_state, level, worst_level, priority, flags, suppressed_by, shelf } = facts;
  return { state, base_state, level, worst_level, priority, flags, suppressed_by, shelf };
}
