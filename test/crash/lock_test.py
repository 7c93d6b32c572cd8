"""A project is opened by one process: a second one is told who has it, and changes nothing."""

import unittest

import project
from project import LONG_QUERY, Project


class LockTest(unittest.TestCase):
    def test_second_process(self):
        with Project() as one:
            one.must_run("CREATE TABLE t AS SELECT 1 AS x")
            holder = one.start(LONG_QUERY, options=("--format", "csv"))
            try:
                self.assertEqual(holder.stdout.readline(), "started\n")
                second = project.subprocess.run(one.command("-c", "DROP TABLE t"), capture_output=True, text=True)
                self.assertEqual(second.returncode, 1, second.stderr)
                self.assertIn("error[busy]", second.stderr)
                self.assertIn(str(holder.pid), second.stderr)
                self.assertIn("hint:", second.stderr)
            finally:
                holder.kill()
                holder.communicate()
            # The lock ends with its process.
            self.assertEqual(one.query("SELECT x FROM t"), [[{"x": 1}]])


if __name__ == "__main__":
    unittest.main()
