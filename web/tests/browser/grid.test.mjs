// Ten thousand devices, and what an operator does about alarms.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Visit, launch } from "../support/browser.mjs";
import { until } from "../support/engine.mjs";
import { blow, startGrid, station, windAlarm } from "../support/grid.mjs";

const DEVICES = 10_000;

let engine;
let browser;

before(async () => {
  engine = await startGrid(DEVICES);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await engine?.end();
});

/** Lets an alarm of a station stand, and opens the list where it is seen. */
async function withAlarm(n) {
  await blow(engine, n, 25);
  const visit = await Visit.open(browser, engine, { hash: `#/alarms?q=${station(n)}` });
  await visit.page.waitForSelector(row(n));
  return visit;
}

const row = (n) => `[role=row]:has-text("${windAlarm(n)}")`;
const alarm = (n) => engine.get(`/api/v1/alarms/${encodeURIComponent(windAlarm(n))}`);

test("ten thousand devices scroll, and only those in sight exist", async () => {
  const visit = await Visit.open(browser, engine, { hash: "#/devices" });
  await visit.page.waitForSelector(`[role=row]:has-text("${station(1)}")`);
  assert.match(await visit.page.textContent(".bar-of-view"), /10,001 of 10,001/);
  const most = await visit.page.$eval("[role=grid]", async (list) => {
    let rows = 0;
    for (let top = 0; top < list.scrollHeight + 9000; top += 9000) {
      list.scrollTop = top;
      await new Promise((resolve) => setTimeout(resolve, 40));
      rows = Math.max(rows, list.querySelectorAll(".body [role=row]").length);
    }
    return rows;
  });
  assert.ok(most > 10 && most < 80, `${most} rows at once`);
  await visit.page.waitForSelector(`[role=row]:has-text("${station(DEVICES)}")`);
  await visit.page.focus("[role=grid]");
  await visit.page.keyboard.press("Home");
  await visit.page.waitForSelector(`[role=row]:has-text("dead-bay")`);
  await visit.page.keyboard.press("ArrowDown");
  await visit.page.keyboard.press("Enter");
  await visit.page.waitForSelector(`h1:has-text("${station(1)}")`);
  await visit.close();
});

test("devices are found by name and by state", async () => {
  const visit = await Visit.open(browser, engine, { hash: "#/devices" });
  await visit.page.fill("input[type=search]", "station-0777");
  await visit.until(() => document.querySelector(".bar-of-view").textContent.includes("10 of"));
  assert.match(visit.page.url(), /q=station-0777/);
  await visit.page.fill("input[type=search]", "");
  await visit.page.selectOption("select", "down");
  await visit.until(() => document.querySelector(".bar-of-view").textContent.includes("1 of"));
  await visit.page.waitForSelector(`[role=row]:has-text("dead-bay") >> text=✕ down`);
  await visit.close();
});

test("an alarm is acknowledged on the page, by whoever says so", async () => {
  const visit = await withAlarm(10);
  await visit.page.click(`${row(10)} input[type=checkbox]`);
  await visit.page.click("button:has-text('Acknowledge')");
  await visit.page.waitForSelector(".said p:has-text('Say who you are')");
  await visit.page.fill("#who", "anna");
  await visit.page.click("button:has-text('Acknowledge')");
  const { alarm: now } = await until(() => alarm(10), ({ alarm: own }) => own.state === "acknowledged");
  assert.equal(now.acknowledged.by, "anna");
  await visit.page.waitForSelector(`${row(10)}:not(:has-text("unacknowledged"))`);
  await visit.close();
});

test("an alarm is shelved with a reason for a time, and taken back", async () => {
  const visit = await withAlarm(11);
  await visit.page.fill("#who", "bert");
  await visit.page.click(`${row(11)} input[type=checkbox]`);
  await visit.page.click(".orders button:has-text('Shelve')");
  await visit.page.fill("dialog [name=reason]", "the mast is being painted");
  await visit.page.check("dialog label:has-text('4 h') input");
  await visit.page.click("dialog button.main");
  const { alarm: now } = await until(() => alarm(11), ({ alarm: own }) => own.state === "shelved");
  assert.deepEqual([now.hidden.by, now.hidden.comment], ["bert", "the mast is being painted"]);
  const hours = (Date.parse(now.shelf.until) - Date.parse(now.hidden.at)) / 3_600_000;
  assert.ok(Math.abs(hours - 4) < 0.01, `${hours} h`);
  await visit.page.waitForSelector(row(11), { state: "detached" });
  await visit.page.selectOption("select >> nth=0", "hidden");
  await visit.page.waitForSelector(`${row(11)}:has-text("shelved")`);
  await visit.page.click(`${row(11)} input[type=checkbox]`);
  await visit.page.click(".orders button:has-text('Unshelve')");
  await until(() => alarm(11), ({ alarm: own }) => own.state === "unacknowledged");
  await visit.close();
});

test("everything is done by keys alone", async () => {
  await blow(engine, 12, 30);
  await blow(engine, 13, 30);
  const visit = await Visit.open(browser, engine);
  await visit.page.waitForSelector(".tile");
  const { keyboard } = visit.page;
  const tabTo = async (selector) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await keyboard.press("Tab");
      if (await visit.page.evaluate((own) => document.activeElement?.matches(own), selector)) return;
    }
    assert.fail(`Tab does not come to ${selector}`);
  };
  await keyboard.press("?");
  await visit.page.waitForSelector("dialog:has-text('Keyboard')");
  await keyboard.press("Escape");
  await visit.page.waitForSelector("dialog", { state: "detached" });
  await keyboard.press("g");
  await keyboard.press("a");
  await visit.page.waitForSelector(row(12));
  await keyboard.press("/");
  await keyboard.type(station(12));
  await visit.page.waitForSelector(row(13), { state: "detached" });
  await tabTo("#who");
  await keyboard.type("carla");
  await tabTo("[role=grid]");
  await keyboard.press("a");
  await until(() => alarm(12), ({ alarm: own }) => own.acknowledged?.by === "carla");
  await keyboard.press("Enter");
  await visit.page.waitForSelector("aside:has-text('What happened to it')");
  await keyboard.press("Escape");
  await visit.page.waitForSelector("aside", { state: "detached" });
  await keyboard.press("s");
  await visit.page.waitForSelector("dialog");
  await keyboard.type("a reason");
  await keyboard.press("Enter");
  await until(() => alarm(12), ({ alarm: own }) => own.state === "shelved");
  await visit.close();
});

test("many are acknowledged at once", async () => {
  for (const n of [20, 21, 22]) await blow(engine, n, 25);
  const visit = await Visit.open(browser, engine, { hash: "#/alarms?q=station-0002" });
  await visit.page.waitForSelector(row(22));
  await visit.page.fill("#who", "dora");
  await visit.page.click("button:has-text('Select all')");
  await visit.page.click("button:has-text('Acknowledge 3')");
  for (const n of [20, 21, 22]) {
    await until(() => alarm(n), ({ alarm: own }) => own.state === "acknowledged");
  }
  await visit.close();
});

test("a flood is told by a banner, and the horn is silent until it is switched on", async () => {
  const visit = await Visit.open(browser, engine);
  await visit.page.waitForSelector("button:has-text('Sound off')");
  for (let n = 100; n < 120; n += 1) await blow(engine, n, 25);
  await visit.page.waitForSelector(".banner.flood:has-text('ALARM FLOOD')");
  await visit.page.click("button:has-text('Sound off')");
  await visit.page.waitForSelector("button:has-text('Sound on')");
  await visit.close();
});

test("an engine that is killed is unmissable, and what stood before is unconfirmed", async () => {
  const visit = await withAlarm(14);
  await engine.kill();
  await visit.page.waitForSelector("#lost");
  await engine.start();
  await visit.page.waitForSelector("#lost", { state: "detached" });
  await visit.page.waitForSelector(`${row(14)}:has-text("unconfirmed")`);
  // The browser tells of each request that found nobody.
  await visit.close((fault) => /ERR_|Failed to load/.test(fault));
});
