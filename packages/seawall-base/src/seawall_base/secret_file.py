"""Reads secrets from where they may lie: a file that nobody else can read, or the environment. Never the command line."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from seawall_base.errors import CollectInvalid

LONGEST: Final = 64 * 1024


def read_secret(path: Path) -> str:
    """Return what a file holds, without white space around it. Raises CollectInvalid, whose text holds nothing of it.

    The file has to belong to this user or to root, and nobody else may read or write it.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise CollectInvalid(f"{path}: is no file", fix="give a file that holds the secret alone")
            if status.st_uid not in {os.geteuid(), 0}:
                raise CollectInvalid(
                    f"{path}: belongs to another user", fix=f"chown it, and chmod 600 {path}"
                )
            if stat.S_IMODE(status.st_mode) & 0o077:
                raise CollectInvalid(f"{path}: others can read this secret", fix=f"chmod 600 {path}")
            data = file.read(LONGEST + 1)
        text = data.decode("utf-8").strip()
    except OSError as error:
        raise CollectInvalid(
            f"{path}: cannot be read: {error.strerror}", fix="check the path and its owner"
        ) from None
    except UnicodeDecodeError:
        raise CollectInvalid(f"{path}: is no text", fix="give a file that holds the secret alone") from None
    if not text or len(data) > LONGEST:
        raise CollectInvalid(
            f"{path}: {'is empty' if not text else 'is too large'}", fix="give the secret's file"
        )
    return text


def secret_of(path: Path | None, variable: str, option: str) -> str:
    """Return the secret of a file, else that of an environment variable. Raises CollectInvalid where there is neither."""
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
    """Return what an environment variable holds, empty where it is not set."""
    return os.environ.get(variable, "").strip()
