"""`sinan serve` dies at every write of its own, and at any moment: what it has acknowledged is there when it is started again."""

import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "http"))
from served import PROGRAM, Served

VALUES = [f"v{i}" for i in range(200)]
SETUP = f"CREATE PARAMETER shop.color STRING DEFAULT 'v0' VALUES ({', '.join(map(repr, VALUES))}) OWNER 'shop'"


class Changes:
    """Sets the default to one value after another, until the server is gone."""

    def __init__(self, served, first, most):
        self.accepted, self.done, self.tried = [], first, first
        try:
            for number in range(first + 1, first + 1 + most):
                self.tried = number
                text = f"ALTER PARAMETER shop.color SET DEFAULT 'v{number}'"
                status, _, state = served.request("POST", "/v1/programs", {"program": text})
                if status != 202:
                    break
                self.accepted.append(state["id"])
                served.watch(state["id"])
                state = served.request("GET", f"/v1/programs/{state['id']}")[2]
                if state["state"] == "done":
                    self.done = number
        except (OSError, http.client.HTTPException):
            pass


class ServerTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sinan_crash_")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        subprocess.run([PROGRAM, "--project", self.folder, "--quiet", "-c", SETUP], check=True, capture_output=True)

    def serve(self, fault=None):
        environment = {**os.environ, **({"SINAN_FAULT": fault} if fault else {})}
        served = Served(self.folder, environment=environment)
        self.addCleanup(served.close)
        return served

    def value(self, served):
        _, _, flag = served.request("POST", "/ofrep/v1/evaluate/flags/shop.color", {"context": {}})
        return VALUES.index(flag["value"])

    def look(self, changes):
        """Everything that was acknowledged is there; answers the number of the value that holds."""
        served = self.serve()
        for program in changes.accepted:
            served.watch(program)
            status, _, state = served.request("GET", f"/v1/programs/{program}")
            self.assertEqual(status, 200, "a program that was accepted is lost")
            self.assertIn(state["state"], ("done", "interrupted", "failed"))
        number = self.value(served)
        self.assertIn(number, range(changes.done, changes.tried + 1))
        self.assertEqual(served.stop(), 0)
        return number

    def test_killed_at_every_write(self):
        value, writes = 0, 0
        for at in range(1, 200):
            try:
                served = self.serve(f"any:{at}:kill")
            except AssertionError:  # while it started
                writes = at
                continue
            changes = Changes(served, value, 2)
            if served.process.poll() is None and changes.done == value + 2:
                self.assertEqual(served.stop(), 0)
                break  # there are no more writes
            served.process.wait()
            writes = at
            value = self.look(changes)
        else:
            self.fail("it never gets through")
        self.assertGreater(writes, 10)

    def test_killed_at_any_moment(self):
        value = 0
        for round in range(8):
            served = self.serve()
            killer = threading.Timer(0.05 + 0.07 * round, served.process.kill)
            killer.start()
            changes = Changes(served, value, 20)
            killer.cancel()
            served.process.kill()
            served.process.wait()
            value = self.look(changes)

    def test_a_full_disk_refuses_and_keeps_what_was(self):
        served = self.serve("write:20000:full")
        changes = Changes(served, 0, 100)
        self.assertLess(changes.done, 100, "the disk never got full")
        self.assertIsNone(served.process.poll())
        # It still answers, with the last version that was committed.
        self.assertEqual(served.request("GET", "/health/live")[0], 200)
        status, _, error = served.request("POST", "/v1/programs", {"program": "SELECT 1"})
        self.assertEqual((status, error["code"]), (507, "exhausted"))
        # A change is seen within a second.
        while (value := self.value(served)) < changes.done:
            pass
        self.assertLessEqual(value, changes.tried)
        served.stop()
        self.look(changes)


if __name__ == "__main__":
    unittest.main()
