// Ten thousand alarms at once: all are there, in order, and nothing is done about one that nobody has seen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Visit, launch } from "../support/browser.mjs";
import { until } from "../support/engine.mjs";
import { blow, startGrid, station, windAlarm } from "../support/grid.mjs";

const ALARMS = 10_000;
/** Every so many is worse, and so of a higher priority. */
const WORSE_EVERY = 1000;
/** More stations, whose wind is calm at first. */
const CALM = 20;
/** One request acknowledges so many. */
const AT_ONCE = 250;
/** The list is looked at in so many places. */
const PLACES = 60;
/** One post takes so many devices. */
const POSTED = 250;

let engine;
let browser;

before(async () => {
  engine = await startGrid(ALARMS + CALM);
  browser = await launch();
  for (let from = 1; from <= ALARMS; from += POSTED) {
    const winds = Array.from({ length: POSTED }, (_, index) => from + index).map((n) => [
      `${station(n)}.wind_speed`,
      isWorse(n) ? 30 : 25,
    ]);
    await engine.read(Object.fromEntries(winds));
  }
  await until(summary, ({ total }) => total >= ALARMS);
});

after(async () => {
  await browser?.close();
  await engine?.end();
});

const summary = () => engine.get("/api/v1/alarms/summary");
/** How many of the wind's alarms wait to be acknowledged. */
async function waiting() {
  return (await engine.get("/api/v1/alarms?hidden=0&acknowledged=0&q=wind&limit=1")).matching;
}
const alarm = async (name) => (await engine.get(`/api/v1/alarms/${encodeURIComponent(name)}`)).alarm;
const isWorse = (n) => n % WORSE_EVERY === 0;
const row = (n) => `.body [role=row]:has-text("${windAlarm(n)}")`;

/** The list of the wind's alarms, with somebody who may act. */
async function visitList({ query = "", ...options } = {}) {
  const visit = await Visit.open(browser, engine, { hash: `#/alarms?q=wind${query}`, ...options });
  await visit.page.waitForSelector(".body [role=row]");
  await visit.page.fill("#who", "anna");
  await visit.page.focus("[role=grid]");
  return visit;
}

/** The numbers of the stations as they ought to stand: the first of the flood last. */
function inOrder() {
  const all = Array.from({ length: ALARMS }, (_, index) => ALARMS - index);
  return [...all.filter(isWorse), ...all.filter((n) => !isWorse(n))];
}

function current(visit) {
  return visit.page.evaluate(() => {
    const id = document.querySelector("[role=grid]").getAttribute("aria-activedescendant");
    const own = id && document.getElementById(id);
    return own && { name: own.querySelector("input").getAttribute("aria-label").slice(7), row: own.ariaRowIndex };
  });
}

function currentIs(visit, name) {
  return visit.until((own) => {
    const id = document.querySelector("[role=grid]").getAttribute("aria-activedescendant");
    return document.getElementById(id)?.textContent.includes(own);
  }, name);
}

test("the alarms of a flood are reached by scrolling, in their order, and only those in sight exist", async () => {
  const visit = await visitList();
  const said = (await engine.get(`/api/v1/alarms?sort=priority&hidden=0&q=wind&limit=${ALARMS}`)).alarms;
  assert.deepEqual(said.map(({ name }) => name), inOrder().map(windAlarm));
  const seen = new Set();
  for (let place = 0; place <= PLACES; place += 1) {
    for (const { index, name } of await scrollTo(visit, place / PLACES)) {
      // The head is the first row.
      assert.equal(name, said[index - 2].name, `row ${index}`);
      seen.add(index);
    }
  }
  assert.ok(seen.has(2) && seen.has(ALARMS + 1) && seen.size > 5 * PLACES, `${seen.size} rows`);
  assert.match(await visit.page.textContent(".bar-of-view"), /10,000 shown/);
  await visit.isAccessible("a flood");
  await visit.close();
});

/** Scrolls to a part of the list, from 0 to 1; the rows that are drawn there. */
async function scrollTo(visit, part) {
  const rows = () => visit.page.$eval("[role=grid]", (list) => {
    const view = list.getBoundingClientRect();
    const rows = [...list.querySelectorAll(".body [role=row]")].map((own) => {
      const { top, bottom } = own.getBoundingClientRect();
      return { index: Number(own.ariaRowIndex), name: own.querySelector("input").ariaLabel.slice(7), top, bottom };
    });
    const isDrawn = rows.some(({ top }) => top <= view.top + 100)
      && rows.some(({ index, bottom }) => bottom >= view.bottom || index === Number(list.ariaRowCount));
    return { rows, isDrawn, count: list.ariaRowCount };
  });
  await visit.page.$eval("[role=grid]", (list, part) => {
    list.scrollTop = part * (list.scrollHeight - list.clientHeight);
  }, part);
  const drawn = await until(async () => {
    // A browser without a screen now and then draws nothing until somebody wants a picture.
    await visit.page.screenshot({ clip: { x: 0, y: 0, width: 1, height: 1 } });
    return rows();
  }, ({ isDrawn }) => isDrawn);
  assert.equal(drawn.count, String(ALARMS + 1));
  assert.ok(drawn.rows.length > 10 && drawn.rows.length < 120, `${drawn.rows.length} rows at once`);
  return drawn.rows;
}

test("rows that were scrolled away are forgotten, whatever still knows one of them", async () => {
  const visit = await visitList();
  await visit.page.waitForSelector(row(ALARMS));
  const browser = await visit.context.newCDPSession(visit.page);
  await browser.send("Performance.enable");
  await browser.send("HeapProfiler.enable");
  const nodes = async () => {
    await scrollFar(visit);
    await browser.send("HeapProfiler.collectGarbage");
    const { metrics } = await browser.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "Nodes").value;
  };
  await nodes();
  const [first, , , last] = [await nodes(), await nodes(), await nodes(), await nodes()];
  // The rows in sight have about a thousand.
  assert.ok(last < first + 1500, `${first} nodes, and later ${last}`);
  await visit.close();
});

/** Scrolls through the list while it is drawn anew, as every second. */
function scrollFar(visit) {
  return visit.page.$eval("[role=grid]", async (list) => {
    const began = document.querySelector(".strip .now").textContent;
    for (let top = 0; top < 400_000 || document.querySelector(".strip .now").textContent === began; top += 4000) {
      list.scrollTop = top % list.scrollHeight;
      await new Promise((resolve) => setTimeout(resolve, 16));
    }
  });
}

test("the keys go to the end and back, and a page further", async () => {
  const visit = await visitList();
  const { keyboard } = visit.page;
  await keyboard.press("End");
  await currentIs(visit, windAlarm(1));
  assert.equal((await current(visit)).row, String(ALARMS + 1));
  await keyboard.press("PageUp");
  await visit.page.waitForSelector(`${row(1)} >> visible=true`);
  await keyboard.press("Home");
  await currentIs(visit, windAlarm(ALARMS));
  await keyboard.press("ArrowDown");
  await currentIs(visit, windAlarm(ALARMS - WORSE_EVERY));
  await visit.close();
});

test("a flood fits a telephone and a wall", async () => {
  for (const size of [[360, 640], [3840, 1600]]) {
    const visit = await visitList({ size });
    await visit.page.keyboard.press("End");
    await currentIs(visit, windAlarm(1));
    await visit.page.click("button:has-text('Select all')");
    await visit.fits(`a flood at ${size[0]}`);
    await visit.close();
  }
});

test("who comes back sees no alarm as live before the engine was heard", async () => {
  const visit = await visitList();
  await visit.page.waitForSelector(".body .condition.live:not(.stale)");
  await visit.page.route("**/api/v1/alarms/stream*", (route) => route.abort());
  await visit.page.click("nav >> text=Devices");
  await visit.page.waitForSelector(`.body [role=row]:has-text("dead-bay")`);
  await visit.page.goBack();
  await visit.page.waitForSelector(row(ALARMS));
  await visit.page.waitForSelector(".problem:has-text('cannot be reached')");
  const live = await visit.page.$$eval(".body .condition", (all) => all.map((own) => own.matches(".stale")));
  assert.ok(live.length > 10 && live.every(Boolean));
  await visit.page.unroute("**/api/v1/alarms/stream*");
  await visit.page.waitForSelector(".body .condition.live:not(.stale)");
  await visit.close((fault) => /ERR_FAILED/.test(fault));
});

test("what comes above or changes in the middle leaves the rows in sight where they are", async () => {
  const visit = await visitList();
  const middle = inOrder()[ALARMS / 2];
  await visit.page.$eval("[role=grid]", (list) => {
    list.scrollTop = (list.scrollHeight - list.clientHeight) / 2;
  });
  await visit.page.click(`${row(middle)} input`);
  const seen = await visit.page.$eval(row(middle), (own) => {
    globalThis.before = own;
    return own.getBoundingClientRect().top;
  });
  for (let n = 1; n <= CALM / 2; n += 1) await blow(engine, ALARMS + n, 30);
  await blow(engine, middle - 1, 30);
  await visit.until((total) => document.querySelector("[role=grid]").ariaRowCount === total, String(ALARMS + CALM / 2 + 1));
  await visit.page.waitForSelector(row(middle - 1), { state: "detached" });
  const now = await visit.page.$eval(row(middle), (own) => ({
    top: own.getBoundingClientRect().top,
    isSame: own === globalThis.before,
    isSelected: own.ariaSelected,
    isCurrent: own.id === document.querySelector("[role=grid]").getAttribute("aria-activedescendant"),
  }));
  assert.deepEqual(now, { top: seen, isSame: true, isSelected: "true", isCurrent: true });
  // In another order and another list it stays selected.
  await visit.page.selectOption("select >> nth=1", "name");
  await visit.page.click("button:has-text('Acknowledge 1')");
  await until(() => alarm(windAlarm(middle)), ({ state }) => state === "acknowledged");
  await visit.close();
});

test("a key acts on the chosen row, never on one out of sight, gone, or come into its place", async () => {
  const visit = await visitList({ query: "&show=unacknowledged" });
  const { keyboard } = visit.page;
  const before = await waiting();
  await keyboard.press("End");
  await currentIs(visit, windAlarm(1));
  await keyboard.press("ArrowUp");
  await currentIs(visit, windAlarm(2));
  await visit.page.$eval("[role=grid]", (list) => {
    list.scrollTop = 0;
  });
  await visit.page.waitForSelector(row(2), { state: "detached" });
  await keyboard.press("a");
  await visit.page.waitForSelector(".said p:has-text('out of sight')");
  await currentIs(visit, windAlarm(2));
  assert.equal(await waiting(), before);
  await keyboard.press("a");
  await until(() => alarm(windAlarm(2)), ({ state }) => state === "acknowledged");
  await visit.page.waitForSelector(row(2), { state: "detached" });
  await keyboard.press("a");
  await visit.page.waitForSelector(".said p:has-text('has left the list')");
  assert.equal(await waiting(), before - 1);
  assert.equal(await visit.page.evaluate(() => document.activeElement.role), "grid");
  await keyboard.press("ArrowDown");
  await currentIs(visit, windAlarm(1));
  await keyboard.press("s");
  await visit.page.fill("dialog [name=reason]", "a storm");
  await keyboard.press("Enter");
  await until(() => alarm(windAlarm(1)), ({ state }) => state === "shelved");
  assert.equal(await waiting(), before - 2);
  await visit.close();
});

test("all that was shown is acknowledged in portions, and what came meanwhile is not", async () => {
  const visit = await visitList({ query: "&show=unacknowledged" });
  const asked = [];
  let pass;
  const held = new Promise((resolve) => {
    pass = resolve;
  });
  await visit.page.route("**/api/v1/alarms/ack", async (route) => {
    asked.push(route.request().postDataJSON().alarms);
    await held;
    await route.continue();
  });
  const before = await waiting();
  await visit.page.click("button:has-text('Select all')");
  const [anew, worse, late, fresh] = [3, 4, 5, ALARMS + CALM];
  await raiseAnew(anew);
  await blow(engine, worse, 30);
  await blow(engine, fresh, 25);
  await visit.page.waitForSelector(".orders:has-text('2 have come anew or grown worse')");
  await visit.page.click(`button:has-text('Acknowledge ${(before - 2).toLocaleString("en")}')`);
  await visit.page.waitForSelector(`.orders:has-text('0 of ${(before - 2).toLocaleString("en")} acknowledged')`);
  assert.equal(await visit.page.isDisabled(".orders button:has-text('Shelve')"), true);
  await visit.isAccessible("under way");
  // The order is on its way already when this one comes anew.
  await raiseAnew(late);
  pass();
  await visit.page.waitForSelector(".said .problem");
  const said = await visit.page.textContent(".said");
  assert.match(said, new RegExp(`${(before - 3).toLocaleString("en")} alarms acknowledged. 1 refused: ${windAlarm(late)}`));
  assert.ok(asked.every((portion) => portion.length <= AT_ONCE && portion.every((own) => own.occurrence > 0)));
  const told = new Set(asked.flat().map((own) => own.alarm));
  assert.equal(told.size, before - 2);
  assert.deepEqual([anew, worse, late, fresh].map((n) => told.has(windAlarm(n))), [false, false, true, false]);
  const left = (await engine.get("/api/v1/alarms?hidden=0&acknowledged=0&q=wind&sort=name")).alarms;
  assert.deepEqual(left.map(({ name }) => name), [anew, worse, late, fresh].map(windAlarm));
  await visit.close();
});

test("an order that is stopped says what was not done", async () => {
  const visit = await visitList({ query: "&show=active&sort=name" });
  let pass;
  await visit.page.route("**/shelve", async (route) => {
    await new Promise((resolve) => {
      pass = resolve;
    });
    await route.continue();
  });
  await visit.page.click("button:has-text('Select all')");
  await visit.page.click(".orders button:has-text('Shelve')");
  await visit.page.fill("dialog [name=reason]", "a storm");
  await visit.page.click("dialog button.main");
  await until(() => pass !== undefined, Boolean);
  await visit.page.click("button:has-text('Stop')");
  pass();
  await visit.page.waitForSelector(".said p:has-text('1 alarm shelved. ')");
  assert.match(await visit.page.textContent(".said"), /[\d,]+ not asked for/);
  await visit.close();
});

/** Lets the alarm of a station return, and be raised again. */
async function raiseAnew(n) {
  const { occurrence } = await alarm(windAlarm(n));
  await blow(engine, n, 10);
  await blow(engine, n, 25);
  await until(() => alarm(windAlarm(n)), (own) => own.occurrence > occurrence && own.level === "high");
}
