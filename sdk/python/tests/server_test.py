"""The client and the OpenFeature provider against a real `sinan serve`: changes, a server that dies and comes back, damaged and older
answers, children. SINAN_BINARY names the program (bin/sinan)."""

import os
import queue
import socket
import time
import unittest

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent
from openfeature.provider import ProviderStatus

from served import Gateway, Served
from sinan_experiment import Client
from sinan_experiment.openfeature import SinanProvider

CONTEXT = {"city": "Oslo", "app_version": "3.10.1"}


def heard(client):
    """A queue of what the client tells from now on."""
    told = queue.Queue()
    client.on_change(told.put)
    return told


def wait_for(told, event):
    while told.get() != event:
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Following(Served):
    def client(self, url=None, **options):
        client = Client(url or self.server.url, **{"wait": 60, **options})
        self.addCleanup(client.close)
        return client


class Updates(Following):
    def test_a_change_is_seen(self):
        client = self.client()
        told = heard(client)
        self.assertEqual((client.status, client.integer("search.results", 1)), ("ready", 20))
        seconds = []
        for value in range(30, 36):
            self.server.run(f"ALTER PARAMETER search.results SET DEFAULT {value}")
            begin = time.monotonic()
            while client.integer("search.results", 1) != value:
                wait_for(told, "changed")
            seconds.append(time.monotonic() - begin)
        print(f"a change is seen {max(seconds):.2f} s after its program has ended, at most")

    def test_server_away_then_last_known_then_default(self):
        client = self.client(cache=self.cache)
        told = heard(client)
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 21")
        while client.integer("search.results", 1) != 21:
            wait_for(told, "changed")
        self.server.kill()
        wait_for(told, "stale")
        self.assertEqual(client.integer("search.results", 1), 21)

        # A service that starts now: with the file it has the last known values, without it the caller's.
        begin = time.monotonic()
        restarted = self.client(cache=self.cache, wait=2)
        self.assertEqual((restarted.status, restarted.integer("search.results", 1)), ("stale", 21))
        bare = self.client(wait=2)
        self.assertEqual((bare.status, bare.integer("search.results", 1)), ("not_ready", 1))
        print(f"two starts without a server took {time.monotonic() - begin:.2f} s")

        again = heard(bare)
        self.server.start()
        wait_for(told, "ready")
        while bare.status != "ready":
            again.get()
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 22")
        for one, events in ((client, told), (bare, again)):
            while one.integer("search.results", 1) != 22:
                wait_for(events, "changed")

    def test_a_server_that_does_not_answer_is_not_waited_for(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            begin = time.monotonic()
            client = self.client(f"http://127.0.0.1:{silent.getsockname()[1]}", wait=0.5, timeout=60)
            self.assertEqual((client.status, client.string("button.color", "mine")), ("not_ready", "mine"))
            print(f"a start before a server that is silent took {time.monotonic() - begin:.2f} s")
            client.close()
            self.assertEqual(client.string("button.color", "mine"), "mine")

    def test_where_answers_are_not_held_it_asks(self):
        gateway = Gateway(self.server)
        self.addCleanup(gateway.close)
        client = self.client(gateway.url, poll=0.1)
        told = heard(client)
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 23")
        while client.integer("search.results", 1) != 23:
            wait_for(told, "changed")
        self.assertEqual(client.status, "ready")

    def test_what_is_damaged_or_older_is_refused(self):
        older = []
        gateway = Gateway(self.server, lambda body: older.append(body) or body)
        self.addCleanup(gateway.close)
        client = self.client(gateway.url, poll=0.05, cache=self.cache)
        told = heard(client)
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 24")
        while client.integer("search.results", 1) != 24:
            wait_for(told, "changed")
        kept = self.cache.read_bytes()
        for change, message in (
            (lambda body: body[:-1] + bytes([body[-1] ^ 1]), "checksum"),
            (lambda body: body[: len(body) // 2], "damaged"),
            (lambda body: b"<html>", "damaged"),
            (lambda _: older[0], "older"),
        ):
            gateway.change = change
            while message not in (client.last_error or ""):
                told.get()
            self.assertEqual(client.integer("search.results", 1), 24)
            self.assertEqual(client.status, "stale")
            self.assertEqual(self.cache.read_bytes(), kept)
        gateway.change = lambda body: body
        wait_for(told, "ready")

    def test_an_answer_that_never_comes_is_given_up(self):
        gateway = Gateway(self.server, waiting="never")
        self.addCleanup(gateway.close)
        client = self.client(gateway.url, poll=1, timeout=0.5)
        told = heard(client)
        for _ in range(2):
            gateway.waits.acquire()
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 27")
        while client.integer("search.results", 1) != 27:
            wait_for(told, "changed")

    def test_an_answer_that_is_cut_off_says_nothing_yet(self):
        gateway = Gateway(self.server, waiting="cut")
        self.addCleanup(gateway.close)
        client = self.client(gateway.url, poll=1)
        told = heard(client)
        for _ in range(3):
            gateway.waits.acquire()
        self.assertEqual((client.status, told.qsize()), ("ready", 0))
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 28")
        self.assertEqual(told.get(), "changed")

    def test_the_clock_of_the_server_counts(self):
        for ahead in (7200, -7200):
            gateway = Gateway(self.server, ahead=ahead)
            self.addCleanup(gateway.close)
            self.assertAlmostEqual(self.client(gateway.url).clock_offset / 1e6, ahead, delta=60)
        self.assertEqual(self.client().clock_offset, 0)

    def test_a_damaged_file_is_left_aside(self):
        self.cache.write_bytes(b"SINANEXP and then nothing")
        client = self.client(f"http://127.0.0.1:{free_port()}", cache=self.cache, wait=0.5)
        self.assertEqual((client.status, client.integer("search.results", 1)), ("not_ready", 1))
        good = self.client(cache=self.cache)
        self.assertEqual(good.integer("search.results", 1), 20)
        self.assertEqual(self.client(f"http://127.0.0.1:{free_port()}", cache=self.cache, wait=0.5).integer("search.results", 1), 20)

    def test_what_a_killed_writer_left_is_removed(self):
        old, new = (self.cache.with_name(f"flags.snapshot.{digit * 16}.tmp") for digit in "ab")
        for leftover in (old, new):
            leftover.write_bytes(b"SINANEXP")
        os.utime(old, (time.time() - 90,) * 2)
        self.client(cache=self.cache)
        self.assertEqual((old.exists(), new.exists(), self.cache.exists()), (False, True, True))

    def test_a_child_follows_by_itself(self):
        client = self.client()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                told = heard(client)
                os.write(writer, b"%d " % client.integer("search.results", 1))
                while client.integer("search.results", 1) != 25:
                    wait_for(told, "changed")
                os.write(writer, b"25")
                client.close()
            finally:
                os._exit(0)
        os.close(writer)
        self.assertEqual(os.read(reader, 100), b"20 ")
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 25")
        self.assertEqual(os.read(reader, 100), b"25")
        os.close(reader)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_tokens(self):
        server, browser = self.server.restart_with_tokens("server", "client")
        self.assertEqual(self.client(token=server).integer("search.results", 1), 20)
        for token, status in ((None, "401"), ("sinan_wrong", "401"), (browser, "403")):
            client = self.client(token=token)
            self.assertEqual((client.status, client.integer("search.results", 1)), ("not_ready", 1))
            self.assertIn(status, client.last_error)

    def test_wrong_addresses_and_answers(self):
        with self.assertRaisesRegex(ValueError, "must begin with http"):
            Client("localhost:8080")
        nowhere = self.client(self.server.url + "/nowhere", wait=60)
        self.assertEqual((nowhere.status, nowhere.boolean("search.fast", True)), ("not_ready", True))
        self.assertIn("404", nowhere.last_error)


class Provider(Following):
    def setUp(self):
        super().setUp()
        self.addCleanup(api.shutdown)

    def test_gives_what_the_server_gives(self):
        api.set_provider_and_wait(SinanProvider(self.server.url, wait=60), "local")
        api.set_provider_and_wait(OFREPProvider(self.server.url), "remote")
        local, remote = api.get_client("local"), api.get_client("remote")
        contexts = [EvaluationContext(f"user-{i}", CONTEXT) for i in range(40)]
        contexts += [EvaluationContext("u1", {"device": "phone"}), EvaluationContext(None, CONTEXT), EvaluationContext("", CONTEXT)]
        contexts += [EvaluationContext("t", {**CONTEXT, "user_id": "other"}), EvaluationContext("ü", {**CONTEXT, "tags": ["a"]})]
        groups = set()
        for context in contexts:
            for kind, key, default in (
                ("string", "button.color", "mine"),
                ("boolean", "button.color", True),
                ("boolean", "search.fast", True),
                ("integer", "search.results", 1),
                ("float", "search.weight", 1.5),
                ("object", "search.layout", {}),
                ("string", "no.such", "mine"),
            ):
                ours, theirs = (getattr(c, f"get_{kind}_details")(key, default, context) for c in (local, remote))
                shown = f"{key} {context}: {ours} and {theirs}"
                self.assertEqual((ours.value, ours.error_code), (theirs.value, theirs.error_code), shown)
                if ours.error_code is None:
                    self.assertEqual((ours.reason, ours.variant), (theirs.reason, theirs.variant), shown)
                    self.assertEqual(dict(ours.flag_metadata), dict(theirs.flag_metadata), shown)
                    groups.add(ours.variant)
        self.assertEqual(groups, {"control", "t1", "t2", "default", "rule"})

    def test_tells_what_happens(self):
        told = queue.Queue()
        client = api.get_client("events")
        for event in ProviderEvent:
            client.add_handler(event, lambda details, event=event: told.put((event, details)))
        api.set_provider_and_wait(SinanProvider(self.server.url, wait=60), "events")
        self.assertEqual(client.get_provider_status(), ProviderStatus.READY)
        self.server.run("ALTER PARAMETER search.results SET DEFAULT 26")
        while client.get_integer_value("search.results", 1) != 26:
            self.assertIn(told.get()[0], (ProviderEvent.PROVIDER_READY, ProviderEvent.PROVIDER_CONFIGURATION_CHANGED))
        self.server.kill()
        while told.get()[0] != ProviderEvent.PROVIDER_STALE:
            pass
        self.assertEqual(client.get_provider_status(), ProviderStatus.STALE)
        self.assertEqual(client.get_integer_value("search.results", 1), 26)
        self.server.start()
        while told.get()[0] != ProviderEvent.PROVIDER_READY:
            pass
        self.assertEqual(client.get_provider_status(), ProviderStatus.READY)

    def test_without_a_server(self):
        told = queue.Queue()
        client = api.get_client("away")
        for event in ProviderEvent:
            client.add_handler(event, lambda details, event=event: told.put(event))
        port = self.server.port
        self.server.kill()
        api.set_provider(SinanProvider(f"http://127.0.0.1:{port}", wait=1), "away")
        while told.get() != ProviderEvent.PROVIDER_ERROR:
            pass
        details = client.get_string_details("button.color", "mine")
        self.assertEqual((details.value, details.error_code.value), ("mine", "PROVIDER_NOT_READY"))
        self.server.start()
        while told.get() != ProviderEvent.PROVIDER_READY:
            pass
        self.assertEqual(client.get_string_value("button.color", "mine"), "green")


if __name__ == "__main__":
    unittest.main()
