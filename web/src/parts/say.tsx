// One quiet live region: what somebody did and what came of it.

import { signal } from "@preact/signals";

const FADE_MS = 8000;

const said = signal<{ text: string; isProblem: boolean } | null>(null);
let timer = 0;

/** Says something to whoever sits before the page, for some seconds; a problem stays. */
export function say(text: string, isProblem = false): void {
  clearTimeout(timer);
  said.value = { text, isProblem };
  if (!isProblem) {
    timer = window.setTimeout(() => {
      said.value = null;
    }, FADE_MS);
  }
}

export function Said() {
  const now = said.value;
  return (
    <div class="said" role="status">
      {now ? (
        <p class={now.isProblem ? "problem" : ""}>
          {now.isProblem ? "✕ " : "✓ "}
          {now.text}
          <button type="button" class="quiet" onClick={() => (said.value = null)}>
            Close
          </button>
        </p>
      ) : null}
    </div>
  );
}
