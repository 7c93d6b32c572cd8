"""What a program gave: tables, steps, messages, charts."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, List, Mapping, Optional, Sequence, Tuple

from . import _values
from ._errors import Error

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_MOST_SHOWN = 20


@dataclass(frozen=True)
class Progress:
    """Where a running step is.

    ``fraction`` is 0 to 1, ``rows`` a count, ``left`` seconds; each is None while it is not known.
    """

    step: int
    title: str
    stage: str = ""
    fraction: Optional[float] = None
    rows: Optional[int] = None
    note: str = ""
    left: Optional[float] = None

    def __str__(self) -> str:
        parts = [f"{self.step} {self.title}", self.stage]
        if self.fraction is not None:
            parts.append(f"{self.fraction:.0%}")
        if self.rows is not None:
            parts.append(f"{self.rows:,} rows")
        parts.append(self.note)
        if self.left is not None:
            parts.append(f"{self.left:.0f} s left")
        return "  ".join(part for part in parts if part)


@dataclass(frozen=True)
class Step:
    """A step that has ended. ``status`` is done, cached, failed, skipped or cancelled; ``rows`` is None where there is none."""

    number: int
    title: str
    status: str
    seconds: float
    rows: Optional[int] = None


@dataclass(frozen=True)
class Column:
    """A column's name and type: ``int64``, ``decimal(10,2)``, ``timestamp``, ``list``, …"""

    name: str
    type: str


class Table:
    """One result of a program, held in memory."""

    def __init__(self, title: str, schema: Sequence[Mapping[str, Any]], values: List[List[Any]]) -> None:
        self.title = title
        self._schema = list(schema)
        self._values = values

    @property
    def columns(self) -> List[Column]:
        """Names and types. Names may repeat, as in SQL."""
        return [Column(one["name"], _type_text(one)) for one in self._schema]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Tuple[Any, ...]]:
        return iter(self.rows())

    def __repr__(self) -> str:
        names = ", ".join(f"{column.name} {column.type}" for column in self.columns)
        return f"<sinan.Table {len(self):,} rows: {names}>"

    def _column(self, index: int) -> List[Any]:
        return [row[index] for row in self._values]

    def rows(self) -> List[Tuple[Any, ...]]:
        """The rows as tuples of Python objects: int, float, Decimal, str, bytes, bool, date, time, datetime, list, dict, None.

        Times and timestamps are cut to microseconds; intervals are text. Raises :class:`Error` (``data``) for dates that
        Python does not have.
        """
        return list(zip(*(_values.objects(one, self._column(i)) for i, one in enumerate(self._schema))))

    def to_arrow(self) -> pa.Table:
        """The table with its types. Needs pyarrow."""
        try:
            import pyarrow as pa
        except ImportError:
            raise ImportError("to_arrow() and to_pandas() need pyarrow: pip install pyarrow") from None
        arrays = [_values.arrow_array(one, self._column(i)) for i, one in enumerate(self._schema)]
        return pa.Table.from_arrays(arrays, names=[one["name"] for one in self._schema])

    def to_pandas(self) -> pd.DataFrame:
        """The table as a DataFrame. Needs pandas and pyarrow.

        Columns of whole numbers and booleans that hold NULL get pandas' nullable types (``Int64``, ``boolean``), so that no
        digit is lost; ENUMs become categories, decimals objects.
        """
        import pandas as pd

        table = self.to_arrow()
        # Names may repeat, so columns are told apart by their place until the frame is whole.
        frame = table.rename_columns([str(i) for i in range(table.num_columns)]).to_pandas()
        for i, column in enumerate(table.columns):
            kind = self._schema[i]["type"]
            if column.null_count and ("int" in kind and kind != "interval"):
                dtype = kind.replace("uint", "UInt").replace("int", "Int")
                frame[str(i)] = pd.array(self._column(i), dtype=dtype)
            elif column.null_count and kind == "bool":
                frame[str(i)] = pd.array(self._column(i), dtype="boolean")
        frame.columns = table.column_names
        return frame

    def _shown(self) -> List[List[str]]:
        return [["NULL" if value is None else _text(value) for value in row] for row in self._values[:_MOST_SHOWN]]

    def _below(self) -> str:
        shown = f"first {_MOST_SHOWN} of " if len(self) > _MOST_SHOWN else ""
        return f"{shown}{len(self):,} row{'' if len(self) == 1 else 's'}"

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th title="{html.escape(column.type)}">{html.escape(column.name)}</th>' for column in self.columns
        )
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in self._shown()
        )
        caption = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        return (
            f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{html.escape(self._below())}</p>"
        )


@dataclass(frozen=True)
class Chart:
    """A picture that a run left in its folder."""

    name: str
    path: Path

    def svg(self) -> str:
        """The picture's source."""
        return self.path.read_text(encoding="utf-8")

    def _repr_svg_(self) -> str:
        return self.svg()


@dataclass
class Run:
    """What a program did. ``rows()``, ``to_arrow()`` and ``to_pandas()`` are those of its last table."""

    tables: List[Table] = field(default_factory=list)
    steps: List[Step] = field(default_factory=list)
    messages: List[str] = field(default_factory=list)
    warnings: List[Error] = field(default_factory=list)
    charts: List[Chart] = field(default_factory=list)

    @property
    def table(self) -> Table:
        """The last table. Raises :class:`Error` (``not_found``) when the program gave none."""
        if not self.tables:
            raise Error("not_found", "the program gave no table", hint="end it with a SELECT")
        return self.tables[-1]

    def rows(self) -> List[Tuple[Any, ...]]:
        """:meth:`Table.rows` of the last table."""
        return self.table.rows()

    def to_arrow(self) -> pa.Table:
        """:meth:`Table.to_arrow` of the last table."""
        return self.table.to_arrow()

    def to_pandas(self) -> pd.DataFrame:
        """:meth:`Table.to_pandas` of the last table."""
        return self.table.to_pandas()

    def __repr__(self) -> str:
        return f"<sinan.Run {len(self.steps)} steps, {len(self.tables)} tables, {len(self.charts)} charts>"

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{html.escape(message)}</p>" for message in self.messages)
        return "".join(table._repr_html_() for table in self.tables) + said


def _type_text(column: Mapping[str, Any]) -> str:
    kind = str(column["type"])
    return f"decimal({column['precision']},{column['scale']})" if kind == "decimal" else kind


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)
