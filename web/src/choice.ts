// What somebody chose, kept in this browser.

import { type Signal, effect, signal } from "@preact/signals";

/** A choice among `known`, as it was left last; browsers may refuse to keep it. */
export function choice<T extends string>(name: string, usual: T, known: readonly T[]): Signal<T> {
  const kept = known.find((own) => own === read(name));
  const chosen = signal<T>(kept ?? usual);
  effect(() => write(name, chosen.value));
  return chosen;
}

/** A text that somebody gave, for as long as this tab is open. */
export function given(name: string): Signal<string> {
  const text = signal(read(name, "session") ?? "");
  effect(() => write(name, text.value, "session"));
  return text;
}

type Keep = "local" | "session";

function store(keep: Keep): Storage {
  return keep === "local" ? localStorage : sessionStorage;
}

function read(name: string, keep: Keep = "local"): string | null {
  try {
    return store(keep).getItem(`gridos.${name}`);
  } catch {
    return null;
  }
}

function write(name: string, value: string, keep: Keep = "local"): void {
  try {
    store(keep).setItem(`gridos.${name}`, value);
  } catch {
    // The choice holds until the page is closed.
  }
}
