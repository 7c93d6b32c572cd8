"""libsinan_experiment through ctypes: its functions with their types. Looked for in $SINAN_EXPERIMENT_LIBRARY, beside this file (where
wheels carry it), and where the system's loader looks."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, c_char, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path

ABI = 1
NO_BUCKET = 0xFFFFFFFF


class Answer(ctypes.Structure):
    _fields_ = [
        ("type", c_int32),
        ("reason", c_int32),
        ("problem", c_int32),
        ("missing_unit", c_int32),
        ("version", c_uint64),
        ("integer", c_int64),
        ("real", c_double),
        ("bucket", c_uint32),
        ("exposure_count", c_uint32),
        ("text_size", c_uint32),
        ("experiment_size", c_uint32),
        ("group_size", c_uint32),
        ("exposures_size", c_uint32),
    ]


def _load() -> ctypes.PyDLL:
    beside = Path(__file__).with_name("libsinan_experiment.so")
    name = os.environ.get("SINAN_EXPERIMENT_LIBRARY") or (str(beside) if beside.exists() else "libsinan_experiment.so.1")
    # PyDLL keeps the interpreter's lock: an evaluation is shorter than giving it away, and no thread is inside the library while
    # another one forks.
    return ctypes.PyDLL(name)


library = _load()
if library.sinan_experiment_abi() != ABI:
    raise ImportError(f"libsinan_experiment has ABI {library.sinan_experiment_abi()}, this package needs {ABI}")

_buffer = POINTER(c_char)
for _name, _result, _arguments in (
    ("sinan_evaluator_new", c_void_p, []),
    ("sinan_evaluator_free", None, [c_void_p]),
    ("sinan_evaluator_load", c_int, [c_void_p, c_char_p, c_size_t, _buffer, c_size_t]),
    ("sinan_evaluator_load_file", c_int, [c_void_p, c_char_p, _buffer, c_size_t]),
    ("sinan_evaluator_save_file", c_int, [c_void_p, c_char_p, _buffer, c_size_t]),
    ("sinan_evaluator_version", c_uint64, [c_void_p]),
    ("sinan_evaluator_accesses", c_uint64, [c_void_p, c_char_p]),
    (
        "sinan_evaluate",
        c_size_t,
        [c_void_p, c_char_p, c_size_t, c_int32, c_char_p, c_size_t, c_int32, _buffer, c_size_t, POINTER(Answer)],
    ),
    ("sinan_explain_context", c_size_t, [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, _buffer, c_size_t]),
    ("sinan_parameters", c_size_t, [c_void_p, _buffer, c_size_t]),
    ("sinan_count_access", None, [c_void_p, c_char_p, c_size_t]),
):
    _function = getattr(library, _name)
    _function.restype = _result
    _function.argtypes = _arguments
