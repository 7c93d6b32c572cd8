// Parameters and experiments: lists, one of each, what is changed by hand and lands in the audit log.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { checkAccessibility, checkWidth, closeBrowser, open, Server } from "./fixture.mjs";

after(closeBrowser);

const program = `
CREATE PARAMETER button.color STRING DEFAULT 'green' VALUES ('green', 'black', 'blue') OWNER 'shop';
ALTER PARAMETER button.color ADD RULE WHEN country = 'FR' THEN 'blue';
CREATE EXPERIMENT black ON UNIT user_id GROUPS control [0..49], treatment [50..99] (t1 [50..74], t2 [75..99])
  WHEN city = 'Oslo' SET button.color = CASE GROUP WHEN control THEN 'green' WHEN t1 THEN 'black' WHEN t2 THEN 'blue' END ROLLOUT 5%;
CREATE EXPERIMENT rome ON UNIT user_id GROUPS a [0..49], b [50..99]
  WHEN city = 'Rome' SET button.color = CASE GROUP WHEN a THEN 'green' WHEN b THEN 'black' END;
CREATE EXPERIMENT everybody ON UNIT user_id GROUPS a [0..49], b [50..99]
  SET button.color = CASE GROUP WHEN a THEN 'green' WHEN b THEN 'black' END;
START EXPERIMENT black`;

test("an experiment from its list to its end, with every step in the history", async (t) => {
  const server = await Server.start(t, { tokens: { ann: "editor" }, program });
  const page = await open(t, server, { token: server.tokens.ann, path: "#/experiments" });
  await page.getByRole("link", { name: "rome" }).waitFor();
  await page.getByLabel("State").selectOption("running");
  await page.getByRole("link", { name: "rome" }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "black" }).click();
  await page.getByRole("heading", { name: "Experiments: black" }).waitFor();
  await page.getByText("t2: buckets 75 to 99, 25 %").waitFor({ state: "attached" });
  // The rollout says what it will do before it does it.
  await page.getByLabel("New rollout in percent").fill("20");
  await page.getByText("Lets in 15 % of the units more").first().waitFor();
  await page.getByRole("button", { name: "Change the rollout" }).click();
  await page.getByLabel("Reason").fill("no complaints");
  await page.getByRole("button", { name: "Set it to 20 %" }).click();
  await page.getByText("Now 20 %, at most 100 %.").waitFor();
  await page.getByText(/by ann, version \d+: no complaints/).waitFor();
  // A winner becomes the default.
  await page.getByLabel("Ship").selectOption("t1");
  await page.getByRole("button", { name: "End", exact: true }).click();
  await page.getByText(/The values of t1 become everybody's defaults/).waitFor();
  await page.getByRole("button", { name: "End it" }).click();
  await page.getByText("ended", { exact: true }).first().waitFor();
  const shown = await server.request("GET", "/v1/parameters/button.color", undefined, server.tokens.ann);
  assert.equal(shown.parameter.default, "black");
});

test("what competes is shown with who would be in both, and is not started", async (t) => {
  const server = await Server.start(t, { program });
  const page = await open(t, server, { path: "#/experiments/everybody" });
  await page.getByText("It cannot run: 1 of 1 are not proved to be apart.").waitFor();
  await page.getByText(/Both would decide for/).waitFor();
  await page.getByText(/It would be apart with/).waitFor();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByRole("button", { name: "Start it" }).click();
  await page.getByRole("alert").getByText(/experiments overlap on button.color/).waitFor();
  await page.keyboard.press("Escape");
  await page.goto(`${server.url}/#/experiments/rome`);
  await page.getByText("It competes with none of 1: that is proved.").waitFor();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByRole("button", { name: "Start it" }).click();
  await page.getByText("running", { exact: true }).first().waitFor();
});

test("a parameter explains what somebody sees", async (t) => {
  const server = await Server.start(t, { tokens: { eve: "viewer" }, program });
  const page = await open(t, server, { token: server.tokens.eve, path: "#/parameters" });
  await page.getByRole("link", { name: "button.color" }).click();
  await page.getByText("country = 'FR'").first().waitFor();
  await page.getByLabel("Context").fill("user_id = u42\ncountry = FR");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText("'blue': TARGETING_MATCH, rule").waitFor();
  // A viewer is offered no change.
  await page.getByRole("link", { name: "black" }).click();
  await page.getByText("Now 5 %, at most 100 %.").waitFor();
  assert.equal(await page.getByRole("button", { name: /Pause|End|Change the rollout/ }).count(), 0);
});

test("both widths, both colour schemes", async (t) => {
  const server = await Server.start(t, { program });
  for (const path of ["experiments", "experiments/everybody", "experiments/black", "parameters", "parameters/button.color"]) {
    for (const width of [1280, 390]) {
      for (const dark of [false, true]) {
        const page = await open(t, server, { path: `#/${path}`, width, dark });
        await page.getByText("button.color").first().waitFor({ state: "attached" });
        await checkWidth(page);
        await checkAccessibility(page);
        if (process.env.SHOTS) {
          await page.screenshot({ path: `${process.env.SHOTS}/${path.replaceAll("/", "_")}_${width}_${dark ? "dark" : "light"}.png`, fullPage: true });
        }
      }
    }
  }
});
