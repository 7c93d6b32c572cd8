// Sign-in, navigation, colours, errors: what stands around every page.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { checkAccessibility, checkWidth, closeBrowser, eventually, open, Server } from "./fixture.mjs";

after(closeBrowser);

test("without tokens everybody on the machine is let in", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server);
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  await eventually(async () => assert.equal(await page.title(), "SQL · Sinan"));
  await eventually(async () => assert.equal(await page.getByRole("button", { name: "Sign out" }).count(), 0));
});

test("a token is asked for, and only a known one with a fit role gets in", async (t) => {
  const server = await Server.start(t, { tokens: { ann: "editor", shop: "client" } });
  const page = await open(t, server, { path: "#/models" });
  await page.getByRole("heading", { name: "Sign in to Sinan" }).waitFor();
  await checkAccessibility(page);
  const field = page.getByLabel("Token");
  const submit = page.getByRole("button", { name: "Sign in" });
  await submit.click();
  await page.getByText("enter a token").waitFor();
  await field.fill("sinan_wrong");
  await submit.click();
  await page.getByText("the server does not know this token").waitFor();
  await field.fill(server.tokens.shop);
  await submit.click();
  await page.getByText("a token with the role client may not do this").waitFor();
  await field.fill(server.tokens.ann);
  await field.press("Enter");
  // The address that was asked for is where one lands.
  await page.getByRole("heading", { name: "Models", level: 1 }).waitFor();
  await eventually(async () => assert.match(await page.locator(".shell-who").textContent(), /ann \(editor\)/));
  // It survives a reload, and nothing else has it.
  await page.reload();
  await page.getByRole("heading", { name: "Models", level: 1 }).waitFor();
  await eventually(async () => assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 0));
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Sinan" }).waitFor();
  await eventually(async () => assert.equal(await page.evaluate(() => sessionStorage.length), 0));
});

test("a token that is revoked leads back to the sign-in and says why", async (t) => {
  const server = await Server.start(t, { tokens: { ann: "editor", bob: "viewer" } });
  const page = await open(t, server, { token: server.tokens.bob, path: "#/sql" });
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  server.sinan("token", "revoke", "bob");
  // A running server knows within a second.
  await eventually(async () => {
    const answer = await server.request("GET", "/v1/session", undefined, server.tokens.bob);
    assert.equal(answer.code, "permission");
  });
  await page.getByRole("link", { name: "Runs" }).click();
  await page.reload();
  await page.getByText(/no longer good/).waitFor();
});

test("the switch goes through system, light and dark, and is remembered", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server, { dark: true });
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const button = page.getByRole("button", { name: /^Colours/ });
  await button.waitFor();
  const dark = await ground();
  await button.click();
  const light = await eventually(async () => {
    const now = await ground();
    assert.notEqual(now, dark);
    return now;
  });
  await page.reload();
  await button.waitFor();
  await eventually(async () => assert.equal(await ground(), light));
  await button.click();
  await eventually(async () => assert.equal(await ground(), dark));
});

test("every page is reached by keyboard, is accessible, and fits both widths, light and dark", async (t) => {
  const server = await Server.start(t);
  for (const width of [1280, 390]) {
    for (const dark of [false, true]) {
      const page = await open(t, server, { width, dark });
      const links = page.getByRole("navigation", { name: "Pages" }).getByRole("link");
      await links.first().waitFor();
      await page.keyboard.press("Tab");
      await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the page"));
      for (const name of await links.allTextContents()) {
        await page.getByRole("link", { name, exact: true }).focus();
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { level: 1 }).filter({ hasText: name }).waitFor();
        await checkAccessibility(page);
        await checkWidth(page);
      }
    }
  }
});

test("an address that names no page says so", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server, { path: "#/nowhere" });
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
});

test("a server that is gone is told, and trying again works when it is back", async (t) => {
  const server = await Server.start(t);
  const page = await open(t, server);
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  const listen = server.url.replace("http://", "");
  await page.route("**/v1/session", (route) => route.abort());
  await page.reload();
  await page.getByText("the server does not answer").waitFor();
  await page.unroute("**/v1/session");
  await server.stop();
  await server.serve(listen);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
});
