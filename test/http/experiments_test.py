"""Parameters, experiments and segments over /v1: what the API answers is what statements see, and the other way round."""

import shutil
import tempfile
import threading
import unittest

from serve_test import Served, sinan

GROUPS = [{"name": "control", "first": 0, "last": 49}, {"name": "treatment", "first": 50, "last": 99}]


def draft(name, when, parameter="button.color", control="green", treatment="black", **more):
    return {"name": name, "unit": ["user_id"], "groups": GROUPS, "branches": [
        {"when": when, "set": {parameter: {"control": control, "treatment": treatment}}}], **more}


class ExperimentsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sinan_http_")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.token = None

    def serve(self):
        self.served = Served(self.folder)
        self.addCleanup(self.served.process.stderr.close)
        self.addCleanup(self.served.reader.join)
        self.addCleanup(self.served.process.wait)
        self.addCleanup(self.served.process.kill)

    def call(self, method, path, body=None, status=200, **more):
        answer = self.served.request(method, path, body, token=self.token, **more)
        self.assertEqual(answer[0], status, answer[2])
        return answer[2]

    def make_parameter(self):
        return self.call("POST", "/v1/parameters", {"name": "button.color", "type": "string", "default": "green",
                                                    "values": ["green", "black", "blue"], "owner": "shop"}, 201)

    def program(self, text):
        """The rows that a program answers, run by the server."""
        state = self.call("POST", "/v1/programs", {"program": text}, 202)
        self.served.watch(state["id"])
        result = self.call("GET", f"/v1/programs/{state['id']}/result")
        self.assertEqual(result["program"]["state"], "done", result)
        return [line for line in result["output"] if isinstance(line, list)]

    def test_from_the_draft_to_the_winner(self):
        self.serve()
        made = self.make_parameter()
        self.assertEqual((made["message"], made["version"], made["configuration_version"]),
                         ("Parameter button.color is 'green' by default.", 1, 1))
        status, headers, _ = self.served.request("POST", "/v1/experiments", draft("black", "city = 'Oslo'", rollout=5))
        self.assertEqual((status, headers["Location"], headers["ETag"]), (201, "/v1/experiments/black", '"1"'))
        shown = self.call("GET", "/v1/experiments/black")
        self.assertEqual({key: shown["experiment"][key] for key in ("state", "buckets", "hash", "salt", "epoch", "rollout",
                                                                  "max_rollout", "parameters")},
                         {"state": "draft", "buckets": 100, "hash": "sinan", "salt": "black", "epoch": 1, "rollout": 5.0,
                          "max_rollout": 100.0, "parameters": ["button.color"]})
        self.assertEqual((shown["check"]["verdict"], shown["check"]["pairs"]), ("DISJOINT", []))
        self.call("PATCH", "/v1/experiments/black", {"groups": GROUPS[:1] + [
            {"name": "treatment", "first": 50, "last": 99, "groups": [{"name": "t1", "first": 50, "last": 74},
                                                                      {"name": "t2", "first": 75, "last": 99}]}]})
        self.call("POST", "/v1/experiments/black/start", {"reason": "ready"})
        self.assertIn("from 5% to 100%", self.call("PATCH", "/v1/experiments/black", {"rollout": 100})["message"])
        # What statements see.
        self.assertEqual(self.program("SHOW EXPERIMENTS")[0][:4], ["black", "running", "100%", "user_id"])
        answer = self.call("POST", "/v1/parameters/button.color/explain",
                           {"context": {"user_id": "u42", "city": "Oslo"}, "force": {"black": "t2"}})
        self.assertEqual((answer["value"], answer["reason"], answer["variant"]), ("black", "SPLIT", "t2"))
        answer = self.call("POST", "/v1/parameters/button.color/explain", {"context": {"user_id": "u42", "city": "Rome"}})
        self.assertEqual((answer["value"], answer["reason"]), ("green", "DEFAULT"))
        self.assertTrue(any("branch 1 does not hold" in step["text"] for step in answer["decisions"]), answer)
        self.assertEqual(self.call("POST", "/v1/parameters/button.color/explain")["value"], "green")
        # A split moves nobody, and opens an epoch.
        self.call("POST", "/v1/experiments/black/split", {"group": "control", "into": [
            {"name": "c1", "first": 0, "last": 9}, {"name": "c2", "first": 10, "last": 49}]})
        self.call("PATCH", "/v1/experiments/black", {"branches": [
            {"when": "city = 'Oslo'", "set": {"button.color": {"c1": "green", "c2": "green", "t1": "black", "t2": "blue"}}}]})
        self.assertEqual(self.call("GET", "/v1/experiments/black")["experiment"]["epoch"], 3)
        self.call("POST", "/v1/experiments/black/pause")
        self.call("POST", "/v1/experiments/black/end", {"ship": "t2", "reason": "two percent more"})
        self.assertEqual(self.call("GET", "/v1/parameters/button.color")["parameter"]["default"], "blue")
        self.assertIsNone(self.call("GET", "/v1/experiments/black")["check"])
        # The audit log has it all, the newest first.
        log = self.call("GET", "/v1/configuration/changes?object=experiment%20black")["changes"]
        self.assertEqual((log[0]["why"], log[0]["changes"]), ("two percent more", [
            {"object": "experiment black", "member": "state", "before": "paused", "after": "ended"}]))
        self.assertEqual(log[-1]["changes"][0]["member"], "created")
        page = self.call("GET", "/v1/configuration/changes?limit=2")
        self.assertEqual([change["version"] for change in page["changes"]], [9, 8])
        self.assertEqual(self.call("GET", f"/v1/configuration/changes?limit=1&before={page['next']}")["changes"][0]["version"], 7)
        # And so has the record of runs.
        self.assertTrue(any("api" in row for row in self.program("SHOW RUNS")))
        self.assertEqual(self.served.stop(), 0)
        self.assertIn("ended", sinan(self.folder, "-c", "SHOW EXPERIMENTS", "--format", "csv").stdout)

    def test_a_draft_is_checked_before_it_is_stored(self):
        self.serve()
        self.make_parameter()
        self.call("POST", "/v1/experiments", draft("oslo", "city = 'Oslo'"), 201)
        self.call("POST", "/v1/experiments/oslo/start")
        apart = self.call("POST", "/v1/experiments/check", draft("rome", "city = 'Rome' AND age > 3 AND age < 3"))
        self.assertEqual(apart["verdict"], "DISJOINT")
        self.assertEqual(apart["dead"][0]["what"], "branch 1 of experiment rome")
        self.assertTrue(apart["open"][0]["boxes"])
        proof = self.call("POST", "/v1/experiments/check", draft("rome", "city = 'Rome'"))["pairs"][0]
        self.assertEqual((proof["other"], proof["verdict"]), ("oslo", "DISJOINT"))
        self.assertEqual(proof["certificate"], [{"dimension": "city", "first": "'Rome'", "second": "'Oslo'"}])
        both = self.call("POST", "/v1/experiments/check", draft("all", "app_version >= '3.0.0'"))
        self.assertEqual(both["verdict"], "OVERLAP")
        witness = both["pairs"][0]["witness"]
        self.assertEqual(witness["context"]["city"], "Oslo")
        # The witness is true: the stored experiment decides for it.
        explained = self.call("POST", "/v1/parameters/button.color/explain", {"context": witness["context"]})
        self.assertEqual(explained["metadata"]["experiment"], "oslo")
        remedy = both["pairs"][0]["remedy"]
        narrowed = self.call("POST", "/v1/experiments/check", draft("all", f"app_version >= '3.0.0' {remedy}"))
        self.assertEqual(narrowed["verdict"], "DISJOINT")
        # A stored one, with one member changed.
        self.call("POST", "/v1/experiments", draft("rome", "city = 'Rome'"), 201)
        changed = self.call("POST", "/v1/experiments/check", {"name": "rome", "branches": draft("x", "TRUE")["branches"]})
        self.assertEqual(changed["verdict"], "OVERLAP")
        # Nothing of it was stored, and what overlaps is not started.
        self.assertEqual([each["name"] for each in self.call("GET", "/v1/experiments")["experiments"]], ["oslo", "rome"])
        self.assertIn("unknown state", self.call("GET", "/v1/experiments?state=asleep", status=400)["message"])
        self.call("POST", "/v1/experiments", draft("all", "TRUE"), 201)
        self.assertIn("experiments overlap on button.color", self.call("POST", "/v1/experiments/all/start", {}, 422)["message"])
        self.assertEqual(self.call("GET", "/v1/experiments/all")["experiment"]["state"], "draft")

    def test_what_was_changed_since_is_not_overwritten(self):
        self.serve()
        self.make_parameter()
        etag = self.served.request("GET", "/v1/parameters/button.color")[1]["ETag"]
        self.call("PATCH", "/v1/parameters/button.color", {"default": "black"}, headers={"If-Match": etag})
        refused = self.call("PATCH", "/v1/parameters/button.color", {"default": "blue"}, 412, headers={"If-Match": etag})
        self.assertIn("changed since it was read", refused["message"])
        self.assertEqual(self.call("GET", "/v1/parameters/button.color")["parameter"]["default"], "black")
        self.call("PATCH", "/v1/parameters/button.color", {"default": "blue"}, 412, headers={"If-Match": "7"})
        self.call("PATCH", "/v1/parameters/button.color", {"default": "blue"}, 400, headers={"If-Match": "seven"})
        # Changes of one object do not disturb those of another, and all that are made at once are made.
        self.call("POST", "/v1/parameters", {"name": "count", "type": "int", "default": 0}, 201)
        self.call("PATCH", "/v1/parameters/count", {"default": 1}, headers={"If-Match": '"1"'})

        def write(number):
            self.served.request("POST", "/v1/segments", {"name": f"s{number}", "when": f"city = 'c{number}'"})
        writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        names = [each["name"] for each in self.call("GET", "/v1/segments")["segments"]]
        self.assertEqual(names, [f"s{number}" for number in range(8)])
        versions = [change["version"] for change in self.call("GET", "/v1/configuration/changes")["changes"]]
        self.assertEqual(versions, list(range(len(versions), 0, -1)))

    def test_segments_and_rules(self):
        self.serve()
        self.make_parameter()
        self.call("POST", "/v1/segments", {"name": "staff", "when": "email ENDS WITH '@example.com'"}, 201)
        self.call("PATCH", "/v1/parameters/button.color", {"rules": [{"when": "IN SEGMENT staff", "value": "blue"}]})
        explain = lambda email: self.call("POST", "/v1/parameters/button.color/explain", {"context": {"email": email}})["value"]
        self.assertEqual((explain("a@example.com"), explain("a@example.org")), ("blue", "green"))
        self.call("PATCH", "/v1/segments/staff", {"when": "email ENDS WITH '@example.org'", "reason": "moved"})
        self.assertEqual((explain("a@example.com"), explain("a@example.org")), ("green", "blue"))
        self.assertEqual(self.call("DELETE", "/v1/segments/staff", status=422)["code"], "program")
        self.call("PATCH", "/v1/parameters/button.color", {"rules": None, "owner": None})
        self.assertNotIn("rules", self.call("GET", "/v1/parameters/button.color")["parameter"])
        self.assertEqual(self.call("DELETE", "/v1/segments/staff?reason=unused")["version"], 0)
        self.call("GET", "/v1/segments/staff", status=404)
        self.assertEqual(self.call("GET", "/v1/configuration/changes")["changes"][0]["why"], "unused")

    def test_reads_are_counted_for_good(self):
        self.serve()
        self.make_parameter()
        self.call("POST", "/v1/parameters", {"name": "unread", "type": "bool", "default": False}, 201)
        version = self.call("GET", "/v1/parameters/unread")["configuration_version"]
        evaluate = "/ofrep/v1/evaluate/flags"
        for reads, total in ((3, 3), (2, 5)):
            # Until the server serves what was declared.
            while self.served.request("POST", f"{evaluate}/button.color?prefetch=true", {"context": {}})[0] != 200:
                pass
            for _ in range(reads):
                self.call("POST", f"{evaluate}/button.color", {"context": {}})
            self.call("POST", evaluate, {"context": {}})  # all at once: tells of none
            self.assertEqual(self.served.stop(), 0)
            described = lambda name: sinan(self.folder, "--format", "csv", "-c", f"DESCRIBE PARAMETER {name}").stdout
            self.assertRegex(described("button.color"), fr"reads,{total} since \d{{4}}-.*Z\nlast read,\d{{4}}-.*:00.000000Z\n")
            self.assertRegex(described("unread"), r"reads,0 since \d{4}-.*Z\n$")
            self.serve()
        shown = self.call("GET", "/v1/parameters/button.color")
        self.assertEqual((shown["reads"]["count"], shown["configuration_version"]), (5, version))
        self.assertLessEqual(shown["reads"]["since"], shown["reads"]["last"])
        self.assertIsNone(self.call("GET", "/v1/parameters/unread")["reads"]["last"])

    def test_stale_ones_are_listed(self):
        self.serve()
        self.make_parameter()
        self.call("POST", "/v1/experiments", draft("same", "city = 'Rome'", control="black"), 201)
        self.call("POST", "/v1/experiments/same/start")
        self.call("POST", "/v1/experiments", draft("stale", "city = 'Oslo'"), 201)
        answer = self.call("GET", "/v1/configuration/stale")
        self.assertEqual([(each["experiment"], each["risk"], each["reasons"]) for each in answer["stale"]],
                         [("same", "medium", ["all groups have the same values", "nobody owns it"])])
        everything = self.call("GET", "/v1/configuration/stale?days=0")["stale"]
        self.assertEqual([(each["experiment"], each["todo"]) for each in everything],
                         [("same", "END EXPERIMENT same SHIP control TO AUDIENCE"),
                          ("stale", "DROP EXPERIMENT stale")])
        self.assertEqual(self.program(everything[0]["todo"]), [])
        self.assertEqual(self.call("GET", "/v1/experiments/same")["experiment"]["state"], "ended")
        self.assertIn("days", self.call("GET", "/v1/configuration/stale?days=-1", status=400)["message"])

    def test_several_are_ended_at_once(self):
        self.serve()
        self.make_parameter()
        for name, city in (("oslo", "Oslo"), ("rome", "Rome"), ("end", "Bern")):
            self.call("POST", "/v1/experiments", draft(name, f"city = '{city}'"), 201)
        for name in ("oslo", "rome"):
            self.call("POST", f"/v1/experiments/{name}/start")
        state = lambda name: self.call("GET", f"/v1/experiments/{name}")["experiment"]["state"]
        end = lambda experiments, status=200, **options: self.call(
            "POST", "/v1/experiments/end", {"experiments": experiments, "reason": "cleanup"}, status, **options)
        version = self.call("GET", "/v1/configuration/stale")["configuration_version"]
        # All or none: each of these has one that can be ended, and one that cannot.
        for wrong, status, words in (
            ([{"name": "oslo"}, {"name": "end"}], 422, "experiment is draft: end"),
            ([{"name": "oslo"}, {"name": "paris"}], 404, 'no such experiment: "paris"'),
            ([{"name": "oslo"}, {"name": "oslo"}], 422, "experiment is there twice: oslo"),
            ([{"name": "oslo"}, {"name": "rome", "ship": "nobody"}], 404, 'rome has no group "nobody"'),
            ([{"name": "oslo"}, {"name": "rome", "to_audience": True}], 400, "shipped"),
            ([{"name": "oslo"}, {"name": "rome", "shipp": "control"}], 400, 'unknown member "shipp"'),
            ([{"name": "oslo"}, {}], 400, 'no "name"'),
            ([{"name": "oslo"}, "rome"], 400, "expected an object"),
            ([], 400, "expected a list"),
            ({"name": "oslo"}, 400, "expected a list"),
        ):
            self.assertIn(words, end(wrong, status)["message"])
        self.assertIn("changed since", end([{"name": "oslo"}], 412, headers={"If-Match": f'"{version - 1}"'})["message"])
        self.assertEqual((state("oslo"), state("rome")), ("running", "running"))
        done = end([{"name": "oslo"}, {"name": "rome", "ship": "treatment", "to_audience": True}],
                   headers={"If-Match": f'"{version}"'})
        self.assertEqual(done["message"], "Experiment oslo has ended.\nExperiment rome has ended. button.color is 'black' "
                                          "where the experiment ran.")
        self.assertEqual((done["version"], done["configuration_version"]), (version + 1, version + 1))
        self.assertEqual((state("oslo"), state("rome"), state("end")), ("ended", "ended", "draft"))
        change = self.call("GET", "/v1/configuration/changes")["changes"][0]
        self.assertEqual((change["version"], change["why"]), (version + 1, "cleanup"))
        self.assertEqual([each["object"] for each in change["changes"]],
                         ["experiment oslo", "experiment rome", "parameter button.color"])

    def test_lists_come_in_pages(self):
        self.serve()
        for number in range(5):
            self.call("POST", "/v1/parameters", {"name": f"shop.p{number}", "type": "bool", "default": False}, 201)
        self.call("POST", "/v1/parameters", {"name": "other", "type": "bool", "default": False}, 201)
        page = self.call("GET", "/v1/parameters?search=shop&limit=2")
        self.assertEqual(([each["name"] for each in page["parameters"]], page["total"]), (["shop.p0", "shop.p1"], 5))
        page = self.call("GET", f"/v1/parameters?search=shop&limit=3&after={page['next']}")
        self.assertEqual(([each["name"] for each in page["parameters"]], page["next"]), (["shop.p2", "shop.p3", "shop.p4"], None))
        self.call("POST", "/v1/experiments", draft("a", "TRUE", "other", False, True), 201)
        self.call("POST", "/v1/experiments", draft("b", "TRUE", "shop.p1", False, True), 201)
        self.call("POST", "/v1/experiments/b/start")
        listed = lambda state: [each["name"] for each in self.call("GET", f"/v1/experiments?state={state}")["experiments"]]
        self.assertEqual((listed("draft"), listed("running"), listed("ended")), (["a"], ["b"], []))
        self.assertEqual(self.call("GET", "/v1/parameters/shop.p1")["parameter"]["experiments"], [{"name": "b", "state": "running"}])

    def test_mistakes_are_explained_and_change_nothing(self):
        self.serve()
        self.make_parameter()
        self.call("POST", "/v1/experiments", draft("one", "city = 'Oslo'"), 201)
        self.call("POST", "/v1/experiments/one/start")
        before = self.call("GET", "/v1/configuration/changes")
        bad_groups = [{"name": "a", "first": 0, "last": 40}, {"name": "b", "first": 50, "last": 99}]
        for method, path, body, status, words in (
            ("POST", "/v1/parameters", {"name": "button.color", "type": "string", "default": "a"}, 409, "exists already"),
            ("POST", "/v1/parameters", {"name": "Upper", "type": "bool", "default": True}, 422, "lower case"),
            ("POST", "/v1/parameters", {"name": "a b", "type": "bool", "default": True}, 422, "unusable name"),
            ("POST", "/v1/parameters", {"name": "p", "type": "bool", "default": 1}, 422, "expected a value of type bool at default"),
            ("POST", "/v1/parameters", {"name": "p", "type": "bool"}, 422, "needs a default"),
            ("POST", "/v1/parameters", {"name": "p", "type": "bool", "default": True, "defalt": 1}, 400, 'unknown member "defalt"'),
            ("POST", "/v1/parameters", {"type": "bool", "default": True}, 400, 'no "name"'),
            ("POST", "/v1/parameters", {"name": 3, "type": "bool", "default": True}, 400, "expected a string"),
            ("POST", "/v1/parameters", [], 400, "no JSON object"),
            ("POST", "/v1/parameters", '{"name": "p", "name": "q", "type": "bool", "default": true}', 400, "there twice"),
            ("PATCH", "/v1/parameters/button.color", {"default": "red"}, 422, "illegal value"),
            ("PATCH", "/v1/parameters/button.color", None, 400, "needs a body"),
            ("PATCH", "/v1/parameters/button.colour", {"default": "blue"}, 404, "no such parameter"),
            ("PATCH", "/v1/parameters/button.color", {"rules": [{"when": "city =", "value": "blue"}]}, 422, "expected"),
            ("DELETE", "/v1/parameters/button.color", None, 422, "an experiment sets the parameter: one"),
            ("POST", "/v1/experiments", draft("one", "TRUE"), 409, "exists already"),
            ("POST", "/v1/experiments", draft("two", "TRUE", "nothing"), 422, 'unknown parameter "nothing"'),
            ("POST", "/v1/experiments", {**draft("two", "TRUE"), "groups": bad_groups}, 422, "buckets are in no group"),
            ("POST", "/v1/experiments", {**draft("two", "TRUE"), "rollout": 101}, 422, "from 0 to 100 percent"),
            ("POST", "/v1/experiments", {**draft("two", "TRUE"), "unit": []}, 422, "unit"),
            ("POST", "/v1/experiments", {**draft("two", "TRUE"), "schedule": [{"begin": "soon"}]}, 422, "point in time"),
            ("POST", "/v1/experiments", {**draft("two", "TRUE"), "state": "running"}, 400, 'unknown member "state"'),
            ("PATCH", "/v1/experiments/one", {"buckets": 200}, 422, "unit, buckets, hash, salt and groups stay"),
            ("PATCH", "/v1/experiments/one", {"branches": []}, 422, "experiment has no branch"),
            ("POST", "/v1/experiments/one/start", {}, 422, "experiment is running"),
            ("POST", "/v1/experiments/one/end", {"ship": "nobody"}, 404, "no group"),
            ("POST", "/v1/experiments/one/end", {"to_audience": True}, 400, "shipped"),
            ("POST", "/v1/experiments/one/split", {"group": "control", "into": [{"name": "c", "first": 0, "last": 9}]}, 422, "tile"),
            ("DELETE", "/v1/experiments/one", None, 422, "experiment is running"),
            ("POST", "/v1/experiments/two/start", {}, 404, "no such experiment"),
            ("POST", "/v1/experiments/check", draft("three", "user_id = "), 422, "expected"),
            ("POST", "/v1/parameters/button.color/explain", {"context": 3}, 400, "context"),
            ("POST", "/v1/parameters/nothing/explain", {}, 404, "no such parameter"),
            ("POST", "/v1/parameters/button.color/explain", {"force": {"two": "a"}}, 404, "no such experiment"),
        ):
            headers = {"Content-Type": "application/json"} if isinstance(body, str) else None
            error = self.call(method, path, body, status, headers=headers)
            self.assertRegex(error["message"], words, (method, path, body))
            self.assertNotEqual(error.get("span"), {"begin": 0, "end": 0}, (method, path, body))
        self.assertEqual(self.call("GET", "/v1/configuration/changes"), before)

    def test_roles(self):
        make = lambda name, role: sinan(self.folder, "token", "create", name, "--role", role).stdout.strip()
        editor, viewer, client = make("ada", "editor"), make("eve", "viewer"), make("web", "client")
        self.serve()
        self.token = editor
        self.make_parameter()
        self.assertEqual(self.call("GET", "/v1/configuration/changes")["changes"][0]["who"], "ada")
        self.token = viewer
        self.call("GET", "/v1/parameters/button.color")
        self.call("POST", "/v1/parameters/button.color/explain")
        self.call("POST", "/v1/experiments/check", draft("a", "TRUE"))
        for method, path, body in (("POST", "/v1/experiments", draft("a", "TRUE")),
                                   ("POST", "/v1/experiments/end", {"experiments": [{"name": "a"}]}),
                                   ("DELETE", "/v1/parameters/button.color", None),
                                   ("PATCH", "/v1/parameters/button.color", {"default": "blue"})):
            self.call(method, path, body, 403)
        self.token = client
        self.call("GET", "/v1/parameters/button.color", status=403)
        self.token = None
        self.call("GET", "/v1/experiments", status=401)

    def test_it_is_described(self):
        self.serve()
        paths = self.call("GET", "/openapi.json")["paths"]
        for path, methods in (("/v1/parameters", {"get", "post"}), ("/v1/parameters/{name}", {"get", "patch", "delete"}),
                              ("/v1/experiments/{name}/end", {"post"}), ("/v1/experiments/check", {"post"})):
            self.assertEqual(set(paths[path]) & {"get", "post", "patch", "delete", "put"}, methods)
        self.assertIn("412", paths["/v1/experiments/{name}"]["patch"]["responses"])


if __name__ == "__main__":
    unittest.main()
