"""Programs, files and project folders as nobody should give them: each ends in a clear error, soon, with the state as it was."""

import os
import shutil
import signal
import sqlite3
import subprocess
import unittest
from pathlib import Path

import project
from project import LONG_QUERY, Project, check_whole

# (what, the program's bytes, exit code, part of standard error)
PROGRAMS = (
    ("random bytes", bytes(255 - (i * 7919 >> 3) % 256 for i in range(5000)), 2, "the program is not valid UTF-8"),
    ("UTF-16", "SELECT 1".encode("utf-16"), 2, "the program is not valid UTF-8"),
    ("invalid UTF-8 in a string", b"SELECT '\xff\xfe' AS a", 2, "the program is not valid UTF-8"),
    ("NUL", b"SELECT 1;\0SELECT 2", 2, "control character in the program: byte 0"),
    ("NUL in a string", b"SELECT 'a\0b' AS x", 2, "NUL byte"),
    ("nothing", b"", 0, ""),
    ("comments only", b"-- nothing\n/* at all */ ;;;", 0, ""),
    ("BOM and CRLF", b"\xef\xbb\xbfSELECT 1 AS a;\r\nSELECT 2 AS b;\r\n", 0, ""),
    ("parentheses", b"SELECT " + b"(" * 100000 + b"1" + b")" * 100000, 2, "statement is nested too deeply"),
    ("subqueries", b"SELECT * FROM (" * 5000 + b"SELECT 1" + b")" * 5000, 2, "statement is nested too deeply"),
    ("NOT NOT NOT", b"SELECT " + b"NOT " * 100000 + b"true", 2, "statement is nested too deeply"),
    ("a sum of 100,000", b"SELECT 1" + b" + 1" * 100000, 2, "expression is nested too deeply"),
    ("unclosed parentheses", b"SELECT (" * 50000, 2, "error[program]"),
    ("unclosed string of 10 MB", b"SELECT '" + b"x" * 10_000_000, 2, "error[program]: "),
    ("string of 10 MB", b"CREATE OR REPLACE TEMP TABLE big AS SELECT '" + b"x" * 10_000_000 + b"' AS x", 0, ""),
    ("name of a million letters", b"SELECT * FROM " + b"a" * 1_000_000, 2, 'unknown table "aaaa'),
    ("10,000 statements", b"SELECT 1 AS a;\n" * 2500 + b"SELECT 1 AS a FROM nope;\n" * 7500, 2, "7500 errors; nothing was run"),
    ("escapes in an error", b"SELECT CAST(chr(27) || '[2J' || chr(10) AS INT) AS x FROM t", 1, "error[data]"),
)


class HostileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.before = project.prepared()
        cls.addClassCleanup(cls.before.__exit__)
        cls.first, cls.second = project.both_states(cls.before)

    def run_in(self, folder, *arguments, **options):
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "check": False}
        return subprocess.run(folder.command(*arguments), **(settings | options))

    def unchanged(self, folder, what):
        self.assertEqual(check_whole(self, folder, self.first, self.second, what), set(), what)

    def test_programs(self):
        with Project(self.before) as copy:
            file = copy.folder / "hostile.sql"
            for what, program, code, message in PROGRAMS:
                with self.subTest(what):
                    file.write_bytes(program)
                    run = self.run_in(copy, "run", "--quiet", "--format", "csv", str(file))
                    errors = run.stderr.decode()
                    self.assertEqual(run.returncode, code, errors[:2000])
                    self.assertIn(message, errors)
                    self.assertNotIn("error[internal]", errors)
                    self.assertNotIn("\x1b", errors)
                    # One mistake fits on a screen, however long the program is.
                    if what != "10,000 statements":
                        self.assertLess(len(errors), 4000)
            self.unchanged(copy, "programs")

    def test_standard_streams(self):
        program = ("-q", "--format", "csv", "-c", "SELECT * FROM t ORDER BY ALL")
        with Project(self.before) as copy:
            for closed in ((0,), (1,), (2,), (0, 1), (0, 1, 2)):
                with self.subTest(closed=closed):
                    run = self.run_in(copy, *program, preexec_fn=lambda closed=closed: [os.close(n) for n in closed])
                    self.assertEqual(run.returncode, 1 if 1 in closed else 0)
                    if 1 in closed and 2 not in closed:
                        self.assertIn(b"error[io]: cannot write the results: Bad file descriptor", run.stderr)
            # Results must never have gone into a file that got the number of a closed descriptor.
            self.unchanged(copy, "closed descriptors")
            with open("/dev/full", "wb") as full:
                run = self.run_in(copy, *program, stdout=full)
            self.assertEqual(run.returncode, 1)
            self.assertIn(b"error[exhausted]: cannot write the results: No space left on device", run.stderr)
            run = self.run_in(copy, preexec_fn=lambda: os.close(0))
            self.assertEqual(run.returncode, 1)
            self.assertIn(b"cannot read standard input", run.stderr)

    def test_a_reader_that_leaves(self):
        with Project(self.before) as copy:
            process = subprocess.Popen(copy.command("--format", "csv", "-c", "SELECT range AS n FROM range(100000000000)"),
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(process.stdout.readline(), b"n\n")
            process.stdout.close()
            errors = process.stderr.read()
            process.stderr.close()
            self.assertEqual(process.wait(), 0)
            self.assertEqual(errors, b"")

    def test_signals(self):
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), Project(self.before) as copy:
                process = copy.start("CREATE OR REPLACE TABLE apart AS SELECT 1 AS n; " + LONG_QUERY, options=("--format", "csv"))
                self.assertEqual(process.stdout.readline(), "started\n")
                process.send_signal(number)
                _, errors = process.communicate()
                self.assertEqual(process.returncode, 130, errors)
                self.assertIn("cancelled", errors)
                self.assertIn(copy.query("SELECT n FROM apart")[0][0]["n"], (1, 200))

    def test_a_signal_while_the_program_is_read(self):
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), Project(self.before) as copy:
                process = subprocess.Popen(copy.command("run", "-"), stdin=subprocess.PIPE, stderr=subprocess.PIPE)
                process.stdin.write(b"DROP TABLE t;")
                process.stdin.flush()
                # It waits for more; SIGINT is blocked before anything else happens, and not lost.
                process.send_signal(number)
                self.assertIn(process.wait(), (130, -number))
                process.stdin.close()
                process.stderr.close()
                self.unchanged(copy, number)

    def test_nohup(self):
        with Project(self.before) as copy:
            # The second statement waits for the first one's table, and takes a while.
            program = "CREATE TABLE s AS SELECT 1 AS x; SELECT x AS started FROM s; SELECT sum(hash(range + x)) > 0 AS done FROM range(20000000), s"
            process = subprocess.Popen(copy.command("--format", "csv", "-c", program), stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
            self.assertEqual(process.stdout.readline(), b"started\n")
            process.send_signal(signal.SIGHUP)
            output, errors = process.communicate()
            self.assertEqual(process.returncode, 0, errors)
            self.assertTrue(output.endswith(b"\ndone\ntrue\n"), output)

    def test_environments(self):
        with Project(self.before) as copy:
            for environment in ({}, {"HOME": "/nonexistent", "TERM": "dumb", "LC_ALL": "C"}, {"COLUMNS": "garbage"},
                                {"LANG": "xx_YY.nonsense"}, {"TMPDIR": "/nonexistent"}):
                with self.subTest(environment):
                    run = self.run_in(copy, "--format", "csv", "-c", "SELECT 'Zürich' AS city", env=environment)
                    self.assertEqual((run.returncode, run.stdout.decode()), (0, "city\nZürich\n"), run.stderr)

    def refused(self, damage, message, what):
        """The project does not open; what is left of it is not touched."""
        with self.subTest(what), Project(self.before) as copy:
            connection = sqlite3.connect(copy.folder / ".sinan/catalog.db")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
            damage(copy.folder)
            kept = {file: file.read_bytes() for file in sorted(copy.folder.rglob("*"))
                    if file.is_file() and file.name in ("working.duckdb", "catalog.db", "sinan.toml", "xgboost.ubj")}
            run = self.run_in(copy, "-c", "DROP TABLE t")
            errors = run.stderr.decode()
            self.assertIn(run.returncode, (1, 2), errors)
            self.assertIn(message, errors)
            self.assertIn("opening the project", errors)
            self.assertNotIn("error[internal]", errors)
            for file, content in kept.items():
                self.assertEqual(file.read_bytes(), content, file)

    def test_damaged_stores(self):
        def patch(name, offset, content):
            def damage(folder):
                with open(folder / ".sinan" / name, "r+b") as file:
                    file.seek(offset)
                    file.write(content)
            return damage

        def cut(name, size):
            return lambda folder: os.truncate(folder / ".sinan" / name, size)

        def newer(folder):
            with sqlite3.connect(folder / ".sinan/catalog.db") as connection:
                connection.execute("PRAGMA user_version = 99")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        warehouse, catalog = "warehouse/working.duckdb", "catalog.db"
        for name in (warehouse, catalog):
            file = name.rsplit("/", 1)[-1]
            self.refused(patch(name, 0, b"garbage " * 20), file, f"{file}: first bytes")
            self.refused(cut(name, 5000), file, f"{file}: cut off")
            self.refused(lambda folder, name=name: ((folder / ".sinan" / name).unlink(), (folder / ".sinan" / name).mkdir()),
                         file, f"{file}: a folder")
        self.refused(patch(warehouse, 12, b"\xff\xff"), "error[data]: database file is damaged", "another version")
        self.refused(cut(catalog, 100), "hint: restore it from a copy", "catalog: header only")
        self.refused(newer, "database is of a newer Sinan: version 99", "newer catalog")

    def test_damaged_folders(self):
        def replace(name, content):
            def damage(folder):
                path = folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
                path.mkdir() if content is None else path.write_text(content)
            return damage

        self.refused(replace(".sinan", "a file"), "Not a directory", ".sinan is a file")
        self.refused(replace(".sinan/lock", None), "Is a directory", "lock is a folder")
        self.refused(replace("sinan.toml", "limits = [\n"), "cannot read sinan.toml line 1", "broken TOML")
        self.refused(replace("sinan.toml", "[limits]\nthreds = 1\n"), 'did you mean "threads"?', "unknown setting")
        self.refused(replace("sinan.toml", '[limits]\nthreads = "two"\n'), 'wrong value for "limits.threads"', "wrong type")
        self.refused(replace("sinan.toml", "\x00\x01\x02"), "sinan.toml", "binary TOML")

    def test_names(self):
        """Quotes, blanks, line ends and other scripts in the names of folders and files."""
        for name in ("it's", 'say "x"', "two words", "new\nline", "東京", "-c", "a;b", "$(echo x)", "%s%n"):
            with self.subTest(name), Project() as parent:
                folder = parent.folder / name
                folder.mkdir()
                quoted = name.replace("'", "''")
                program = f"""COPY (SELECT 7 AS x) TO '{quoted}.parquet'; CREATE TABLE t AS SELECT * FROM '{quoted}.parquet';
                              SELECT x FROM t"""
                run = subprocess.run([project.PROGRAM, "--project", "./" + name, "-q", "--format", "csv", "-c", program],
                                     cwd=parent.folder, capture_output=True, text=True, check=False)
                self.assertEqual((run.returncode, run.stdout), (0, "x\n7\n"), run.stderr)
                self.assertTrue(Path(folder / f"{name}.parquet").exists())

    def test_wide_files(self):
        with Project(self.before) as copy:
            columns = 3000
            rows = [",".join(f"c{i}" for i in range(columns))] + [",".join(str(i) for i in range(columns))] * 3
            (copy.folder / "wide.csv").write_text("\n".join(rows) + "\n")
            self.assertEqual(copy.query("SELECT count(*) AS n, sum(c2999) AS s FROM 'wide.csv'"), [[{"n": 3, "s": 8997}]])
            self.assertEqual(len(copy.query("SELECT * FROM 'wide.csv'")[0][0]), columns)

    def test_truncated_parquet(self):
        with Project(self.before) as copy:
            copy.must_run("COPY (SELECT range AS n, range::VARCHAR AS s FROM range(20000)) TO 'rows.parquet'")
            file = copy.folder / "rows.parquet"
            whole = file.read_bytes()
            for size in (0, 3, 8, len(whole) // 2, len(whole) - 1):
                with self.subTest(size=size):
                    file.write_bytes(whole[:size])
                    code, _, errors = copy.run("CREATE OR REPLACE TABLE t AS SELECT n AS x, n AS z, true AS y FROM 'rows.parquet'")
                    self.assertEqual(code, 1, errors)
                    self.assertIn("error[data]: not a whole Parquet file:", errors)
                    self.unchanged(copy, size)
            # The footer is whole, the rows are not.
            middle = len(whole) // 2
            file.write_bytes(whole[: middle - 2000] + b"\xff" * 4000 + whole[middle + 2000 :])
            code, _, errors = copy.run("CREATE OR REPLACE TABLE t AS SELECT n + length(s) AS x, n AS z, true AS y FROM 'rows.parquet'")
            self.assertEqual(code, 1, errors)
            self.assertRegex(errors, r"error\[(data|io)\]")
            self.unchanged(copy, "rows")


if __name__ == "__main__":
    unittest.main()
