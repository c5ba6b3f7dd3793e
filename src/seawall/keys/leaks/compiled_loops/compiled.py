"""Python functions compiled to machine code by numba, with the compiled code kept on disk where that is safe.

Compiled code that is read back from disk is code: a folder that somebody else may write to is never used for it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])

_dispatchers: list[Any] = []


def compile_kernel(function: Function) -> Function:
    """Compile on the first call, without the interpreter's lock; remember the result on disk where that is possible."""
    if _cache_is_ours():
        try:
            dispatcher = njit(nogil=True, cache=True)(function)
        except RuntimeError:  # numba's word for "there is no folder that I can write to"
            dispatcher = njit(nogil=True)(function)
    else:
        dispatcher = njit(nogil=True)(function)
    _dispatchers.append(dispatcher)
    return dispatcher  # type: ignore[no-any-return]


def instruction(function: Callable[..., Any]) -> Any:
    """A function that writes machine instructions into compiled ones (numba's `intrinsic`)."""
    return intrinsic(function)


def try_out(use: Callable[[], object]) -> None:
    """Use compiled functions for the first time in this process. What lies on disk may be broken, or the disk full.

    Then everything is compiled anew, and nothing is read or written there from now on.
    """
    try:
        use()
    except Exception:  # noqa: BLE001 - reading back a broken file may raise anything; a real fault is raised again below
        for dispatcher in _dispatchers:
            disable = getattr(dispatcher._cache, "disable", None)  # noqa: SLF001 - numba has no public switch for it
            if disable is not None:
                disable()
        use()


def _cache_is_ours() -> bool:
    """Is a folder named by NUMBA_CACHE_DIR (unset: numba uses the package's own or the user's) closed to others?"""
    named = os.environ.get("NUMBA_CACHE_DIR")
    if not named:
        return True
    try:
        status = Path(named).stat()
    except OSError:
        return (
            not Path(named).exists()
            and os.access(Path(named).parent, os.W_OK)
            and _is_closed(Path(named).parent)
        )
    return stat.S_ISDIR(status.st_mode) and _is_closed(Path(named))


def _is_closed(folder: Path) -> bool:
    if not hasattr(os, "getuid"):
        return True
    status = folder.stat()
    return status.st_uid in {os.getuid(), 0} and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
