"""The command line while the project folder is served: it does what it does alone, byte for byte."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from served import PROGRAM, Served

sys.path.insert(0, str(Path(__file__).parent.parent / "prompt"))
import prompt_test
from terminal import Terminal

ROOT = Path(__file__).parent.parent.parent
LONG = "SELECT 1 AS started; SELECT sum(hash(range)) AS n FROM range(1000000000000)"
TRAIN = """
CREATE TABLE flights AS SELECT i AS delay, i % 7 AS day, i % 2 = 0 AS late FROM range(200) r(i);
SELECT delay, day, late FROM flights TO TRAIN xgboost.gbtree
WITH objective="binary:logistic", train.num_boost_round=2 LABEL late INTO zoo.late;
SELECT delay, day, late FROM flights TO EVALUATE zoo.late LABEL late INTO quality;
SELECT delay, day FROM flights TO PREDICT pred.late USING zoo.late;
SELECT count(*) AS n FROM pred
"""

# (arguments, standard input, the folder to stand in), one after another in one project.
COMMANDS = [
    (["-c", "SELECT i, i * 1.5 AS x, 'ü' || i AS s, NULL AS e FROM range(100) r(i)"], None, "."),
    (["-c", "SELECT 1 AS a; SELECT 2 AS b", "--format", "csv"], None, "."),
    (["-c", "SELECT 1 AS a; SELECT {'x': [1, 2]} AS b", "--format", "json"], None, "."),
    (["-c", "SELECT * FROM range(5)", "--format", "markdown", "--rows", "2"], None, "."),
    (["-c", "SELECT DATE '2026-01-01' AS d", "--format", "jsonl", "--quiet"], None, "."),
    (["-c", "SELECT 1 AS a", "--color", "always"], None, "."),
    (["-c", "SELECT * FROM fligts; SELECT 1 +"], None, "."),
    (["-c", "SELECT * FROM fligts", "--error-format", "json"], None, "."),
    (["-c", "SELECT * FROM fligts", "--color", "always"], None, "."),
    (["-c", "SELECT error('in the middle') FROM range(3)"], None, "."),
    (["-c", "SELECT CAST('x' || range AS INT) FROM range(3)", "--error-format", "json"], None, "."),
    (["-c", b"\xff SELECT"], None, "."),
    (["run", "-", "--format", "csv"], "CREATE TABLE a AS SELECT 1 AS x;\nSELECT * FROM a;\nSELECT sum(x) FROM a", "."),
    (["run", "train.sql", "--format", "csv"], None, "."),
    (["run", "train.sql", "--format", "csv"], None, "."),  # from the cache
    (["run", "train.sql", "--no-cache", "--seed", "7", "--quiet", "--output", "pictures"], None, "."),
    (["run", "train.sql", "--format", "jsonl"], None, "."),
    (["run", "missing.sql"], None, "."),
    (["run", "--plan", "train.sql"], None, "."),
    (["run", "--plan", "train.sql", "--format", "json"], None, "."),
    (["run", "fails.sql", "--format", "csv"], None, "."),
    (["run", "--resume", "fails.sql", "--format", "csv"], None, "."),
    (["model", "list", "--format", "csv"], None, "."),
    (["model", "release", "zoo.late", "1"], None, "."),
    (["model", "get", "zoo.late", "exported"], None, "sub"),
    (["model", "delete", "zoo.nothing"], None, "."),
    (["-c", "SET VARIABLE v = 3; SELECT getvariable('v') AS v"], None, "."),
    (["-c", "SELECT getvariable('v') AS v"], None, "."),  # another command's SET is not seen
    (["-c", "CREATE TEMP TABLE t AS SELECT 5 AS x; SELECT * FROM t"], None, "."),
    (["-c", "SELECT * FROM t"], None, "."),
    (["-c", "COPY (SELECT 7 AS x) TO 'seven.csv'; SELECT * FROM 'seven.csv'"], None, "sub"),
    (["-c", "SELECT * FROM 'seven.csv'"], None, "sub"),
    (["-c", "SELECT * FROM 'seven.csv'"], None, "."),
    (["-c", "DESCRIBE MODEL zoo.late", "--format", "csv"], None, "."),
    (["-c", ""], None, "."),
    ([], "SELECT 3 AS piped", "."),
    (["--wrong"], None, "."),
    (["help", "TO", "TRAIN"], None, "."),
    (["-c", "SELECT i FROM range(200000) r(i)", "--format", "csv"], None, "."),
]
FILES = {"train.sql": TRAIN, "fails.sql": "CREATE OR REPLACE TABLE b AS SELECT 1 AS x; SELECT CAST('y' AS INT) FROM b"}


def timeless(text, folder):
    """Without what differs between two runs of one program in two folders: places, ids, times and what depends on them."""
    text = text.replace(os.path.realpath(folder).encode(), b"FOLDER").replace(folder.encode(), b"FOLDER")
    text = re.sub(rb"\b[0-9a-z]{10}-[0-9a-z]{7}\b", b"RUN", text)
    text = re.sub(rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.0-9]*Z?", b"TIME", text)
    text = re.sub(rb"\b[0-9.]+ (\xc2\xb5s|us|ms|s|m \d+ s)\b", b"SPAN", text)
    text = re.sub(rb'"(seconds|left|fraction)":[-0-9.e]+', rb'"\1":0', text)
    return b"".join(line for line in text.splitlines(True) if b'"event":"progress"' not in line)


def files_of(folder):
    return {str(path.relative_to(folder)): path.suffix == ".csv" and path.read_bytes()
            for path in Path(folder).rglob("*") if path.is_file() and ".sinan" not in path.parts}


class Folder(unittest.TestCase):
    def folder(self):
        folder = tempfile.mkdtemp(prefix="sinan_commands_")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        (Path(folder) / "sub").mkdir()
        for name, text in FILES.items():
            (Path(folder) / name).write_text(text)
        return folder

    def serve(self, folder, *options):
        # Not from the project's folder: where the server stands is nobody's business.
        served = Served(folder, *options, cwd="/")
        self.addCleanup(served.close)
        return served

    def command(self, folder, arguments, text=None, place="."):
        """Exit code, standard output, standard error."""
        project = ["--project", ".."] if place == "sub" else []
        done = subprocess.run([PROGRAM, *project, *arguments],
                              cwd=Path(folder) / place, input=text.encode() if text is not None else b"",
                              capture_output=True)
        return done.returncode, timeless(done.stdout, folder), timeless(done.stderr, folder)


class SameTest(Folder):
    def test_every_command_prints_the_same_bytes(self):
        alone, shared = self.folder(), self.folder()
        served = self.serve(shared)
        for arguments, text, place in COMMANDS:
            with self.subTest(arguments=arguments, place=place):
                expected = self.command(alone, arguments, text, place)
                actual = self.command(shared, arguments, text, place)
                self.assertEqual(actual[0], expected[0], actual[2] + expected[2])
                for mine, theirs in zip(actual[1:], expected[1:]):
                    self.assertEqual(mine.decode("latin-1"), theirs.decode("latin-1"))
        self.assertEqual(files_of(shared), files_of(alone))
        self.assertEqual(served.stop(), 0)
        # And what was done is there afterwards.
        for query in ["SELECT * FROM pred ORDER BY ALL", "SHOW MODELS", "SHOW TABLES"]:
            with self.subTest(query=query):
                arguments = ["-c", query, "--format", "csv"]
                self.assertEqual(self.command(shared, arguments), self.command(alone, arguments))

    def test_the_pages_of_the_statements(self):
        """Statements of test/sql, as they come."""
        alone, shared = self.folder(), self.folder()
        self.serve(shared)
        count = 0
        for file in [*sorted((ROOT / "test/sql/plain").glob("*.test")), *sorted((ROOT / "test/sql/errors").glob("*.test")),
                     ROOT / "test/sql/ml/train.test"]:
            for block in file.read_text().split("\n\n"):
                kind, _, text = block.partition("\n")
                if not re.match(r"statement|query", kind) or "{" in text:
                    continue
                arguments = ["-c", text.partition("\n----")[0], "--format", "csv"]
                count += 1
                with self.subTest(file=file.name, statement=arguments[1]):
                    self.assertEqual(self.command(shared, arguments), self.command(alone, arguments))
        self.assertGreater(count, 30)

    def test_on_a_terminal(self):
        texts = []
        for is_served in (False, True):
            folder = self.folder()
            if is_served:
                self.serve(folder)
            with Terminal([PROGRAM, "run", "train.sql"], folder, columns=90) as terminal:
                self.assertEqual(terminal.ends(), 0, terminal.screen.text())
                text = "\n".join(terminal.screen.lines())
            # The bars of the time line are as long as the steps took.
            text = re.sub("[─━█▏▎▍▌▋▊▉╸╺ ]{2,}|[0-9.]+", " ", text.partition("next")[0])
            texts.append(timeless(text.encode(), folder).decode())
        self.assertEqual(texts[1].split("\n")[:40], texts[0].split("\n")[:40])


class EndTest(Folder):
    def start(self, folder, *arguments, **options):
        process = subprocess.Popen([PROGRAM, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_until_it_runs(self, process):
        while "1" not in process.stdout.readline():
            self.assertIsNone(process.poll())

    def test_control_c_cancels_on_the_server(self):
        folder = self.folder()
        served = self.serve(folder)
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start(folder, "-c", LONG, "--format", "csv")
            self.wait_until_it_runs(process)
            process.send_signal(number)
            self.assertEqual(process.wait(), 130)
            self.assertEqual(process.stderr.read(), "cancelled\n")
        shown = self.command(folder, ["-c", "SHOW RUNS", "--format", "csv"])
        self.assertEqual(shown[1].count(b"cancelled"), 2, shown)
        self.assertEqual(served.stop(), 0)

    def test_a_caller_that_is_killed_cancels_its_program(self):
        folder = self.folder()
        self.serve(folder)
        process = self.start(folder, "-c", "CREATE TABLE w AS SELECT 1; " + LONG, "--format", "csv")
        self.wait_until_it_runs(process)
        process.kill()
        process.wait()
        # One that writes waits until that has ended.
        self.assertEqual(self.command(folder, ["-c", "CREATE TABLE x AS SELECT 1"])[0], 0)

    def test_the_server_ends_first(self):
        folder = self.folder()
        served = self.serve(folder)
        process = self.start(folder, "-c", LONG, "--format", "csv")
        self.wait_until_it_runs(process)
        self.assertEqual(served.stop(), 0)
        self.assertEqual(process.wait(), 130)
        self.assertEqual(process.stderr.read(), "cancelled\n")
        self.assertFalse((Path(folder) / ".sinan/server.json").exists())

    def test_the_server_is_killed(self):
        folder = self.folder()
        served = self.serve(folder)
        process = self.start(folder, "-c", LONG, "--format", "csv")
        self.wait_until_it_runs(process)
        served.stop(signal.SIGKILL)
        self.assertEqual(process.wait(), 1)
        self.assertIn("unavailable", process.stderr.read())
        # It left its address behind, which misleads nobody.
        self.assertTrue((Path(folder) / ".sinan/server.json").exists())
        self.assertEqual(self.command(folder, ["-c", "SELECT 4 AS x", "--format", "csv"])[:2], (0, b"x\n4\n"))

    def test_a_reader_that_leaves_ends_the_query(self):
        folder = self.folder()
        self.serve(folder)
        process = self.start(folder, "-c", "SELECT range AS i FROM range(1000000000000)", "--format", "csv")
        self.assertEqual(process.stdout.readline(), "i\n")
        process.stdout.close()
        self.assertEqual(process.wait(), 0, process.stderr.read())

    def test_readers_run_beside_a_writer_and_writers_one_after_another(self):
        folder = self.folder()
        self.serve(folder)
        self.command(folder, ["-c", "CREATE TABLE t AS SELECT 1 AS x"])
        writer = self.start(folder, "-c", "SELECT 1; CREATE TABLE t2 AS SELECT sum(hash(range)) AS x FROM range(1000000000000)",
                            "--format", "csv")
        self.wait_until_it_runs(writer)
        reader = self.command(folder, ["-c", "SELECT x FROM t", "--format", "csv"])
        self.assertEqual(reader[:2], (0, b"x\n1\n"))
        second = self.start(folder, "-c", "INSERT INTO t SELECT 2; SELECT sum(x) AS s FROM t", "--format", "csv")
        self.assertIsNone(writer.poll())
        writer.send_signal(signal.SIGINT)
        self.assertEqual(writer.wait(), 130)
        self.assertEqual(second.wait(), 0, second.stderr.read())
        self.assertEqual(second.stdout.read().split()[-1], "3")

    def test_writers_do_not_interleave(self):
        folder = self.folder()
        self.serve(folder)
        self.command(folder, ["-c", "CREATE TABLE counter AS SELECT 0 AS n"])
        text = "CREATE OR REPLACE TABLE next AS SELECT n + 1 AS n FROM counter; CREATE OR REPLACE TABLE counter AS FROM next"
        for process in [self.start(folder, "-c", text) for _ in range(8)]:
            self.assertEqual(process.wait(), 0, process.stderr.read())
        self.assertEqual(self.command(folder, ["-c", "FROM counter", "--format", "csv"])[1], b"n\n8\n")


class AddressTest(Folder):
    def test_the_address_is_for_the_owner_alone(self):
        folder = self.folder()
        self.serve(folder)
        file = Path(folder) / ".sinan/server.json"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        url = re.search(r'"url":"([^"]+)"', file.read_text())[1]
        self.assertTrue(url.startswith("http://127.0.0.1:"))
        import urllib.error
        import urllib.request
        for token in (None, "wrong"):
            request = urllib.request.Request(url + "/completion", b"SEL", {"Authorization": f"Bearer {token}"} if token else {})
            with self.assertRaises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(request)
            self.assertEqual(caught.exception.code, 401)
            caught.exception.close()

    def test_other_data_sources_are_refused(self):
        folder = self.folder()
        self.serve(folder)
        code, out, error = self.command(folder, ["--data-source", "more=sqlite:x.db", "-c", "SELECT 1"])
        self.assertEqual((code, out), (1, b""))
        self.assertIn(b"with other data sources", error)

    def test_the_doctor_knows_the_server(self):
        folder = self.folder()
        self.serve(folder)
        _, out, _ = self.command(folder, ["doctor"])
        self.assertIn(b"sinan serve owns it", out)


class ServedPromptTest(prompt_test.PromptTest):
    """Everything the prompt does, while the project is served."""

    def open(self, arguments=(), **options):
        if not hasattr(self, "served"):
            self.served = Served(self.folder, cwd="/")
            self.addCleanup(self.served.close)
        return super().open(arguments, **options)


del prompt_test.PromptTest

if __name__ == "__main__":
    unittest.main()
