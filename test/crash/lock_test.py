"""A project is opened by one process: others are told who has it, and change nothing, however any of them ends."""

import random
import signal
import subprocess
import unittest

from project import LONG_QUERY, Project

SEED = 20130101
ROUNDS = 4
CONTENDERS = 6


class LockTest(unittest.TestCase):
    def hold(self, folder):
        """A process that has the project open, and goes on for minutes."""
        holder = folder.start(LONG_QUERY, options=("--format", "csv"))
        self.addCleanup(holder.communicate)
        self.addCleanup(holder.kill)
        self.assertEqual(holder.stdout.readline(), "started\n")
        return holder

    def refused(self, folder, holder):
        second = subprocess.run(folder.command("-c", "DROP TABLE t"), capture_output=True, text=True, check=False)
        self.assertEqual(second.returncode, 1, second.stderr)
        self.assertIn("error[busy]", second.stderr)
        self.assertIn(f"in use by process {holder.pid} on ", second.stderr)
        self.assertIn("run " + str(folder.folder / "program.sql"), second.stderr)  # what that process does
        self.assertRegex(second.stderr, r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
        self.assertIn("hint: ", second.stderr)

    def test_second_process(self):
        with Project() as one:
            one.must_run("CREATE TABLE t AS SELECT 1 AS x")
            holder = self.hold(one)
            self.refused(one, holder)
            holder.kill()
            holder.communicate()
            # The lock ends with its process.
            self.assertEqual(one.query("SELECT x FROM t"), [[{"x": 1}]])

    def test_a_stopped_holder_holds(self):
        with Project() as one:
            one.must_run("CREATE TABLE t AS SELECT 1 AS x")
            holder = self.hold(one)
            holder.send_signal(signal.SIGSTOP)
            self.refused(one, holder)
            holder.send_signal(signal.SIGCONT)
            holder.send_signal(signal.SIGTERM)
            _, errors = holder.communicate()
            self.assertEqual(holder.returncode, 130, errors)
            self.assertEqual(one.query("SELECT x FROM t"), [[{"x": 1}]])

    def test_the_lock_of_a_killed_process_is_taken_over(self):
        """Message and lock file speak of the new holder, and no longer of the dead one."""
        with Project() as one:
            one.must_run("CREATE TABLE t AS SELECT 1 AS x")
            for _ in range(2):
                dead = self.hold(one)
                dead.kill()
                dead.communicate()
                self.assertIn(f'"process":{dead.pid}', (one.folder / ".sinan/lock").read_text().replace(" ", ""))
                holder = self.hold(one)
                self.assertNotIn(str(dead.pid), (one.folder / ".sinan/lock").read_text())
                self.refused(one, holder)
                holder.kill()
                holder.communicate()

    def test_a_garbled_lock_file_locks_all_the_same(self):
        with Project() as one:
            one.must_run("CREATE TABLE t AS SELECT 1 AS x")
            lock = one.folder / ".sinan/lock"
            for content in (b"", b"\x00\xff garbage", b'{"process": "x"}', b"[" * 100000):
                lock.write_bytes(content)
                self.assertEqual(one.query("SELECT x FROM t"), [[{"x": 1}]])
            holder = self.hold(one)
            lock.write_bytes(b"\x00\xff garbage")
            second = subprocess.run(one.command("-c", "SELECT 1"), capture_output=True, text=True, check=False)
            self.assertEqual(second.returncode, 1)
            self.assertIn("in use by another process", second.stderr)
            self.assertIsNone(holder.poll())

    def test_contenders_and_kills(self):
        """Many at once, some of them killed: each either does all of its work, or nothing."""
        moments = random.Random(SEED)
        with Project() as one:
            one.must_run("CREATE TABLE t (who INTEGER, n INTEGER)")
            sure, perhaps = [], []
            for turn in range(ROUNDS):
                started = {}
                for number in range(CONTENDERS):
                    who = turn * CONTENDERS + number
                    insert = f"INSERT INTO t SELECT {who}, range FROM range(1000)"
                    started[who] = subprocess.Popen(one.command("-q", "-c", insert), stdout=subprocess.DEVNULL,
                                                    stderr=subprocess.PIPE, text=True)
                for who, process in started.items():
                    if moments.random() < 0.4:
                        try:
                            process.communicate(timeout=moments.uniform(0, 0.2))
                        except subprocess.TimeoutExpired:
                            process.kill()
                    _, errors = process.communicate()
                    self.assertIn(process.returncode, (0, 1, -signal.SIGKILL), errors)
                    if process.returncode == 1:
                        self.assertIn("error[busy]: project folder is in use by ", errors)
                    else:
                        (sure if process.returncode == 0 else perhaps).append(who)
            rows = one.query("SELECT who, count(*) AS n FROM t GROUP BY who ORDER BY who")[0]
            self.assertEqual({row["n"] for row in rows} - {1000}, set())
            present = {row["who"] for row in rows}
            self.assertLessEqual(set(sure), present)
            self.assertLessEqual(present, set(sure) | set(perhaps))
            self.assertTrue(sure)


if __name__ == "__main__":
    unittest.main()
