"""An evaluator that keeps itself up to date from `sinan serve`."""

from __future__ import annotations

import email.utils
import http.client
import json
import logging
import os
import random
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ._context import Context
from ._evaluator import Details, Evaluator, SnapshotError

log = logging.getLogger("sinan_experiment")

_MOST_BYTES = 1 << 30  # of a snapshot
_MOST_LINE = 1 << 16  # of an event
_STABLE = 5.0  # seconds after which a stream counts as one
_TROUBLES = (OSError, http.client.HTTPException, SnapshotError, ValueError)
_SKEW = 2_000_000  # microseconds that clocks may differ before ours is corrected; the server tells full seconds


class Client(Evaluator):
    """Values from the server's configuration, evaluated here.

    `cache` is the file of the last known good snapshot: read at the start, so that a service starts without the server, and replaced
    whenever another snapshot has come. The constructor waits at most `wait` seconds for the server; then the cache counts, and
    without it the defaults that callers bring along. A thread follows the server's events, and asks every `poll` seconds (give
    or take a fifth) while they cannot be had. Close it, or use it as a context manager.

    Status: "not_ready" until there is a snapshot, "ready" while the server is followed, "stale" while it is not.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        cache: str | os.PathLike[str] | None = None,
        wait: float = 5.0,
        poll: float = 30.0,
        timeout: float = 5.0,
        inactivity: float = 45.0,
        on_exposure: Callable[[Details, Context], None] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(on_exposure)
        self._server = _Server(url, token, timeout, ssl_context)
        self._cache = cache
        self._poll = poll
        self._inactivity = inactivity  # seconds without an event or a heartbeat (every 15) until the stream counts as broken
        self._tag: str | None = None
        self._listeners: list[Callable[[str], None]] = []
        self.status = "not_ready"
        self.last_error: str | None = None
        self._load_cache()
        self._start()
        self._tried.wait(wait)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Ends the thread; the values stay."""
        self._ended.set()
        self._server.interrupt()
        if self._thread is not threading.current_thread():
            self._thread.join()
        _clients.discard(self)

    def on_change(self, listener: Callable[[str], None]) -> None:
        """`listener` is called with "ready", "stale", "changed" or "error", on the thread of this."""
        self._listeners.append(listener)

    # The thread

    def _start(self) -> None:
        self._tried = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="sinan", daemon=True)
        _clients.add(self)
        self._thread.start()

    def _load_cache(self) -> None:
        if self._cache is None or not os.path.exists(self._cache):
            return
        try:
            self.load_file(self._cache)
            self._set_status("stale")
        except SnapshotError as error:
            log.warning("the last known snapshot is left aside: %s", error)

    def _follow(self) -> None:
        failures = 0
        while not self._ended.is_set():
            failures = 0 if self._follow_once() > _STABLE else failures + 1
            # Soon after a break, later and later while there is no stream; never all clients at once.
            self._ended.wait(min(self._poll, 0.125 * 2 ** min(failures, 20)) * random.uniform(0.8, 1.2))

    def _follow_once(self) -> float:
        """Follows the server until it cannot be followed any more, and answers for how many seconds it could."""
        try:
            self._refresh()
        except _TROUBLES as error:
            self._failed(error)
            return 0
        finally:
            self._tried.set()
        began = time.monotonic()
        try:
            for event in self._server.events(self._inactivity):
                if self._ended.is_set():
                    break
                if event in ("open", "changed"):  # what was published before the stream began is not told by it
                    self._refresh()
        except _TROUBLES as error:
            # Not stale yet: whether the server is there is for the next request to say.
            log.info("the event stream broke: %s", error)
        return time.monotonic() - began

    def _refresh(self) -> None:
        answer = self._server.snapshot(self._tag)
        self.clock_offset = answer.clock_offset if abs(answer.clock_offset) > _SKEW else 0
        changed = False
        if answer.body is not None:
            before = self.version
            self.load(answer.body)
            self._tag = answer.tag
            changed = self.version != before
            if self._cache is not None:
                try:
                    self.save_file(self._cache)
                except SnapshotError as error:  # the values are right all the same
                    log.warning("the snapshot is not kept: %s", error)
        self.last_error = None
        self._set_status("ready")
        if changed:
            self._tell("changed")

    def _failed(self, error: Exception) -> None:
        message = str(error) or type(error).__name__
        if message != self.last_error:
            log.warning("%s", message)
        self.last_error = message
        if self.status == "ready":
            self._set_status("stale")
        self._tell("error")

    def _set_status(self, status: str) -> None:
        if status != self.status:
            self.status = status
            self._tell(status)

    def _tell(self, event: str) -> None:
        for listener in list(self._listeners):
            try:
                listener(event)
            except Exception:  # noqa: BLE001: a listener's fault is not ours
                log.exception("a listener failed")


class _Answer:
    def __init__(self, body: bytes | None, tag: str | None, clock_offset: int) -> None:
        self.body = body
        self.tag = tag
        self.clock_offset = clock_offset


class _Server:
    """Requests to `sinan serve`: one connection for snapshots, one for events."""

    def __init__(self, url: str, token: str | None, timeout: float, ssl_context: ssl.SSLContext | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"the server's address must begin with http:// or https://: {url!r}")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = timeout
        self._ssl = ssl_context
        self.waiting: set[socket.socket] = set()  # for an answer

    def _connect(self) -> tuple[http.client.HTTPConnection, socket.socket]:
        connection = (
            http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._ssl)
            if self._secure
            else http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        )
        connection.connect()
        self.waiting.add(connection.sock)
        return connection, connection.sock

    def snapshot(self, tag: str | None) -> _Answer:
        connection, waiting = self._connect()
        try:
            began = time.time_ns() // 1000
            headers = {**self._headers, **({"If-None-Match": tag} if tag else {})}
            connection.request("GET", f"{self._path}/v1/experiments/snapshot", headers=headers)
            response = connection.getresponse()
            body = response.read(_MOST_BYTES + 1)
            now = time.time_ns() // 1000
        finally:
            self.waiting.discard(waiting)
            connection.close()
        told = email.utils.parsedate_to_datetime(response.headers["Date"]) if response.headers.get("Date") else None
        offset = int(told.timestamp() * 1_000_000) + 500_000 - (began + now) // 2 if told else 0
        if response.status == 304:
            return _Answer(None, tag, offset)
        if response.status != 200:
            raise ConnectionError(f"the server answers {response.status} {response.reason} when asked for the snapshot")
        return _Answer(body, response.headers.get("ETag"), offset)

    def events(self, inactivity: float):  # noqa: ANN201: a generator of "open", "changed", "beat"
        connection, waiting = self._connect()
        try:
            connection.request("GET", f"{self._path}/ofrep/v1/events", headers={**self._headers, "Accept": "text/event-stream"})
            response = connection.getresponse()
            if response.status != 200 or "event-stream" not in response.headers.get("Content-Type", ""):
                raise ConnectionError(f"the server answers {response.status} when asked for events")
            waiting.settimeout(inactivity)
            yield "open"
            data = ""
            while line := response.readline(_MOST_LINE).decode("utf-8", "replace"):
                line = line.rstrip("\r\n")
                if line.startswith("data:"):
                    data = (data + line[5:])[:_MOST_LINE]
                elif not line:
                    yield "changed" if _is_refetch(data) else "beat"
                    data = ""
            raise ConnectionError("the server ended the event stream")
        finally:
            self.waiting.discard(waiting)
            connection.close()

    def interrupt(self) -> None:
        """Whoever waits for the server gets an error."""
        for waiting in list(self.waiting):
            try:
                waiting.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def _is_refetch(data: str) -> bool:
    try:
        told = json.loads(data) if data.strip() else None
    except ValueError:
        return False
    # The hub's own `refetch` event has no type: some events were missed.
    return isinstance(told, dict) and told.get("type", "refetchEvaluation") == "refetchEvaluation"


_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def _after_fork() -> None:
    # The thread has stayed in the parent, and its sockets are the parent's: the child begins anew.
    for client in list(_clients):
        client._server.waiting.clear()
        client._start()


os.register_at_fork(after_in_child=_after_fork)
