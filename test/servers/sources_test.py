"""Tables of PostgreSQL and MariaDB are read, trained on and written to where they are; what goes wrong is said, and no secret is."""

import os
import socket
import subprocess
import unittest
from pathlib import Path

from servers import PASSWORD, MariaDb, Postgres, Project

ROWS = 3000
TRAIN = """SELECT * FROM {table} TO TRAIN xgboost.gbtree WITH objective="binary:logistic", train.num_boost_round=3
LABEL y INTO zoo.m"""


class SourcesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.maria = MariaDb()
        cls.addClassCleanup(cls.maria.close)
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.close)
        numbers = f"SELECT seq AS id, seq % 17 AS x, seq % 5 AS z, seq % 2 AS y FROM seq_1_to_{ROWS}"
        cls.maria.run(f"CREATE TABLE shop.clicks AS {numbers}", "shop")
        cls.postgres.run(f"CREATE TABLE clicks AS SELECT i AS id, i % 17 AS x, i % 5 AS z, i % 2 AS y FROM generate_series(1, {ROWS}) i")
        cls.postgres.run("CREATE SCHEMA raw")
        cls.urls = {
            "maria": f"mysql://sinan:${{SHOP_PASSWORD}}@tcp(127.0.0.1:{cls.maria.port})/shop?maxAllowedPacket=0",
            "pg": f"postgresql://sinan:${{SHOP_PASSWORD}}@127.0.0.1:{cls.postgres.port}/shop",
        }

    def project(self, *sources, settings=""):
        project = Project(sources, settings)
        self.addCleanup(project.close)
        return project

    def both(self):
        return self.project(f"m={self.urls['maria']}", f"p={self.urls['pg']}")

    def test_reading(self):
        one = self.both()
        total = sum(i % 17 for i in range(1, ROWS + 1))
        for table in ("m.shop.clicks", "p.public.clicks", "p.clicks"):
            self.assertEqual(one.rows(f"SELECT count(*), sum(x) FROM {table}"), [[str(ROWS), str(total)]], table)
        # A join of two servers and the warehouse.
        joined = one.rows("CREATE TABLE here AS SELECT 7 AS id; "
                          "SELECT a.x, b.z FROM m.shop.clicks a JOIN p.clicks b USING (id) JOIN here USING (id)")
        self.assertEqual(joined, [["7", "2"]])

    def test_the_default(self):
        for name, schema in (("maria", "shop"), ("pg", "public")):
            one = self.project(self.urls[name])
            for table in ("clicks", f"{schema}.clicks", f"source.{schema}.clicks"):
                self.assertEqual(one.rows(f"SELECT count(*) FROM {table}"), [[str(ROWS)]], table)
            # The warehouse is still there, by its name.
            one.rows("CREATE OR REPLACE TABLE working.main.t AS SELECT 5 AS x; SELECT x FROM working.main.t")

    def test_train_and_predict(self):
        """The same model, and the same predictions, as from the warehouse's own copy of the table."""
        for name, source, schema in (("maria", "m", "shop"), ("pg", "p", "public")):
            one = self.both()
            predict = 'TO PREDICT {into}.guess WITH predict.output="probability" USING zoo.m'
            one.rows(f"{TRAIN.format(table=f'{source}.{schema}.clicks')}; SELECT 1")
            done = one.run(f"SELECT * FROM {source}.{schema}.clicks {predict.format(into=f'{source}.{schema}.guessed')}; "
                           f"CREATE TABLE copy AS SELECT * FROM {source}.{schema}.clicks; SELECT * FROM copy {predict.format(into='here')}")
            self.assertEqual(done.returncode, 0, done.stderr)
            server = self.maria if name == "maria" else self.postgres
            [[count]] = server.run(f"SELECT count(*) FROM {schema}.guessed")
            self.assertEqual(count, str(ROWS))
            differing = one.rows(f"SELECT count(*) FROM here JOIN {source}.{schema}.guessed g USING (id) "
                                 "WHERE abs(here.guess - g.guess) > 1e-6")
            self.assertEqual(differing, [["0"]])
            # Again: what is there is replaced. The statistics of a model too.
            done = one.run(f"SELECT * FROM {source}.{schema}.clicks WHERE id <= 10 {predict.format(into=f'{source}.{schema}.guessed')}; "
                           f"SELECT * FROM {source}.{schema}.clicks TO EVALUATE zoo.m LABEL y INTO {source}.{schema}.measured")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(server.run(f"SELECT count(*) FROM {schema}.guessed"), [["10"]])
            self.assertNotEqual(server.run(f"SELECT count(*) FROM {schema}.measured"), [["0"]])

    def test_create_table_as(self):
        one = self.both()
        for source, schema, server in (("m", "shop", self.maria), ("p", "raw", self.postgres)):
            table = f"{source}.{schema}.copied"
            one.rows(f"CREATE TABLE {table} AS SELECT id, x FROM p.clicks WHERE id <= 100; SELECT 1")
            self.assertEqual(server.run(f"SELECT count(*), sum(id) FROM {schema}.copied"), [["100", "5050"]])
            # A failure half-way leaves the former content, and nothing beside it.
            broken = one.run(f"CREATE OR REPLACE TABLE {table} AS SELECT id, CASE WHEN id > 2900 THEN error('broken') ELSE 1 END AS x "
                             "FROM p.clicks")
            self.assertEqual(broken.returncode, 1, broken.stderr)
            self.assertIn("broken", broken.stderr)
            self.assertEqual(server.run(f"SELECT count(*), sum(id) FROM {schema}.copied"), [["100", "5050"]])
            one.rows(f"CREATE OR REPLACE TABLE {table} AS SELECT 1 AS id; SELECT 1")
            self.assertEqual(server.run(f"SELECT sum(id) FROM {schema}.copied"), [["1"]])
            exists = one.run(f"CREATE TABLE {table} AS SELECT 2 AS id")
            self.assertIn("error[exists]", exists.stderr)
            one.rows(f"DROP TABLE {table}; SELECT 1")
            tables = server.run(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}'")
            self.assertFalse([name for [name] in tables if name.startswith("__sinan") or name == "copied"], tables)

    def test_changes_strike_the_table_that_is_named(self):
        """MySQL: the engine's extension by itself would drop a table of that name in the connection's own database."""
        self.maria.run("CREATE DATABASE other; CREATE TABLE other.t (a INT); CREATE TABLE shop.t (a INT); INSERT INTO other.t VALUES (1); "
                       "INSERT INTO shop.t VALUES (2)")
        one = self.project(self.urls["maria"])
        one.rows("ALTER TABLE other.t MODIFY COLUMN a BIGINT(20) NOT NULL; ALTER TABLE other.t ADD COLUMN b VARCHAR(5) AFTER a; SELECT 1")
        kind = "SELECT data_type FROM information_schema.columns WHERE table_name = 't' AND table_schema = '{}' ORDER BY column_name"
        self.assertEqual(self.maria.run(kind.format("other")), [["bigint"], ["varchar"]])
        self.assertEqual(self.maria.run(kind.format("shop")), [["int"]])
        one.rows("CREATE OR REPLACE TABLE other.t AS SELECT 5 AS a; SELECT 1")
        self.assertEqual(self.maria.run("SELECT a FROM other.t"), [["5"]])
        one.rows("DROP TABLE other.t; SELECT 1")
        self.assertEqual(self.maria.run("SELECT a FROM shop.t"), [["2"]])
        one.rows("CREATE TABLE made (id BIGINT(20) NOT NULL AUTO_INCREMENT, t VARCHAR(10), PRIMARY KEY (id)) ENGINE=InnoDB; "
                 "INSERT INTO made (t) VALUES ('a'), ('b'); CREATE DATABASE IF NOT EXISTS later; "
                 "CREATE TABLE later.t AS SELECT * FROM made; SELECT 1")
        self.assertEqual(self.maria.run("SELECT * FROM shop.made ORDER BY id"), [["1", "a"], ["2", "b"]])
        self.assertEqual(self.maria.run("SELECT count(*) FROM later.t"), [["2"]])
        one.rows("DROP DATABASE later; SELECT 1")
        self.assertEqual(self.maria.run("SHOW DATABASES LIKE 'later'"), [])

    def test_order_of_steps(self):
        """Tables of sources are nodes: written before they are read, whatever name they go by."""
        one = self.both()
        program = "; ".join(f"CREATE OR REPLACE TABLE m.shop.s{i} AS SELECT id + 1 AS id FROM m.shop.{'clicks' if i == 0 else f's{i - 1}'}"
                            for i in range(4)) + "; SELECT min(id) FROM m.shop.s3"
        self.assertEqual(one.rows(program), [["5"]])
        program = "CREATE OR REPLACE TABLE p.public.o AS SELECT 3 AS id; INSERT INTO p.o VALUES (4); SELECT sum(id) FROM p.public.o"
        self.assertEqual(one.rows(program), [["7"]])

    def test_changed_outside(self):
        """The cache takes nothing outside for unchanged."""
        self.postgres.run("CREATE TABLE seen AS SELECT 1 AS x")
        one = self.both()
        program = "CREATE OR REPLACE TABLE t AS SELECT x FROM p.seen; SELECT x FROM t"
        self.assertEqual(one.rows(program), [["1"]])
        self.postgres.run("UPDATE seen SET x = 2")
        self.assertEqual(one.rows(program), [["2"]])

    def test_read_only(self):
        for url in self.urls.values():
            one = self.project(f"shop={url}")
            for program in ("CREATE TABLE shop.x AS SELECT 1 AS a", "DELETE FROM shop.clicks", "DROP TABLE shop.clicks"):
                done = one.run(program, "--read-only-sources")
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("error[permission]: data source is read-only: shop", done.stderr)
        self.assertEqual(self.maria.run("SELECT count(*) FROM shop.clicks"), [[str(ROWS)]])

    def test_settings_file(self):
        secret = Path(self.postgres.folder) / "sinan_password"
        secret.write_text(PASSWORD + "\n")
        one = self.project(settings=f"""
[sources.m]
url = "mysql://sinan@127.0.0.1:{self.maria.port}/shop"
password_env = "SHOP_PASSWORD"
default = true

[sources.p]
url = "postgresql://sinan@127.0.0.1:{self.postgres.port}/shop"
password_file = "{secret}"
read_only = true

[sources]
s = "postgresql://sinan@/shop?host={self.postgres.folder}"
""".replace("[sources]\ns =", "[sources.s]\nurl =").replace("?host", f"?host").replace("@/shop", f"@:{self.postgres.port}/shop"))
        for table in ("clicks", "m.shop.clicks", "p.clicks", "s.clicks"):
            self.assertEqual(one.rows(f"SELECT count(*) FROM {table}"), [[str(ROWS)]], table)
        doctor = subprocess.run(one.command("doctor"), capture_output=True, text=True, check=False, env=one.environment)
        for line in ("source m", "source p", "source s", "data in PostgreSQL", "data in MySQL"):
            self.assertIn(line, doctor.stdout)
        self.assertNotIn(PASSWORD, doctor.stdout + doctor.stderr)

    def test_environment_file(self):
        """SQLFlow's own variable, in a file of KEY=VALUE lines."""
        one = self.project()
        file = one.folder / "env"
        file.write_text(f"# SQLFlow's\nSQLFLOW_DATASOURCE=mysql://sinan:${{SHOP_PASSWORD}}@tcp(127.0.0.1:{self.maria.port})/shop\n")
        for arguments in (["-e", "SELECT count(*) AS n FROM clicks;"], ["-f", "-"]):
            done = subprocess.run(one.command("--format", "csv", "--env-file", str(file), *arguments), capture_output=True, text=True,
                                  input="SELECT count(*) AS n FROM clicks", check=False, env=one.environment)
            self.assertEqual(done.stdout, f"n\n{ROWS}\n", done.stderr)

    def test_secrets_are_not_kept_or_shown(self):
        one = self.project(f"m=mysql://sinan:{PASSWORD.replace(';', '%3B')}@127.0.0.1:{self.maria.port}/shop")
        shown = ""
        programs = ("SELECT count(*) FROM m.shop.clicks", "SELECT * FROM m.shop.nothing", "FROM duckdb_secrets()", "FROM duckdb_databases()",
                    "SHOW RUNS", "CREATE OR REPLACE TABLE m.shop.u AS SELECT error('x') AS a")
        for program in programs:
            for options in ((), ("--plan",), ("--error-format", "json")):
                done = one.run(program, *options)
                shown += done.stdout + done.stderr
        wrong = self.project(f"m=mysql://sinan:wrong{PASSWORD.replace(';', '%3B')}@127.0.0.1:{self.maria.port}/shop",)
        done = wrong.run("SELECT 1")
        self.assertIn("error[permission]", done.stderr)
        shown += done.stderr
        (one.folder / "sinan.toml").write_text('[log]\nlevel = "debug"\nfile = "log"\n')
        shown += one.run("SELECT count(*) FROM m.shop.clicks").stderr
        for folder in (one.folder, wrong.folder):
            for root, _, files in os.walk(folder):
                for name in files:
                    shown += (Path(root) / name).read_bytes().decode("latin-1")
        self.assertNotIn(PASSWORD, shown)
        self.assertNotIn(PASSWORD.replace(";", "%3B"), shown)

    def test_bad_sources(self):
        """A clear error with a hint, within four seconds."""
        silent = socket.socket()
        self.addCleanup(silent.close)
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        mute = silent.getsockname()[1]
        cases = (
            ("mysql://a:b@tcp(127.0.0.1:1)/", "unavailable", "no answer from 127.0.0.1:1: Connection refused"),
            (f"mysql://a:b@127.0.0.1:{mute}/", "unavailable", "says nothing"),
            (f"postgresql://a:b@127.0.0.1:{mute}/d", "unavailable", "timeout expired"),
            ("postgresql://a:b@127.0.0.1:1/d", "unavailable", "no answer from 127.0.0.1:1"),
            ("mysql://a:b@no-such-host.invalid/", "unavailable", "no answer from no-such-host.invalid:3306"),
            (f"mysql://sinan:wrong@127.0.0.1:{self.maria.port}/", "permission", "refuses user or password"),
            (f"postgresql://sinan:wrong@127.0.0.1:{self.postgres.port}/shop", "permission", "refuses user or password"),
            (self.urls["maria"].replace("/shop", "/nothing"), "not_found", "has no such database"),
            (self.urls["pg"].replace("/shop", "/nothing"), "not_found", "has no such database"),
        )
        for url, code, words in cases:
            one = self.project(f"bad={url}")
            done = one.run("SELECT 1")
            self.assertNotEqual(done.returncode, 0, url)
            self.assertIn(f"error[{code}]", done.stderr, url)
            self.assertIn(words, done.stderr, url)
            self.assertIn("hint: ", done.stderr, url)

    def test_missing_extension(self):
        one = self.both()
        one.environment["SINAN_EXTENSIONS"] = str(one.folder / "nothing")
        done = one.run("SELECT 1")
        self.assertIn("the engine's extension is missing: mysql_scanner", done.stderr)
        self.assertIn("make build puts it into lib/sinan/extensions", done.stderr)


if __name__ == "__main__":
    unittest.main()
