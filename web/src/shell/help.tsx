// What the keys do, and the keys that work everywhere.

import { signal } from "@preact/signals";

import { choice } from "../choice";
import { Dialog } from "../parts/dialog";

const keys = choice<"on" | "off">("keys", "on", ["on", "off"]);
const isOpen = signal(false);

export function openHelp(): void {
  isOpen.value = true;
}

const PLACES: Record<string, string> = {
  o: "#/",
  d: "#/devices",
  a: "#/alarms",
  c: "#/canary",
};

const TABLE: [string, [string, string][]][] = [
  [
    "Everywhere",
    [
      ["g then o, d, a, c", "go to the overview, devices, alarms, canary"],
      ["/", "search"],
      ["?", "this help"],
      ["Esc", "close, or leave a field"],
    ],
  ],
  [
    "In a list (Tab into it first)",
    [
      ["↑ ↓ or k j", "one row up, down"],
      ["Page Up, Page Down, Home, End", "further"],
      ["Enter", "open"],
    ],
  ],
  [
    "In the list of alarms",
    [
      ["x or Space", "select"],
      ["a", "acknowledge the selected ones, or this one"],
      ["s / u", "shelve / unshelve"],
      ["m", "silence"],
      ["r", "reset a latched one"],
      ["t", "its trend"],
    ],
  ],
  [
    "In a trend (Tab into it first)",
    [
      ["← →", "earlier, later"],
      ["+ −", "closer, further"],
      ["Shift ← →", "move the reading line"],
      ["l or End", "back to live"],
    ],
  ],
];

export function Help() {
  if (!isOpen.value) return null;
  return (
    <Dialog title="Keyboard" onClose={() => (isOpen.value = false)}>
      <div class="help">
        {TABLE.map(([title, rows]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {rows.map(([key, what]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <form method="dialog" class="actions">
        <label>
          <input
            type="checkbox"
            checked={keys.value === "on"}
            onChange={(event) => (keys.value = event.currentTarget.checked ? "on" : "off")}
          />{" "}
          keys that work everywhere
        </label>
        <button class="main">Close</button>
      </form>
    </Dialog>
  );
}

/** Listens for the keys that work everywhere. */
export function startKeys(): () => void {
  let isGoing = false;
  function onKeyDown(event: KeyboardEvent) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    const isTyping = target.matches("input, textarea, select");
    if (event.key === "Escape" && isTyping) {
      target.blur();
      return;
    }
    if (isTyping || keys.value === "off" || document.querySelector("dialog[open]")) return;
    const place = PLACES[event.key];
    if (isGoing && place !== undefined) {
      event.preventDefault();
      location.hash = place;
      requestAnimationFrame(() => document.getElementById("main")?.focus());
    } else if (event.key === "?") {
      openHelp();
    } else if (event.key === "/") {
      const search = document.querySelector<HTMLInputElement>("input[type=search]");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
    isGoing = event.key === "g";
  }
  addEventListener("keydown", onKeyDown);
  return () => removeEventListener("keydown", onKeyDown);
}
