// The page: asks once a second, shows what came, and says so if nothing comes.

import { ageAlarms, showAlarms } from "./alarms.js";
import { SHOWN_MAX as DEVICES_MAX, VALUES, ageDevices, showDevices } from "./devices.js";
import { ask, clock, everySecond } from "./engine.js";
import { showHead } from "./head.js";
import { SHOWN_MAX as POINTS_MAX, agePoints, showPoints } from "./points.js";
import { byId, setText } from "./rows.js";
import { span } from "./text.js";
import { choosePoint, feed, watchTrend } from "./trend.js";

/** Without an answer for this long nothing on the page counts as live. */
const SILENCE_MS = 3000;
const ALARMS_MAX = 200;

let selection = { device: null, point: null };
let lastAnswer = null;
let lastError = null;
const opened = performance.now();

/** What is chosen stands in the address, so that it can be sent to a colleague. */
function readAddress() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  selection = { device: chosen.get("device"), point: chosen.get("point") };
  byId("panel").hidden = selection.device === null;
  document.querySelector("main").classList.toggle("open", selection.device !== null);
  setText(byId("panel-title"), selection.device ?? "");
  choosePoint(selection.point);
}

function choose(device, point) {
  const isOpen = selection.device === device;
  const chosen = new URLSearchParams(point ? { device, point } : { device });
  location.hash = chosen.toString();
  readAddress();
  if (!isOpen) byId("points").tBodies[0].replaceChildren();
  if (!isOpen || point) byId("panel").scrollIntoView({ block: "nearest" });
  askNow();
}

function close() {
  const { device } = selection;
  history.pushState(null, "", location.pathname + location.search);
  readAddress();
  for (const row of byId("devices").tBodies[0].rows) {
    if (row.dataset.key === device) row.focus();
  }
}

async function round(signal) {
  const chosen = selection;
  const filter = { q: byId("find").value.trim(), state: byId("abnormal").checked ? "abnormal" : "all" };
  const devices = { ...filter, limit: DEVICES_MAX, values: VALUES };
  const points = { device: chosen.device, limit: POINTS_MAX };
  const [status, alarms, board, latest] = await Promise.all([
    ask("api/v1/scada/status", {}, signal),
    ask("api/v1/alarms", { limit: ALARMS_MAX }, signal),
    ask("api/v1/devices", devices, signal),
    chosen.device === null ? null : ask("api/v1/scada/latest", points, signal).catch(refused(signal)),
  ]);
  clock.set(status.time);
  showHead(status);
  showAlarms(alarms, choose);
  showDevices(board, selection.device, choose);
  if (latest && chosen === selection) await showPanel(latest, board, signal);
}

/** A device that is not there any more spoils only its own panel. */
function refused(signal) {
  return (error) => {
    if (signal.aborted) throw error;
    setText(byId("panel-note"), error.message);
    return null;
  };
}

async function showPanel(latest, board, signal) {
  let device = board.devices.find((own) => own.name === selection.device);
  if (!device) {
    const named = await ask("api/v1/devices", { q: selection.device }, signal);
    device = named.devices.find((own) => own.name === selection.device);
  }
  showPoints(latest, selection, device?.state === "down", choose);
  if (selection.point === null) return;
  let reading = latest.readings.find((own) => own.point === selection.point);
  if (!reading) {
    const named = await ask("api/v1/scada/latest", { point: selection.point }, signal)
      .catch(refused(signal));
    [reading] = named?.readings ?? [];
  }
  if (reading && reading.point === selection.point) feed(reading);
}

function after(error) {
  lastError = error;
  if (error === null) lastAnswer = performance.now();
  else console.warn(error);
  age();
}

/** Lets every age go on, also while no answer comes. */
function age() {
  ageAlarms();
  ageDevices();
  agePoints();
  const quiet = performance.now() - (lastAnswer ?? opened);
  const isSilent = quiet > SILENCE_MS;
  document.body.classList.toggle("silent", isSilent);
  const banner = byId("silence");
  banner.hidden = !isSilent;
  if (!isSilent) return;
  const since = lastAnswer === null ? "since this page was opened" : `for ${span(quiet / 1000)}`;
  const why = lastError ? ` (${lastError.message})` : "";
  setText(banner, `✕ THE ENGINE DOES NOT ANSWER ${since}. Nothing below is live.${why}`);
}

watchTrend();
readAddress();
addEventListener("hashchange", () => {
  readAddress();
  askNow();
});
byId("close").addEventListener("click", close);
byId("find").addEventListener("input", () => askNow());
byId("abnormal").addEventListener("change", () => askNow());
byId("filter").addEventListener("submit", (event) => event.preventDefault());
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && selection.device !== null) close();
});
const askNow = everySecond(round, after);
setInterval(age, 1000);
