// What a list of alarms lets nobody do by accident, and what it shows as live.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { Visit, launch } from "../support/browser.mjs";
import { until } from "../support/engine.mjs";
import { blow, startGrid, station, windAlarm } from "../support/grid.mjs";

/** One post takes no more devices. */
const ALARMS = 240;

let engine;
let browser;

before(async () => {
  engine = await startGrid(ALARMS);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await engine?.end();
});

// Each finds all of them raised anew.
beforeEach(async () => {
  const all = Array.from({ length: ALARMS }, (_, index) => index + 1);
  for (const speed of [10, 25]) {
    await engine.read(Object.fromEntries(all.map((n) => [`${station(n)}.wind_speed`, speed])));
  }
  await until(waiting, (count) => count === ALARMS);
});

async function waiting() {
  return (await engine.get("/api/v1/alarms?acknowledged=0&active=1&q=wind&limit=1")).matching;
}
const alarm = async (n) => (await engine.get(`/api/v1/alarms/${encodeURIComponent(windAlarm(n))}`)).alarm;
const isAcknowledged = (n) => until(() => alarm(n), ({ state }) => state === "acknowledged");
const row = (n) => `.body [role=row]:has-text("${windAlarm(n)}")`;

async function visitList(query = "") {
  const visit = await Visit.open(browser, engine, { hash: `#/alarms?q=wind&sort=name${query}` });
  await visit.page.waitForSelector(row(1));
  await visit.page.waitForFunction(
    (rows) => Number(document.querySelector("[role=grid]").ariaRowCount) === rows,
    ALARMS + 1,
  );
  await visit.page.fill("#who", "anna");
  await visit.page.focus("[role=grid]");
  return visit;
}

function currentIs(visit, n) {
  return visit.until((own) => {
    const id = document.querySelector("[role=grid]").getAttribute("aria-activedescendant");
    return document.getElementById(id)?.textContent.includes(own);
  }, windAlarm(n));
}

test("the chosen row that another question asks for as well leaves its list without a follower", async () => {
  const visit = await visitList();
  const { keyboard } = visit.page;
  await keyboard.press("ArrowDown");
  await keyboard.press("ArrowDown");
  await currentIs(visit, 3);
  await visit.page.selectOption("select >> nth=0", "unacknowledged");
  await visit.page.focus("[role=grid]");
  await currentIs(visit, 3);
  await keyboard.press("a");
  await isAcknowledged(3);
  await visit.page.waitForSelector(row(3), { state: "detached" });
  await keyboard.press("a");
  await visit.page.waitForSelector(".said p:has-text('has left the list')");
  assert.equal(await waiting(), ALARMS - 1);
  await visit.close();
});

test("what is selected and returns to normal is acknowledged as it was seen", async () => {
  const visit = await visitList();
  await visit.page.click(`${row(1)} input`);
  await visit.page.click(`${row(2)} input`);
  await blow(engine, 1, 10);
  await visit.page.waitForSelector(`${row(1)}:has-text('returned')`);
  await visit.page.click(".orders button:has-text('Acknowledge 2')");
  await until(() => alarm(1), ({ state }) => state === "normal");
  await isAcknowledged(2);
  await visit.close();
});

test("a key that is held down, or pressed again when a selection is done, acts on nothing", async () => {
  const visit = await visitList();
  const { keyboard } = visit.page;
  await visit.page.click(`${row(1)} input`);
  await visit.page.focus("[role=grid]");
  await keyboard.press("ArrowDown");
  await keyboard.press("ArrowDown");
  await currentIs(visit, 3);
  await keyboard.press("a");
  await isAcknowledged(1);
  await visit.page.waitForSelector(".orders button:has-text('Select all')");
  await keyboard.press("a");
  await visit.page.waitForSelector(".said p:has-text('Choose an alarm')");
  await keyboard.press("ArrowDown");
  await currentIs(visit, 4);
  await visit.page.$eval("[role=grid]", (list) => {
    const held = { key: "a", repeat: true, bubbles: true, cancelable: true };
    list.dispatchEvent(new KeyboardEvent("keydown", held));
  });
  assert.equal(await waiting(), ALARMS - 1);
  await keyboard.press("ArrowDown");
  await currentIs(visit, 5);
  await keyboard.press("a");
  await isAcknowledged(5);
  assert.equal(await waiting(), ALARMS - 2);
  await visit.close();
});

test("what comes anew while the reason is written is not shelved", async () => {
  const visit = await visitList();
  for (const n of [1, 2]) await visit.page.click(`${row(n)} input`);
  await visit.page.click(".orders button:has-text('Shelve')");
  await visit.page.fill("dialog [name=reason]", "a storm");
  const { occurrence } = await alarm(1);
  await blow(engine, 1, 10);
  await blow(engine, 1, 25);
  await until(() => alarm(1), (own) => own.occurrence > occurrence);
  await visit.page.waitForSelector("dialog:has-text('1 has come anew')");
  await visit.isAccessible("shelving");
  await visit.page.click("dialog button.main");
  await visit.page.waitForSelector(".said p:has-text('1 alarm shelved. 1 left out')");
  assert.deepEqual([(await alarm(1)).state, (await alarm(2)).state], ["unacknowledged", "shelved"]);
  await engine.post(`/api/v1/alarms/${encodeURIComponent(windAlarm(2))}/unshelve`, { by: "anna" });
  await visit.close();
});

test("a horn that sounds for others than those in the list says so", async () => {
  const visit = await visitList();
  await visit.page.fill("input[type=search]", station(7));
  await visit.page.waitForSelector(".orders button:has-text('Silence 1')");
  await visit.page.waitForSelector(".orders:has-text('sound outside of this list')");
  await visit.close();
});

test("no greeting and nothing that cannot be read lets the list count as live", async () => {
  const stale = ".body .condition.live.stale";
  const live = ".body .condition.live:not(.stale)";
  const visit = await visitList();
  await visit.page.waitForSelector(live);
  for (const [body, words] of [
    ['retry: 2000\n\nevent: record\nid: 1-1-1\ndata: {"oops\n\n', "cannot read"],
    ["retry: 2000\n\nevent: record\nid: 1-1-1\ndata: {}\n\n", "cannot read"],
    ['retry: 2000\n\nevent: snapshot\ndata: {"sequence":1,"part":0,"complete":false,"alarms":[]}\n\n', null],
  ]) {
    await visit.page.route("**/api/v1/alarms/stream*", (route) =>
      route.fulfill({ body, contentType: "text/event-stream" }),
    );
    await visit.page.waitForSelector(stale);
    if (words) await visit.page.waitForSelector(`.problem:has-text('${words}')`);
    await visit.page.unroute("**/api/v1/alarms/stream*");
    await visit.page.waitForSelector(live);
  }
  await visit.close();
});

test("about the alarms in sight one question is open at a time", async () => {
  const visit = await visitList();
  let [open, most, asked] = [0, 0, 0];
  let pass;
  const held = new Promise((resolve) => {
    pass = resolve;
  });
  await visit.page.route(/api\/v1\/alarms\?alarm=/, async (route) => {
    open += 1;
    asked += 1;
    most = Math.max(most, open);
    await held;
    await route.continue();
    open -= 1;
  });
  await until(() => asked, (count) => count > 0);
  // Through the whole list, slower than it needs to settle.
  await visit.page.$eval("[role=grid]", async (list) => {
    for (let top = 0; top < list.scrollHeight; top += list.clientHeight) {
      list.scrollTop = top;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
  assert.equal(most, 1);
  pass();
  // What is in sight now is asked for behind it.
  await visit.page.waitForSelector(`${row(ALARMS)}:has-text('m/s')`);
  assert.equal(most, 1);
  await visit.close();
});

test("an order that waits for a busy engine is stopped at once", async () => {
  const visit = await visitList();
  const asked = [];
  await visit.page.route("**/shelve", (route) => {
    asked.push(route.request().headers()["idempotency-key"]);
    const problem = { type: "urn:gridos:problem:busy", detail: "it is busy" };
    const headers = { "Retry-After": asked.length === 1 ? "0" : "10" };
    return route.fulfill({ status: 503, json: problem, headers });
  });
  await visit.page.click("button:has-text('Select all')");
  await visit.page.click(".orders button:has-text('Shelve')");
  await visit.page.fill("dialog [name=reason]", "a storm");
  await visit.page.click("dialog button.main");
  await until(() => asked.length, (count) => count === 2);
  await visit.page.focus("[role=grid]");
  await visit.page.keyboard.press("a");
  await visit.page.waitForSelector(".said p:has-text('Stop ends what is under way')");
  await visit.page.click("button:has-text('Stop')");
  await visit.page.waitForSelector(".said p:has-text('not known of 1: it is busy')");
  assert.equal(asked.length, 2);
  assert.equal(asked[0], asked[1]);
  await visit.close((fault) => /503/.test(fault));
});
