"""What Windows lacks is used where it is, and missed without harm where it is not."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seawall_base import operating_system
from seawall_base.errors import SystemUnsupported
from seawall_base.operating_system import give_back_free_memory, peak_memory, require_posix, set_mode

TAKES = "from seawall_base.operating_system import peak_memory; kept = bytearray(%d); print(peak_memory())"


def peak_of(size: int) -> int:
    """The peak memory of a process that takes so many bytes."""
    done = subprocess.run(
        [sys.executable, "-c", TAKES % size], capture_output=True, text=True, timeout=60, check=True
    )
    return int(done.stdout)


def test_the_peak_is_in_bytes() -> None:
    """A process begins with the peak of its parent, so that only limits can be told."""
    taken = 300_000_000
    assert taken < peak_of(taken) < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_without_the_module_there_is_no_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_memory() is None


def test_a_mode_is_set_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        set_mode(descriptor, 0o600)
        assert path.stat().st_mode & 0o777 == 0o600
        monkeypatch.delattr(os, "fchmod")
        set_mode(descriptor, 0o640)
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.close(descriptor)


def test_what_needs_posix_says_so_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    require_posix("this")
    monkeypatch.delattr(os, "geteuid")
    with pytest.raises(SystemUnsupported, match="this needs the access rights of POSIX"):
        require_posix("this")


def test_a_c_library_that_keeps_memory_is_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int]] = []

    class Library:
        def mallopt(self, option: int, value: int) -> int:
            calls.append((option, value))
            return 1

        def malloc_trim(self, kept: int) -> int:
            calls.append((0, kept))
            return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda _name: Library())
    operating_system.give_back_large_memory()
    assert calls == [(-3, 8 << 20), (-1, 64 << 20)]
    calls.clear()
    operating_system.share_heaps(2)
    operating_system.give_back_free_memory()
    assert calls == [(-8, 2), (0, 0)]


@pytest.mark.parametrize("fault", [OSError, TypeError, AttributeError])
def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch, fault: type[Exception]) -> None:
    def fails(_name: None) -> None:
        raise fault

    monkeypatch.setattr(ctypes, "CDLL", fails)
    operating_system.give_back_large_memory()
    operating_system.share_heaps(2)
    operating_system.give_back_free_memory()


def test_free_memory_is_given_back_where_the_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small pieces lie below one that is in use: the library gives them back when it is told to, and only then."""
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("the C library is not glibc")
    program = (
        "import ctypes\n"
        "from seawall_base.operating_system import give_back_free_memory\n"
        "def occupied():\n"
        "    return int(open('/proc/self/statm').read().split()[1])\n"
        "library = ctypes.CDLL(None)\n"
        "library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]\n"
        "pieces = [library.malloc(60_000) for _ in range(3000)]\n"
        "for piece in pieces: ctypes.memset(piece, 1, 60_000)\n"
        "for piece in pieces[:-1]: library.free(piece)\n"
        "before = occupied()\n"
        "give_back_free_memory()\n"
        "print(before - occupied())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert int(done.stdout) * os.sysconf("SC_PAGE_SIZE") > 100_000_000
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    give_back_free_memory()  # no glibc: nothing happens
