"""schemathesis over the running server: what /openapi.json promises of every route, requests made from it are held to.

Run by tools/test_integration http, in the environment `http` of deps/lock.toml. Without tokens, so that the limit on wrong ones
does not hide the answers; who may do what is asked of every route here, and of each role in serve_test.py.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from served import PROGRAM, Served

EXAMPLES = os.environ.get("SINAN_HTTP_EXAMPLES", "30")
SETUP = """
CREATE TABLE flights AS SELECT i AS delay, i % 7 AS day, i % 2 = 0 AS late FROM range(200) r(i);
SELECT delay, day, late FROM flights TO TRAIN xgboost.gbtree
WITH objective="binary:logistic", train.num_boost_round=2, validation.fraction=0.2 LABEL late INTO zoo.late;
CREATE PARAMETER shop.color STRING DEFAULT 'green' VALUES ('green', 'black') OWNER 'shop';
"""


class DescribedApiTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sinan_http_")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        subprocess.run([PROGRAM, "--project", self.folder, "--quiet", "-c", SETUP], check=True, capture_output=True)

    def serve(self):
        served = Served(self.folder)
        self.addCleanup(served.close)
        return served

    def test_schemathesis_finds_nothing(self):
        served = self.serve()
        # DELETE of a program that has not ended cancels it, and leaves it to be looked at: no use after free.
        command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file",
                   str(Path(__file__).parent / "schemathesis.toml"), "run", served.url + "/openapi.json", "--checks", "all",
                   "--exclude-checks", "use_after_free", "--max-examples", EXAMPLES, "--no-color", "--generation-deterministic",
                   "--suppress-health-check", "all"]
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(Path(__file__).parent)}
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, env=environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(served.stop(), 0)

    def test_every_route_but_the_public_ones_asks_who_it_is(self):
        subprocess.run([PROGRAM, "--project", self.folder, "token", "create", "admin", "--role", "admin"], check=True,
                       capture_output=True)
        served = self.serve()
        _, _, described = served.request("GET", "/openapi.json")
        public = []
        for path, methods in described["paths"].items():
            for method, operation in methods.items():
                status, _, error = served.request(method.upper(), path.replace("{", "").replace("}", ""))
                if operation.get("security", described.get("security")):
                    self.assertEqual(status, 401, (method, path, error))
                else:
                    public.append(path)
        self.assertEqual(sorted(public), ["/health/live", "/health/ready", "/openapi.json"])


if __name__ == "__main__":
    unittest.main()
