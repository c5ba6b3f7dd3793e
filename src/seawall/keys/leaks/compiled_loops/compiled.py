"""Compile Python functions to machine code by numba, cached on disk if that is safe.

A cache file is executable code, so a folder writable by others is never used.
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
    """Compile on the first call, to run without the GIL; cache the result on disk if possible."""
    if _cache_is_ours():
        try:
            dispatcher = njit(nogil=True, cache=True)(function)
        except RuntimeError:  # numba raises RuntimeError if no cache folder is writable
            dispatcher = njit(nogil=True)(function)
    else:
        dispatcher = njit(nogil=True)(function)
    _dispatchers.append(dispatcher)
    return dispatcher  # type: ignore[no-any-return]


def instruction(function: Callable[..., Any]) -> Any:
    """Declare a function that emits machine instructions (numba's `intrinsic`)."""
    return intrinsic(function)


def try_out(use: Callable[[], object]) -> None:
    """Call compiled functions for the first time in this process.

    If the disk cache is damaged or the disk full, compile everything anew and use no disk cache from now on.
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
    """Return whether the numba cache folder is not writable by others.

    NUMBA_CACHE_DIR names it; without it, numba uses the package's own or the user's.
    """
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
