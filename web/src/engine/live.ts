// What the stream told last: of points, of devices and of the engine as a whole.

import { computed, effect, type Signal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { address } from "./ask";
import { setClock } from "./clock";
import type { ServerEvent } from "./events";
import { Past } from "./past";
import { isShut } from "./session";
import type { Device, Overview, PointNow, StreamData } from "./shapes";
import { Stream } from "./stream";

const PATH = "api/v1/stream";

export const overview = signal<Overview | null>(null);
/** What the sparklines are made of: since this page was opened, some minutes at most. */
export const past = new Past();

/** What a view wants to follow. */
export interface Wish {
  points?: readonly string[];
  devices?: readonly string[];
}

const points = new Map<string, Signal<PointNow | null>>();
const devices = new Map<string, Signal<Device | null>>();
const wishes = signal<readonly Wish[]>([]);

/** The point as it is now; null until something was told of it. */
export function pointNow(name: string): Signal<PointNow | null> {
  return of(points, name);
}

export function deviceNow(name: string): Signal<Device | null> {
  return of(devices, name);
}

function of<T>(all: Map<string, Signal<T | null>>, name: string): Signal<T | null> {
  let found = all.get(name);
  if (!found) {
    found = signal<T | null>(null);
    all.set(name, found);
  }
  return found;
}

/** Follows what a view wants for as long as it is shown; null while it wants nothing. */
export function useWish(wish: Wish | null): void {
  const key = JSON.stringify(wish);
  useEffect(() => {
    if (wish === null) return;
    wishes.value = [...wishes.peek(), wish];
    return () => {
      wishes.value = wishes.peek().filter((own) => own !== wish);
    };
  }, [key]);
}

/** What the engine refused to tell: something in it is configured no more. */
const refused = signal<string | null>(null);

const wanted = computed(() => {
  const whole = pathOf(wishes.value);
  return whole === refused.value ? pathOf([]) : whole;
});

function pathOf(wishes: readonly Wish[]): string {
  const list = (of: (wish: Wish) => readonly string[] | undefined) => {
    const names = new Set(wishes.flatMap((wish) => of(wish) ?? []));
    return names.size > 0 ? [...names].sort().join(",") : undefined;
  };
  return address(PATH, {
    overview: true,
    points: list((wish) => wish.points),
    devices: list((wish) => wish.devices),
  });
}

/** Opens the stream, and keeps it at what the views want. */
export function startLive(): void {
  const stream = new Stream(take, (path) => {
    refused.value = path;
  });
  let timer = 0;
  effect(() => {
    const path = isShut.value ? null : wanted.value;
    // One view goes and another comes at once: what they want is asked for together.
    clearTimeout(timer);
    timer = window.setTimeout(() => stream.follow(path), 0);
  });
}

function take({ kind, data }: ServerEvent): void {
  const said = JSON.parse(data) as Partial<StreamData>;
  if (said.time) setClock(said.time);
  if (kind !== "snapshot" && kind !== "delta") return;
  for (const point of said.points ?? []) pointNow(point.point).value = point;
  for (const device of said.devices ?? []) deviceNow(device.name).value = device;
  if (!said.overview) return;
  overview.value = said.overview;
  past.add(said.overview);
}
