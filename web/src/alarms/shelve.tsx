// Why an alarm is put away, and for how long.

import { useState } from "preact/hooks";

import { Dialog } from "../parts/dialog";
import { count } from "../text/number";
import { plural } from "../text/words";

import { each, shelve } from "./orders";
import { type Entry, nameOf } from "./table";

const PERIODS: [number, string][] = [
  [900, "15 min"],
  [3600, "1 h"],
  [4 * 3600, "4 h"],
  [8 * 3600, "8 h"],
  [24 * 3600, "24 h"],
];

interface Props {
  /** Those that are still as they were when they were meant. */
  alarms: Entry[];
  /** So many were meant and are not any more. */
  dropped: number;
  act: (order: Promise<boolean>) => Promise<void>;
  onClose: () => void;
}

export function ShelveDialog({ alarms, dropped, act, onClose }: Props) {
  const [seconds, setSeconds] = useState(3600);
  const [one] = alarms;
  const title =
    one && alarms.length === 1 ? `Shelve ${nameOf(one)}` : `Shelve ${count(alarms.length)} alarms`;

  function submit(event: SubmitEvent) {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const comment = String(form.get("reason")).trim();
    if (!comment || alarms.length === 0) return;
    onClose();
    void act(each(alarms, shelve(comment, seconds, form.has("once")), dropped));
  }

  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        <label class="block">
          Reason
          <input name="reason" required maxLength={500} autocomplete="off" autofocus />
        </label>
        <fieldset>
          <legend>For</legend>
          {PERIODS.map(([period, word]) => (
            <label key={period}>
              <input
                type="radio"
                name="period"
                checked={period === seconds}
                onChange={() => setSeconds(period)}
              />{" "}
              {word}
            </label>
          ))}
        </fieldset>
        <label>
          <input type="checkbox" name="once" /> back at once when it returns to normal
        </label>
        <p class="note" role="status">
          {dropped > 0
            ? `${count(dropped)} ${plural(dropped, "has", "have")} come anew, grown worse or gone since: not meant any more`
            : ""}
        </p>
        <div class="actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button class="main" disabled={alarms.length === 0}>
            Shelve
          </button>
        </div>
      </form>
    </Dialog>
  );
}
