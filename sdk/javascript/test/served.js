// A real `sinan serve` for the tests, and a gateway before it that can withhold and damage answers.
import { execFileSync, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const program = join(process.env.SINAN_VECTORS, "../served.sql");

export class Server {
  folder = mkdtempSync(join(tmpdir(), "sinan-"));
  port = 0;

  static async make() {
    const server = new Server();
    execFileSync(process.env.SINAN_BINARY, ["--project", server.folder, "-f", program], { stdio: "ignore" });
    await server.start();
    return server;
  }

  // On the port it had before, if any.
  async start() {
    const listen = ["--listen", `127.0.0.1:${this.port}`];
    this.process = spawn(process.env.SINAN_BINARY, ["--project", this.folder, "serve", ...listen], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    for await (const line of createInterface({ input: this.process.stderr })) {
      const found = /at (http:\/\/[^\s,]+:(\d+))/.exec(line);
      if (found === null) continue;
      [, this.url, this.port] = found;
      break;
    }
    this.process.stderr.resume();
  }

  // From now on every request needs a token; this one has the role.
  async restartWithToken(role) {
    await this.kill();
    const told = execFileSync(process.env.SINAN_BINARY, ["--project", this.folder, "token", "create", role, "--role", role]);
    await this.start();
    return /sinan_\S+/.exec(String(told))[0];
  }

  async stop(signal) {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }
  kill() {
    return this.stop("SIGKILL");
  }
  async remove() {
    await this.stop("SIGTERM");
    rmSync(this.folder, { recursive: true });
  }

  async run(text) {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`${this.url}/v1/programs`, { method: "POST", headers, body: JSON.stringify({ program: text }) });
    const { id } = await answer.json();
    await (await fetch(`${this.url}/v1/programs/${id}/events`)).text(); // until it has ended
    const { state } = await (await fetch(`${this.url}/v1/programs/${id}`)).json();
    if (state !== "done") throw new Error(`the program is ${state}`);
  }
}

// Passes snapshots on, each through `change`. Requests that may wait for a change are answered "at once", "never", or "cut" off; `waits`
// counts them.
export async function makeGateway(server, { change = (body) => body, waiting = "at once" } = {}) {
  const gateway = new EventEmitter();
  Object.assign(gateway, { change, waits: 0 });
  const http = createServer(async (request, response) => {
    if (request.url.includes("wait=")) {
      gateway.waits += 1;
      gateway.emit("wait");
      if (waiting === "never") return undefined;
      if (waiting === "cut") return request.socket.destroy();
    }
    try {
      const answer = await fetch(server.url + request.url);
      const body = gateway.change(new Uint8Array(await answer.arrayBuffer()));
      return response.writeHead(200, { ETag: answer.headers.get("ETag") }).end(body);
    } catch {
      return response.writeHead(502).end();
    }
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  gateway.url = `http://127.0.0.1:${http.address().port}`;
  gateway.close = () => {
    http.closeAllConnections?.();
    http.close();
  };
  return gateway;
}

// Resolves when `holds()` does; looks whenever the client tells something.
export async function until(client, holds) {
  await new Promise((done) => {
    const look = () => {
      if (!holds()) return;
      forget();
      done();
    };
    const forget = client.onChange(look);
    look();
  });
}
