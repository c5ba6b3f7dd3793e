"""Compare the keys under which tokens were accepted, from a decision log or a list, with the keys listed now.

A line is a JSON object with `kid` and optionally `iss` or `issuer`, a plain kid, or an issuer and a kid separated by
white space. In a decision log, a refusal counts as use only if the signature was verified. Empty lines and lines that
begin with `#` are ignored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from seawall.keys.inventory.codes import KINDS, InventoryFinding
from seawall.keys.inventory.history import Listing, date
from seawall.keys.inventory.issuers import fits
from seawall.keys.inventory.store import NamedKey
from seawall_base.errors import InputUnreadable
from seawall_base.plurals import plural
from seawall_base.regular_files import open_file
from seawall_tokens.jose import strict_json

LONGEST_LINE: Final = 64 * 1024
LONGEST_NAME: Final = 256
WITHHELD: Final = "(withheld)"
"""The decision log's replacement for a text that might be a secret."""
MOST_NAMES: Final = 100_000
"""Different pairs of issuer and kid; a log with more comes from forged tokens."""

Name = tuple[str | None, str]
"""Issuer (None: not stated) and kid."""


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """Counts of each key's use, and of unreadable and ignored lines."""

    counts: Counter[Name]
    lines_not_read: int


def read_used(path: Path) -> KeyUsage:
    """Read a list or log of keys in use. Raises `InputUnreadable` if the file cannot be read."""
    counts: Counter[Name] = Counter()
    bad = 0
    try:
        with open_file(path) as file:
            for line in _lines(file):
                name = _name(line) if line is not None else _BAD
                if name is _BAD or (name not in counts and len(counts) >= MOST_NAMES):
                    bad += 1
                elif name is not None:
                    counts[name] += 1
    except OSError as error:
        raise InputUnreadable(f"{path}: {error.strerror}", fix="check the path given to --used") from None
    return KeyUsage(counts, bad)


_BAD: Final[Name] = (None, "")


def _lines(file: Any) -> Iterator[bytes | None]:
    """Yield the lines; None for one that is too long."""
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE:
            yield line.strip()
            continue
        while not line.endswith(b"\n") and line:
            line = file.readline(LONGEST_LINE)
        yield None


def _name(line: bytes) -> Name | None:
    """Parse the key of a line; None if it deliberately names none, `_BAD` if it is unreadable."""
    if not line or line.startswith(b"#"):
        return None
    if line.startswith(b"{"):
        try:
            record = strict_json.loads(line, max_bytes=LONGEST_LINE, max_depth=8)
        except strict_json.JsonRefused:
            return _BAD
        return _record(record)
    try:
        words = line.decode("utf-8").split()
    except UnicodeDecodeError:
        return _BAD
    if len(words) > 2:
        return _BAD
    return _limit(words[0] if len(words) == 2 else None, words[-1])


def _record(record: dict[str, Any]) -> Name | None:
    if not proves_use(record):
        return None
    issuer, kid = record.get("iss", record.get("issuer")), record.get("kid")
    if (
        kid is None
        or WITHHELD in (kid, issuer)
        or not isinstance(kid, str)
        or not (issuer is None or isinstance(issuer, str))
    ):
        return _BAD
    return _limit(issuer, kid)


def proves_use(record: dict[str, Any]) -> bool:
    """Return whether a decision log's record shows a verified signature: a forger controls `kid`."""
    return record.get("outcome", "accepted") == "accepted" or record.get("verified") is True


def _limit(issuer: str | None, kid: str) -> Name:
    return (issuer, kid) if kid and max(len(kid), len(issuer or "")) <= LONGEST_NAME else _BAD


def find_unlisted_keys(
    used: KeyUsage, listings: Sequence[Listing], kids: Iterable[tuple[Listing, Sequence[NamedKey]]]
) -> tuple[list[InventoryFinding], list[str]]:
    """Return findings about keys in use that no set lists, and notes about what could not be judged.

    A kid is searched in the sets of its issuer, or in every set if the log names no issuer. Sets that were not wholly
    examined prove no absence.
    """
    earlier = {(id(listing), name.kid): name for listing, names in kids for name in names}
    findings, unknown = [], Counter[str]()
    for (issuer, kid), count in sorted(used.counts.items(), key=lambda item: (item[0][0] or "", item[0][1])):
        sets = [listing for listing in listings if issuer is None or _belongs(issuer, listing)]
        if not sets or not all(listing.complete for listing in sets):
            unknown[issuer or "an issuer that is not named"] += 1
        elif not any(_lists(listing, issuer, kid) for listing in sets):
            past = [earlier[id(listing), kid] for listing in sets if (id(listing), kid) in earlier]
            told = (
                f"listed until {date(max(name.last_seen for name in past))}"
                if past
                else "not known to have been listed"
            )
            findings.append(
                InventoryFinding(
                    KINDS["unlisted-still-used"],
                    sets[0].source,
                    f"used {plural(count, 'time')}, {told}",
                    None,
                    issuer,
                    kid,
                )
            )
    notes = [
        f"{plural(count, 'key')} of {issuer} {'is' if count == 1 else 'are'} in use and cannot be judged: "
        "its set was not read whole"
        for issuer, count in sorted(unknown.items())
    ]
    return findings, notes


def _belongs(issuer: str, listing: Listing) -> bool:
    named = {listing.issuer, *(entry.issuer for entry in listing.entries)} - {None}
    return not named or any(fits(issuer, other) for other in named if other)


def _lists(listing: Listing, issuer: str | None, kid: str) -> bool:
    """Return whether a set lists the kid for that issuer. A key bound to another issuer does not count."""
    return any(
        entry.kid == kid and (issuer is None or entry.issuer is None or fits(issuer, entry.issuer))
        for entry in listing.entries
    )
