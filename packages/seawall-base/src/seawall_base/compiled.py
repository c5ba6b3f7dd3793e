"""Compile Python functions to machine code by numba, cached on disk if that is safe.

A cache file is executable code, so a folder writable by others is never used. Importing this module needs numba and llvmlite.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])

_dispatchers: list[Any] = []


def compile_kernel(function: Function) -> Function:
    """Compile on the first call, to run without the GIL; cache the result on disk if possible."""
    if _cache_is_ours():
        try:
            dispatcher = njit(nogil=True, cache=True)(function)
            _watch_folder(dispatcher, function)
        except RuntimeError:  # numba raises RuntimeError if no cache folder is writable
            dispatcher = njit(nogil=True)(function)
    else:
        dispatcher = njit(nogil=True)(function)
    _dispatchers.append(dispatcher)
    return cast(Function, dispatcher)


def _watch_folder(dispatcher: Any, function: Callable[..., Any]) -> None:
    """Invalidate the cache when any module beside the function's own changes.

    numba checks the function's own file alone, although code of other modules is compiled into it.
    """
    own = Path(function.__code__.co_filename).parent
    stamps = [path.stat() for folder in (own, Path(__file__).parent) for path in sorted(folder.glob("*.py"))]
    found = tuple((stamp.st_mtime, stamp.st_size) for stamp in stamps)
    file = getattr(dispatcher._cache, "_cache_file", None)  # noqa: SLF001 - numba has no public way to say it
    if file is not None and hasattr(file, "_source_stamp"):
        file._source_stamp = found  # noqa: SLF001 - the same


def instruction(function: Callable[..., Any]) -> Any:
    """Declare a function that emits machine instructions (numba's `intrinsic`)."""
    return intrinsic(function)


@instruction
def load_word(_context: Any, array: Any, _index: Any) -> Any:
    """Read eight bytes of a byte array from any index, little-endian, as uint64; the index is not checked."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.gep(builder.bitcast(data, ir.IntType(8).as_pointer()), [arguments[1]])
        word = builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()))
        word.align = 1
        return word

    return types.uint64(array, types.intp), code


@instruction
def store_word(_context: Any, array: Any, _index: Any, _word: Any) -> Any:
    """Write a uint64 as eight bytes to any index of a byte array, little-endian; the index is not checked."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.gep(builder.bitcast(data, ir.IntType(8).as_pointer()), [arguments[1]])
        builder.store(arguments[2], builder.bitcast(place, ir.IntType(64).as_pointer())).align = 1
        return context.get_dummy_value()

    return types.void(array, types.intp, types.uint64), code


@instruction
def trailing_zeros(_context: Any, _word: Any) -> Any:
    """Count the zero bits below the lowest set bit of a uint64; 64 for zero."""

    def code(_: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), code


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
