// Which view is open: it stands in the address behind the #, so that it can be sent to a colleague.

import { computed, signal } from "@preact/signals";

export interface Route {
  view: "overview" | "devices" | "device" | "point" | "alarms" | "canary";
  /** Of the device or point. */
  name: string;
  query: URLSearchParams;
}

const hash = signal(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});

export const route = computed(() => parse(hash.value));

export function parse(text: string): Route {
  const [path = "", query = ""] = text.replace(/^#\/?/, "").split("?");
  const slash = path.indexOf("/");
  const head = slash < 0 ? path : path.slice(0, slash);
  const name = slash < 0 ? "" : decode(path.slice(slash + 1));
  return { view: viewOf(head, name), name, query: new URLSearchParams(query) };
}

function viewOf(head: string, name: string): Route["view"] {
  switch (head) {
    case "devices":
      return name ? "device" : "devices";
    case "points":
      return name ? "point" : "devices";
    case "alarms":
    case "canary":
      return head;
    default:
      return "overview";
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function toDevice(name: string): string {
  return `#/devices/${encodeURIComponent(name)}`;
}

export function toPoint(name: string): string {
  return `#/points/${encodeURIComponent(name)}`;
}

export function toAlarms(query: Record<string, string> = {}): string {
  const text = new URLSearchParams(query).toString();
  return text ? `#/alarms?${text}` : "#/alarms";
}

/** Changes what stands behind the `?`; back does not step through each change. */
export function setQuery(changes: Record<string, string | null>): void {
  const { query } = route.peek();
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") next.delete(name);
    else next.set(name, value);
  }
  const path = location.hash.split("?")[0] || "#/";
  const text = next.toString();
  const whole = text ? `${path}?${text}` : path;
  if (whole === location.hash) return;
  history.replaceState(null, "", whole);
  hash.value = whole;
}
