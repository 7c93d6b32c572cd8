"""The exception of this package."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from ._results import Run


def _width(text: str) -> int:
    """Columns of a terminal that the text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Error(Exception):
    """A program was refused, a step failed, or the program ``sinan`` could not do its work.

    ``str(error)`` shows the place in the program with a caret and the hint, as the command line does.

    Attributes:
        code: ``program``, ``not_found``, ``argument``, ``data``, ``cancelled``, … (docs/command_line.md lists them).
        message: what is wrong.
        hint: what to do; may be empty.
        line, column: the place in the program, from 1, columns in characters; None without a place.
        length: of the place, in characters; None without a place.
        context: what was being done, innermost first.
        errors: every error of the program, this one first (a program is checked as a whole).
        run: what had been done when a step failed; None when nothing ran.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        line: Optional[int] = None,
        column: Optional[int] = None,
        length: Optional[int] = None,
        context: Sequence[str] = (),
        source: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column
        self.length = length
        self.context: Tuple[str, ...] = tuple(context)
        self.errors: Tuple[Error, ...] = (self,)
        self.run: Optional[Run] = None
        self._source = source  # the line of the program that holds the place

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], program: str) -> Error:
        """From one line of ``--error-format json``; `program` is the text that ran."""
        line, column, length, source = fields.get("line"), fields.get("column"), None, ""
        if line is not None and column is not None:
            lines = program.split("\n")
            source = lines[line - 1].rstrip("\r") if line <= len(lines) else ""
            encoded = program.encode()
            offset = int(fields.get("offset") or 0)
            length = len(encoded[offset : offset + int(fields.get("length") or 0)].decode(errors="replace"))
        return cls(
            str(fields.get("code", "internal")),
            str(fields.get("message", "")),
            hint=str(fields.get("hint") or ""),
            line=line,
            column=column,
            length=length,
            context=[str(one) for one in fields.get("context") or ()],
            source=source,
        )

    def _one(self, kind: str) -> str:
        lines = [f"{kind}: {self.message}"]
        margin = "  "
        if self.line is not None and self.column is not None and self._source:
            number = str(self.line)
            margin = " " * (len(number) + 2)
            source = self._source.replace("\t", " ")
            before = source[: self.column - 1]
            marked = source[self.column - 1 : self.column - 1 + max(self.length or 1, 1)]
            lines += [
                f"{' ' * len(number)} --> line {self.line}, column {self.column}",
                f"{margin}|",
                f" {number} | {source}",
                f"{margin}| {' ' * _width(before)}{'^' * max(_width(marked), 1)}",
            ]
        if self.hint:
            lines.append(f"{margin}hint: {self.hint}")
        lines += [f"{margin}{one}" for one in self.context]
        return "\n".join(lines)

    def __str__(self) -> str:
        return "\n".join(error._one(f"error[{error.code}]") for error in self.errors)

    def __reduce__(self) -> Tuple[Any, ...]:
        return (_restored, (self.code, self.message), self.__dict__)


def _restored(code: str, message: str) -> Error:
    return Error(code, message)
