"""Evaluation in this process: no network, no waiting, no exception."""

from __future__ import annotations

import ctypes
import json
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import _library
from ._context import Context, ContextLike, at, context_of
from ._library import library

BOOL, INT, DOUBLE, STRING, JSON, ANY = 0, 1, 2, 3, 4, -1
TYPES = ("bool", "int", "double", "string", "json")
REASONS = ("STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "ERROR")
PROBLEMS = (None, "FLAG_NOT_FOUND", "TYPE_MISMATCH", "INVALID_CONTEXT")
_VARIANTS = ("default", "default", "rule")


class SnapshotError(Exception):
    """A snapshot that was not taken: damaged, older than the one in use, of another project. The one in use stays."""


@dataclass(frozen=True)
class Details:
    """A value and why it is that. `error_code` says why the caller's default was given, where it was."""

    parameter: str
    value: Any
    reason: str  # STATIC, DEFAULT, TARGETING_MATCH, SPLIT, ERROR
    version: int  # of the configuration
    type: str | None = None
    variant: str | None = None  # the group; "rule" or "default" where no experiment decided
    error_code: str | None = None  # FLAG_NOT_FOUND, TYPE_MISMATCH, INVALID_CONTEXT
    missing_unit: bool = False  # an experiment would have applied, had the context its unit
    experiment: str | None = None  # that decided
    group: str | None = None
    bucket: int | None = None
    exposures: tuple[tuple[str, str], ...] = field(default=())  # (experiment, group) that the value depends on


class _Scratch(threading.local):
    """What the library writes into; a thread has its own."""

    def __init__(self) -> None:
        self.answer = _library.Answer()
        self.reference = ctypes.byref(self.answer)
        self.enlarge(1024)

    def enlarge(self, size: int) -> None:
        self.size = size
        self.texts = ctypes.create_string_buffer(size)


_scratch = _Scratch()
_evaluators: weakref.WeakSet[Evaluator] = weakref.WeakSet()


class Evaluator:
    """The snapshot in use. Thread-safe; goes on in a child after fork().

    `on_exposure(details, context)` is called when code reads a value that depends on the unit's group, before it gets the value.
    What it raises is dropped: reading a value never fails.
    """

    def __init__(self, on_exposure: Callable[[Details, Context], None] | None = None) -> None:
        self._handle = library.sinan_evaluator_new()
        self._free = weakref.finalize(self, library.sinan_evaluator_free, self._handle)
        self._writing = threading.Lock()  # held over fork(), so that the child finds the library's own lock free
        self._on_exposure = on_exposure
        self._overrides: dict[str, Any] = {}
        self.clock_offset = 0  # microseconds that the server's clock is ahead of ours; zero where that is not known
        _evaluators.add(self)

    # The snapshot

    @property
    def version(self) -> int:
        return library.sinan_evaluator_version(self._handle)

    def load(self, snapshot: bytes) -> None:
        self._change(library.sinan_evaluator_load, snapshot, len(snapshot))

    def load_file(self, path: str | os.PathLike[str]) -> None:
        self._change(library.sinan_evaluator_load_file, os.fsencode(path))

    def save_file(self, path: str | os.PathLike[str]) -> None:
        """Replaced whole or not at all: written beside, synced, renamed."""
        self._change(library.sinan_evaluator_save_file, os.fsencode(path))

    def _change(self, function: Any, *arguments: Any) -> None:
        error = ctypes.create_string_buffer(500)
        with self._writing:
            if function(self._handle, *arguments, error, len(error)) == 0:
                return
        raise SnapshotError(error.value.decode("utf-8", "replace"))

    def parameters(self) -> list[str]:
        return self._texts(lambda *room: library.sinan_parameters(self._handle, *room)).split()

    def accesses(self, parameter: str) -> int:
        """Reads since the evaluator was made."""
        with self._writing:
            return library.sinan_evaluator_accesses(self._handle, parameter.encode())

    # Values

    def boolean(self, parameter: str, default: bool, context: ContextLike = None) -> bool:
        return self._value(parameter, default, context, BOOL)

    def integer(self, parameter: str, default: int, context: ContextLike = None) -> int:
        return self._value(parameter, default, context, INT)

    def number(self, parameter: str, default: float, context: ContextLike = None) -> float:
        return self._value(parameter, default, context, DOUBLE)

    def string(self, parameter: str, default: str, context: ContextLike = None) -> str:
        return self._value(parameter, default, context, STRING)

    def json(self, parameter: str, default: Any, context: ContextLike = None) -> Any:
        return self._value(parameter, default, context, JSON)

    def details(
        self, parameter: str, default: Any = None, context: ContextLike = None, type: str | None = None, *, prefetch: bool = False
    ) -> Details:
        """`type` is what the caller can use: bool, int, double, string, json; None for any."""
        code = ANY if type is None else TYPES.index(type)
        return self._details(parameter, default, context_of(context), code, prefetch)

    def prefetch(self, context: ContextLike = None) -> Prefetched:
        """The values of all parameters, for later. Nothing is counted and nobody exposed until one is read."""
        given = context_of(context)
        return Prefetched(self, given, {p: self._details(p, None, given, ANY, True) for p in self.parameters()})

    def explain(self, parameter: str, context: ContextLike = None) -> str:
        """A line for each decision on the way to the value."""
        given, name = self._encoded(context_of(context)), parameter.encode("utf-8", "replace")
        return self._texts(
            lambda *room: library.sinan_explain_context(self._handle, name, len(name), given, len(given), *room)
        )

    @contextmanager
    def override(self, values: Mapping[str, Any]) -> Iterator[None]:
        """For tests: these values, whatever the configuration says, for as long as the block lasts."""
        before = self._overrides
        self._overrides = {**before, **values}
        try:
            yield
        finally:
            self._overrides = before

    # How

    def _encoded(self, context: Context) -> bytes:
        if context.has_time or not self.clock_offset:
            return context.encoded
        return context.encoded + at(time.time_ns() // 1000 + self.clock_offset)

    def _value(self, parameter: str, default: Any, context: ContextLike, type: int) -> Any:
        given = context_of(context)
        if self._overrides or self._on_exposure is not None:
            return self._details(parameter, default, given, type, False).value
        answer, texts = self._answer(parameter, given, type, False)
        return default if answer.problem else _value_of(answer, texts, type)

    def _details(self, parameter: str, default: Any, context: Context, type: int, prefetch: bool) -> Details:
        if parameter in self._overrides:
            return Details(parameter, self._overrides[parameter], "STATIC", self.version, variant="override")
        details = _details_of(parameter, default, *self._answer(parameter, context, type, prefetch), type)
        if details.exposures and not prefetch:
            self._expose(details, context)
        return details

    def _expose(self, details: Details, context: Context) -> None:
        if self._on_exposure is not None:
            try:
                self._on_exposure(details, context)
            except Exception:  # noqa: BLE001: whatever it is, the caller gets its value
                pass

    def _answer(self, parameter: str, context: Context, type: int, prefetch: bool) -> tuple[_library.Answer, bytes]:
        scratch = _scratch
        name = parameter.encode("utf-8", "replace")
        given = self._encoded(context)
        needed = self._evaluate(scratch, name, given, type, prefetch)
        while needed > scratch.size:
            scratch.enlarge(needed)
            needed = self._evaluate(scratch, name, given, type, True)  # the access has been counted
        return scratch.answer, ctypes.string_at(scratch.texts, needed)

    def _evaluate(self, scratch: _Scratch, name: bytes, context: bytes, type: int, prefetch: bool) -> int:
        return library.sinan_evaluate(
            self._handle, name, len(name), type, context, len(context), prefetch, scratch.texts, scratch.size, scratch.reference
        )

    @staticmethod
    def _texts(ask: Callable[..., int]) -> str:
        size = 4096
        while True:
            room = ctypes.create_string_buffer(size)
            needed = ask(room, size)
            if needed <= size:
                return room.raw[:needed].decode("utf-8", "replace")
            size = needed


def _value_of(answer: _library.Answer, texts: bytes, asked: int) -> Any:
    if answer.type == BOOL:
        return answer.integer != 0
    if DOUBLE in (asked, answer.type):
        return answer.real
    if answer.type == INT:
        return answer.integer
    text = texts[: answer.text_size].decode()
    return json.loads(text) if answer.type == JSON else text


def _details_of(parameter: str, default: Any, answer: _library.Answer, texts: bytes, asked: int) -> Details:
    kind = TYPES[answer.type] if answer.type >= 0 else None
    if answer.problem:
        return Details(
            parameter,
            default,
            "ERROR",
            answer.version,
            kind,
            error_code=PROBLEMS[answer.problem],
            missing_unit=answer.missing_unit != 0,
        )
    begin = answer.text_size
    experiment = texts[begin : begin + answer.experiment_size].decode() or None
    begin += answer.experiment_size
    group = texts[begin : begin + answer.group_size].decode() or None
    exposures = texts[begin + answer.group_size :].decode()
    return Details(
        parameter,
        _value_of(answer, texts, asked),
        REASONS[answer.reason],
        answer.version,
        kind,
        group or _VARIANTS[answer.reason],
        missing_unit=answer.missing_unit != 0,
        experiment=experiment,
        group=group,
        bucket=None if answer.bucket == _library.NO_BUCKET else answer.bucket,
        exposures=tuple(tuple(pair.split(":", 1)) for pair in exposures.split(";")) if exposures else (),
    )


class Prefetched:
    """Values as they were when they were fetched, of one context and one version each. Reading one is the access: it is counted, and
    exposes with the version that the value came from."""

    def __init__(self, evaluator: Evaluator, context: Context, details: dict[str, Details]) -> None:
        self._evaluator = evaluator
        self._context = context
        self._details = details

    def details(self, parameter: str, default: Any = None) -> Details:
        found = self._details.get(parameter)
        if found is None:
            return Details(parameter, default, "ERROR", self._evaluator.version, error_code="FLAG_NOT_FOUND")
        name = parameter.encode()
        library.sinan_count_access(self._evaluator._handle, name, len(name))
        if found.exposures:
            self._evaluator._expose(found, self._context)
        return found

    def value(self, parameter: str, default: Any) -> Any:
        return self.details(parameter, default).value


def _before_fork() -> None:
    _before_fork.held = list(_evaluators)
    for evaluator in _before_fork.held:
        evaluator._writing.acquire()


def _after_fork() -> None:
    for evaluator in _before_fork.held:
        evaluator._writing.release()
    _before_fork.held = []


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
