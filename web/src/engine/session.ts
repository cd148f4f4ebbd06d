// Who one is, and whether that must be said.

import { computed, signal } from "@preact/signals";

import { Problem } from "./problem";
import type { Role, Session } from "./shapes";

const PATH = "api/v1/session";
const PATIENCE_MS = 8000;
const OPEN: Session = { mode: "off", principal: null, role: null, csrf: null };
const RANKS: Partial<Record<Role, number>> = { viewer: 1, operator: 2, engineer: 3, admin: 4 };

export const session = signal<Session>(OPEN);

/** Whether nobody is signed in where somebody must be. */
export const isShut = computed(() => session.value.mode === "on" && !session.value.principal);

/** Whether alarms may be acted on. */
export const mayOperate = computed(() => {
  const { mode, role } = session.value;
  return mode === "off" || (role !== null && (RANKS[role] ?? 0) >= 2);
});

/** The session is over: the engine knows us no more. */
export function lapse(): void {
  session.value = { ...OPEN, mode: "on" };
}

/** Asks the engine who we are. */
export async function look(): Promise<void> {
  const answer = await fetch(PATH, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.status === 401) lapse();
  if (answer.ok) session.value = read(await answer.json());
}

export async function signIn(user: string, password: string): Promise<void> {
  const answer = await fetch(PATH, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user, password }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!answer.ok) throw await Problem.of(answer);
  session.value = { ...read(await answer.json()), mode: "on" };
}

export async function signOut(): Promise<void> {
  const { csrf } = session.value;
  lapse();
  await fetch(PATH, { method: "DELETE", headers: csrf ? { "X-GridOS-CSRF": csrf } : {} });
}

function read(said: Partial<Session>): Session {
  return {
    mode: said.mode ?? (said.principal ? "on" : "off"),
    principal: said.principal ?? null,
    role: said.role ?? null,
    csrf: said.csrf ?? null,
  };
}
