"""Contexts: what is known about who asks, encoded once as the library reads it (docs/formats/context.md)."""

from __future__ import annotations

import numbers
import struct
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Union

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_size = struct.Struct("<I").pack
_integer = struct.Struct("<q").pack
_real = struct.Struct("<d").pack


def _text(value: str) -> bytes:
    encoded = value.encode("utf-8", "replace")
    return _size(len(encoded)) + encoded


def micros(moment: datetime) -> int:
    """Microseconds since 1970; a moment without a zone is local time, as everywhere in Python."""
    since = moment.astimezone(timezone.utc) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _attribute(name: str, value: Any) -> bytes:
    if isinstance(value, str):
        return b"\x04" + _text(name) + _text(value)
    if isinstance(value, bool):
        return b"\x01" + _text(name) + (b"\x01" if value else b"\x00")
    if isinstance(value, numbers.Integral):
        number = int(value)
        if -(2**63) <= number < 2**63:
            return b"\x02" + _text(name) + _integer(number)
        value = float(number) if abs(number) < 2**1000 else float("inf")
    if isinstance(value, numbers.Real):
        return b"\x03" + _text(name) + _real(float(value))
    if isinstance(value, datetime):
        return b"\x05" + _text(name) + _integer(micros(value))
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        texts = [_text(element) for element in value if isinstance(element, str)]
        return b"\x06" + _text(name) + _size(len(texts)) + b"".join(texts)
    return b""  # nothing that a condition could ask about


class Context:
    """Attributes by name: texts, numbers, booleans, datetimes, lists of texts. Immutable: make one per user and share it.

    `groups` forces groups by experiment (tests, quality assurance); `now` is the time at which schedules are read. Of a value of
    another type nothing is seen.
    """

    __slots__ = ("encoded", "has_time")

    def __init__(
        self,
        attributes: Mapping[str, Any] | None = None,
        *,
        groups: Mapping[str, str] | None = None,
        now: datetime | int | None = None,
    ) -> None:
        parts = [_attribute(name, value) for name, value in (attributes or {}).items()]
        parts += [b"\x08" + _text(experiment) + _text(group) for experiment, group in (groups or {}).items()]
        self.has_time = now is not None
        if now is not None:
            parts.append(at(micros(now) if isinstance(now, datetime) else now))
        self.encoded = b"".join(parts)


def at(now: int) -> bytes:
    return b"\x07" + _text("") + _integer(now)


ContextLike = Union[Context, Mapping[str, Any], None]
EMPTY = Context()


def context_of(given: ContextLike) -> Context:
    if given is None:
        return EMPTY
    return given if isinstance(given, Context) else Context(given)
