"""``%sinan`` and ``%%sinan``."""

from __future__ import annotations

import argparse
import html
import shlex
import time
from typing import Any, List, NoReturn, Optional

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.display import SVG, display

from ._connection import connect
from ._errors import Error
from ._results import Progress, Run, Table


class CellError(Error):
    """An error of a cell: shown as the command line shows it, without Python's own frames."""

    def _render_traceback_(self) -> List[str]:
        return str(self).split("\n")


class _Words(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"%%sinan: {message}")


def _parser() -> _Words:
    words = _Words(prog="%%sinan", add_help=False)
    words.add_argument("--project", default=".")
    words.add_argument("--seed", type=int)
    words.add_argument("--no-cache", action="store_true")
    words.add_argument("--no-charts", action="store_true")
    words.add_argument("name", nargs="?")
    return words


class _Line:
    """A block of text that can be shown again in its place."""

    def __init__(self) -> None:
        self._text = ""
        self._handle = display(self, display_id=True)

    def show(self, text: str) -> None:
        self._text = text
        if self._handle is not None:
            self._handle.update(self)

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self._text)}</pre>" if self._text else ""


@magics_class
class SinanMagics(Magics):
    """The magics of ``%load_ext sinan``."""

    @line_cell_magic
    def sinan(self, line: str, cell: Optional[str] = None) -> Optional[Table]:
        """Runs a Sinan program.

            %%sinan [--project DIR] [--seed N] [--no-cache] [--no-charts] [NAME]
            PROGRAM

            %sinan PROGRAM

        Shows its tables, messages and charts. NAME becomes a DataFrame of the last table. The line form works in the current
        folder and gives its last table, so ``t = %sinan SELECT 1`` keeps it.
        """
        if cell is None:
            run = self._run(line, ".", None, False)
            _show(run, run.tables[:-1], charts=True)
            return run.tables[-1] if run.tables else None
        try:
            options = _parser().parse_args(shlex.split(line))
        except ValueError as error:  # an open quote
            raise UsageError(f"%%sinan: {error}") from None
        if options.name is not None and not options.name.isidentifier():
            raise UsageError(f'%%sinan: not a name for a variable: "{options.name}"')
        run = self._run(cell, options.project, options.seed, options.no_cache)
        _show(run, run.tables, charts=not options.no_charts)
        if options.name is not None:
            self._store(options.name, run)
        return None

    def _run(self, program: str, project: str, seed: Optional[int], no_cache: bool) -> Run:
        status = _Line()
        started = time.monotonic()

        def tell(progress: Progress) -> None:
            status.show(str(progress))

        try:
            run = connect(project).sql(program, progress=tell, seed=seed, cache=not no_cache)
        except Error as error:
            status.show("")
            if error.run is not None:
                _show(error.run, error.run.tables, charts=True)
            raise _of_cell(error) from None
        except KeyboardInterrupt:
            status.show("cancelled")
            raise
        steps = f"{len(run.steps)} step{'' if len(run.steps) == 1 else 's'}"
        status.show(f"{steps}, {time.monotonic() - started:.1f} s")
        return run

    def _store(self, name: str, run: Run) -> None:
        try:
            frame: Any = run.to_pandas()
        except Error as error:
            raise _of_cell(error) from None
        assert self.shell is not None
        self.shell.user_ns[name] = frame


def _of_cell(error: Error) -> CellError:
    shown = CellError(error.code, error.message)
    shown.__dict__.update(error.__dict__)
    return shown


def _show(run: Run, tables: List[Table], charts: bool) -> None:
    for table in tables:
        display(table)
    lines = [warning._one("warning") for warning in run.warnings] + run.messages
    if lines:
        said = _Line()
        said.show("\n".join(lines))
    if charts:
        for chart in run.charts:
            display(SVG(data=chart.svg()))
