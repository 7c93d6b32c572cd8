"""Values of ``--format jsonl`` as Python objects and as Arrow arrays. A value here is what JSON made of it, and a type is the
object that describes its column: ``{"name", "type", ...}``."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Sequence

from ._errors import Error

if TYPE_CHECKING:
    import pyarrow as pa

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)\Z")
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\Z")
_ESCAPE = re.compile(rb"\\x([0-9A-F]{2})")

Type = Mapping[str, Any]


def _refuse(text: str, what: str) -> Error:
    return Error("data", f'Python has no {what} for "{text}"', hint="CAST the column to VARCHAR in the query")


def _days(text: str) -> int:
    """Since 1970-01-01."""
    match = _DATE.match(text)
    if match is None:  # infinity, or a year that datetime does not know
        raise _refuse(text, "date")
    return datetime.date(int(match[1]), int(match[2]), int(match[3])).toordinal() - _EPOCH


def _ticks(text: str, unit: str) -> int:
    """Since midnight, in `unit`."""
    match = _TIME.match(text)
    if match is None:
        raise _refuse(text, "time")
    nanoseconds = int((match[4] or "").ljust(9, "0"))
    seconds = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])
    return seconds * _PER_SECOND[unit] + nanoseconds * _PER_SECOND[unit] // 1_000_000_000


def _stamp(text: str, unit: str) -> int:
    """Since 1970-01-01, in `unit`. A zone is UTC: the program writes no other."""
    for zone in ("+00:00", "+00", "Z"):
        if text.endswith(zone):
            text = text[: -len(zone)]
            break
    date, _, time = text.partition(" ")
    if not time:
        raise _refuse(text, "timestamp")
    return _days(date) * 86_400 * _PER_SECOND[unit] + _ticks(time, unit)


def _binary(text: str) -> bytes:
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), text.encode())


def _date_object(text: str) -> datetime.date:
    return datetime.date.fromordinal(_days(text) + _EPOCH)


def _time_object(text: str) -> datetime.time:
    ticks = _ticks(text, "us")
    if ticks >= 86_400_000_000:  # SQL knows 24:00:00
        raise _refuse(text, "time")
    return (datetime.datetime.min + datetime.timedelta(microseconds=ticks)).time()


def _stamp_object(text: str, zone: bool) -> datetime.datetime:
    start = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc if zone else None)
    return start + datetime.timedelta(microseconds=_stamp(text, "us"))


def reader(column: Type) -> Optional[Callable[[Any], Any]]:
    """What makes Python objects of the column's values that are not None; None when they are objects already."""
    kind = column["type"]
    simple: Dict[str, Callable[[Any], Any]] = {
        "float": float,
        "double": float,
        "decimal": Decimal,
        "binary": _binary,
        "date": _date_object,
        "time": _time_object,
    }
    if kind in simple:
        return simple[kind]
    if kind == "timestamp":
        zone = bool(column.get("zone"))
        return lambda text: _stamp_object(text, zone)
    if kind == "dictionary":
        return reader(column["values"])
    if kind == "list":
        item = column["items"]
        return lambda items: objects(item, items)
    if kind == "map":
        key, value = column["key"], column["value"]
        return lambda pairs: dict(
            zip(objects(key, [pair["key"] for pair in pairs]), objects(value, [pair["value"] for pair in pairs]))
        )
    if kind == "struct":
        fields = column["fields"]
        return lambda members: {field["name"]: objects(field, [members[field["name"]]])[0] for field in fields}
    return None


def objects(column: Type, values: Sequence[Any]) -> list[Any]:
    """The column's values as Python objects. Timestamps and times are cut to microseconds."""
    read = reader(column)
    if read is None:
        return list(values)
    return [None if value is None else read(value) for value in values]


def arrow_type(column: Type) -> pa.DataType:
    """The Arrow type of a column. Intervals, and what Sinan itself knows only as text, are strings."""
    import pyarrow as pa

    kind = column["type"]
    if kind == "decimal":
        return pa.decimal128(column["precision"], column["scale"])
    if kind == "date":
        return pa.date32()
    if kind == "time":
        unit = column["unit"]
        return pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
    if kind == "timestamp":
        return pa.timestamp(column["unit"], tz="UTC" if column.get("zone") else None)
    if kind == "list":
        return pa.list_(arrow_type(column["items"]))
    if kind == "map":
        return pa.map_(arrow_type(column["key"]), arrow_type(column["value"]))
    if kind == "struct":
        return pa.struct([pa.field(field["name"], arrow_type(field)) for field in column["fields"]])
    if kind == "dictionary":
        return pa.dictionary(pa.int32(), arrow_type(column["values"]))
    names = {"bool": "bool_", "float": "float32", "double": "float64", "interval": "string", "other": "string"}
    return getattr(pa, names.get(kind, str(kind)))()


def arrow_array(column: Type, values: Sequence[Any]) -> pa.Array:
    """The column as an Arrow array, exact: timestamps keep their nanoseconds."""
    import pyarrow as pa

    kind, target = column["type"], arrow_type(column)
    if kind == "dictionary":
        return arrow_array(column["values"], values).dictionary_encode().cast(target)
    if kind == "date":
        return pa.array([None if value is None else _days(value) for value in values], pa.int32()).cast(target)
    if kind in ("time", "timestamp"):
        count, unit = (_ticks if kind == "time" else _stamp), column["unit"]
        whole = pa.int32() if kind == "time" and unit in ("s", "ms") else pa.int64()
        return pa.array([None if value is None else count(value, unit) for value in values], whole).cast(target)
    if kind == "map":
        pairs = [None if value is None else list(value.items()) for value in objects(column, values)]
        return pa.array(pairs, target)
    return pa.array(objects(column, values), target)
