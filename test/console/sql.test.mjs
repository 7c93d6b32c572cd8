// The SQL page: programs as a person writes, checks, runs, follows and cancels them, in Chromium against `sinan serve`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { checkAccessibility, checkWidth, closeBrowser, eventually, open, Server } from "./fixture.mjs";

after(closeBrowser);

const kFlowers = "CREATE TABLE flowers AS SELECT i, i % 7 AS a, i % 5 AS b, (i % 7) * 2.0 + (i % 5) AS size FROM range(400) r(i)";
const kNeverEnds = "SELECT sum(hash(range)) AS n FROM range(1000000000000)";

const editor = (page) => page.getByRole("textbox", { name: "Program" });

async function type(page, program) {
  await editor(page).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Backspace");
  await editor(page).fill(program);
}

async function run(page, program) {
  await type(page, program);
  await page.keyboard.press("Control+Enter");
}

// Until the editor has the text, or one that fits.
const reads = (page, expected) =>
  eventually(async () => {
    const text = (await editor(page).innerText()).trim();
    if (expected instanceof RegExp) assert.match(text, expected);
    else assert.equal(text, expected);
  });

// "second" is shown; the list has "first" behind it.
async function openWithTwoPrograms(t) {
  const page = await open(t, await Server.start(t));
  await run(page, "SELECT 1 AS first");
  await page.getByRole("columnheader", { name: "first" }).waitFor();
  await run(page, "SELECT 2 AS second");
  await page.getByRole("columnheader", { name: "second" }).waitFor();
  return page;
}

const badge = (page, state) => page.getByRole("status").getByText(state, { exact: true });
const rowsOf = (page, caption) => page.getByRole("region", { name: caption }).locator("tbody tr:not([aria-hidden])");
const cellsOf = async (page, caption) =>
  (await rowsOf(page, caption).all()).reduce(
    async (rows, row) => [...(await rows), (await row.locator("td").allTextContents()).slice(1)],
    Promise.resolve([]),
  );

test("results are exact, and the files are what the command line writes", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server);
  const query = `SELECT 9007199254740993 AS id, 0.1 AS share, NULL AS nothing, '' AS empty, 'a "b", c' AS text,
    [1, 2] AS list, DATE '2026-02-28' AS day UNION ALL SELECT -5, 2.5, NULL, 'x', 'y', [], NULL ORDER BY id`;
  await run(page, query);
  await badge(page, "done").waitFor();
  await eventually(async () =>
    assert.deepEqual(await cellsOf(page, "Result result-1"), [
      ["-5", "2.5", "NULL", "x", "y", "[]", "NULL"],
      ["9007199254740993", "0.1", "NULL", "", 'a "b", c', "[1,2]", "2026-02-28"],
    ]),
  );
  const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
  const [json] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "JSON" }).click()]);
  const csvText = readFileSync(await csv.path(), "utf8");
  const jsonText = readFileSync(await json.path(), "utf8");
  await server.stop();
  assert.equal(csvText.replace("[]", "").replace('"[1,2]"', ""), 
    server.sinan("-c", query, "--format", "csv").replace("[]", "").replace('"[1, 2]"', ""));
  // Digits that a JavaScript number would lose.
  assert.match(jsonText, /"id":9007199254740993,/);
  assert.equal(JSON.parse(jsonText).length, 2);
});

test("text from the data is text, whatever it looks like", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server);
  await run(page, `SELECT '<img src=x onerror="document.title=1">' AS "<b>bold</b>"`);
  await page.getByRole("columnheader", { name: "<b>bold</b>" }).waitFor();
  await eventually(async () => assert.equal(await page.locator(".grid img, .grid b").count(), 0));
});

test("errors are told with their hint and marked where they are, and nothing runs", async (t) => {
  const server = await Server.start(t, { program: kFlowers });
  const page = await open(t, server);
  await type(page, "SELECT 'ä' AS a;\nSELECT sise FROM flowers");
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("Checked: 1 error. Nothing was run.").waitFor();
  await page.getByText('unknown column "sise"').waitFor();
  await page.getByText(/Hint: .*size/).waitFor();
  await page.locator(".cm-lintRange-error", { hasText: /^sise$/ }).waitFor();
  await page.getByRole("button", { name: "Line 2, column 8" }).click();
  await page.keyboard.type("x");
  await reads(page, /SELECT xsise/);
  assert.deepEqual((await server.request("GET", "/v1/programs")).programs, []);
  // The same when it is run.
  await page.keyboard.press("Control+Enter");
  await badge(page, "wrong").waitFor();
  await page.getByText('unknown column "xsise"').waitFor();
  await page.locator(".cm-lintRange-error", { hasText: /^xsise$/ }).waitFor();
  await checkAccessibility(page);
});

test("what is selected is replaced by what is typed, and the policy has nothing to say", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server);
  await type(page, "SELECT 'text' AS a");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("SELECT 1");
  await reads(page, "SELECT 1");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("(");
  await reads(page, "(SELECT 1)");
});

test("a check shows the steps and what waits for what", async (t) => {
  const server = await Server.start(t, { program: kFlowers });
  const page = await open(t, server);
  await type(page, "CREATE TABLE big AS SELECT * FROM flowers WHERE a > 3; SELECT count(*) FROM big; SELECT 1");
  await page.keyboard.press("Control+Shift+Enter");
  await page.getByText("Checked: 3 steps, no errors. Nothing was run.").waitFor();
  await page.getByRole("list", { name: "Steps" }).getByRole("listitem").nth(2).waitFor();
  await eventually(async () => assert.equal(await page.locator(".graph-edge").count(), 1));
  const count = page.getByRole("button", { name: /SELECT count/ });
  await eventually(async () => assert.match(await count.getAttribute("title"), /waits for 1 \(read after write: table main.big\)/));
});

test("a running program is followed live, taken up after a reload, and cancelled", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server);
  await run(page, `CREATE TABLE quick AS SELECT 1 AS a; ${kNeverEnds}; SELECT * FROM quick`);
  const steps = page.getByRole("list", { name: "Steps" }).getByRole("listitem");
  await steps.nth(0).getByText(/done/).waitFor();
  await steps.nth(1).getByText(/running/).waitFor();
  // It needs step 1 alone: it has ended while step 2, before it in the program, runs.
  await steps.nth(2).getByText(/done/).waitFor();
  await page.getByText("2 of 3 steps").waitFor();
  await checkAccessibility(page);
  await page.reload();
  await steps.nth(1).getByText(/running/).waitFor();
  await reads(page, /CREATE TABLE quick/);
  await page.getByRole("button", { name: "Cancel" }).click();
  await badge(page, "cancelled").waitFor();
  await steps.nth(1).getByText(/cancelled/).waitFor();
  await page.getByRole("button", { name: "Run" }).waitFor();
  // Its table was made before: the list beside the editor has it.
  await page.getByRole("button", { name: "Tables", exact: true }).click();
  await page.getByText("quick").first().waitFor();
});

test("a program whose stream was lost is shown whole all the same", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server);
  let cut = 0;
  await page.route("**/events", async (route) => {
    if (cut++ === 0) await route.abort("connectionreset");
    else await route.continue();
  });
  await run(page, "SELECT 42 AS answer");
  await page.getByRole("cell", { name: "42", exact: true }).waitFor();
  await badge(page, "done").waitFor();
  await eventually(async () => assert.equal(await page.getByText("The connection is lost").count(), 0));
  assert.ok(cut > 1);
});

test("a large result is followed to its end with few rows in the document", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server);
  await run(page, "SELECT range AS i, range * 2 AS twice FROM range(60000)");
  await page.getByText("60,000 rows", { exact: true }).waitFor();
  const frame = page.getByRole("region", { name: "Result result-1" });
  await eventually(async () => assert.ok((await rowsOf(page, "Result result-1").count()) < 60));
  await frame.focus();
  await page.keyboard.press("End");
  await frame.getByRole("cell", { name: "119998" }).waitFor();
  await eventually(async () => assert.ok((await rowsOf(page, "Result result-1").count()) < 60));
});

test("more than the server keeps, and more than the page takes, is said", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server);
  await run(page, "SELECT range AS i, 'some words to fill a line ' || range AS words FROM range(600000)");
  await badge(page, "done").waitFor();
  await page.getByText(/^The (first 100,000 rows are shown|server keeps the first 8 MiB)/).first().waitFor();
  await page.getByText(/^the first [\d,]+( of 600,000)? rows$/).waitFor();
});

test("completion offers tables, columns of tables named later, and statements with their help", async (t) => {
  const server = await Server.start(t, { program: kFlowers });
  const page = await open(t, server);
  await editor(page).click();
  await page.keyboard.type("SELECT * FROM flow");
  const list = page.locator(".cm-tooltip-autocomplete li");
  await list.filter({ hasText: "flowers" }).click();
  await reads(page, "SELECT * FROM flowers");
  await page.keyboard.type(" TO TR");
  await list.filter({ hasText: "TRAIN" }).waitFor();
  await page.locator(".cm-completionInfo").getByText("Train a model on the rows of a query", { exact: false }).waitFor();
  // CodeMirror takes no key for a list that has just opened: it could be meant for the text (interactionDelay, 75 ms).
  await page.waitForFunction((begin) => performance.now() - begin > 100, await page.evaluate(() => performance.now()));
  await page.keyboard.press("Enter");
  await reads(page, "SELECT * FROM flowers TO TRAIN");
  await type(page, "SELECT  FROM flowers");
  await page.keyboard.press("Home");
  for (let i = 0; i < 7; ++i) await page.keyboard.press("ArrowRight");
  await page.keyboard.type("si");
  await list.filter({ hasText: "size" }).waitFor();
});

test("pictures of a training are shown as images, and the steps keep their outputs apart", async (t) => {
  const server = await Server.start(t, { program: kFlowers });
  const page = await open(t, server);
  await run(page, `SELECT a, b, size FROM flowers TO TRAIN xgboost.gbtree WITH validation.fraction = 0.2 LABEL size INTO zoo.sizes;
    SELECT a, b, size FROM flowers TO EXPLAIN zoo.sizes`);
  await badge(page, "done").waitFor();
  const training = page.getByRole("img", { name: "training" });
  await training.waitFor();
  await page.waitForFunction(() => [...document.images].every((image) => image.complete && image.naturalWidth > 100));
  await page.locator("#step-1").getByRole("img", { name: "training" }).waitFor();
  await page.locator("#step-2").getByRole("img").first().waitFor();
  await page.locator("#step-1").getByText(/Trained zoo.sizes/).waitFor();
  await checkAccessibility(page);
  await page.getByRole("button", { name: /2 EXPLAIN/ }).click();
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.id), "step-2"));
});

test("unchanged steps are skipped unless they are asked for", async (t) => {
  const server = await Server.start(t, { program: kFlowers });
  const page = await open(t, server);
  const program = "CREATE OR REPLACE TABLE s AS SELECT * FROM flowers; SELECT count(*) AS n FROM s";
  await run(page, program);
  await badge(page, "done").waitFor();
  const first = page.getByRole("list", { name: "Steps" }).getByRole("listitem").first();
  await page.keyboard.press("Control+Enter");
  await first.getByText("unchanged").waitFor();
  await page.getByLabel("Skip unchanged steps").uncheck();
  await page.getByRole("button", { name: "Run" }).click();
  await first.getByText(/done/).waitFor();
});

test("earlier programs are opened from the list, and undo brings back what was typed", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server);
  await run(page, "SELECT 1 AS first");
  await badge(page, "done").waitFor();
  await run(page, "SELECT 2 AS second");
  await page.getByRole("columnheader", { name: "second" }).waitFor();
  await type(page, "SELECT 3 AS unfinished");
  await page.getByRole("region", { name: "Programs" }).getByRole("link").last().click();
  await page.getByRole("columnheader", { name: "first" }).waitFor();
  await reads(page, "SELECT 1 AS first");
  await editor(page).click();
  await page.keyboard.press("Control+z");
  await reads(page, "SELECT 3 AS unfinished");
  // What was typed survives a reload; a program that is gone is said to be.
  await page.goto(`${server.url}/#/sql/none`);
  await page.reload();
  await page.getByText("The server keeps this program no more.").waitFor();
  await reads(page, "SELECT 3 AS unfinished");
});

test("a program that is opened shows its text and its results in one step, whatever was there", async (t) => {
  const page = await openWithTwoPrograms(t);
  // Each column that the document ever has, with what the editor has beside it.
  await page.evaluate(() => {
    window.seen = new Set();
    window.observer = new MutationObserver(() => {
      const column = document.querySelector(".grid th:not(.grid-index)")?.firstChild.textContent;
      const text = document.querySelector(".sql-editor").shadowRoot.querySelector(".cm-content").textContent;
      if (column) window.seen.add(`${column}: ${text}`);
    });
    window.observer.observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const programs = page.getByRole("region", { name: "Programs" }).getByRole("link");
  await programs.last().click();
  await page.getByRole("columnheader", { name: "first" }).waitFor();
  const seen = await page.evaluate(() => {
    window.observer.disconnect();
    return [...window.seen];
  });
  assert.deepEqual(seen.filter((one) => one !== "second: SELECT 2 AS second"), ["first: SELECT 1 AS first"]);
  // From another page, too, though this one keeps a draft.
  await type(page, "SELECT 3 AS unfinished");
  const address = page.url();
  await programs.first().click();
  await reads(page, "SELECT 2 AS second");
  await page.getByRole("link", { name: "Runs" }).click();
  await page.getByRole("heading", { name: "Runs", level: 1 }).waitFor();
  await page.goto(address);
  await page.getByRole("columnheader", { name: "first" }).waitFor();
  await reads(page, "SELECT 1 AS first");
});

test("what is typed while a program is on its way stays, and what is shown is said to be another's", async (t) => {
  const page = await openWithTwoPrograms(t);
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route("**/v1/programs/*/plan", async (route) => {
    await released;
    await route.continue();
  });
  await page.getByRole("region", { name: "Programs" }).getByRole("link").last().click();
  await page.getByRole("columnheader", { name: "second" }).waitFor({ state: "detached" });
  await type(page, "SELECT 3 AS mine");
  release();
  await page.getByRole("columnheader", { name: "first" }).waitFor();
  await page.getByText("The text above is not this program's.").waitFor();
  await reads(page, "SELECT 3 AS mine");
  await page.getByRole("button", { name: "Show its text" }).click();
  await page.getByText("The text above is not this program's.").waitFor({ state: "detached" });
  await reads(page, "SELECT 1 AS first");
  await editor(page).click();
  await page.keyboard.press("Control+z");
  await reads(page, "SELECT 3 AS mine");
  await page.getByText("The text above is not this program's.").waitFor();
});

test("a viewer looks on and runs nothing", async (t) => {
  const server = await Server.start(t, { tokens: { ann: "editor", bob: "viewer" } });
  const submitted = await server.request("POST", "/v1/programs", { program: "SELECT 7 AS seven" }, server.tokens.ann);
  const page = await open(t, server, { token: server.tokens.bob, path: `#/sql/${submitted.id}` });
  await page.getByRole("columnheader", { name: "seven" }).waitFor();
  await eventually(async () => assert.ok(await page.getByRole("button", { name: "Run" }).isDisabled()));
  const asked = [];
  page.on("request", (request) => asked.push(request.method()));
  await editor(page).click();
  await page.keyboard.press("Control+Enter");
  // What is asked for later has come by then.
  await page.reload();
  await page.getByRole("columnheader", { name: "seven" }).waitFor();
  assert.deepEqual(new Set(asked), new Set(["GET"]));
});

test("with results and a graph the page fits both widths, light and dark", async (t) => {
  const server = await Server.start(t, { program: kFlowers });
  for (const width of [1280, 390]) {
    for (const dark of [false, true]) {
      const page = await open(t, server, { width, dark });
      await run(page, `CREATE OR REPLACE TABLE s AS SELECT * FROM flowers; SELECT * FROM s;
        SELECT repeat('a long value ', 40) AS words; SELECT nothing FROM s`);
      await badge(page, "wrong").waitFor();
      await checkWidth(page);
      await run(page, "CREATE OR REPLACE TABLE s AS SELECT * FROM flowers; SELECT * FROM s; SELECT repeat('a long value ', 40) AS words");
      await badge(page, "done").waitFor();
      await checkWidth(page);
      await checkAccessibility(page);
    }
  }
});
