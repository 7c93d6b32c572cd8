"""A real `sinan serve` for the tests, and a gateway before it that can withhold and damage answers."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("SINAN_BINARY", str(ROOT / "bin" / "sinan"))


class Server:
    """A project with the parameters of sdk/served.sql; `settings` is its sinan.toml."""

    def __init__(self, settings=""):
        self.folder = tempfile.mkdtemp()
        if settings:
            Path(self.folder, "sinan.toml").write_text(settings)
        self.sinan("-f", str(ROOT / "sdk" / "served.sql"))
        self.port = 0

    def sinan(self, *arguments):
        """What the program says, with the project that is not served now."""
        command = [BINARY, "--project", self.folder, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def start(self):
        """On the port it had before, if any."""
        self.process = subprocess.Popen(
            [BINARY, "--project", self.folder, "serve", "--listen", f"127.0.0.1:{self.port}"], stderr=subprocess.PIPE, text=True
        )
        for line in self.process.stderr:
            if found := re.search(r"at (http://[^\s,]+:(\d+))", line):
                self.url, self.port = found[1], int(found[2])
                break
        threading.Thread(target=self._drain, args=(self.process.stderr,), daemon=True).start()
        return self

    @staticmethod
    def _drain(log):
        with log:
            log.read()

    def restart_with_tokens(self, *roles):
        """From now on every request needs a token; one of each role."""
        self.kill()
        tokens = [re.search(r"sinan_\S+", self.sinan("token", "create", role, "--role", role))[0] for role in roles]
        self.start()
        return tokens

    def kill(self):
        self.process.kill()
        self.process.wait()

    def remove(self):
        """Gives back the status with which it has ended."""
        self.process.terminate()
        status = self.process.wait()
        shutil.rmtree(self.folder)
        return status

    def post(self, path, body=b"", headers=None):
        """Status, body and headers of the answer."""
        headers = {"Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(self.url + path, data=body, method="POST", headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers

    def run(self, program):
        _, answer, _ = self.post("/v1/programs", json.dumps({"program": program}).encode())
        run = json.loads(answer)["id"]
        with urllib.request.urlopen(f"{self.url}/v1/programs/{run}/events") as events:
            events.read()  # until it has ended
        with urllib.request.urlopen(f"{self.url}/v1/programs/{run}") as state:
            assert json.loads(state.read())["state"] == "done"


class Gateway:
    """Passes snapshots on, each through `change`, at a time that is `ahead` seconds ahead. Requests that may wait for a change are
    answered "at once", "never", or "cut" off."""

    def __init__(self, server, change=lambda body: body, ahead=0, waiting="at once"):
        gateway = self
        self.change = change
        self.waits = threading.Semaphore(0)  # for a change, that were asked for
        self.closing = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if "wait=" in self.path:
                    gateway.waits.release()
                    if waiting == "never":
                        return gateway.closing.wait()
                    if waiting == "cut":
                        return self.connection.shutdown(socket.SHUT_RDWR)
                request = urllib.request.Request(server.url + self.path)
                try:
                    with urllib.request.urlopen(request) as answer:
                        body = gateway.change(answer.read())
                        tag = answer.headers["ETag"]
                except urllib.error.URLError:
                    return self.send_error(502)
                self.send_response(200)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def date_time_string(self, timestamp=None):
                return super().date_time_string((timestamp or time.time()) + ahead)

            def log_message(self, *_):
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # a client that has gone

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()


class Served(unittest.TestCase):
    """Tests with a server, and a place for the file of the last known snapshot."""

    def setUp(self):
        self.server = Server().start()
        self.addCleanup(self.server.remove)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = Path(folder.name) / "flags.snapshot"
