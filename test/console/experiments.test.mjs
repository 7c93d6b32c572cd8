// Parameters and experiments: lists, one of each, what is changed by hand and lands in the audit log.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { checkAccessibility, checkWidth, closeBrowser, eventually, open, Server } from "./fixture.mjs";

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
  await page.getByRole("button", { name: "End", exact: true }).click();
  await page.getByLabel("Ship").selectOption("t1");
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
  await eventually(async () => assert.equal(await page.getByRole("button", { name: /Pause|End|Change the rollout/ }).count(), 0));
});

// Until the field has the value.
const holds = (field, value) => eventually(async () => assert.equal(await field.inputValue(), value));

const proof = (page) => page.getByRole("region", { name: "Does it compete?" });
const group = (page, name) => page.getByRole("group", { name: `Group ${name}`, exact: true });

test("an experiment is made in the form: the overlap is shown, the remedy pressed, saved, started", async (t) => {
  const server = await Server.start(t, { tokens: { ann: "editor" }, program });
  const page = await open(t, server, { token: server.tokens.ann, path: "#/experiments" });
  await page.getByRole("link", { name: "New experiment" }).click();
  await page.getByLabel("Name").fill("form.made");
  await page.getByLabel("Owner").fill("shop");
  await proof(page).getByText(/Checked as soon as it is complete/).waitFor();
  await page.getByLabel("Parameter", { exact: true }).selectOption("button.color");
  const values = page.getByRole("group", { name: "button.color" });
  // Legal values are chosen, and parts say whose value they have without one.
  const legal = values.getByLabel("control").locator("option");
  await eventually(async () => assert.deepEqual(await legal.allTextContents(), ["not set", "'green'", "'black'", "'blue'"]));
  await page.getByRole("button", { name: "Split treatment" }).click();
  await group(page, "treatment_1").getByLabel("Group").fill("t1");
  await group(page, "treatment_2").getByLabel("Group").fill("t2");
  await page.getByText("t2: buckets 75 to 99, 25 %").waitFor({ state: "attached" });
  await eventually(async () => assert.equal(await values.getByLabel("t1").locator("option").first().textContent(), "as treatment"));
  await values.getByLabel("control").selectOption("'green'");
  await values.getByLabel("t1").selectOption("'black'");
  await values.getByLabel("t2").selectOption("'blue'");
  // Everybody: it competes with the one that runs.
  await proof(page).getByText("It cannot run: 1 of 1 are not proved to be apart.").waitFor();
  const witness = proof(page).getByRole("region", { name: "Somebody whom black decides button.color for, too" });
  await witness.getByRole("row", { name: "city 'Oslo'" }).waitFor();
  await proof(page).getByRole("button", { name: "Add it to every branch" }).click();
  await holds(page.getByLabel("Condition"), "city NOT IN ('Oslo')");
  await proof(page).getByText("It competes with none of 1: that is proved.").waitFor();
  await proof(page).getByText("The proof").click();
  await proof(page).getByText(/Apart from black on button.color by city:/).waitFor();
  await page.getByLabel("Rollout in percent").fill("10");
  await page.getByLabel("At most, in percent").fill("50");
  await page.getByRole("button", { name: "Add a window of time" }).click();
  await page.getByLabel("Begin").fill("2026-12-01T09:30");
  await page.getByLabel("Reason").fill("darker sells");
  await page.getByRole("button", { name: "Save as a draft" }).click();
  await page.getByRole("heading", { name: "Experiments: form.made" }).waitFor();
  await page.getByText(/by ann, version \d+: darker sells/).waitFor();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByRole("button", { name: "Start it" }).click();
  await page.getByText("running", { exact: true }).first().waitFor();
  const { experiment } = await server.request("GET", "/v1/experiments/form.made", undefined, server.tokens.ann);
  assert.deepEqual(experiment.groups, [
    { name: "control", first: 0, last: 49 },
    { name: "treatment", first: 50, last: 99, groups: [{ name: "t1", first: 50, last: 74 }, { name: "t2", first: 75, last: 99 }] },
  ]);
  assert.deepEqual(experiment.branches, [
    { when: "city NOT IN ('Oslo')", set: { "button.color": { control: "green", t1: "black", t2: "blue" } } },
  ]);
  assert.equal(experiment.rollout, 10);
  assert.equal(experiment.max_rollout, 50);
  assert.equal(experiment.schedule.length, 1);
  assert.match(experiment.schedule[0].begin, /^2026-12-01T09:30:00/);
  assert.equal(experiment.owner, "shop");
});

test("what is wrong in the form is told at its place, and nothing is saved", async (t) => {
  const server = await Server.start(t, { program });
  const page = await open(t, server, { path: "#/experiments?new" });
  await page.getByRole("button", { name: "Save as a draft" }).click();
  await page.getByText("it needs a name").first().waitFor();
  await page.getByText("choose a parameter that it sets").first().waitFor();
  await eventually(async () => assert.ok(await page.getByLabel("Name").evaluate((input) => input === document.activeElement)));
  await page.getByLabel("Name").fill("1st");
  await page.getByText("letters, digits, _ . and -, beginning with a letter").waitFor();
  await page.getByLabel("Name").fill("first");
  // Ranges with a gap, with an overlap, and shared again.
  await group(page, "treatment").getByLabel("First").fill("60");
  await page.getByText("Buckets 50 to 59 are in no group.").waitFor();
  await group(page, "treatment").getByLabel("First").fill("40");
  await page.getByText("Buckets 40 to 49 are in control and in treatment.").waitFor();
  await group(page, "treatment").getByLabel("First").fill("x");
  await group(page, "treatment").getByText("first and last bucket are whole numbers").waitFor();
  await page.getByRole("button", { name: "Add a group" }).click();
  await page.getByRole("button", { name: "Share equally" }).click();
  await page.getByRole("button", { name: "Remove t2" }).click();
  await page.getByText("Buckets 66 to 99 are in no group.").waitFor();
  await page.getByRole("button", { name: "Share equally" }).click();
  await page.getByText("treatment: buckets 50 to 99, 50 %").waitFor({ state: "attached" });
  await page.getByLabel("Parameter", { exact: true }).selectOption("button.color");
  await page.getByRole("alert").getByText("give at least one group a value").waitFor();
  await page.getByRole("group", { name: "button.color" }).getByLabel("control").selectOption("'green'");
  // The server's words about a condition stand at the condition.
  await page.getByRole("button", { name: "Add a branch" }).click();
  const second = page.getByRole("group", { name: "Branch 2" });
  await second.getByLabel("Parameter", { exact: true }).selectOption("button.color");
  await second.getByLabel("control").selectOption("'blue'");
  await second.getByLabel("Condition").fill("city = ");
  await second.getByText("expected a value, found the end of the statement").waitFor();
  await eventually(async () => assert.equal(await second.getByLabel("Condition").getAttribute("aria-invalid"), "true"));
  // A branch behind one for everybody is never reached.
  await second.getByLabel("Condition").fill("city = 'Bergen'");
  await proof(page).getByRole("heading", { name: "Nothing can reach" }).waitFor();
  await page.getByRole("button", { name: "Remove branch 2" }).click();
  await proof(page).getByRole("heading", { name: "Nothing can reach" }).waitFor({ state: "detached" });
  await page.getByLabel("Rollout in percent").fill("60");
  await page.getByLabel("At most, in percent").fill("50");
  await page.getByText("at most 50 %, its maximum").waitFor();
  const { total } = await server.request("GET", "/v1/experiments");
  assert.equal(total, 3);
  // A name that is taken is the server's to tell.
  await page.getByLabel("At most, in percent").fill("100");
  await page.getByLabel("Name").fill("black");
  await page.getByRole("button", { name: "Save as a draft" }).click();
  await page.getByRole("alert").getByText(/experiment exists already/).waitFor();
});

test("a draft is edited; somebody else's change in between is not overwritten", async (t) => {
  const server = await Server.start(t, { program });
  const page = await open(t, server, { path: "#/experiments/rome" });
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await holds(page.getByLabel("Condition"), "city = 'Rome'");
  await page.getByLabel("Condition").fill("city = 'Rome' OR city = 'Oslo'");
  await proof(page).getByRole("button", { name: "Add it to every branch" }).click();
  await holds(page.getByLabel("Condition"), "(city = 'Rome' OR city = 'Oslo') AND city NOT IN ('Oslo')");
  await proof(page).getByText("It competes with none of 1: that is proved.").waitFor();
  await server.request("PATCH", "/v1/experiments/rome", { owner: "travel" });
  await page.getByRole("button", { name: "Save the changes" }).click();
  await page.getByText(/Somebody else saved while this form was open/).waitFor();
  await page.getByRole("button", { name: "Drop my changes and read it again" }).click();
  await page.getByText(/Somebody else saved/).waitFor({ state: "detached" });
  await holds(page.getByLabel("Owner"), "travel");
  await group(page, "a").getByLabel("Group").fill("as_it_was");
  await page.getByLabel("Condition").fill("city = 'Roma'");
  await page.getByRole("button", { name: "Save the changes" }).click();
  await page.getByRole("heading", { name: "Experiments: rome" }).waitFor();
  const { experiment } = await server.request("GET", "/v1/experiments/rome");
  // The value went with the group to its new name.
  assert.deepEqual(experiment.branches, [{ when: "city = 'Roma'", set: { "button.color": { as_it_was: "green", b: "black" } } }]);
});

test("of an experiment that runs, the plan is edited, a group split, and the winner shipped to its audience", async (t) => {
  const server = await Server.start(t, { program });
  const page = await open(t, server, { path: "#/experiments/black/edit" });
  await page.getByText(/Unit, buckets and groups stay/).waitFor();
  await eventually(async () => assert.equal(await page.getByLabel("Unit").count(), 0));
  await page.getByRole("group", { name: "button.color" }).getByLabel("t2").selectOption("'green'");
  await page.getByRole("button", { name: "Save the changes" }).click();
  await page.getByRole("button", { name: "Split a group" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Group to split").selectOption("control");
  await group(dialog, "control_1").getByLabel("Last").fill("9");
  await dialog.getByText("Buckets 10 to 24 are in no group.").waitFor();
  await dialog.getByRole("button", { name: "Split control" }).click();
  await dialog.getByText(/parts do not tile the group's buckets/).waitFor();
  await group(dialog, "control_2").getByLabel("First").fill("10");
  await dialog.getByRole("button", { name: "Split control" }).click();
  await page.getByText("control_1: buckets 0 to 9, 10 %").waitFor({ state: "attached" });
  await page.getByRole("button", { name: "End", exact: true }).click();
  await page.getByLabel("Ship").selectOption("t1");
  await page.getByLabel("only to those whom its conditions hold for").check();
  await page.getByText(/Rules give the values of t1 to all whom its conditions hold for/).waitFor();
  await page.getByRole("button", { name: "End it" }).click();
  await page.getByText("ended", { exact: true }).first().waitFor();
  const { parameter } = await server.request("GET", "/v1/parameters/button.color");
  assert.equal(parameter.default, "green");
  assert.ok(parameter.rules.some((rule) => rule.when === "city = 'Oslo'" && rule.value === "black"), JSON.stringify(parameter.rules));
});

test("what cannot be proved is told with its reason; an unreadable number of buckets draws nothing wrong", async (t) => {
  const server = await Server.start(t, { program: "CREATE PARAMETER n INT DEFAULT 1" });
  // The same salt with another number of buckets: the groups that set it never meet, and no proof is known.
  await server.request("POST", "/v1/experiments", {
    name: "ten", unit: ["user_id"], salt: "hundred", buckets: 10,
    groups: [{ name: "a", first: 0, last: 4 }, { name: "b", first: 5, last: 9 }],
    branches: [{ when: "TRUE", set: { n: { a: 2 } } }],
  });
  await server.request("POST", "/v1/experiments/ten/start");
  const page = await open(t, server, { path: "#/experiments?new" });
  await page.getByLabel("Name").fill("hundred");
  await page.getByLabel("Parameter", { exact: true }).selectOption("n");
  const values = page.getByRole("group", { name: "n", exact: true });
  await values.getByLabel("treatment").fill("2.5");
  await values.getByText("expected a value of type int").waitFor();
  await values.getByLabel("treatment").fill("3");
  await proof(page).getByText("UNKNOWN").first().waitFor();
  await proof(page).getByText(/No proof was found: /).waitFor();
  for (const wrong of ["", "0", "-5", "Infinity", "many"]) {
    await page.getByLabel("Buckets").fill(wrong);
    await page.getByText("a whole number from 1 on").waitFor();
  }
  await page.getByLabel("Buckets").fill("1000");
  await page.getByText("Buckets 100 to 999 are in no group.").waitFor();
});

test("a parameter is declared and changed in the form", async (t) => {
  const server = await Server.start(t, { tokens: { ann: "editor" } });
  const page = await open(t, server, { token: server.tokens.ann, path: "#/parameters" });
  await page.getByRole("link", { name: "New parameter" }).click();
  await page.getByRole("button", { name: "Declare it" }).click();
  await page.getByText("letters, digits, _ . and -, beginning with a letter").waitFor();
  await page.getByLabel("Name").fill("list.size");
  await page.getByLabel("Type").selectOption("int");
  await page.getByLabel("Default").fill("ten");
  await page.getByText("expected a value of type int").waitFor();
  await page.getByRole("button", { name: "Add a value" }).click();
  await page.getByLabel("Value 1", { exact: true }).fill("10");
  await page.getByRole("button", { name: "Add a value" }).click();
  await page.getByLabel("Value 2", { exact: true }).fill("25");
  // With legal values the default is chosen among them.
  await page.getByLabel("Default").selectOption("10");
  await page.getByRole("button", { name: "Add a rule" }).click();
  const rule = page.getByRole("group", { name: "Rule 1" });
  await rule.getByLabel("Condition").fill("city = ");
  await rule.getByLabel("Value").selectOption("25");
  await page.getByRole("button", { name: "Declare it" }).click();
  await rule.getByText("expected a value, found the end of the statement").waitFor();
  await rule.getByLabel("Condition").fill("city = 'Oslo'");
  await page.getByRole("button", { name: "Declare it" }).click();
  await page.getByRole("heading", { name: "Parameters: list.size" }).waitFor();
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await page.getByLabel("Default").selectOption("25");
  await page.getByRole("button", { name: "Remove rule 1" }).click();
  await page.getByLabel("Reason").fill("more is seen");
  await page.getByRole("button", { name: "Save the changes" }).click();
  await page.getByText(/by ann, version \d+: more is seen/).waitFor();
  const { parameter } = await server.request("GET", "/v1/parameters/list.size", undefined, server.tokens.ann);
  assert.deepEqual([parameter.default, parameter.values, parameter.rules], [25, [10, 25], undefined]);
});

test("an object called new is opened like every other", async (t) => {
  const server = await Server.start(t, {
    program: `CREATE PARAMETER new INT DEFAULT 1;
      CREATE EXPERIMENT new ON UNIT user_id GROUPS a [0..49], b [50..99] SET new = CASE GROUP WHEN a THEN 1 WHEN b THEN 2 END`,
  });
  const page = await open(t, server, { path: "#/experiments" });
  await page.getByRole("link", { name: "new", exact: true }).click();
  await page.getByRole("heading", { name: "Experiments: new" }).waitFor();
  await page.getByRole("link", { name: "new", exact: true }).click();
  await page.getByRole("heading", { name: "Parameters: new" }).waitFor();
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await page.getByRole("heading", { name: "Parameters: change new" }).waitFor();
});

test("what could go is marked with its risk and its reasons, and a parameter says whether code still reads it", async (t) => {
  const server = await Server.start(t, {
    program: `${program};
      CREATE EXPERIMENT alike ON UNIT user_id GROUPS a [0..49], b [50..99]
        WHEN city = 'Bonn' SET button.color = CASE GROUP WHEN a THEN 'blue' WHEN b THEN 'blue' END;
      START EXPERIMENT alike`,
  });
  const page = await open(t, server, { path: "#/parameters/button.color" });
  await page.getByText(/^(not counted yet|nothing has read it since)/).waitFor();
  await server.request("POST", "/ofrep/v1/evaluate/flags/button.color", { context: { targetingKey: "u1" } });
  await eventually(async () => assert.equal((await server.request("GET", "/v1/parameters/button.color")).reads?.count, 1));
  await page.reload();
  await page.getByText(/^code still reads it: 1 time since /).waitFor();
  await page.getByRole("link", { name: "Experiments", exact: true }).click();
  const row = page.getByRole("row", { name: /^alike/ });
  await row.getByText("medium risk").waitFor();
  await row.getByText("all groups have the same values").waitFor();
  await row.getByText("END EXPERIMENT alike", { exact: false }).waitFor();
  await page.getByRole("link", { name: "rome" }).waitFor();
  await page.getByLabel("Only what could go (1)").check();
  await page.getByRole("link", { name: "rome" }).waitFor({ state: "detached" });
  await row.waitFor();
  await checkAccessibility(page);
});

test("the forms in both widths and colour schemes", async (t) => {
  const server = await Server.start(t, { program });
  const paths = [
    "experiments?new", "experiments/everybody/edit", "experiments/black/edit", "parameters?new", "parameters/button.color/edit",
  ];
  for (const path of paths) {
    for (const width of [1280, 390]) {
      for (const dark of [false, true]) {
        const page = await open(t, server, { path: `#/${path}`, width, dark });
        await page.getByRole("button", { name: /Save|Declare/ }).waitFor();
        if (path === "experiments?new") {
          await page.getByRole("button", { name: "Split treatment" }).click();
          await group(page, "treatment_2").getByLabel("First").fill("80");
          await page.getByRole("button", { name: "Save as a draft" }).click();
          await page.getByText("it needs a name").first().waitFor();
        } else if (path.includes("everybody")) {
          await page.getByText("It cannot run: 1 of 1 are not proved to be apart.").waitFor();
        }
        await shoot(page, path, width, dark);
      }
    }
  }
});

test("the dialogs in both widths", async (t) => {
  const server = await Server.start(t, { program });
  for (const [button, width, dark] of [["Split a group", 390, true], ["Split a group", 1280, false], ["End", 390, true]]) {
    const page = await open(t, server, { path: "#/experiments/black", width, dark });
    await page.getByRole("button", { name: button, exact: true }).click();
    await page.getByRole("dialog").waitFor();
    await shoot(page, `dialog ${button}`, width, dark);
  }
});

async function shoot(page, path, width, dark) {
  await checkWidth(page);
  await checkAccessibility(page);
  if (process.env.SHOTS) {
    await page.screenshot({ path: `${process.env.SHOTS}/${path.replaceAll(/[\/ ]/g, "_")}_${width}_${dark ? "dark" : "light"}.png`, fullPage: true });
  }
}

test("both widths, both colour schemes", async (t) => {
  const server = await Server.start(t, { program });
  for (const path of ["experiments", "experiments/everybody", "experiments/black", "parameters", "parameters/button.color"]) {
    for (const width of [1280, 390]) {
      for (const dark of [false, true]) {
        const page = await open(t, server, { path: `#/${path}`, width, dark });
        await page.getByText("button.color").first().waitFor({ state: "attached" });
        await shoot(page, path, width, dark);
      }
    }
  }
});
