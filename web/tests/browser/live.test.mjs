// What is shown is live, and what is not live is not shown as such.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Visit, launch } from "../support/browser.mjs";
import { Engine, until } from "../support/engine.mjs";

let engine;
let browser;

before(async () => {
  engine = await Engine.demo();
  browser = await launch();
  await until(() => engine.get("/api/v1/scada/status"), (status) => status.devices.up === 20);
});

after(async () => {
  await browser?.close();
  await engine?.end();
});

test("values move, each by itself", async () => {
  const visit = await Visit.open(browser, engine, { hash: "#/devices/feeder-07" });
  const cell = "[role=row]:has(a[href$='feeder-07.voltage_ab']) .number.live";
  await visit.page.waitForSelector(cell);
  await visit.until((own) => /^\d+\.\d+$/.test(document.querySelector(own).textContent), cell);
  const first = await visit.page.textContent(cell);
  await visit.until(([own, old]) => document.querySelector(own).textContent !== old, [cell, first]);
  const shown = Number(await visit.page.textContent(cell));
  assert.ok(shown > 15 && shown < 25, `${shown} kV`);
  await visit.close();
});

test("the overview says what the engine says", async () => {
  const visit = await Visit.open(browser, engine);
  await visit.page.waitForSelector(".tile");
  const text = (selector) => visit.page.textContent(selector);
  assert.match(await text("section[aria-label=Devices]"), /20 of 20 up/);
  assert.match(await text("section[aria-label=Ledger]"), /balanced/);
  assert.match(await text("section[aria-label=Database]"), /connected/);
  await visit.until(() => /\d+ ms/.test(document.querySelector("[aria-label='Latency from the wire']").textContent));
  const received = () => visit.page.textContent("section[aria-label=Ledger] dd");
  const first = await received();
  await visit.until((old) => document.querySelector("section[aria-label=Ledger] dd").textContent !== old, first);
  await visit.until(() => document.querySelector("[aria-label='Readings per second'] .spark path") !== null);
  assert.match(await visit.page.title(), /demo/);
  await visit.close();
});

test("an engine that hangs is unmissable, and what it said is struck until it speaks again", async () => {
  const visit = await Visit.open(browser, engine);
  await visit.page.waitForSelector(".tile .figure.live");
  assert.equal(await visit.page.isVisible("#lost"), false);
  engine.signal("SIGSTOP");
  try {
    await visit.page.waitForSelector("#lost");
    assert.match(await visit.page.textContent("#lost"), /NO LIVE DATA/);
    assert.match(await visit.page.title(), /^✕ NO LIVE DATA/);
    const struck = await visit.page.$$eval(".live", (all) =>
      all.every((own) => getComputedStyle(own).textDecorationLine === "line-through"),
    );
    assert.ok(struck, "something still looks live");
  } finally {
    engine.signal("SIGCONT");
  }
  await visit.page.waitForSelector("#lost", { state: "detached" });
  assert.doesNotMatch(await visit.page.title(), /NO LIVE DATA/);
  const figure = await visit.page.textContent("section[aria-label=Ledger] dd");
  await visit.until((old) => document.querySelector("section[aria-label=Ledger] dd").textContent !== old, figure);
  await visit.close();
});

test("what is not there is told, and the rest stays live", async () => {
  for (const hash of ["#/devices/nowhere", "#/points/nowhere.x"]) {
    const visit = await Visit.open(browser, engine, { hash });
    await visit.page.waitForSelector(".problem:has-text('nowhere')");
    await visit.page.waitForSelector(".mark:has-text('live')");
    await visit.close((fault) => /404/.test(fault));
  }
});

test("times are shown in the viewer's zone, or in UTC", async () => {
  const visit = await Visit.open(browser, engine);
  await visit.until(() => /\d\d:\d\d:\d\d/.test(document.querySelector(".strip .now").textContent));
  assert.doesNotMatch(await visit.page.textContent(".strip .now"), /UTC/);
  await visit.page.click("button:has-text('Local time')");
  await visit.until(() => document.querySelector(".strip .now").textContent.includes("UTC"));
  await visit.page.reload();
  await visit.until(() => document.querySelector(".strip .now")?.textContent.includes("UTC"));
  await visit.close();
});
