"""Find the incident that a person means: by its number, its id or a beginning of it, or its account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from seawall.detection.incident import Incident, Severity
from seawall_base.errors import UsageError

_LONGEST_NUMBER: Final = 9
_EXAMPLES: Final = 3
_ACCOUNT: Final = "account:"


@dataclass(frozen=True, slots=True)
class IncidentHead:
    """Hold what orders an incident, and what a person may call it by."""

    id: str
    account: str
    raised: bool
    severity: Severity
    attack: str = ""


def list_numbers(heads: Sequence[Incident | IncidentHead], wanted: str) -> tuple[int, ...]:
    """Return the numbers of the incidents that a text means: of one, or of all incidents of one account, the worst first.

    `heads` are in reading order. A text is an id, a number as it is shown (`2` or `#2`), the beginning of an id, or an account:
    its whole name, or the part before the `@`. Raises `UsageError` if none fits, or ids or accounts that differ.
    """
    text = wanted.strip()
    exact = [number for number, one in enumerate(heads, start=1) if one.id == text]
    if exact:
        return (exact[0],)
    if _is_number(text.removeprefix("#"), len(heads)):
        return (int(text.removeprefix("#")),)
    name = text.casefold().removeprefix(_ACCOUNT)
    begun = [number for number, one in enumerate(heads, start=1) if text and one.id.startswith(text)]
    found = _find_account(heads, name) if name else []
    if found and (not begun or "@" in name):
        return tuple(found)
    if not begun:
        fix = "give its number, its id or its account, from the report or from incidents.jsonl"
        raise UsageError(f"no incident {wanted!r} among {len(heads):,}", fix=fix)
    if len(begun) > 1:
        examples = ", ".join(heads[number - 1].id for number in begun[:_EXAMPLES])
        raise UsageError(
            f"{wanted!r} starts {len(begun):,} ids, such as {examples}", fix="give more of the id"
        )
    return (begun[0],)


def find_number(heads: Sequence[Incident | IncidentHead], wanted: str) -> int:
    """Return the number of the incident that a text means, for reading; of an account's incidents, that of the worst one.

    Raises what `list_numbers` does.
    """
    return list_numbers(heads, wanted)[0]


def find_only_number(heads: Sequence[Incident | IncidentHead], wanted: str) -> int:
    """Return the number of the one incident that a text means, for a change. Raises `UsageError` if it means several."""
    found = list_numbers(heads, wanted)
    if len(found) > 1:
        numbers = ", ".join(str(number) for number in found)
        raise UsageError(f"{wanted!r} has {len(found):,} incidents: {numbers}", fix="give the number of one")
    return found[0]


def _find_account(heads: Sequence[Incident | IncidentHead], name: str) -> list[int]:
    """Return the numbers of an account's incidents, by its name in lower case. Raises `UsageError` if several have it."""
    names = [one.account.casefold() for one in heads]
    whole = [number for number, account in enumerate(names, start=1) if account == name]
    if whole or "@" in name:
        return whole
    found = [number for number, account in enumerate(names, start=1) if account.partition("@")[0] == name]
    accounts = sorted({names[number - 1] for number in found})
    if len(accounts) > 1:
        examples = ", ".join(accounts[:_EXAMPLES])
        raise UsageError(f"{name!r} begins {len(accounts):,} accounts: {examples}", fix="give the whole name")
    return found


def _is_number(text: str, count: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER and 1 <= int(text) <= count
