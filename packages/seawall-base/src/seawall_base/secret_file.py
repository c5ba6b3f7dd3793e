"""Read secrets from a file that no other user can read, or from the environment. Never from the command line."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path
from typing import Final

from seawall_base.errors import CollectInvalid, SeawallError
from seawall_base.operating_system import require_posix

LONGEST: Final = 64 * 1024
_ALONE: Final = "give a file that holds the secret alone"
_CHECK: Final = "check the path and its owner"


def read_secret(
    path: Path,
    error: type[SeawallError] = CollectInvalid,
    *,
    what: str = "this secret",
    fix: str = _CHECK,
    may_be_empty: bool = False,
    may_be_shared: bool = False,
) -> str:
    """Return the content of a secret file, without outer white space.

    Raises `error`, whose text contains nothing of the secret. The file must belong to this user or to root. No other user
    may read or write it, unless it `may_be_shared`. A symbolic link is followed, and a pipe is read to its end, such as a
    shell's `<(command)`. `what` names the secret in messages. `fix` is the advice if the file cannot be read.
    """
    data = _read(path, 0, error, what, fix, may_be_shared)
    try:
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise error(f"{path}: is not a text file", fix=_ALONE) from None
    if not text and not may_be_empty:
        raise error(f"{path}: is empty", fix=_ALONE)
    return text


def read_key_file(path: Path, error: type[SeawallError], *, what: str, fix: str) -> bytes:
    """Return the bytes of a key file that Seawall wrote: a regular file, no link, closed to other users. Raises `error`."""
    require_posix(str(path))
    return _read(path, os.O_NOFOLLOW | os.O_NONBLOCK, error, what, fix, False)


def secret_of(path: Path | None, variable: str, option: str) -> str:
    """Return the secret of a file, or else of an environment variable. Raises CollectInvalid if there is neither."""
    if path is not None:
        return read_secret(path)
    found = secret_in(variable)
    if not found:
        raise CollectInvalid(
            f"there is no secret: neither {option} nor {variable} is set",
            fix=f"{option} FILE, with chmod 600 FILE",
        )
    return found


def secret_in(variable: str) -> str:
    """Return the value of an environment variable without outer white space, "" if it is not set."""
    return os.environ.get(variable, "").strip()


def _read(
    path: Path, flags: int, error: type[SeawallError], what: str, fix: str, may_be_shared: bool
) -> bytes:
    """Read at most `LONGEST` bytes, after checking owner and mode. `O_NONBLOCK` in `flags` refuses pipes."""
    try:
        with open(path, "rb", opener=lambda name, usual: os.open(name, usual | flags)) as file:
            status = os.fstat(file.fileno())
            is_pipe = stat.S_ISFIFO(status.st_mode) and not flags & os.O_NONBLOCK
            if not stat.S_ISREG(status.st_mode) and not is_pipe:
                raise error(f"{path}: is not a file", fix=_ALONE)
            _check_owner_and_mode(path, status, error, what, may_be_shared)
            data = file.read(LONGEST + 1)
    except OSError as reason:
        raise error(f"{path}: cannot be read: {reason.strerror}", fix=fix) from None
    except ValueError:  # a zero byte in the name
        raise error(f"{str(path)!r}: is no path", fix=fix) from None
    if len(data) > LONGEST:
        raise error(f"{path}: is too large", fix=_ALONE)
    return data


def _check_owner_and_mode(
    path: Path, status: os.stat_result, error: type[SeawallError], what: str, may_be_shared: bool
) -> None:
    if may_be_shared:
        return
    require_posix(str(path))
    quoted = shlex.quote(str(path))
    if os.geteuid() != 0 and status.st_uid not in {os.geteuid(), 0}:
        raise error(f"{path}: belongs to another user", fix=f"chown it, and chmod 600 {quoted}")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise error(f"{path}: others can read {what}", fix=f"chmod 600 {quoted}")
