"""Value types of a leak search: places, forms and thumbprints, never a byte of a key."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RawHit:
    """A key found in one buffer, before its file is known.

    `offset` counts bytes from the buffer's start to the form's first byte; `length` is the form's size in bytes (0 if
    unknown). `thumbprint` is the RFC 7638 thumbprint of the public key, None if that cannot be derived (encrypted
    keys, fragments without a modulus, symmetric keys).
    """

    offset: int
    form: str
    thumbprint: str | None = None
    length: int = 0

    @property
    def end(self) -> int:
        """Return the offset just after the form."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class LeakedKey:
    """A leaked private key and its place.

    `path` names archive members and compressed streams as `outer!/inner`; `offset` counts bytes of the innermost
    decompressed stream. `is_known`: the key is one of those requested. `accepted` is why the finding needs no action
    (a published test key, a baseline), None if it needs action.
    """

    path: str
    offset: int
    form: str
    key: str | None
    is_known: bool = False
    length: int = 0
    accepted: str | None = None


@dataclass(frozen=True, slots=True)
class SkippedBytes:
    """Bytes that were not searched, and why. `size` is None if their number is unknown."""

    path: str
    reason: str
    size: int | None = None


@dataclass(slots=True)
class SearchTotals:
    """Totals of a search; the totals of parts add up to those of the whole.

    `bytes_scanned` counts searched bytes: of a plain file its own, of an archive its expanded members.
    `is_interrupted`: the user stopped the search before its end.
    """

    findings: list[LeakedKey] = field(default_factory=list)
    skipped: list[SkippedBytes] = field(default_factory=list)
    bytes_scanned: int = 0
    files: int = 0
    is_interrupted: bool = False

    @property
    def bytes_skipped(self) -> int:
        """Return the bytes not searched, as far as they can be counted."""
        return sum(skip.size or 0 for skip in self.skipped)

    def add(self, other: SearchTotals) -> None:
        """Add the totals of a part."""
        self.findings += other.findings
        self.skipped += other.skipped
        self.bytes_scanned += other.bytes_scanned
        self.files += other.files
