"""Rules and network tables that come apart from the program: a ZIP whose manifest is signed with Ed25519.

Nothing of an update is used before its signature, its number, and the size and SHA-256 of each file are checked. Any doubt
refuses the whole update, and what was installed before stays in use.

The ZIP holds `manifest.json`, `manifest.sig` (the 64 bytes of the signature of `CONTEXT` and the manifest), and exactly the
files that the manifest names, below `rules/` or `networks/`.
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from seawall.storage.errors import UpdateRefused
from seawall_base.errors import OutputUnwritable
from seawall_base.private_files import make_folder, open_for_writing

CONTEXT: Final = b"seawall update 1\0"
"""What is signed before the manifest, so that no other signature of the key fits."""

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
CURRENT: Final = "current"
"""The link to the update in use."""

LARGEST_MANIFEST: Final = 4 * 1024**2
MOST_BYTES: Final = 512 * 1024**2
MOST_FILES: Final = 5_000
CHUNK: Final = 1 << 20
_DAMAGES: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
)
"""What the readers of ZIP files raise for damaged ones."""

NAME: Final = re.compile(
    r"(rules|networks)(/[a-z0-9][a-z0-9_-]{0,100}){0,4}/[a-z0-9][a-z0-9_-]{0,100}\.(yml|mmdb)"
)


class UpdateFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of an update: its size in bytes and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


class UpdateManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an update holds. `number` grows from update to update; `made` is the day of its making, for people."""

    format: int
    number: int
    made: str
    files: dict[str, UpdateFile]


def install_update(
    archive: Path, keys: Sequence[bytes], folder: Path, check: Callable[[Path], None] = lambda _: None
) -> UpdateManifest:
    """Check an update and put it in use: `folder / "current"` leads to it afterwards. Returns its manifest.

    `keys` are the trusted public keys, 32 bytes each. `check` gets the unpacked folder and raises if something in it cannot
    be used. Raises `UpdateRefused`, `OutputUnwritable` and what `check` raises; in each case nothing has changed.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            manifest = _read_manifest(opened, keys)
            _check_number(manifest, installed_number(folder))
            return _install(opened, manifest, folder, check)
    except _DAMAGES as error:
        raise UpdateRefused(f"{archive}: is damaged: {type(error).__name__}", fix="fetch it again") from None
    except OSError as error:
        raise UpdateRefused(f"{archive}: cannot be read: {error.strerror}", fix="check the path") from None


def installed_number(folder: Path) -> int:
    """Return the number of the update in use, 0 if there is none."""
    try:
        target = str((folder / CURRENT).readlink())
    except OSError:
        return 0
    return int(target) if target.isascii() and target.isdecimal() else 0


def _read_manifest(opened: zipfile.ZipFile, keys: Sequence[bytes]) -> UpdateManifest:
    """Return the manifest once its signature is right: nothing is parsed before."""
    members = opened.infolist()
    names = [member.filename for member in members]
    if len(names) > MOST_FILES + 2 or len(set(names)) != len(names):
        raise _refuse("has too many files, or two of one name")
    content, signature = (_read_member(opened, name) for name in (MANIFEST, SIGNATURE))
    if not any(_is_signed(key, signature, CONTEXT + content) for key in keys):
        raise UpdateRefused(
            "the update is not signed by a key that you trust",
            fix="check --trust, and fetch the update again",
        )
    try:
        manifest = msgspec.json.decode(content, type=UpdateManifest)
    except msgspec.DecodeError:
        raise _refuse("has a manifest that cannot be read") from None
    if manifest.format != 1 or manifest.number < 1:
        raise _refuse("has another format")
    if set(names) != {MANIFEST, SIGNATURE, *manifest.files}:
        raise _refuse("holds other files than its manifest names")
    if not all(NAME.fullmatch(name) for name in manifest.files):
        raise _refuse("names a file that no update may hold")
    if sum(file.size for file in manifest.files.values()) > MOST_BYTES:
        raise _refuse(f"is larger than {MOST_BYTES:,} bytes")
    return manifest


def _read_member(opened: zipfile.ZipFile, name: str) -> bytes:
    try:
        with opened.open(name) as member:
            content = member.read(LARGEST_MANIFEST + 1)
    except KeyError:
        raise _refuse(f"has no {name}") from None
    if len(content) > LARGEST_MANIFEST:
        raise _refuse(f"has a {name} that is too large")
    return content


def _is_signed(key: bytes, signature: bytes, content: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _check_number(manifest: UpdateManifest, installed: int) -> None:
    if manifest.number <= installed:
        how = (
            "is installed already"
            if manifest.number == installed
            else f"is older than the installed {installed}"
        )
        raise UpdateRefused(f"update {manifest.number} {how}", fix="fetch a newer one")


def _install(
    opened: zipfile.ZipFile, manifest: UpdateManifest, folder: Path, check: Callable[[Path], None]
) -> UpdateManifest:
    make_folder(folder)
    part, place = folder / f"{manifest.number}.part", folder / str(manifest.number)
    shutil.rmtree(part, ignore_errors=True)
    make_folder(part)
    try:
        for name, file in manifest.files.items():
            _unpack(opened, name, file, part)
        check(part)
        shutil.rmtree(place, ignore_errors=True)  # of a run that was stopped before it was in use
        part.rename(place)
        _switch(folder, place.name)
    except OSError as error:
        raise OutputUnwritable(f"{folder}: {error.strerror}", fix="free some space") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    _forget_older(folder, manifest.number)
    return manifest


def _unpack(opened: zipfile.ZipFile, name: str, file: UpdateFile, part: Path) -> None:
    """Write one file, and compare its size and digest with the manifest while it is written."""
    target = part / name
    make_folder(target.parent)
    size, digest = 0, sha256()
    with opened.open(name) as source, os.fdopen(open_for_writing(target), "wb") as out:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > file.size:
                break
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if size != file.size or digest.hexdigest() != file.sha256.lower():
        raise _refuse(f"holds another {name} than was signed")


def _switch(folder: Path, name: str) -> None:
    """Let `current` lead to a folder, at one stroke."""
    waiting = folder / f"{CURRENT}.part"
    waiting.unlink(missing_ok=True)
    waiting.symlink_to(name)
    waiting.replace(folder / CURRENT)


def _forget_older(folder: Path, number: int) -> None:
    """Delete updates from before the last one, which running programs may still read."""
    older = sorted(
        int(path.name) for path in folder.iterdir() if path.name.isdecimal() and int(path.name) < number
    )
    for one in older[:-1]:
        with suppress(OSError):
            shutil.rmtree(folder / str(one))


def _refuse(what: str) -> UpdateRefused:
    return UpdateRefused(f"the update {what}", fix="fetch it again; nothing was changed")
