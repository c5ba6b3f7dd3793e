"""What a search for leaked keys answers with: places, forms and thumbprints; never a byte of a key."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RawHit:
    """A key found in one buffer, before anyone knows which file the buffer came from.

    `offset` counts bytes from the buffer's start to the first byte of the form, `length` is the form's extent in
    bytes (0 where unknown). `thumbprint` is the RFC 7638 thumbprint of the public key, None where the public key
    cannot be derived (encrypted keys, fragments without a modulus, symmetric keys).
    """

    offset: int
    form: str
    thumbprint: str | None = None
    length: int = 0

    @property
    def end(self) -> int:
        """Offset just after the form."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class LeakedKey:
    """A private key in a place where it should not be.

    `path` names archive members and compressed pages as `outer!/inner`; `offset` counts bytes of the innermost,
    decompressed stream. `is_known` says that the key is one of those the operator asked about. `accepted` says why the
    finding is no reason to act (a published test key, a baseline), None where it is one.
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
    """Bytes that were not searched, and why. `size` is None where nobody can say how many they are."""

    path: str
    reason: str
    size: int | None = None


@dataclass(slots=True)
class SearchTotals:
    """Running totals of a search; totals of parts add up to those of the whole.

    `bytes_scanned` counts bytes that were searched: of a plain file its bytes, of an archive those of its members as
    they were taken out. `is_interrupted` says that somebody stopped the search before its end.
    """

    findings: list[LeakedKey] = field(default_factory=list)
    skipped: list[SkippedBytes] = field(default_factory=list)
    bytes_scanned: int = 0
    files: int = 0
    is_interrupted: bool = False

    @property
    def bytes_skipped(self) -> int:
        """Bytes not searched, as far as they can be counted."""
        return sum(skip.size or 0 for skip in self.skipped)

    def add(self, other: SearchTotals) -> None:
        """Take in the totals of a part."""
        self.findings += other.findings
        self.skipped += other.skipped
        self.bytes_scanned += other.bytes_scanned
        self.files += other.files
