// A real browser without a screen.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

/** The longest that anything may take on a machine that is busy with other things. */
export const PATIENCE_MS = 60_000;

const AXE = await readFile(fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url)), "utf8");

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page of its own browser profile, and what must not happen on it. */
export class Visit {
  /** What the console said that is an error, and requests that left the engine. */
  faults = [];

  static async open(browser, engine, { hash = "", size = [1280, 800], scheme = "light", touch = false } = {}) {
    const visit = new Visit();
    const [width, height] = size;
    visit.context = await browser.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      hasTouch: touch,
      timezoneId: "Europe/Berlin",
    });
    visit.page = await visit.context.newPage();
    visit.page.setDefaultTimeout(PATIENCE_MS);
    visit.page.on("console", (message) => {
      if (message.type() === "error") visit.faults.push(message.text());
    });
    visit.page.on("pageerror", (error) => visit.faults.push(error.stack));
    visit.page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(`${engine.address}/`)) visit.faults.push(`left the engine: ${url}`);
    });
    await visit.page.goto(`${engine.address}/${hash}`);
    return visit;
  }

  /** Waits until `found`, a function that runs in the page, is true. */
  until(found, argument) {
    return this.page.waitForFunction(found, argument, { timeout: PATIENCE_MS });
  }

  /** Nothing that axe-core calls serious or critical. */
  async isAccessible(name) {
    await this.page.evaluate(AXE);
    const found = await this.page.evaluate(async () => {
      const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
    });
    assert.deepEqual(found, [], name);
  }

  /** Nothing sticks out at the side. */
  async fits(name) {
    const over = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${name} is ${over} pixels too wide`);
  }

  /** Ends the visit; nothing must have gone wrong, but what `allowed` says. */
  async close(allowed = () => false) {
    await this.context.close();
    assert.deepEqual(this.faults.filter((fault) => !allowed(fault)), []);
  }
}
