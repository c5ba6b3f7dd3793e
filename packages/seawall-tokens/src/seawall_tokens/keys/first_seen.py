"""Remember when each of an issuer's keys was first seen, over restarts if a file is given."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from seawall_tokens.jose import strict_json

VERSION: Final = 1
LARGEST: Final = 4 * 1024 * 1024
MOST: Final = 4096
"""Keys remembered; beyond it, the oldest unlisted ones are forgotten."""


class FirstSeenFileInvalid(ValueError):
    """The file exists but is damaged; its content cannot be guessed."""


@dataclass(frozen=True, slots=True)
class FirstSighting:
    """A first sighting.

    `at` is seconds since 1970. `among_known`: other keys of the issuer were known then, so the key was new.
    """

    at: float
    among_known: bool


class FirstSeen:
    """First sightings by key thumbprint. Not thread-safe: the cache calls it from one thread at a time.

    `trouble` is why the file could not be written at the last note, None if it was.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Read the file if it exists. Raises `FirstSeenFileInvalid`."""
        self.trouble: str | None = None
        self._path = path
        self._sightings: dict[str, FirstSighting] = {}
        self._begun = False
        self._merge()

    def get(self, thumbprint: str) -> FirstSighting | None:
        """Return a key's first sighting, None if it was never seen."""
        return self._sightings.get(thumbprint)

    def note(self, thumbprints: frozenset[str], now: float) -> frozenset[str]:
        """Record that these keys are listed now; return those never listed before.

        Keys of an issuer's very first set do not count as new. If the file cannot be written, the sightings still
        count in memory.
        """
        self.trouble = None
        if not thumbprints - self._sightings.keys():
            self._begun = True
            return frozenset()
        try:
            self._merge()
        except FirstSeenFileInvalid as error:
            self.trouble = str(error)
        fresh = thumbprints - self._sightings.keys()
        for thumbprint in fresh:
            self._sightings[thumbprint] = FirstSighting(now, among_known=self._begun)
        self._begun = True
        self._forget(thumbprints)
        if fresh and self._path is not None and self.trouble is None:
            try:
                self._write(self._path)
            except OSError as error:
                self.trouble = type(error).__name__
        return fresh

    def _forget(self, listed: frozenset[str]) -> None:
        surplus = len(self._sightings) - MOST
        if surplus > 0:
            oldest = sorted(self._sightings.keys() - listed, key=lambda name: self._sightings[name].at)
            for thumbprint in oldest[:surplus]:
                del self._sightings[thumbprint]

    def _merge(self) -> None:
        """Merge the file's sightings, because another process may have seen a key earlier."""
        if self._path is None:
            return
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError:
            raise FirstSeenFileInvalid("the file cannot be read") from None
        for thumbprint, sighting in _parse(content).items():
            own = self._sightings.get(thumbprint)
            if own is None or sighting.at <= own.at:
                self._sightings[thumbprint] = sighting
        self._begun = True

    def _write(self, path: Path) -> None:
        keys: Mapping[str, object] = {
            thumbprint: {"at": sighting.at, "among_known": sighting.among_known}
            for thumbprint, sighting in sorted(self._sightings.items())
        }
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                json.dump({"version": VERSION, "keys": keys}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _parse(content: bytes) -> dict[str, FirstSighting]:
    try:
        document = strict_json.loads(content, max_bytes=LARGEST)
        version, keys = document["version"], document["keys"]
        found = {name: FirstSighting(entry["at"], entry["among_known"]) for name, entry in keys.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FirstSeenFileInvalid("the file is not what was written") from None
    sound = all(
        isinstance(sighting.at, int | float) and isinstance(sighting.among_known, bool)
        for sighting in found.values()
    )
    if version != VERSION or not sound:
        raise FirstSeenFileInvalid("the file is of another version, or not what was written")
    return found
