// The horn: off until somebody switches it on, silent as soon as nothing sounds.

import { useEffect } from "preact/hooks";

import { choice } from "../choice";
import type { Priority } from "../engine/shapes";

import { summary } from "./summary";

export const horn = choice<"off" | "on">("horn", "off", ["off", "on"]);

const EVERY_MS = 2000;
const PITCH_HZ: Record<Priority, number> = { urgent: 960, high: 760, medium: 600, low: 480 };
const BEEPS: Record<Priority, number> = { urgent: 3, high: 2, medium: 1, low: 1 };

let sound: AudioContext | null = null;

/** Browsers let a page sound only after somebody did something on it. */
export function switchHorn(): void {
  horn.value = horn.value === "on" ? "off" : "on";
  if (horn.value === "on") beep("low");
}

function beep(priority: Priority): void {
  sound ??= new AudioContext();
  void sound.resume();
  for (let index = 0; index < BEEPS[priority]; index += 1) {
    const begin = sound.currentTime + index * 0.25;
    const tone = sound.createOscillator();
    const loudness = sound.createGain();
    tone.frequency.value = PITCH_HZ[priority];
    loudness.gain.setValueAtTime(0, begin);
    loudness.gain.linearRampToValueAtTime(0.2, begin + 0.02);
    loudness.gain.linearRampToValueAtTime(0, begin + 0.18);
    tone.connect(loudness).connect(sound.destination);
    tone.start(begin);
    tone.stop(begin + 0.2);
  }
}

/** Sounds while it is on and an alarm wants to be heard. */
export function Horn() {
  const isOn = horn.value === "on";
  const now = summary.value;
  const sounding = now && now.sounding > 0 ? (now.highest_unacknowledged ?? "low") : null;
  useEffect(() => {
    if (!isOn || sounding === null) return;
    beep(sounding);
    const timer = setInterval(() => beep(sounding), EVERY_MS);
    return () => clearInterval(timer);
  }, [isOn, sounding]);
  return null;
}
