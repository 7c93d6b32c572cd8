"""Runs Sinan programs from Python: SQL that trains, predicts, evaluates and explains.

    import sinan

    run = sinan.connect(project="late").sql("SELECT 42 AS answer")
    run.rows()       # [(42,)]
    run.to_pandas()  # the last table as a DataFrame

The work is done by the ``sinan`` program; see :func:`find_binary` for where it is looked for.
In a notebook: ``%load_ext sinan``, then ``%%sinan``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._binary import find_binary
from ._connection import Connection, connect
from ._errors import Error
from ._results import Chart, Column, Progress, Run, Step, Table

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__version__ = "0.1.0"
__all__ = ["Chart", "Column", "Connection", "Error", "Progress", "Run", "Step", "Table", "connect", "find_binary"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """What ``%load_ext sinan`` calls: registers ``%sinan`` and ``%%sinan``."""
    from ._magic import SinanMagics

    shell.register_magics(SinanMagics)
