#!/usr/bin/env python3
"""The server's flags through the published OpenFeature SDKs and their published OFREP providers, unchanged: Python in this process,
JavaScript in Node.js, the web SDK on a page in Chromium, Java; and Go's SDK with a small provider. All must give what EXPLAIN
PARAMETER gives, and the same values, reasons and errors as each other.

    deps/fetch --groups core,openfeature,java && build/deps/openfeature/bin/python test/openfeature/openfeature_test.py

SINAN_BINARY names the program (bin/sinan). A language whose tools are not installed is left out, and said so; SINAN_SDKS=few leaves out
Java and Go.
"""

import csv
import http.server
import io
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "sdk/python/tests"))

from served import Server  # noqa: E402

ALL_SDKS = os.environ.get("SINAN_SDKS", "all") == "all"
CONTEXT = {"city": "Oslo", "app_version": "3.10.1"}
# Beside who is in which group: every type, reason and error.
CORNERS = [
    {"key": "search.results", "type": "integer", "default": 1, "context": {"targetingKey": "u1", "device": "phone"}},
    {"key": "search.results", "type": "integer", "default": 1, "context": {"targetingKey": "u1"}},
    {"key": "search.weight", "type": "double", "default": 1.5, "context": {"targetingKey": "u1"}},
    {"key": "search.fast", "type": "boolean", "default": True, "context": {}},
    {"key": "search.layout", "type": "object", "default": {}, "context": {}},
    {"key": "nothing", "type": "string", "default": "mine", "context": {}},
    {"key": "button.color", "type": "boolean", "default": True, "context": {"targetingKey": "u1"}},
    {"key": "button.color", "type": "string", "default": "mine", "context": CONTEXT},  # no unit
]


class PageServer(http.server.ThreadingHTTPServer):
    """Serves a page that imports the published modules as they are, and takes what it tells."""

    MODULES = {
        "/core.js": "core/dist/esm/index.js", "/web-sdk.js": "web-sdk/dist/esm/index.js",
        "/ofrep-core.js": "ofrep-core/index.esm.js", "/ofrep-web-provider.js": "ofrep-web-provider/index.esm.js",
    }
    IMPORTS = {f"@openfeature/{path[1:-3]}": path for path in MODULES}
    PAGE = (f'<!doctype html><script type="importmap">{json.dumps({"imports": IMPORTS})}</script>'
            '<script type="module" src="/web.mjs"></script>')

    def __init__(self):
        super().__init__(("127.0.0.1", 0), PageHandler)
        self.asked, self.heard = {}, queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.server_port}"


class PageHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/":
            self.answer(self.server.PAGE.encode(), "text/html")
        elif self.path == "/asked":
            self.answer(json.dumps(self.server.asked).encode(), "application/json")
        elif self.path == "/web.mjs":
            self.answer((HERE / "web.mjs").read_bytes(), "text/javascript")
        elif self.path in self.server.MODULES:
            module = HERE / "node_modules/@openfeature" / self.server.MODULES[self.path]
            self.answer(module.read_bytes(), "text/javascript")
        else:
            self.send_error(404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b"{}", "application/json")
        self.server.heard.put((self.path, json.loads(body)))


class Page:
    """The page in a headless Chromium."""

    def __init__(self, server, asked):
        self.server = server
        server.asked = asked

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.browser = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             f"--user-data-dir={self.profile.name}", self.server.origin + "/"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        return self

    def told(self, path):
        while True:
            try:
                heard, body = self.server.heard.get(timeout=1)
            except queue.Empty:
                assert self.browser.poll() is None, "the browser has ended"
                continue
            assert heard != "/failed", body
            if heard == path:
                return body

    def __exit__(self, *_):
        self.browser.terminate()
        self.browser.wait()
        self.profile.cleanup()


class OpenFeature(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page_server = PageServer()
        cls.server = Server(f'[server]\ncors_origins = ["{cls.page_server.origin}"]\n')
        # What the statements say: the truth of this test.
        users = [f"user-{i}" for i in range(40)]
        questions = ";".join(
            f"EXPLAIN PARAMETER button.color FOR (user_id = '{u}', city = 'Oslo', app_version = '3.10.1')" for u in users
        )
        told = cls.server.sinan("-q", "--format", "csv", "-c", questions)
        values = [row[1].strip("'") for row in csv.reader(io.StringIO(told)) if row and row[0] == "value"]
        cls.truth = dict(zip(users, values, strict=True))
        cls.server.start()
        api.set_provider(OFREPProvider(cls.server.url))
        cls.client = api.get_client()

    @classmethod
    def tearDownClass(cls):
        api.shutdown()
        cls.page_server.shutdown()
        cls.page_server.server_close()
        assert cls.server.remove() == 0

    def test_python_sees_the_groups_of_the_statements(self):
        self.assertEqual(set(self.truth.values()), {"green", "black", "blue"})
        for user, value in self.truth.items():
            details = self.client.get_string_details("button.color", "?", EvaluationContext(user, CONTEXT))
            self.assertEqual((details.value, details.reason), (value, "SPLIT"), details)
            self.assertEqual(details.flag_metadata["experiment"], "colors")
            self.assertTrue(details.flag_metadata["exposure"])

    def test_python_gets_every_type_as_declared(self):
        context = EvaluationContext("u1", {"device": "phone"})
        self.assertIs(self.client.get_boolean_value("search.fast", True, context), False)
        self.assertEqual(self.client.get_integer_details("search.results", 1, context).value, 10)
        self.assertEqual(self.client.get_integer_details("search.results", 1, context).reason, "TARGETING_MATCH")
        self.assertEqual(self.client.get_integer_value("search.results", 1, EvaluationContext("u1")), 20)
        self.assertEqual(self.client.get_float_value("search.weight", 1.0, context), 3.0)
        self.assertEqual(self.client.get_object_value("search.layout", {}, context), {"columns": 2, "names": ["a", "b"]})

    def test_python_falls_back_and_says_why(self):
        unknown = self.client.get_string_details("button.colour", "mine", EvaluationContext("u1"))
        self.assertEqual((unknown.value, unknown.error_code.value), ("mine", "FLAG_NOT_FOUND"))
        wrong = self.client.get_boolean_details("button.color", True, EvaluationContext("u1"))
        self.assertEqual((wrong.value, wrong.error_code.value), (True, "TYPE_MISMATCH"))
        nobody = self.client.get_string_details("button.color", "mine", EvaluationContext(None, CONTEXT))
        self.assertEqual((nobody.value, nobody.error_code.value), ("mine", "TARGETING_KEY_MISSING"))

    def asked(self):
        return [
            {"key": "button.color", "type": "string", "default": "?", "context": {"targetingKey": user, **CONTEXT}}
            for user in self.truth
        ] + CORNERS

    def python_answers(self):
        getters = {
            "boolean": self.client.get_boolean_details, "string": self.client.get_string_details,
            "integer": self.client.get_integer_details, "double": self.client.get_float_details,
            "object": self.client.get_object_details,
        }
        for one in self.asked():
            attributes = dict(one["context"])
            context = EvaluationContext(attributes.pop("targetingKey", None), attributes)
            yield getters[one["type"]](one["key"], one["default"], context)

    def check(self, answers, renamed=None):
        """Another SDK's answers are those of the statements, and in the corners those of Python's SDK. `renamed`: what its provider
        makes of an error."""
        asked = self.asked()
        self.assertEqual(len(answers), len(asked))
        colors = {a["context"]["targetingKey"]: b["value"] for a, b in zip(asked, answers[: len(self.truth)])}
        self.assertEqual(colors, self.truth)
        for one, answer, ours in zip(asked, answers, self.python_answers(), strict=True):
            code = ours.error_code.value if ours.error_code else None
            code = (renamed or {}).get(code, code)
            expected = (ours.value, str(ours.reason), code, None if code else ours.variant)
            got = (answer["value"], answer["reason"], answer.get("errorCode") or None,
                   None if code else answer.get("variant"))
            self.assertEqual(got, expected, one)

    def run_client(self, command, renamed=None):
        asked = "\n".join(map(json.dumps, self.asked())) + "\n"
        done = subprocess.run(command, input=asked, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check([json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], renamed)

    @unittest.skipUnless(shutil.which("node"), "Node.js is not installed")
    def test_javascript_gives_the_same(self):
        with tempfile.TemporaryDirectory() as place:
            modules = Path(place) / "node_modules"
            for package in ("core", "server-sdk", "ofrep-core", "ofrep-provider"):
                shutil.copytree(ROOT / "build/deps" / f"node-openfeature-{package}", modules / "@openfeature" / package)
            shutil.copytree(ROOT / "build/deps/node-tslib", modules / "tslib")
            self.run_client(["node", str(HERE / "client.mjs"), place, self.server.url])

    @unittest.skipUnless(ALL_SDKS and shutil.which("javac"), "Java is left out, or no development kit is installed")
    def test_java_gives_the_same(self):
        jars = ":".join(map(str, (ROOT / "build/deps").glob("java-*/*.jar")))
        # Its provider takes every status 400 for an invalid context.
        self.run_client(["java", "-cp", jars, str(HERE / "Client.java"), self.server.url],
                        {"TARGETING_KEY_MISSING": "INVALID_CONTEXT"})

    @unittest.skipUnless(ALL_SDKS and shutil.which("go"), "Go is left out, or not installed")
    def test_go_gives_the_same(self):
        with tempfile.TemporaryDirectory() as place:
            program = Path(place) / "client"
            subprocess.run(["go", "build", "-mod=readonly", "-o", str(program), "."], cwd=HERE / "go", check=True)
            self.run_client([str(program), self.server.url])

    @unittest.skipUnless(shutil.which("chromium"), "Chromium is not installed")
    def test_a_web_page_gives_the_same_and_sees_a_change(self):
        watched = {"key": "search.weight", "type": "double", "default": 1}
        with Page(self.page_server, {"url": self.server.url, "asked": self.asked(), "watched": watched}) as page:
            self.check(page.told("/answers"))
            self.server.run("ALTER PARAMETER search.weight SET DEFAULT 6.5")
            self.assertEqual(page.told("/changed"), 6.5)
        self.server.run("ALTER PARAMETER search.weight SET DEFAULT 3")

    def test_all_flags_have_a_tag_of_their_values(self):
        body = json.dumps({"context": {"targetingKey": "user-1", **CONTEXT}}).encode()
        status, answer, headers = self.server.post("/ofrep/v1/evaluate/flags", body)
        self.assertEqual(status, 200)
        flags = {flag["key"]: flag for flag in json.loads(answer)["flags"]}
        self.assertEqual(flags["button.color"]["value"], self.truth["user-1"])
        self.assertEqual(len(flags), 5)
        again, _, _ = self.server.post("/ofrep/v1/evaluate/flags", body, {"If-None-Match": headers["ETag"]})
        self.assertEqual(again, 304)
        # Another attribute, the same tag: the values are others, so the tag does not hold.
        other = json.dumps({"context": {"targetingKey": "user-1", "device": "phone"}}).encode()
        changed, _, _ = self.server.post("/ofrep/v1/evaluate/flags", other, {"If-None-Match": headers["ETag"]})
        self.assertEqual(changed, 200)

    def test_all_flags_are_the_single_ones(self):
        for context in (
            {},
            {"targetingKey": "user-1"},
            CONTEXT,  # without a unit
            {"targetingKey": "user-2", "device": "phone", **CONTEXT},
            {"targetingKey": 'Zoë "\\', **CONTEXT},
        ):
            body = json.dumps({"context": context}).encode()
            # Another test's change may be published in between: then once more.
            before, after = None, self.server.post("/ofrep/v1/evaluate/flags", body)[1]
            while before != after:
                before = after
                flags = json.loads(before)["flags"]
                singles = [self.server.post(f"/ofrep/v1/evaluate/flags/{flag['key']}", body)[1] for flag in flags]
                after = self.server.post("/ofrep/v1/evaluate/flags", body)[1]
            self.assertEqual(flags, [json.loads(single) for single in singles], context)

    def test_a_snapshot_is_waited_for(self):
        url = self.server.url + "/v1/experiments/snapshot"
        with urllib.request.urlopen(url + "?wait=60") as first:  # at once: the client has none
            etag = first.headers["ETag"]
        request = urllib.request.Request(url + "?wait=60", headers={"If-None-Match": etag})
        answers = []

        def wait():
            with urllib.request.urlopen(request) as answer:
                answers.append((answer.status, answer.headers["ETag"], len(answer.read())))

        waiting = threading.Thread(target=wait)
        waiting.start()
        self.server.run("ALTER PARAMETER search.fast SET DESCRIPTION 'soon'")
        waiting.join()
        status, newer, size = answers[0]
        self.assertEqual(status, 200)
        self.assertNotEqual(newer, etag)
        self.assertGreater(size, 0)

    def test_a_context_that_is_none_is_refused(self):
        many = json.dumps({"context": {f"a{i}": i for i in range(1001)}}).encode()
        for body in (b"{", b"[]", b'{"context": 7}', many):
            status, answer, _ = self.server.post("/ofrep/v1/evaluate/flags/button.color", body)
            self.assertEqual((status, json.loads(answer)["errorCode"]), (400, "PARSE_ERROR"), body)
        status, answer, _ = self.server.post("/ofrep/v1/evaluate/flags/button.color?prefetch=perhaps", b"{}")
        self.assertEqual((status, json.loads(answer)["metadata"]), (400, {}))

    def test_a_change_is_told_and_seen(self):
        events = urllib.request.urlopen(self.server.url + "/ofrep/v1/events")
        begin = time.monotonic()
        self.server.run("ALTER PARAMETER search.weight SET DEFAULT 4.5")
        told = b""
        while b"refetchEvaluation" not in told:
            told = events.readline()
        value = self.client.get_float_value("search.weight", 1.0, EvaluationContext("u1"))
        print(f"change seen after {time.monotonic() - begin:.2f} s, program included")
        self.assertEqual(value, 4.5)
        events.close()
        self.server.run("ALTER PARAMETER search.weight SET DEFAULT 3")


if __name__ == "__main__":
    unittest.main()
