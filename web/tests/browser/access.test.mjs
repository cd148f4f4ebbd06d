// Who one is: asked, shown, and what one may do.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Visit, launch } from "../support/browser.mjs";
import { startGrid } from "../support/grid.mjs";

const ACCESS = '[access]\nmode = "on"\nusers_file = "users.jsonl"\n';
const ALARM = "dead-bay:link";
const ROW = `[role=row]:has-text("${ALARM}")`;
const PASSWORDS = { anna: "a-long-way-to-the-sea", bert: "the-lamp-in-the-yard" };
/** The browser tells of each answer that is no success. */
const isRefusal = (fault) => /status of 40[13]/.test(fault);

let engine;
let browser;

before(async () => {
  engine = await startGrid(3, ACCESS, (own) => {
    own.addUser("anna", "operator", PASSWORDS.anna);
    own.addUser("bert", "viewer", PASSWORDS.bert);
  });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await engine?.end();
});

async function signIn(visit, name, password = PASSWORDS[name]) {
  await visit.page.waitForSelector("form:has-text('Sign in')");
  await visit.page.fill("[name=name]", name);
  await visit.page.fill("[name=password]", password);
  await visit.page.keyboard.press("Enter");
}

test("nothing is shown to nobody, and the form is for everybody", async () => {
  for (const scheme of ["light", "dark"]) {
    const visit = await Visit.open(browser, engine, { scheme, size: [360, 640] });
    await visit.page.waitForSelector("form:has-text('Sign in')");
    await visit.isAccessible("sign-in");
    await visit.fits("sign-in");
    await visit.close(isRefusal);
  }
});

test("a wrong password is told, and the right one leads to where one wanted to go", async () => {
  const visit = await Visit.open(browser, engine, { hash: "#/alarms" });
  await signIn(visit, "anna", "not-the-right-one");
  await visit.page.waitForSelector(".problem:has-text('✕')");
  await signIn(visit, "anna");
  await visit.page.waitForSelector(ROW);
  await visit.close(isRefusal);
});

test("an operator acts under the own name, without being asked for it", async () => {
  const visit = await Visit.open(browser, engine, { hash: "#/alarms" });
  await signIn(visit, "anna");
  await visit.page.waitForSelector(`${ROW}:has-text("! unacknowledged")`);
  assert.equal(await visit.page.isVisible("#who"), false);
  await visit.page.click(`${ROW} input[type=checkbox]`);
  await visit.page.click("button:has-text('Acknowledge')");
  await visit.page.waitForSelector(`${ROW}:not(:has-text("! unacknowledged"))`);
  await visit.page.click(`${ROW} .name`);
  await visit.page.waitForSelector("aside .facts:has-text('by anna')");
  await visit.close(isRefusal);
});

test("a viewer looks, and signs out in every tab at once", async () => {
  const visit = await Visit.open(browser, engine, { hash: "#/alarms" });
  await signIn(visit, "bert");
  await visit.page.waitForSelector(ROW);
  await visit.page.waitForSelector("text=acting on alarms needs an operator");
  const other = await visit.context.newPage();
  await other.goto(`${engine.address}/`);
  await other.waitForSelector(".tile");
  await visit.page.click("button:has-text('Sign out bert')");
  await visit.page.waitForSelector("form:has-text('Sign in')");
  await other.waitForSelector("form:has-text('Sign in')");
  await visit.close(isRefusal);
});
