"""An evaluator that keeps itself up to date from `sinan serve`."""

from __future__ import annotations

import email.utils
import http.client
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
_MOST_HOLD = 60  # seconds that the server holds an answer back
_LONG = 5.0  # seconds after which it counts as one that does
_TROUBLES = (OSError, http.client.HTTPException, SnapshotError, ValueError)
_SKEW = 2_000_000  # microseconds that clocks may differ before ours is corrected; the server tells full seconds


class Client(Evaluator):
    """Values from the server's configuration, evaluated here.

    `cache` is the file of the last known good snapshot: read at the start, so that a service starts without the server, and replaced
    whenever another snapshot has come. The constructor waits at most `wait` seconds for the server; then the cache counts, and
    without it the defaults that callers bring along. A thread asks for the snapshot; the server answers when there is another one,
    or after `poll` seconds. One that does not hold its answers back is asked every `poll` seconds (give or take a fifth). Close
    it, or use it as a context manager.

    Status: "not_ready" until there is a snapshot, "ready" while the server answers, "stale" while it does not.
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
        on_exposure: Callable[[Details, Context], None] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(on_exposure)
        self._server = _Server(url, token, timeout, ssl_context)
        self._cache = cache
        self._poll = poll
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
        hold = int(min(self._poll, _MOST_HOLD))
        is_held = False  # the request: the first one, and one after a break, is answered at once
        in_vain = 0
        while not self._ended.is_set():
            began = time.monotonic()
            changed = self._try(hold if is_held else 0)
            was_held = is_held and hold > 0 and time.monotonic() - began >= min(_LONG, hold / 2)
            is_followed = was_held or bool(changed)
            in_vain = 0 if is_followed else min(in_vain + 1, 20)
            goes_on = changed is not None and (is_followed or not is_held)
            is_held = changed is not None
            if not goes_on:
                # Soon after a break, later and later while answers are not held; never all clients at once.
                self._ended.wait(min(self._poll, 0.125 * 2**in_vain) * random.uniform(0.8, 1.2))

    def _try(self, hold: int) -> bool | None:
        """Whether another version came; None when the server could not be asked."""
        try:
            return self._refresh(hold)
        except _TROUBLES as error:
            if hold > 0:  # an answer that is held and breaks off says nothing yet about the server: the next request does
                log.info("a request that waited for a change broke off: %s", error)
            elif not self._ended.is_set():
                self._failed(error)
            return None
        finally:
            self._tried.set()

    def _refresh(self, hold: int) -> bool:
        answer = self._server.snapshot(self._tag, hold)
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
        return changed

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
    """Requests to `sinan serve`."""

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
        self._waiting: socket.socket | None = None  # for an answer
        self._is_ended = False

    def _connect(self) -> http.client.HTTPConnection:
        connection = (
            http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._ssl)
            if self._secure
            else http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        )
        connection.connect()
        return connection

    def snapshot(self, tag: str | None, hold: int) -> _Answer:
        """`hold` is for how many seconds the server may keep its answer back while there is no other snapshot than `tag`."""
        connection = self._connect()
        try:
            self._waiting = connection.sock
            if self._is_ended:
                raise ConnectionAbortedError("the client has been closed")
            self._waiting.settimeout(self._timeout + hold)
            path = f"{self._path}/v1/experiments/snapshot" + (f"?wait={hold}" if hold > 0 else "")
            connection.request("GET", path, headers={**self._headers, **({"If-None-Match": tag} if tag else {})})
            response = connection.getresponse()
            received = time.time_ns() // 1000
            body = response.read(_MOST_BYTES + 1)
        finally:
            self._waiting = None
            connection.close()
        told = email.utils.parsedate_to_datetime(response.headers["Date"]) if response.headers.get("Date") else None
        offset = int(told.timestamp() * 1_000_000) + 500_000 - received if told else 0
        if response.status == 304:
            return _Answer(None, tag, offset)
        if response.status != 200:
            raise ConnectionError(f"the server answers {response.status} {response.reason} when asked for the snapshot")
        return _Answer(body, response.headers.get("ETag"), offset)

    def interrupt(self) -> None:
        """Whoever waits for the server gets an error, as does whoever asks it from now on."""
        self._is_ended = True
        waiting = self._waiting
        if waiting is not None:
            try:
                waiting.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def forget(self) -> None:
        """What waits is another process's."""
        self._waiting = None


_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def _after_fork() -> None:
    # The thread has stayed in the parent, and its sockets are the parent's: the child begins anew.
    for client in list(_clients):
        client._server.forget()
        client._start()


os.register_at_fork(after_in_child=_after_fork)
