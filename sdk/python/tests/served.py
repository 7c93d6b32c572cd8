"""A real `sinan serve` for the tests, and a gateway before it that can withhold and damage answers."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("SINAN_BINARY", str(ROOT / "bin" / "sinan"))

PROGRAM = """
CREATE PARAMETER button.color STRING DEFAULT 'green' VALUES ('green', 'black', 'blue');
CREATE PARAMETER search.fast BOOL DEFAULT FALSE;
CREATE PARAMETER search.results INT DEFAULT 20;
CREATE PARAMETER search.weight DOUBLE DEFAULT 3;
CREATE PARAMETER search.layout JSON DEFAULT '{"columns": 2, "names": ["a", "b"]}';
ALTER PARAMETER search.results ADD RULE WHEN device = 'phone' THEN 10;
CREATE EXPERIMENT colors ON UNIT user_id GROUPS control [0..49], treatment [50..99] (t1 [50..74], t2 [75..99])
  WHEN city = 'Oslo' AND app_version >= '3.2.0'
  SET button.color = CASE GROUP WHEN control THEN 'green' WHEN t1 THEN 'black' WHEN t2 THEN 'blue' END;
START EXPERIMENT colors;
"""


class Server:
    def __init__(self):
        self.folder = tempfile.mkdtemp()
        subprocess.run([BINARY, "--project", self.folder, "-c", PROGRAM], check=True, capture_output=True)
        self.port = 0
        self.start()

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

    @staticmethod
    def _drain(log):
        with log:
            log.read()

    def restart_with_tokens(self, *roles):
        """From now on every request needs a token; one of each role."""
        self.kill()
        tokens = []
        for role in roles:
            command = [BINARY, "--project", self.folder, "token", "create", role, "--role", role]
            told = subprocess.run(command, check=True, capture_output=True, text=True)
            tokens.append(re.search(r"sinan_\S+", told.stdout)[0])
        self.start()
        return tokens

    def kill(self):
        self.process.kill()
        self.process.wait()

    def remove(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, data=json.dumps(body).encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def run(self, program):
        run = self.post("/v1/programs", {"program": program})["id"]
        with urllib.request.urlopen(f"{self.url}/v1/programs/{run}/events") as events:
            events.read()  # until it has ended
        with urllib.request.urlopen(f"{self.url}/v1/programs/{run}") as state:
            assert json.loads(state.read())["state"] == "done"


class Gateway:
    """Passes snapshots on, each through `change`, at a time that is `ahead` seconds ahead. Has no events; with `is_silent` a stream
    that never says anything."""

    def __init__(self, server, change=lambda body: body, ahead=0, is_silent=False):
        gateway = self
        self.change = change
        self.streams = threading.Semaphore(0)  # one was asked for
        self.closing = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if "events" in self.path:
                    gateway.streams.release()
                    if not is_silent:
                        return self.send_error(404)
                    self.send_response(200)
                    self.send_header("Content-Type", "text/event-stream")
                    self.end_headers()
                    return gateway.closing.wait()
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
