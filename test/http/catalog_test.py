"""What the console reads over HTTP: plans, the states of steps, models, runs, pictures, lineage, tables, completion."""

import json
import unittest

import serve_test
from serve_test import LONG_PROGRAM, sinan

PROGRAM = """CREATE TABLE flowers AS SELECT i, i % 7 AS a, i % 5 AS b, (i % 7) * 2.0 + (i % 5) AS size FROM range(400) r(i);
SELECT a, b, size FROM flowers TO TRAIN xgboost.gbtree WITH validation.fraction = 0.2 LABEL size INTO zoo.sizes;
SELECT count(*) AS n FROM flowers"""


class CatalogTest(unittest.TestCase):
    setUp = serve_test.ServeTest.setUp
    serve = serve_test.ServeTest.serve

    def run_program(self, served, text):
        _, _, state = served.request("POST", "/v1/programs", {"program": text, "name": "flowers.sql"})
        return state["id"], served.watch(state["id"])

    def test_a_plan_and_the_steps_are_told_as_they_come(self):
        served = self.serve()
        program, events = self.run_program(served, PROGRAM)
        plans = [json.loads(data) for name, data in events if name == "plan"]
        self.assertEqual([[d["step"] for d in step["depends_on"]] for step in plans[0]["steps"]], [[], [1], [1]])
        steps = [json.loads(data) for name, data in events if name == "step"]
        for number in (1, 2, 3):
            self.assertEqual([s["status"] for s in steps if s["step"] == number], ["running", "done"])
        self.assertEqual(steps[1]["rows"], 400)
        _, _, told = served.request("GET", f"/v1/programs/{program}/plan")
        self.assertEqual(told["text"], PROGRAM)
        self.assertEqual(told["plan"], plans[0])
        self.assertEqual([step["status"] for step in told["steps"]], ["done"] * 3)
        self.assertEqual(served.request("GET", "/v1/programs/none/plan")[0], 404)

    def test_a_check_runs_nothing_and_finds_all_errors(self):
        served = self.serve()
        status, _, plan = served.request("POST", "/v1/plan", {"program": "CREATE TABLE t AS SELECT 1 AS a; SELECT b FROM t; SELEC 1"})
        self.assertEqual(status, 200)
        self.assertFalse(plan["ok"])
        self.assertEqual([error["line"] for error in plan["diagnostics"]], [1, 1])
        self.assertEqual(served.request("GET", "/v1/tables")[2], {"tables": []})
        self.assertEqual(served.request("GET", "/v1/runs")[2], {"runs": []})
        # One that runs is not disturbed.
        _, _, state = served.request("POST", "/v1/programs", {"program": "CREATE TABLE long AS " + LONG_PROGRAM})
        while served.request("GET", f"/v1/programs/{state['id']}/plan")[2]["plan"] is None:
            pass
        status, _, busy = served.request("POST", "/v1/plan", {"program": "CREATE TABLE t AS SELECT 1"})
        self.assertEqual((status, busy["code"]), (503, "busy"))
        self.assertEqual(served.request("POST", "/v1/plan", {"program": "SELECT 1"})[0], 200)
        served.request("DELETE", f"/v1/programs/{state['id']}")
        self.assertEqual(served.watch(state["id"])[-1][0], "state")
        while served.request("POST", "/v1/plan", {"program": "CREATE TABLE t AS SELECT 1"})[0] == 503:
            pass

    def test_models_runs_lineage_and_tables_are_what_the_statements_show(self):
        served = self.serve()
        program, events = self.run_program(served, PROGRAM)
        run = json.loads(events[-1][1])["run"]
        [model] = served.request("GET", "/v1/models")[2]["models"]
        self.assertEqual((model["name"], model["version"], model["label"]), ("zoo.sizes", 1, "size"))
        shown = served.request("GET", "/v1/models/Zoo.Sizes")[2]
        self.assertEqual([f["column"] for f in shown["versions"][0]["payload"]["features"]], ["a", "b"])
        self.assertEqual(shown["versions"][0]["run"], run)
        self.assertEqual(model["rows"] + shown["versions"][0]["payload"]["validation_rows"], 400)
        self.assertEqual(served.request("GET", "/v1/models/none")[2]["code"], "not_found")
        self.assertEqual(served.request("GET", "/v1/models/zoo.sizes/charts/none")[0], 404)

        [listed] = served.request("GET", "/v1/runs")[2]["runs"]
        self.assertEqual((listed["id"], listed["status"], listed["name"]), (run, "done", "flowers.sql"))
        record = served.request("GET", f"/v1/runs/{run}")[2]
        self.assertEqual(record["program"], PROGRAM)
        self.assertEqual([step["status"] for step in record["steps"]], ["done"] * 3)
        self.assertEqual([ref["name"] for ref in record["steps"][1]["writes"]], ["zoo.sizes"])

        edges = served.request("GET", "/v1/lineage?kind=model&name=zoo.sizes")[2]["edges"]
        self.assertIn(("main.flowers", "a"), {(edge["from"]["name"], edge["from"]["column"]) for edge in edges})
        self.assertEqual(served.request("GET", "/v1/lineage")[0], 400)
        self.assertEqual(served.request("GET", "/v1/lineage?name=x&direction=up")[0], 400)
        [table] = served.request("GET", "/v1/tables")[2]["tables"]
        self.assertEqual([column["name"] for column in table["columns"]], ["i", "a", "b", "size"])
        served.stop()
        self.assertIn("zoo.sizes", sinan(self.folder, "-c", "SHOW MODELS", "--format", "csv").stdout)

    def test_pictures_are_svg_in_which_nothing_runs(self):
        served = self.serve()
        program, events = self.run_program(
            served, PROGRAM + "; SELECT a, b, size FROM flowers TO EXPLAIN zoo.sizes")
        self.assertEqual(json.loads(events[-1][1])["state"], "done", events)
        lines = "\n".join(data for name, data in events if name == "output").split("\n")
        [pictures] = [json.loads(line) for line in lines if '"event":"pictures"' in line]
        run = json.loads(events[-1][1])["run"]
        self.assertEqual(sorted(pictures["files"]), served.request("GET", f"/v1/runs/{run}")[2]["pictures"])
        self.assertEqual(len(pictures["steps"]), len(pictures["files"]))
        status, headers, svg = served.request("GET", f"/v1/runs/{run}/pictures/{pictures['files'][0]}")
        self.assertEqual((status, headers["Content-Type"]), (200, "image/svg+xml"))
        self.assertIn("sandbox", headers["Content-Security-Policy"])
        self.assertTrue(svg.startswith("<svg"), svg[:100])
        for other in ("none.svg", "..%2F..%2Fcatalog.db", "%2E%2E", "catalog.db"):
            self.assertIn(served.request("GET", f"/v1/runs/{run}/pictures/{other}")[0], (400, 404), other)

    def test_completion_knows_the_language_and_the_project(self):
        served = self.serve()
        self.run_program(served, PROGRAM)
        complete = lambda text: served.request("POST", "/v1/completion", {"text": text})[2]
        kinds = lambda text: {word["word"]: word["kind"] for word in complete(text)["words"]}
        self.assertEqual(kinds("SELECT * FROM flo")["flowers"], "table")
        self.assertEqual(kinds("SELECT * FROM flowers WHERE si")["size"], "column")
        self.assertEqual(kinds("SELECT * FROM flowers TO TR")["TRAIN"], "keyword")
        self.assertEqual(kinds("DESCRIBE MODEL zoo")["zoo.sizes"], "model")
        self.assertEqual(complete("SELECT * FROM flo")["unfinished"], "flo")
        # A column of a table that is named behind the cursor.
        _, _, found = served.request("POST", "/v1/completion", {"text": "SELECT si", "after": " FROM flowers"})
        self.assertIn({"word": "size", "kind": "column"}, found["words"])
        self.assertEqual(served.request("POST", "/v1/completion", {"txt": "a"})[0], 400)
        statements = {s["name"]: s for s in served.request("GET", "/v1/statements")[2]["statements"]}
        self.assertIn("LABEL", statements["TO TRAIN"]["synopsis"])

    def test_the_session_tells_who_asks(self):
        token = sinan(self.folder, "token", "create", "ann", "--role", "viewer").stdout.strip()
        client = sinan(self.folder, "token", "create", "shop", "--role", "client").stdout.strip()
        served = self.serve()
        self.assertEqual(served.request("GET", "/v1/session")[0], 401)
        self.assertEqual(served.request("GET", "/v1/session", token=client)[0], 403)
        session = served.request("GET", "/v1/session", token=token)[2]
        self.assertEqual((session["name"], session["role"], session["open"]), ("ann", "viewer", False))
        # What would run something is not for viewers.
        self.assertEqual(served.request("POST", "/v1/plan", {"program": "SELECT 1"}, token=token)[0], 403)
        # The page itself is for everybody: it holds nothing of the project.
        status, headers, page = served.request("GET", "/")
        self.assertEqual(status, 200)
        self.assertIn("<title>Sinan</title>", page)


if __name__ == "__main__":
    unittest.main()
