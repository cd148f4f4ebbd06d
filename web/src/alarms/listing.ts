// The alarms of a question in their order, kept so as something happens to some of them.

import { type Order, type Question, fits, orderOf } from "./question";
import type { Entry, Table } from "./table";

export class Listing {
  rows: readonly Entry[] = [];
  #question: Question = { sort: "priority" };
  #asked = "";
  /** The rows by their ids. */
  #listed = new Map<string, Entry>();

  /** Takes in what has changed in `table`; only one listing can follow a table at a time. */
  update(table: Table, question: Question): void {
    const asked = JSON.stringify(question);
    const changed = table.takeChanges();
    if (asked === this.#asked && changed !== null) {
      if (changed.size > 0) this.#change(table, changed);
      return;
    }
    this.#asked = asked;
    this.#question = question;
    this.rows = this.#sorted(table.all());
    this.#listed = new Map(this.rows.map((entry) => [entry.id, entry]));
  }

  /** The row of an alarm; -1 if it is none of these. */
  find(id: string): number {
    const entry = this.#listed.get(id);
    if (!entry) return -1;
    const order = orderOf(this.#question);
    let [low, high] = [0, this.rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order(this.rows[middle] as Entry, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #change(table: Table, changed: ReadonlySet<string>): void {
    const stay = this.rows.filter((entry) => !changed.has(entry.id));
    const come = [...changed].map((id) => table.get(id)).filter((entry) => entry !== undefined);
    const sorted = this.#sorted(come);
    this.rows = merged(stay, sorted, orderOf(this.#question));
    for (const id of changed) this.#listed.delete(id);
    for (const entry of sorted) this.#listed.set(entry.id, entry);
  }

  #sorted(entries: Entry[]): Entry[] {
    return entries.filter((entry) => fits(entry, this.#question)).sort(orderOf(this.#question));
  }
}

/** Two lists that are in order as one. */
function merged(one: Entry[], other: Entry[], order: Order): Entry[] {
  const all: Entry[] = [];
  let next = 0;
  for (const entry of one) {
    for (; next < other.length && order(other[next] as Entry, entry) < 0; next += 1) {
      all.push(other[next] as Entry);
    }
    all.push(entry);
  }
  return all.concat(other.slice(next));
}
