"""`sinan serve` under load: OFREP under wrk, and event streams that are told of a change.

Server and load have a core each. Rates are requests per second of the server's processor time, since other work may take from both
cores; what wrk saw is `wall`. The access log is off.
"""

import http.client
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from harness.measure import BenchError
from harness.report import Measurement
from harness.setting import Setting

FLAGS = 350
SECONDS = 5
STREAMS = 50_000  # as many as the limit on open files lets one process have
CONTEXT = json.dumps({"context": {"targetingKey": "user-1", "country": "NO"}})


class Served:
    def __init__(self, sinan: Path, folder: str):
        self.sinan, self.folder = sinan, folder
        Path(folder, "sinan.toml").write_text("[server]\naccess_log = false\n")
        cores = sorted(os.sched_getaffinity(0))
        self.core, self.load_core = cores[0], cores[-1]
        self.process = subprocess.Popen(["taskset", "-c", str(self.core), sinan, "--project", folder, "serve", "--listen",
                                         "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
        found = re.search(r"127\.0\.0\.1:(\d+)", self.process.stderr.readline())
        if not found:
            raise BenchError("sinan serve does not start")
        self.port = int(found[1])

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        self.process.wait()

    def request(self, method: str, path: str, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def run(self, text: str):
        subprocess.run([self.sinan, "--project", self.folder, "--quiet", "-c", text], check=True, capture_output=True)

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())[1]) * 1024


def serve(setting: Setting) -> list[Measurement]:
    if shutil.which("wrk") is None:
        raise BenchError("wrk is not installed: deps/install-debian bench")
    folder = tempfile.mkdtemp(prefix="sinan_bench_")
    try:
        subprocess.run([setting.sinan, "--project", folder, "--quiet", "-c", ";\n".join(
            f"CREATE PARAMETER shop.p{i} STRING DEFAULT 'green' VALUES ('green', 'black', 'blue') OWNER 'shop'"
            for i in range(FLAGS))], check=True, capture_output=True)
        with Served(setting.sinan, folder) as served:
            return [*ofrep(served), *streams(served, "1000", 1000)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def idle_streams(setting: Setting) -> list[Measurement]:
    folder = tempfile.mkdtemp(prefix="sinan_bench_")
    try:
        subprocess.run([setting.sinan, "--project", folder, "--quiet", "-c",
                        "CREATE PARAMETER shop.p0 STRING DEFAULT 'green' VALUES ('green', 'black', 'blue') OWNER 'shop'"],
                       check=True, capture_output=True)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # the server's too
        try:
            with Served(setting.sinan, folder) as served:
                return streams(served, "idle", min(STREAMS, hard - 200))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ofrep(served: Served) -> list[Measurement]:
    out = []
    status, headers, text = served.request("POST", "/ofrep/v1/evaluate/flags", CONTEXT)
    flags = {flag["key"]: flag["value"] for flag in json.loads(text)["flags"]} if status == 200 else {}
    if flags != {f"shop.p{i}": "green" for i in range(FLAGS)}:
        raise BenchError(f"the bulk answer is wrong: {status} {text[:200]}")
    etag = headers["ETag"]
    if served.request("POST", "/ofrep/v1/evaluate/flags", CONTEXT, {"If-None-Match": etag})[0] != 304:
        raise BenchError("the conditional request is not answered with 304")
    if json.loads(served.request("POST", "/ofrep/v1/evaluate/flags/shop.p7", CONTEXT)[2])["value"] != "green":
        raise BenchError("the single answer is wrong")
    for name, path, expected, target, extra in (
            ("ofrep_single", "/ofrep/v1/evaluate/flags/shop.p7", 200, 40_000, {}),
            ("ofrep_bulk_350", "/ofrep/v1/evaluate/flags", 200, 10_000, {}),
            ("ofrep_bulk_not_modified", "/ofrep/v1/evaluate/flags", 304, 60_000, {"If-None-Match": etag})):
        script = Path(served.folder) / "load.lua"
        lines = [f"wrk.method = 'POST'\nwrk.body = [[{CONTEXT}]]\nwrk.headers['Content-Type'] = 'application/json'\n"]
        lines += [f"wrk.headers['{header}'] = [[{value}]]\n" for header, value in extra.items()]
        lines.append(f"wrong = 0\nthreads = {{}}\nfunction setup(t) table.insert(threads, t) end\n"
                     f"function response(status) if status ~= {expected} then wrong = wrong + 1 end end\n"
                     f"function done(s) local n = 0; for _, t in ipairs(threads) do n = n + t:get('wrong') end\n"
                     f"io.write(string.format('counted %d %d %d\\n', s.requests, s.duration, n)) end\n")
        script.write_text("".join(lines))
        before = served.processor_seconds()
        done = subprocess.run(["taskset", "-c", str(served.load_core), "wrk", "-t1", "-c64", f"-d{SECONDS}s", "-s", script,
                               f"http://127.0.0.1:{served.port}{path}"], capture_output=True, text=True)
        used = served.processor_seconds() - before
        found = re.search(r"counted (\d+) (\d+) (\d+)", done.stdout)
        if not found or int(found[3]) or int(found[1]) == 0:
            raise BenchError(f"{name}: wrong answers under load\n{done.stdout}{done.stderr}")
        requests, micros = int(found[1]), int(found[2])
        out.append(Measurement(name, requests / used, None, target, at_least=True, unit="/s",
                               more={"wall": requests / micros * 1e6, "requests": requests, "server_seconds": used}))
    return out


def streams(served: Served, name: str, count: int) -> list[Measurement]:
    os.sched_setaffinity(0, {served.load_core})
    before = served.memory()
    poll = select.epoll()
    clients: dict[int, socket.socket] = {}
    try:
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", served.port))
            client.sendall(b"GET /ofrep/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            clients[client.fileno()] = client
        for client in clients.values():
            text = b""
            while b"retry:" not in text:
                text += client.recv(4096)
            client.setblocking(False)
            poll.register(client.fileno(), select.EPOLLIN)
        memory = served.memory() - before
        times: list[float] = []
        begun = time.monotonic()
        # The whole way: the statement is sent, checked, run and committed, and its event arrives.
        change = subprocess.Popen([served.sinan, "--project", served.folder, "--quiet", "-c",
                                   "ALTER PARAMETER shop.p0 SET DEFAULT 'black'"])
        waiting = set(clients)
        while waiting:
            ready = poll.poll(60)
            if not ready:
                raise BenchError(f"{len(waiting)} of {count} streams were not told of the change")
            for descriptor, _ in ready:
                text = clients[descriptor].recv(4096)
                if not text:
                    raise BenchError("a stream has ended")
                if b"refetchEvaluation" in text and descriptor in waiting:
                    times.append(time.monotonic() - begun)
                    waiting.discard(descriptor)
        change.wait()
        value = json.loads(served.request("POST", "/ofrep/v1/evaluate/flags/shop.p0", CONTEXT)[2])["value"]
        if value != "black":
            raise BenchError(f"the change is told, and the value is {value}")
    finally:
        for client in clients.values():
            client.close()
        os.sched_setaffinity(0, {served.core, served.load_core})
    times.sort()
    return [Measurement(f"change_visible_p99_{name}", times[int(len(times) * 0.99) - 1], None, 1.0,
                        more={"streams": count, "median": times[len(times) // 2], "first": times[0], "last": times[-1],
                              "bytes_a_stream": memory / count})]
