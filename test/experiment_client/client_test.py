#!/usr/bin/env python3
"""The C++ client (src/experiment/client) against a real `sinan serve`, through the program SINAN_CLIENT: changes, a server that dies and
comes back, damaged and older answers, and kill -9 while the last known snapshot is replaced; and its OpenFeature provider, through
SINAN_OPENFEATURE, against the server's OFREP. SINAN_BINARY names the server's program."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "sdk/python/tests"))

from served import Gateway, Served  # noqa: E402

CLIENT = os.environ.get("SINAN_CLIENT", str(ROOT / "build/release/test/experiment_client_main"))
OPENFEATURE = os.environ.get("SINAN_OPENFEATURE", str(ROOT / "build/release/test/experiment_openfeature_main"))
VECTORS = ROOT / "sdk/vectors"


class Client:
    token = ""

    def __init__(self, url, cache="", wait=60_000, poll=30_000, timeout=60_000, token=""):
        self.token = token
        self.start([CLIENT, url, str(cache), str(wait), str(poll), str(timeout)])

    def start(self, command):
        environment = {**os.environ, "SINAN_TOKEN": self.token}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.told = []
        self.first = self.line(lambda line: line.startswith(("started", "refused")))

    def line(self, wanted):
        """The next line that is wanted; what the client tells on the way is kept."""
        while line := self.process.stdout.readline().rstrip("\n"):
            if line.startswith("told "):
                self.told.append(line[5:])
            if wanted(line):
                return line
        raise AssertionError("the client has ended")

    def ask(self, question):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self.line(lambda line: not line.startswith("told ")).split(" ", 1)[-1]

    def wait_for(self, event):
        """That was told since the last wait, or will be."""
        while event not in self.told:
            self.line(lambda line: line.startswith("told "))
        del self.told[: self.told.index(event) + 1]

    def value(self):
        return int(self.ask("get"))

    def close(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        assert self.process.wait() == 0


class OpenFeature(Client):
    def __init__(self, url, cache="", wait=60_000):
        self.start([OPENFEATURE, url, str(cache), str(wait)])

    def evaluate(self, key, kind, default, context):
        return json.loads(self.ask(json.dumps({"key": key, "type": kind, "default": default, "context": context})))


class Updates(Served):
    def client(self, *arguments, **options):
        client = Client(*arguments, **options)
        self.addCleanup(client.close)
        return client

    def test_a_change_is_seen(self):
        client = self.client(self.server.url)
        self.assertEqual((client.ask("status"), client.value()), ("ready", 20))
        seconds = []
        for value in range(30, 36):
            self.server.run(f"ALTER PARAMETER search.results SET DEFAULT {value}")
            begin = time.monotonic()
            while client.value() != value:
                client.wait_for("changed")
            seconds.append(time.monotonic() - begin)
        print(f"a change is seen {max(seconds):.2f} s after its program has ended, at most")

    def test_server_away_then_last_known_then_default(self):
        client = self.client(self.server.url, self.cache)
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 21")
        while client.value() != 21:
            client.wait_for("changed")
        self.server.kill()
        client.wait_for("stale")
        self.assertEqual((client.ask("status"), client.value()), ("stale", 21))
        self.assertIn("127.0.0.1", client.ask("error"))

        restarted = self.client(self.server.url, self.cache, wait=2000)
        self.assertEqual((restarted.ask("status"), restarted.value()), ("stale", 21))
        bare = self.client(self.server.url, wait=2000)
        self.assertEqual((bare.ask("status"), bare.value()), ("not_ready", 1))

        self.server.start()
        bare.wait_for("ready")
        client.wait_for("ready")
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 22")
        for one in (client, bare):
            while one.value() != 22:
                one.wait_for("changed")

    def test_a_server_that_does_not_answer_is_not_waited_for(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            begin = time.monotonic()
            client = self.client(f"http://127.0.0.1:{silent.getsockname()[1]}", wait=300)
            self.assertEqual((client.ask("status"), client.value()), ("not_ready", 1))
            client.close()  # at once, though its request has a minute
            print(f"start and end before a server that is silent took {time.monotonic() - begin:.2f} s")
        self._cleanups.pop()

    def test_where_answers_are_not_held_it_asks_and_refuses_what_is_damaged_or_older(self):
        older = []
        gateway = Gateway(self.server, lambda body: older.append(body) or body)
        self.addCleanup(gateway.close)
        client = self.client(gateway.url, self.cache, poll=50)
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 24")
        while client.value() != 24:
            client.wait_for("changed")
        kept = self.cache.read_bytes()
        for change, message in (
            (lambda body: body[:-1] + bytes([body[-1] ^ 1]), "checksum"),
            (lambda body: body[: len(body) // 2], "damaged"),
            (lambda body: b"<html>", "damaged"),
            (lambda _: older[0], "older"),
            (lambda _: (VECTORS / "values.snapshot").read_bytes()[:-8], "damaged"),
        ):
            gateway.change = change
            while message not in client.ask("error"):
                client.wait_for("error")
            self.assertEqual((client.ask("status"), client.value()), ("stale", 24))
            self.assertEqual(self.cache.read_bytes(), kept)
        client.told.clear()
        gateway.change = lambda body: body
        client.wait_for("ready")

    def test_an_answer_that_never_comes_is_given_up(self):
        gateway = Gateway(self.server, waiting="never")
        self.addCleanup(gateway.close)
        client = self.client(gateway.url, poll=1000, timeout=500)
        for _ in range(2):
            gateway.waits.acquire()
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 27")
        while client.value() != 27:
            client.wait_for("changed")

    def test_an_answer_that_is_cut_off_says_nothing_yet(self):
        gateway = Gateway(self.server, waiting="cut")
        self.addCleanup(gateway.close)
        client = self.client(gateway.url, poll=1000)
        for _ in range(3):
            gateway.waits.acquire()
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 28")
        client.wait_for("changed")
        self.assertEqual([event for event in client.told if event != "changed"], [])

    def test_the_clock_of_the_server_counts(self):
        for ahead in (7200, -7200):
            gateway = Gateway(self.server, ahead=ahead)
            self.addCleanup(gateway.close)
            self.assertAlmostEqual(int(self.client(gateway.url).ask("clock")) / 1e6, ahead, delta=60)
        self.assertEqual(int(self.client(self.server.url).ask("clock")), 0)

    def test_a_damaged_file_is_left_aside(self):
        self.cache.write_bytes(b"SINANEXP and then nothing")
        client = self.client(self.server.url, self.cache)
        self.assertEqual(client.value(), 20)
        self.server.kill()
        self.assertEqual(self.client(self.server.url, self.cache, wait=200).value(), 20)
        self.cache.write_bytes(b"SINANEXP and then nothing")
        bare = self.client(self.server.url, self.cache, wait=200)
        self.assertEqual((bare.ask("status"), bare.value()), ("not_ready", 1))

    def test_tokens(self):
        (token,) = self.server.restart_with_tokens("server")
        self.assertEqual(self.client(self.server.url, token=token).value(), 20)
        stranger = self.client(self.server.url, token="sinan_wrong")
        self.assertEqual((stranger.ask("status"), stranger.value()), ("not_ready", 1))
        self.assertIn("401", stranger.ask("error"))

    def test_an_address_that_is_none_is_refused(self):
        client = Client("localhost:8080")
        self.assertIn("must begin with http", client.first)
        client.process.communicate()


class Provider(Served):
    FLAGS = (
        ("button.color", "string", "mine"),
        ("search.fast", "boolean", True),
        ("search.results", "integer", -7),
        ("search.weight", "float", 1.5),
        ("search.layout", "object", {}),
        ("no.such", "string", "mine"),
    )

    def told_by_server(self, key, context):
        _, answer, _ = self.server.post(f"/ofrep/v1/evaluate/flags/{key}?prefetch=true", json.dumps({"context": context}).encode())
        return json.loads(answer)

    def test_gives_what_the_server_gives(self):
        provider = OpenFeature(self.server.url)
        self.addCleanup(provider.close)
        oslo = {"city": "Oslo", "app_version": "3.10.1"}
        contexts = [{"targetingKey": f"user-{i}", **oslo} for i in range(40)]
        contexts += [{"targetingKey": "u1", "device": "phone"}, oslo, {"targetingKey": "", **oslo}, {}]
        contexts += [{"targetingKey": "t", "user_id": "other", **oslo}, {"targetingKey": "\u00fc", "tags": ["a"], "n": 2.5, **oslo}]
        groups = set()
        for context in contexts:
            for key, kind, default in self.FLAGS:
                theirs = self.told_by_server(key, context)
                ours = provider.evaluate(key, kind, default, context)
                if "errorCode" in theirs:
                    self.assertEqual((ours["value"], ours["errorCode"]), (default, theirs["errorCode"]), (key, context))
                    continue
                shown = {name: ours[name] for name in ("value", "reason", "variant", "metadata")}
                self.assertEqual(shown, {name: theirs[name] for name in shown}, (key, context))
                groups.add(ours["variant"])
        self.assertEqual(groups, {"control", "t1", "t2", "default", "rule"})
        wrong = provider.evaluate("button.color", "integer", 5, {"targetingKey": "u1"})
        self.assertEqual((wrong["value"], wrong["errorCode"]), (5, "TYPE_MISMATCH"))

    def test_tells_what_happens(self):
        provider = OpenFeature(self.server.url, self.cache)
        self.addCleanup(provider.close)
        provider.wait_for("PROVIDER_READY")
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 26")
        provider.wait_for("PROVIDER_CONFIGURATION_CHANGED")
        self.assertEqual(provider.evaluate("search.results", "integer", 1, {})["value"], 26)
        self.server.kill()
        provider.wait_for("PROVIDER_STALE")
        self.assertEqual(provider.ask("status"), "STALE")
        self.assertEqual(provider.evaluate("search.results", "integer", 1, {})["value"], 26)

        cached = OpenFeature(self.server.url, self.cache, wait=300)
        self.addCleanup(cached.close)
        cached.wait_for("PROVIDER_STALE")
        self.assertEqual(cached.evaluate("search.results", "integer", 1, {})["value"], 26)
        bare = OpenFeature(self.server.url, wait=300)
        self.addCleanup(bare.close)
        bare.wait_for("PROVIDER_ERROR")
        answer = bare.evaluate("search.results", "integer", 1, {})
        self.assertEqual((answer["value"], answer["errorCode"]), (1, "PROVIDER_NOT_READY"))
        self.server.start()
        for one in (provider, cached, bare):
            one.wait_for("PROVIDER_READY")
            self.assertEqual(one.evaluate("search.results", "integer", 1, {})["value"], 26)


class Killed(unittest.TestCase):
    def test_kill_9_leaves_one_of_both_snapshots(self):
        snapshots = [VECTORS / "hashes.snapshot", VECTORS / "random_1.snapshot"]
        contents = [snapshot.read_bytes() for snapshot in snapshots]
        with tempfile.TemporaryDirectory() as folder:
            cache = Path(folder) / "flags.snapshot"
            seen = set()
            for _ in range(60):
                writers = [
                    subprocess.Popen([CLIENT, "save", str(cache), *map(str, snapshots)], stdout=subprocess.PIPE) for _ in range(2)
                ]
                for writer in writers:
                    self.assertEqual(writer.stdout.readline(), b"saving\n")
                for writer in writers:
                    writer.send_signal(signal.SIGKILL)
                    writer.wait()
                    writer.stdout.close()
                self.assertIn(cache.read_bytes(), contents)
                seen.add(contents.index(cache.read_bytes()))
            left = [file for file in Path(folder).iterdir() if file != cache]
            for file in left:
                os.utime(file, (time.time() - 90,) * 2)
            with subprocess.Popen([CLIENT, "save", str(cache), *map(str, snapshots)], stdout=subprocess.PIPE) as writer:
                self.assertEqual(writer.stdout.readline(), b"saving\n")  # and has saved once
                writer.kill()
            self.assertEqual([file for file in left if file.exists()], [])
            print(f"{len(left)} files were left beside, and removed")
            print(f"{len(seen)} of 2 snapshots were found after 60 kills")


if __name__ == "__main__":
    unittest.main()
