// The trend of a point: live, and zoomed into the history by mouse, keys and fingers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Visit, launch } from "../support/browser.mjs";
import { Engine, until } from "../support/engine.mjs";

const POINT = "feeder-03.voltage_ab";

let engine;
let browser;

before(async () => {
  engine = await Engine.demo();
  browser = await launch();
  await until(
    () => engine.get(`/api/v1/scada/data?point=${POINT}&from=-1m`),
    (data) => data.readings.length >= 8,
  );
});

after(async () => {
  await browser?.close();
  await engine?.end();
});

async function open(more = {}) {
  const visit = await Visit.open(browser, engine, { hash: `#/points/${POINT}?span=5m`, ...more });
  await visit.page.waitForSelector(".chart canvas");
  await visit.until(() => /\d+ readings/.test(document.querySelector(".readout .note").textContent));
  return visit;
}

const range = (visit) =>
  visit.page.$eval(".chart", ({ dataset }) => ({
    from: Number(dataset.from),
    to: Number(dataset.to),
    isLive: dataset.live === "true",
  }));

const becomes = (visit, isLive) =>
  visit.until((live) => document.querySelector(".chart").dataset.live === String(live), isLive);

/** How much of the chart is not of the colour of its ground. */
const inked = (visit) =>
  visit.page.$eval(".chart canvas", (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 3; at < data.length; at += 4) count += data[at] > 0 ? 1 : 0;
    return count;
  });

test("a live trend goes on by itself", async () => {
  const visit = await open();
  assert.ok((await range(visit)).isLive);
  assert.ok((await inked(visit)) > 1000);
  const value = await visit.page.textContent("#value-now");
  await visit.until((old) => document.querySelector("#value-now").textContent !== old, value);
  await visit.close();
});

test("a part that is marked with the mouse is zoomed into, and stands in the address", async () => {
  const visit = await open();
  const box = await (await visit.page.$(".chart .u-over")).boundingBox();
  await visit.page.mouse.move(box.x + box.width * 0.6, box.y + 40);
  await visit.page.mouse.down();
  await visit.page.mouse.move(box.x + box.width * 0.9, box.y + 60, { steps: 5 });
  await visit.page.mouse.up();
  await becomes(visit, false);
  const { from, to } = await range(visit);
  assert.ok(Math.abs(to - from - 90_000) < 3000, `${to - from} ms of 300,000`);
  assert.match(visit.page.url(), /from=.*to=/);
  await visit.page.reload();
  await visit.page.waitForSelector(".chart canvas");
  assert.deepEqual(await range(visit), { from, to, isLive: false });
  await visit.page.click("text=Back to live");
  await becomes(visit, true);
  await visit.close();
});

test("the wheel zooms, and far out columns are drawn", async () => {
  const visit = await open();
  const box = await (await visit.page.$(".chart .u-over")).boundingBox();
  await visit.page.mouse.move(box.x + box.width / 2, box.y + 40);
  await visit.page.mouse.wheel(0, 100);
  await becomes(visit, false);
  const { from, to } = await range(visit);
  assert.ok(to - from > 300_000, `${to - from} ms`);
  await visit.page.click("button:has-text('7 d')");
  await visit.until(() => /first, least, most and last of each/.test(document.querySelector(".readout").textContent));
  await visit.close();
});

test("keys move, zoom, read values and go back to live", async () => {
  const visit = await open();
  await visit.page.focus(".chart");
  await visit.page.keyboard.press("ArrowLeft");
  await becomes(visit, false);
  const first = await range(visit);
  await visit.page.keyboard.press("+");
  await visit.until((old) => Number(document.querySelector(".chart").dataset.from) > old, first.from);
  const closer = await range(visit);
  assert.equal(Math.round(closer.to - closer.from), Math.round((first.to - first.from) / 2));
  await visit.page.keyboard.press("l");
  await becomes(visit, true);
  // Where it was there may have been nothing.
  await visit.until(() => /^[1-9]\d* readings/.test(document.querySelector(".readout .note").textContent));
  await visit.page.keyboard.press("Shift+ArrowLeft");
  await visit.until(() => / kV/.test(document.querySelector(".readout [aria-live=polite]")?.textContent));
  await visit.close();
});

test("fingers pan and pinch", async () => {
  const visit = await open({ touch: true, size: [400, 800] });
  const finger = (kind, id, share) =>
    visit.page.$eval(
      ".chart .u-over",
      (field, [type, pointerId, at]) => {
        const { left, top, width } = field.getBoundingClientRect();
        const place = { clientX: left + width * at, clientY: top + 30 };
        field.dispatchEvent(new PointerEvent(type, { pointerId, pointerType: "touch", bubbles: true, ...place }));
      },
      [kind, id, share],
    );
  await finger("pointerdown", 7, 0.3);
  await finger("pointermove", 7, 0.8);
  await becomes(visit, false);
  const panned = await range(visit);
  await finger("pointerdown", 8, 0.2);
  await finger("pointermove", 8, 0.6);
  await visit.until((old) => Number(document.querySelector(".chart").dataset.from) !== old, panned.from);
  const pinched = await range(visit);
  assert.ok(pinched.to - pinched.from > panned.to - panned.from, "pinched together, it shows more");
  await visit.close();
});

test("readings are there as a table as well", async () => {
  const visit = await open();
  await visit.page.click("summary:has-text('Readings as a table')");
  await visit.until(() => document.querySelectorAll(".readings tbody tr").length > 3);
  assert.match(await visit.page.textContent(".readings tbody"), / kV/);
  await visit.close();
});
