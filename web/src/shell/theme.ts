// Dark or light: as the computer is set, or as somebody chose.

import { effect } from "@preact/signals";

import { choice } from "../choice";

export const theme = choice<"auto" | "light" | "dark">("theme", "auto", ["auto", "light", "dark"]);

export function startTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
}

/** The colour called `name`, as a canvas takes it. */
export function colour(name: string): string {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
