"""A disk that is really full: DuckDB, SQLite and our own files run out of space at each stage.

Afterwards every table and model is as before or as after, the error names the place and the way out, and once there is space the
same program succeeds. Where nothing can be mounted, only the limit of file sizes is tested.
"""

import resource
import subprocess
import unittest

import project
from project import VERSION_2, Project, check_whole
from small_disk import SmallDisk

MEGABYTES = 40
KIB = 1024
# Free before VERSION_2 runs, from nothing to plenty.
SPACES = (0, 4 * KIB, 16 * KIB, 48 * KIB, 100 * KIB, 200 * KIB, 400 * KIB, 700 * KIB, 1200 * KIB, 12000 * KIB)

# Statements that need more than LITTLE, and fit on the empty disk.
LITTLE = 600 * KIB
BIG = "SELECT range AS n, hash(range) AS h FROM range(400000)"
GREEDY = {
    "CREATE TABLE AS": f"CREATE OR REPLACE TABLE apart AS {BIG}",
    "INSERT": f"INSERT INTO apart SELECT n FROM ({BIG}) ORDER BY h",
    "PREDICT": "SELECT i AS x, i % 7 AS z, hash(i) AS h FROM range(400000) r(i) TO PREDICT out.p.guess USING zoo.m",
    "TRAIN": """SELECT i AS x, i % 7 AS z, (i * 7919) % 13 > 6 AS y FROM range(20000) r(i) TO TRAIN xgboost.gbtree
                WITH objective="binary:logistic", train.num_boost_round=400, max_depth=8 LABEL y INTO zoo.m""",
    "COPY": f"COPY ({BIG}) TO 'big.csv'",
}
SPILL = """CREATE OR REPLACE TABLE apart AS SELECT max(n) AS n FROM
           (SELECT range AS n, hash(range)::VARCHAR || repeat('x', 100) AS h FROM range(600000) ORDER BY h)"""


class DiskTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.before = project.prepared()
        cls.addClassCleanup(cls.before.__exit__)
        cls.first, cls.second = project.both_states(cls.before)
        cls.disk = SmallDisk.make(MEGABYTES)
        if cls.disk is not None:
            cls.addClassCleanup(cls.disk.close)

    def setUp(self):
        if self.disk is None and "disk" in self.id().rsplit(".", 1)[1]:
            self.skipTest("needs the right to mount a file system")

    def check_error(self, errors, folder, what):
        self.assertIn("error[exhausted]", errors, what)
        self.assertTrue(str(folder) in errors or ".sinan/" in errors, f"{what}: no place in\n{errors}")
        self.assertIn("hint: ", errors, what)
        self.assertNotIn("internal", errors, what)

    def test_program_on_a_full_disk(self):
        codes = []
        for space in SPACES:
            with self.subTest(space=space), Project(self.before, self.disk.path) as copy:
                self.disk.fill(space)
                code, _, errors = run_text(copy, VERSION_2)
                self.disk.make_room()
                codes.append(code)
                self.assertIn(code, (0, 1), errors)
                if code == 1:
                    self.check_error(errors, copy.folder, space)
                changed = check_whole(self, copy, self.first, self.second, space)
                if code == 0:
                    self.assertEqual(changed, set(self.second))
                copy.must_run(VERSION_2, options=("--no-cache",))
                again = copy.state()
                for part in set(again) - {"model"}:  # it is version 3, when the second one had been made
                    self.assertEqual(again[part], self.second[part], part)
        self.assertEqual((codes[0], codes[-1]), (1, 0))

    def test_each_statement_on_a_full_disk(self):
        for name, statement in GREEDY.items():
            with self.subTest(name), Project(self.before, self.disk.path) as copy:
                target = copy.folder / "big.csv"
                self.disk.fill(LITTLE)
                code, _, errors = run_text(copy, statement)
                self.disk.make_room()
                self.assertEqual(code, 1, f"{name}\n{errors}")
                self.check_error(errors, copy.folder, name)
                self.assertEqual(check_whole(self, copy, self.first, self.second, name), set())
                self.assertFalse(target.exists())
                copy.must_run(statement)
                self.assertEqual(target.exists(), name == "COPY")

    def test_spill_on_a_full_disk(self):
        with Project(self.before, self.disk.path) as copy:
            (copy.folder / "sinan.toml").write_text('[limits]\nmemory = "60MB"\nthreads = 1\n')
            self.disk.fill(LITTLE)
            code, _, errors = run_text(copy, SPILL)
            self.disk.make_room()
            self.assertEqual(code, 1, errors)
            self.check_error(errors, copy.folder, "spill")
            self.assertIn("temporary files", errors)
            self.assertEqual(check_whole(self, copy, self.first, self.second, "spill"), set())
            (copy.folder / "sinan.toml").unlink()
            copy.must_run(SPILL)

    def test_results_to_a_full_disk(self):
        with Project(self.before) as copy:
            # Far more than is free.
            output = self.disk.path / "rows.csv"
            self.disk.fill(LITTLE)
            with open(output, "w", encoding="utf-8") as file:
                run = subprocess.run(copy.command("--format", "csv", "-c", BIG), stdout=file, stderr=subprocess.PIPE,
                                     text=True, check=False)
            output.unlink()
            self.disk.make_room()
            self.assertEqual(run.returncode, 1, run.stderr)
            self.assertIn("error[exhausted]: cannot write the results", run.stderr)

    def test_read_only_disk(self):
        with Project(self.before, self.disk.path) as copy:
            self.disk.read_only(True)
            try:
                code, _, errors = run_text(copy, "SELECT count(*) FROM t")
            finally:
                self.disk.read_only(False)
            self.assertEqual(code, 1, errors)
            self.assertIn("error[permission]", errors)
            self.assertIn(str(copy.folder), errors)
            self.assertEqual(check_whole(self, copy, self.first, self.second, "read-only"), set())

    def test_limit_of_file_sizes(self):
        """`ulimit -f` strikes every file that grows beyond it."""
        with Project(self.before) as copy:
            largest = max(file.stat().st_size for file in copy.folder.rglob("*") if file.is_file())
        codes = []
        for size in (4 * KIB, 64 * KIB, largest, largest + 8 * KIB, largest + 64 * KIB, largest + 4096 * KIB):
            with self.subTest(size=size), Project(self.before) as copy:
                code, _, errors = run_text(copy, VERSION_2, limit=size)
                codes.append(code)
                self.assertIn(code, (0, 1), errors)
                if code == 1:
                    self.assertRegex(errors, r"error\[(exhausted|io)\]")
                    self.assertIn(".sinan/", errors)
                changed = check_whole(self, copy, self.first, self.second, size)
                if code == 0:
                    self.assertEqual(changed, set(self.second))
                copy.must_run(VERSION_2, options=("--no-cache",))
        self.assertEqual((codes[0], codes[-1]), (1, 0))


def run_text(copy, program, limit=None):
    """As Project.run(), but the program comes from the command line: nothing is written beside it."""

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    run = subprocess.run(copy.command("-c", program), capture_output=True, text=True, check=False,
                         stdin=subprocess.DEVNULL, preexec_fn=limited if limit is not None else None)
    return run.returncode, run.stdout, run.stderr


if __name__ == "__main__":
    unittest.main()
