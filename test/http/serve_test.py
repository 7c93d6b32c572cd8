"""sinan serve and sinan token, through the real program and curl's own idea of HTTP where it is installed."""

import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from served import PROGRAM, Served

LONG_PROGRAM = "SELECT 1 AS started; SELECT sum(hash(range)) AS n FROM range(1000000000000)"


def sinan(folder, *arguments):
    return subprocess.run([PROGRAM, "--project", folder, *arguments], capture_output=True, text=True)


class ServeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sinan_http_")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def serve(self, *options):
        served = Served(self.folder, *options)
        self.addCleanup(served.process.stderr.close)
        self.addCleanup(served.reader.join)
        self.addCleanup(served.process.wait)
        self.addCleanup(served.process.kill)
        return served

    def test_a_program_from_submission_to_result(self):
        served = self.serve()
        text = "CREATE TABLE t AS SELECT i, i * i AS square FROM range(5) r(i); SELECT * FROM t WHERE i > 2 ORDER BY i"
        status, headers, state = served.request("POST", "/v1/programs", {"program": text, "name": "squares.sql"})
        self.assertEqual(status, 202)
        self.assertEqual(headers["Location"], f"/v1/programs/{state['id']}")
        events = served.watch(state["id"])
        states = [json.loads(data)["state"] for name, data in events if name == "state"]
        # One that waited less than the window is told once.
        self.assertEqual(states[-1], "done")
        lines = "\n".join(data for name, data in events if name == "output").split("\n")
        rows = [json.loads(line) for line in lines if line.startswith("[")]
        self.assertEqual(rows, [[3, 9], [4, 16]])
        status, _, result = served.request("GET", headers["Location"] + "/result")
        self.assertEqual(result["output"], [json.loads(line) for line in lines])
        self.assertEqual(result["program"]["state"], "done")
        # The catalog has the run, and the command line sees the table, now and when the server has ended.
        self.assertEqual(sinan(self.folder, "-c", "SELECT sum(i) AS s FROM t", "--format", "csv").stdout, "s\n10\n")
        self.assertEqual(served.stop(), 0)
        shown = sinan(self.folder, "-c", "SELECT count(*) AS n FROM t", "--format", "csv")
        self.assertEqual(shown.stdout, "n\n5\n", shown.stderr)
        self.assertIn(result["program"]["run"], sinan(self.folder, "-c", "SHOW RUNS", "--format", "csv").stdout)

    def test_the_output_is_that_of_the_command_line(self):
        text = "SELECT 1 AS a, 'x' AS b; SELECT 2.5::DOUBLE AS c, NULL AS d; SELECT * FROM range(3)"
        printed = sinan(self.folder, "-c", text, "--format", "jsonl").stdout
        served = self.serve()
        _, _, state = served.request("POST", "/v1/programs", {"program": text})
        lines = "\n".join(data for name, data in served.watch(state["id"]) if name == "output")
        timeless = lambda text: re.sub(r'"seconds":[0-9.e-]+', '"seconds":0', text)
        events = lambda text: [line for line in timeless(text).strip().split("\n") if '"event":"progress"' not in line]
        self.assertEqual(events(lines), events(printed))

    def test_wrong_programs_and_requests(self):
        served = self.serve()
        _, _, state = served.request("POST", "/v1/programs", {"program": "SELECT * FROM nothing_here"})
        served.watch(state["id"])
        _, _, result = served.request("GET", f"/v1/programs/{state['id']}/result")
        self.assertEqual(result["program"]["state"], "wrong")
        self.assertEqual(result["output"][0]["code"], "not_found")
        _, _, state = served.request("POST", "/v1/programs", {"program": "SELECT 1", "seed": 7.0})
        served.watch(state["id"])
        for body, word in (({"program": 1}, "expected a string"), ({"program": ""}, "no program"), ({}, "no program"),
                           ({"program": "SELECT 1", "sed": 1}, 'unknown member "sed"'), ([], "no JSON object"),
                           ({"program": "SELECT 1", "seed": -1}, "from 0 on"), ({"program": "SELECT 1", "resume": 1}, "true or false")):
            status, _, error = served.request("POST", "/v1/programs", body)
            self.assertEqual((status, error["code"]), (400, "argument"), body)
            self.assertIn(word, error["message"])
        self.assertEqual(served.request("POST", "/v1/programs", "{", headers={"Content-Type": "application/json"})[0], 400)
        self.assertEqual(served.request("POST", "/v1/programs", "a", headers={"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(served.request("POST", "/v1/programs", {"program": "x" * (5 << 20)})[0], 413)
        self.assertEqual(served.request("GET", "/v1/programs/x/result")[0], 404)
        self.assertEqual(served.request("GET", "/v1/programs?limit=0")[0], 400)
        self.assertEqual(len(served.request("GET", "/v1/programs?limit=5")[2]["programs"]), 2)

    def test_submitted_programs_survive_the_end_of_the_server(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number=number):
                served = self.serve()
                submit = lambda text: served.request("POST", "/v1/programs", {"program": text, "seed": 2**62})[2]["id"]
                done = submit("SELECT 41 + 1 AS answer")
                served.watch(done)
                running = submit("CREATE OR REPLACE TABLE a AS " + LONG_PROGRAM)
                while served.request("GET", f"/v1/programs/{running}")[2]["state"] != "running":
                    pass
                waiting = [submit(f"CREATE OR REPLACE TABLE b AS SELECT {i} AS x") for i in range(3)]
                before = served.request("GET", f"/v1/programs/{done}/result")[2]
                served.stop(number)
                served = self.serve()
                for program in waiting:
                    served.watch(program)
                    self.assertEqual(served.request("GET", f"/v1/programs/{program}")[2]["state"], "done")
                self.assertEqual(served.request("GET", f"/v1/programs/{done}/result")[2], before)
                self.assertEqual([name for name, _ in served.watch(done)], ["refetch", "state"])
                self.assertEqual(served.request("GET", f"/v1/programs/{running}")[2]["state"], "interrupted")
                self.assertEqual(sinan(self.folder, "-c", "SELECT x FROM b", "--format", "csv").stdout, "x\n2\n")
                # What is forgotten stays so.
                served.request("DELETE", f"/v1/programs/{done}")
                served.stop()
                served = self.serve()
                self.assertEqual(served.request("GET", f"/v1/programs/{done}")[0], 404)
                served.stop()

    def test_short_lived_tokens(self):
        token = sinan(self.folder, "token", "create", "ci", "--role", "editor").stdout.strip()
        served = self.serve()
        status, headers, made = served.request("POST", "/v1/session/tokens?seconds=60", token=token)
        self.assertEqual((status, made["seconds"], headers["Cache-Control"]), (201, 60, "no-store"))
        for way in ({"path": "/v1/session?token=" + made["token"]}, {"path": "/v1/session", "token": made["token"]}):
            status, _, who = served.request("GET", **way)
            self.assertEqual((status, who["name"], who["role"]), (200, "ci", "editor"))
        self.assertEqual(served.request("POST", "/v1/session/tokens", token=made["token"])[0], 403)  # not from another one
        for seconds in (0, 3601, "x"):
            self.assertEqual(served.request("POST", f"/v1/session/tokens?seconds={seconds}", token=token)[0], 400)
        self.assertEqual(served.request("POST", "/v1/session/tokens")[0], 401)
        # Of a token that may stand in a URL; the long-lived one may not.
        self.assertEqual(served.request("GET", "/v1/session?token=" + token)[0], 401)

    def test_a_running_program_can_be_cancelled(self):
        served = self.serve()
        _, _, running = served.request("POST", "/v1/programs", {"program": "CREATE TABLE a AS " + LONG_PROGRAM})
        # One that writes waits until the other has ended; one that only reads does not.
        _, _, waiting = served.request("POST", "/v1/programs", {"program": "CREATE TABLE b AS SELECT 2 AS x"})
        _, _, reading = served.request("POST", "/v1/programs", {"program": "SELECT 2"})
        served.watch(reading["id"])
        self.assertEqual(served.request("GET", f"/v1/programs/{reading['id']}")[2]["state"], "done")
        self.assertEqual(served.request("GET", f"/v1/programs/{waiting['id']}")[2]["state"], "queued")
        self.assertEqual(served.request("DELETE", f"/v1/programs/{waiting['id']}")[2]["state"], "cancelled")
        self.assertEqual(served.request("DELETE", f"/v1/programs/{running['id']}")[0], 202)
        served.watch(running["id"])
        self.assertEqual(served.request("GET", f"/v1/programs/{running['id']}")[2]["state"], "cancelled")
        self.assertEqual(served.request("DELETE", f"/v1/programs/{running['id']}")[2]["state"], "cancelled")
        self.assertEqual(served.request("GET", f"/v1/programs/{running['id']}")[0], 404)
        # And the next one runs.
        _, _, after = served.request("POST", "/v1/programs", {"program": "SELECT 3"})
        served.watch(after["id"])
        self.assertEqual(served.request("GET", f"/v1/programs/{after['id']}")[2]["state"], "done")

    def test_a_signal_ends_it_while_a_program_runs(self):
        served = self.serve()
        served.request("POST", "/v1/programs", {"program": LONG_PROGRAM})
        self.assertEqual(served.stop(), 0)
        self.assertEqual(sinan(self.folder, "-c", "SELECT 1").returncode, 0)

    def test_health_metrics_and_description(self):
        served = self.serve()
        self.assertEqual(served.request("GET", "/health/live")[2], {"status": "live"})
        self.assertEqual(served.request("GET", "/health/ready")[2], {"status": "ready"})
        status, headers, description = served.request("GET", "/openapi.json")
        self.assertEqual(description["openapi"], "3.1.0")
        self.assertIn("/v1/programs/{id}/events", description["paths"])
        self.assertEqual(served.request("GET", "/openapi.json", headers={"If-None-Match": headers["ETag"]})[0], 304)
        text = served.request("GET", "/metrics")[2]
        self.assertIn('sinan_http_requests_total{method="GET",route="/health/live",status="2xx"} 1\n', text)
        self.assertRegex(text, r"sinan_http_connections [1-9]")

    def test_tokens_decide(self):
        make = lambda name, role, *more: sinan(self.folder, "token", "create", name, "--role", role, *more).stdout.strip()
        editor, viewer = make("ci", "editor", "--days", "1"), make("eve", "viewer")
        self.assertTrue(editor.startswith("sinan_"))
        self.assertNotIn(editor, (Path(self.folder) / ".sinan/tokens.json").read_text())
        self.assertEqual((Path(self.folder) / ".sinan/tokens.json").stat().st_mode & 0o777, 0o600)
        self.assertEqual(sinan(self.folder, "token", "create", "ci").returncode, 2)
        served = self.serve()
        program = {"program": "SELECT 1"}
        self.assertEqual(served.request("POST", "/v1/programs", program)[0], 401)
        self.assertEqual(served.request("POST", "/v1/programs", program, token=viewer)[0], 403)
        self.assertEqual(served.request("POST", "/v1/programs", program, token=editor)[0], 202)
        self.assertEqual(served.request("GET", "/v1/programs", headers={"X-API-Key": viewer})[0], 200)
        self.assertEqual(served.request("GET", "/health/live")[0], 200)
        listed = sinan(self.folder, "token", "list").stdout
        self.assertRegex(listed, r"ci\teditor\tcreated \S+\texpires ")
        self.assertEqual(sinan(self.folder, "token", "revoke", "eve").returncode, 0)
        while served.request("GET", "/v1/programs", token=viewer)[0] == 200:
            pass  # within a second
        self.assertEqual(served.request("GET", "/v1/programs", token=editor)[0], 200)
        self.assertEqual(served.stop(), 0)
        log = "".join(served.log)
        self.assertIn("path=/v1/programs status=202", log)
        self.assertIn("principal=ci", log)
        self.assertNotIn(editor, log)
        self.assertNotIn(viewer, log)

    def test_it_does_not_open_itself_to_the_network(self):
        refused = sinan(self.folder, "serve", "--listen", "0.0.0.0:0")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("open to the network without tokens", refused.stderr)
        sinan(self.folder, "token", "create", "root", "--role", "admin")
        refused = sinan(self.folder, "serve", "--listen", "0.0.0.0:0")
        self.assertIn("unencrypted", refused.stderr)

    def test_tls(self):
        if not shutil.which("openssl"):
            self.skipTest("no openssl to make a certificate with")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", "key.pem", "-out", "cert.pem"], cwd=self.folder, check=True, capture_output=True)
        (Path(self.folder) / "sinan.toml").write_text('[server]\ntls_certificate = "cert.pem"\ntls_key = "key.pem"\n')
        served = self.serve()
        self.assertTrue(served.url.startswith("https://"))
        context = ssl.create_default_context(cafile=str(Path(self.folder) / "cert.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", served.port, context=context, timeout=60)
        for _ in range(3):
            connection.request("GET", "/openapi.json")
            answer = connection.getresponse()
            self.assertEqual(json.loads(answer.read())["openapi"], "3.1.0")
        # Plain HTTP at a TLS port, and then it still answers.
        with self.assertRaises((http.client.HTTPException, OSError)):
            served.request("GET", "/health/live")
        connection.request("GET", "/health/live")
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        self.assertEqual(served.stop(), 0)

    def test_curl_agrees(self):
        if not shutil.which("curl"):
            self.skipTest("no curl")
        served = self.serve()
        curl = lambda *arguments: subprocess.run(["curl", "-sS", "--max-time", "60", *arguments], capture_output=True, text=True)
        posted = curl("-i", "-H", "Content-Type: application/json", "-H", "Expect: 100-continue", "-d",
                      '{"program":"SELECT 42 AS answer"}', served.url + "/v1/programs")
        self.assertIn("HTTP/1.1 202 Accepted", posted.stdout, posted.stderr)
        program = json.loads(posted.stdout.rsplit("\n\n", 1)[1])["id"]
        events = curl("-N", f"{served.url}/v1/programs/{program}/events")
        self.assertEqual(events.returncode, 0, events.stderr)
        self.assertIn("data: [42]", events.stdout)
        # A chunked upload, a HEAD, two requests on one connection.
        chunked = curl("-H", "Transfer-Encoding: chunked", "-H", "Content-Type: application/json", "-d",
                       '{"program":"SELECT 1"}', served.url + "/v1/programs")
        self.assertIn('"state":"queued"', chunked.stdout)
        self.assertEqual(curl("-I", served.url + "/openapi.json").stdout.split("\n")[0], "HTTP/1.1 200 OK")
        twice = curl("-v", served.url + "/health/live", served.url + "/health/ready")
        self.assertIn("Re-using existing connection", twice.stderr)


if __name__ == "__main__":
    unittest.main()
