// Models and runs: what the pages show is what the project has.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { checkAccessibility, checkWidth, closeBrowser, eventually, open, Server } from "./fixture.mjs";

after(closeBrowser);

const kTrain = "SELECT a, b, size FROM flowers TO TRAIN xgboost.gbtree WITH train.num_boost_round = 5, validation.fraction = 0.2 LABEL size INTO zoo.sizes";
const kProgram = `CREATE TABLE flowers AS SELECT i, i % 7 AS a, i % 5 AS b, (i % 7) * 2.0 + (i % 5) AS size FROM range(400) r(i);
${kTrain};
SELECT a, b FROM flowers TO PREDICT guesses.size USING zoo.sizes`;

const allLoaded = (page) =>
  page.waitForFunction(() => [...document.images].every((image) => image.complete && image.naturalWidth > 0));

test("empty lists say how to get something", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server, { path: "#/models" });
  await page.getByRole("heading", { name: "There is no model yet" }).waitFor();
  await page.getByRole("link", { name: "Runs" }).click();
  await page.getByRole("heading", { name: "Nothing has been run yet" }).waitFor();
});

test("a model shows its versions, training, metrics, features, charts and lineage", async (t) => {
  const server = await Server.start(t, { program: kProgram });
  server.process.kill("SIGTERM");
  await server.ended;
  server.sinan("-c", `${kTrain.replace("= 5", "= 9")}; ALTER MODEL zoo.sizes SET ALIAS production TO VERSION 1`);
  await server.serve("127.0.0.1:0");
  const page = await open(t, server, { path: "#/models" });
  const row = page.getByRole("row", { name: /zoo.sizes/ });
  await row.getByText("production: 1").waitFor();
  await row.getByRole("link", { name: "zoo.sizes" }).click();
  await page.getByRole("heading", { name: "zoo.sizes version 2" }).waitFor();
  await page.getByRole("heading", { name: "Metrics after round 9 of 9" }).waitFor();
  await page.getByRole("region", { name: "Versions" }).getByRole("link", { name: "1", exact: true }).click();
  await page.getByRole("heading", { name: "zoo.sizes version 1 production" }).waitFor();
  await page.getByText(kTrain, { exact: true }).waitFor();
  // The numbers are the catalog's.
  const { versions } = await server.request("GET", "/v1/models/zoo.sizes");
  const { metrics, features } = versions[1].payload;
  const cell = page.getByRole("region", { name: "Metrics" }).getByRole("cell").nth(2);
  const metric = Number(Object.values(metrics.validation)[0][metrics.best_round].toPrecision(6));
  await eventually(async () => assert.equal(Number(await cell.textContent()), metric));
  const rows = page.getByRole("region", { name: "Features" }).getByRole("row");
  await rows.nth(1).waitFor();
  await eventually(async () => assert.equal(await rows.count(), 1 + features.length));
  // Sorting by importance puts the larger one last, and first when it is asked for again.
  const largest = features.reduce((a, b) => (a.importance > b.importance ? a : b)).name;
  const sort = page.getByRole("button", { name: /Importance/ });
  await sort.click();
  await eventually(async () => assert.equal(await rows.last().getByRole("cell").first().textContent(), largest));
  await sort.press("Enter");
  await eventually(async () => assert.equal(await rows.nth(1).getByRole("cell").first().textContent(), largest));
  await page.getByRole("img", { name: "importance" }).waitFor();
  await allLoaded(page);
  await page.getByRole("region", { name: "Made from" }).getByText("flowers").first().waitFor();
  await page.getByRole("region", { name: "Made with it" }).getByText("guesses").waitFor();
  await checkAccessibility(page);
  await page.getByRole("link", { name: /step 2$/ }).click();
  await page.getByRole("heading", { name: /^Run / }).waitFor();
});

test("a model that is not there is an error with the nearest name", async (t) => {
  const server = await Server.start(t, { program: kProgram });
  const page = await open(t, server, { path: "#/models/zoo.size" });
  await page.getByRole("alert").getByText(/not_found/).waitFor();
  await page.getByText(/zoo\.sizes/).first().waitFor();
  await page.goto(`${server.url}/#/models/zoo.sizes/7`);
  await page.getByText("The model has no version 7.").waitFor();
});

test("a run shows its steps in time and as a graph, what they read and wrote, and the error", async (t) => {
  const server = await Server.start(t, { program: kProgram });
  const failed = await server.request("POST", "/v1/programs", {
    program: "CREATE TABLE one AS SELECT 1 AS a; SELECT error('no such luck') FROM one; SELECT * FROM one",
    name: "luckless.sql",
  });
  await (await fetch(`${server.url}/v1/programs/${failed.id}/events`)).text();
  const page = await open(t, server, { path: "#/runs" });
  const rows = page.getByRole("region", { name: "Runs" }).getByRole("row");
  await rows.filter({ hasText: "luckless.sql" }).getByText("failed").waitFor();
  await rows.filter({ hasText: "luckless.sql" }).getByRole("link").click();
  await page.getByText(/no such luck/).first().waitFor();
  await checkAccessibility(page);
  await page.getByRole("link", { name: "Runs" }).first().click();
  await rows.last().getByRole("link").click();
  const card = page.locator("#step-2");
  await card.getByText(/Trained zoo.sizes/).waitFor();
  await eventually(async () => assert.equal(await card.locator(".statement").textContent(), kTrain));
  await eventually(async () => assert.deepEqual(await card.locator(".objects").allInnerTexts(), ["table flowers", "model zoo.sizes"]));
  await eventually(async () => assert.equal(await page.locator(".graph-edge").count(), 3));
  await page.getByRole("button", { name: /3 TO PREDICT/ }).click();
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.id), "step-3"));
  const inTime = page.getByRole("list", { name: "Steps in time" }).getByRole("listitem");
  await eventually(async () => assert.equal(await inTime.count(), 3));
  await page.getByRole("img", { name: "training" }).waitFor();
  await allLoaded(page);
});

test("models and runs fit both widths, light and dark", async (t) => {
  const server = await Server.start(t, { program: kProgram });
  const { runs } = await server.request("GET", "/v1/runs");
  for (const width of [1280, 390]) {
    for (const dark of [false, true]) {
      const page = await open(t, server, { width, dark });
      const headings = { "models": "Models", "models/zoo.sizes": "zoo.sizes version 1", "runs": "Runs", [`runs/${runs[0].id}`]: /^Run / };
      for (const [path, name] of Object.entries(headings)) {
        await page.goto(`${server.url}/#/${path}`);
        await page.getByRole("heading", { level: 1, name }).waitFor();
        await page.getByText("Loading…").first().waitFor({ state: "detached" });
        await allLoaded(page);
        await checkWidth(page);
        await checkAccessibility(page);
      }
    }
  }
});
