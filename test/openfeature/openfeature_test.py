#!/usr/bin/env python3
"""The server's flags through the published OpenFeature SDKs and their published OFREP providers, unchanged: Python in this process,
JavaScript (server) in Node.js. Both must give what EXPLAIN PARAMETER gives.

    deps/fetch --groups core,openfeature && build/deps/openfeature/bin/python test/openfeature/openfeature_test.py

SINAN_BINARY names the program (bin/sinan). Needs Node.js for JavaScript.
"""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

ROOT = Path(__file__).resolve().parents[2]
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
CONTEXT = {"city": "Oslo", "app_version": "3.10.1"}


class Server:
    """`sinan serve` on a free port of a project folder."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [BINARY, "--project", folder, "serve", "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True
        )
        line = self.process.stderr.readline()
        while line and not re.search(r"at (http://\S+?),? ", line):
            line = self.process.stderr.readline()
        self.url = re.search(r"at (http://[^\s,]+)", line)[1]
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def post(self, path, body=b"", headers=None):
        request = urllib.request.Request(self.url + path, data=body, method="POST")
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    def run(self, program):
        body = json.dumps({"program": program}).encode()
        _, answer, _ = self.post("/v1/programs", body, {"Content-Type": "application/json"})
        run = json.loads(answer)["id"]
        with urllib.request.urlopen(f"{self.url}/v1/programs/{run}/events") as events:
            events.read()  # until it has ended
        with urllib.request.urlopen(f"{self.url}/v1/programs/{run}") as state:
            return json.loads(state.read())["state"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()


class OpenFeature(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        subprocess.run([BINARY, "--project", cls.folder, "-c", PROGRAM], check=True, capture_output=True)
        # What the statements say: the truth of this test.
        users = [f"user-{i}" for i in range(40)]
        questions = ";".join(
            f"EXPLAIN PARAMETER button.color FOR (user_id = '{u}', city = 'Oslo', app_version = '3.10.1')" for u in users
        )
        told = subprocess.run(
            [BINARY, "--project", cls.folder, "-q", "--format", "csv", "-c", questions],
            check=True, capture_output=True, text=True,
        )
        values = [row[1].strip("'") for row in csv.reader(io.StringIO(told.stdout)) if row and row[0] == "value"]
        cls.truth = dict(zip(users, values, strict=True))
        cls.server = Server(cls.folder)
        api.set_provider(OFREPProvider(cls.server.url))
        cls.client = api.get_client()

    @classmethod
    def tearDownClass(cls):
        api.shutdown()
        assert cls.server.stop() == 0
        shutil.rmtree(cls.folder)

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

    @unittest.skipUnless(shutil.which("node"), "Node.js is not installed")
    def test_javascript_gives_the_same(self):
        with tempfile.TemporaryDirectory() as place:
            modules = Path(place) / "node_modules"
            for package in ("core", "server-sdk", "ofrep-core", "ofrep-provider"):
                shutil.copytree(ROOT / "build/deps" / f"node-openfeature-{package}", modules / "@openfeature" / package)
            shutil.copytree(ROOT / "build/deps/node-tslib", modules / "tslib")
            asked = [
                {"key": "button.color", "type": "string", "default": "?", "context": {"targetingKey": user, **CONTEXT}}
                for user in self.truth
            ]
            asked += [
                {"key": "search.results", "type": "number", "default": 1, "context": {"targetingKey": "u1", "device": "phone"}},
                {"key": "search.fast", "type": "boolean", "default": True, "context": {}},
                {"key": "search.layout", "type": "object", "default": {}, "context": {}},
                {"key": "nothing", "type": "string", "default": "mine", "context": {}},
            ]
            done = subprocess.run(
                ["node", str(ROOT / "test/openfeature/client.mjs"), place, self.server.url],
                input="\n".join(map(json.dumps, asked)), capture_output=True, text=True, check=True,
            )
            answers = [json.loads(line) for line in done.stdout.splitlines()]
        colors = {a["context"]["targetingKey"]: b["value"] for a, b in zip(asked[:40], answers[:40], strict=True)}
        self.assertEqual(colors, self.truth)
        self.assertEqual([a["value"] for a in answers[40:]], [10, False, {"columns": 2, "names": ["a", "b"]}, "mine"])
        self.assertEqual(answers[-1]["errorCode"], "FLAG_NOT_FOUND")

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
            _, answer, _ = self.server.post("/ofrep/v1/evaluate/flags", body)
            for flag in json.loads(answer)["flags"]:
                _, single, _ = self.server.post(f"/ofrep/v1/evaluate/flags/{flag['key']}", body)
                self.assertEqual(flag, json.loads(single), context)

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
        self.assertEqual(self.server.run("ALTER PARAMETER search.fast SET DESCRIPTION 'soon'"), "done")
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
        self.assertEqual(self.server.run("ALTER PARAMETER search.weight SET DEFAULT 4.5"), "done")
        told = b""
        while b"refetchEvaluation" not in told:
            told = events.readline()
        value = self.client.get_float_value("search.weight", 1.0, EvaluationContext("u1"))
        print(f"change seen after {time.monotonic() - begin:.2f} s, program included")
        self.assertEqual(value, 4.5)
        events.close()
        self.assertEqual(self.server.run("ALTER PARAMETER search.weight SET DEFAULT 3"), "done")


if __name__ == "__main__":
    unittest.main()
