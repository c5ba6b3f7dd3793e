"""Let one process of a test run compile a function; the others wait, and read what it put on the disk.

On a fresh machine that takes a minute of processor time, which every process would spend at the same moment.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.once import alone

_MODULE = "numba.core.dispatcher"


@contextmanager
def compiling_in_turn(folder: Path) -> Iterator[None]:
    """Patch numba for a `with` block, if something imported it.

    Whoever compiles a function has its lock, and then asks for those of the functions that it calls. In one process numba
    compiles in one thread at a time, so that the locks are asked for after numba's own, and none twice.
    """
    numba = sys.modules.get(_MODULE)
    if numba is None:
        yield
        return
    real, threads = numba.Dispatcher.compile, numba.global_compiler_lock
    held = set[str]()

    def compile_alone(dispatcher: Any, signature: Any) -> Any:
        function = dispatcher.py_func
        name = f"{function.__module__}-{function.__qualname__}".replace(".", "-")
        with threads:
            if name in held:
                return real(dispatcher, signature)
            held.add(name)
            try:
                with alone(folder / name):
                    return real(dispatcher, signature)
            finally:
                held.remove(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba.Dispatcher, "compile", compile_alone)
        yield
