"""Read key sets from files, folders, standard input, URLs and discovery documents, or report why not.

A discovery document named on the command line is followed (`jwks_uri`). One found in a folder is not: files must not
cause network requests. Hidden files in folders are skipped, and links out of a folder are not followed.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from seawall.keys.inventory.issuers import discovery_fits
from seawall_base.http_url import FetchError
from seawall_base.regular_files import open_file
from seawall_tokens.jose import strict_json

LARGEST: Final = 4 * 1024 * 1024
"""Bytes of one document. Real key sets have a few thousand."""
DEEPEST: Final = 8
MOST_KEYS: Final = 1000
"""Keys of one set that are examined; more are a finding."""
MOST_FILES: Final = 1000
SUFFIXES: Final = frozenset({".json", ".jwks", ".jwk"})
WELL_KNOWN: Final = "/.well-known/"

Fetch = Callable[[str], bytes]
"""Function that returns the body of a URL; raises `FetchError`."""


@dataclass(frozen=True, slots=True)
class KeyDocument:
    """A key set as read. `source` is what was requested, `keys_from` the final location of the keys.

    `entries` are the raw members of `keys`, `total` is their full number. `issuer` is the discovery document's
    issuer; `issuer_fits` is false if it is not the requested one.
    """

    source: str
    keys_from: str
    entries: tuple[Any, ...]
    total: int
    issuer: str | None = None
    issuer_fits: bool = True

    @property
    def complete(self) -> bool:
        """Return whether every entry is examined."""
        return len(self.entries) == self.total


@dataclass(frozen=True, slots=True)
class UnreadableSource:
    """A source without keys, and why. `malformed`: it was read but is not a valid key set.

    `foreign` marks a file in a folder that holds something else, which is no failure.
    """

    source: str
    reason: str
    malformed: bool = False
    foreign: bool = False


class _Refused(Exception):
    def __init__(self, reason: str, *, malformed: bool = False, foreign: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.malformed, self.foreign = reason, malformed, foreign


def read_sources(sources: Sequence[str], fetch: Fetch) -> Iterator[KeyDocument | UnreadableSource]:
    """Yield every key set of every source in order, unreadable ones as `UnreadableSource`. Never raises."""
    for source in dict.fromkeys(sources):
        if not _is_url(source) and source != "-" and Path(source).is_dir():
            yield from _folder(Path(source))
        else:
            yield _guard(source, partial(_read_named_source, source, fetch))


def _is_url(text: str) -> bool:
    return text.lower().startswith(("https://", "http://"))


def _guard(source: str, read: Callable[[], KeyDocument]) -> KeyDocument | UnreadableSource:
    try:
        return read()
    except _Refused as refused:
        return UnreadableSource(source, refused.reason, refused.malformed, refused.foreign)
    except FetchError as refused:
        return UnreadableSource(source, str(refused))
    except (OSError, ValueError) as error:
        return UnreadableSource(source, getattr(error, "strerror", None) or "it cannot be opened")


def _read_named_source(source: str, fetch: Fetch) -> KeyDocument:
    """Read a source named on the command line; follow a discovery document to its keys."""
    if _is_url(source):
        data = fetch(source)
    elif source == "-":
        data = _limit(sys.stdin.buffer.read(LARGEST + 1))
    else:
        data = _file(Path(source))
    document = _parse(data)
    if "keys" in document or "jwks_uri" not in document:
        return _key_set(document, source)
    issuer, place = document.get("issuer"), document["jwks_uri"]
    if not isinstance(issuer, str) or not isinstance(place, str):
        raise _Refused("a discovery document whose issuer or jwks_uri is no text", malformed=True)
    answer = _key_set(_parse(fetch(place)), source)
    told = WELL_KNOWN in source and _is_url(source)
    fitting = not told or discovery_fits(issuer, source)
    return KeyDocument(source, place, answer.entries, answer.total, issuer, fitting)


def _folder(folder: Path) -> Iterator[KeyDocument | UnreadableSource]:
    seen: set[tuple[int, int]] = set()
    count = 0
    try:
        root = folder.resolve(strict=True)
        paths = sorted(_below(folder))
    except OSError as error:
        yield UnreadableSource(str(folder), error.strerror or "it cannot be opened")
        return
    for path in paths:
        try:
            target = path.resolve(strict=True)
            status = target.stat()
        except OSError:
            yield UnreadableSource(str(path), "it cannot be opened")
            continue
        if not target.is_relative_to(root):
            yield UnreadableSource(str(path), "a link that leads out of the folder is not followed")
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        count += 1
        if count > MOST_FILES:
            yield UnreadableSource(str(folder), f"only the first {MOST_FILES:,} files were read")
            return
        yield _guard(str(path), partial(_read_found_file, path))
    if not count:
        yield UnreadableSource(str(folder), "no file in it ends in " + ", ".join(sorted(SUFFIXES)))


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(place) / name


def _raise(error: OSError) -> None:
    raise error


def _read_found_file(path: Path) -> KeyDocument:
    """Read a file found in a folder."""
    document = _parse(_file(path))
    if "keys" in document or "kty" in document:
        return _key_set(document, str(path))
    if "jwks_uri" in document:
        raise _Refused("a discovery document in a folder is not followed: name it, or its URL, itself")
    raise _Refused("it holds no keys", foreign=True)


def _file(path: Path) -> bytes:
    try:
        with open_file(path) as file:
            return _limit(file.read(LARGEST + 1))
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise _Refused("it is no regular file") from None
        raise


def _limit(data: bytes) -> bytes:
    if len(data) > LARGEST:
        raise _Refused(f"it is larger than {LARGEST // (1024 * 1024)} MiB", malformed=True)
    return data


def _parse(data: bytes) -> dict[str, Any]:
    try:
        document = strict_json.loads(data, max_bytes=LARGEST, max_depth=DEEPEST)
    except strict_json.JsonRefused as refused:
        raise _Refused(f"no JSON of one meaning: {refused}", malformed=True) from None
    if not isinstance(document, dict):
        raise _Refused("its JSON is no object", malformed=True)
    return document


def _key_set(document: dict[str, Any], source: str) -> KeyDocument:
    keys = document.get("keys", [document] if "kty" in document else None)
    if not isinstance(keys, list):
        raise _Refused("it has no array `keys`", malformed=True)
    # An `issuer` beside `keys` is non-standard and unverified; only the request determines a set's owner.
    return KeyDocument(source, source, tuple(keys[:MOST_KEYS]), len(keys))
