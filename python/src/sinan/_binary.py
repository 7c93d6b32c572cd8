"""Where the ``sinan`` program is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Optional, Union

from ._errors import Error


def find_binary(binary: Optional[Union[str, os.PathLike[str]]] = None) -> Path:
    """The program that runs everything: the argument, else ``SINAN_BINARY``, else ``sinan`` on ``PATH``, else
    ``bin/sinan`` of the repository that this package lies in (an editable installation).

    Raises :class:`Error` (code ``not_found``) when there is none, or when the one that was named cannot be run.
    """
    named = os.fspath(binary) if binary is not None else os.environ.get("SINAN_BINARY")
    if named:
        path = Path(named).expanduser()
        if path.is_file() and os.access(path, os.X_OK):
            return path.absolute()
        source = "binary" if binary is not None else "SINAN_BINARY"
        raise Error("not_found", f'{source} is not a program: "{named}"', hint="name the file bin/sinan of a built Sinan")
    on_path = shutil.which("sinan")
    if on_path:
        return Path(on_path).absolute()
    beside = Path(__file__).resolve().parents[3] / "bin" / "sinan"
    if beside.is_file() and os.access(beside, os.X_OK):
        return beside
    raise Error(
        "not_found",
        "the program sinan is neither on PATH nor in the repository's bin/",
        hint="build it (make build), then set SINAN_BINARY to bin/sinan or add its folder to PATH",
    )
