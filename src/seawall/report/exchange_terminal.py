"""Show indicators of a store, who shows them, and what was withheld. Every text from others passes `visible`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from seawall.response.exchange.matching import IndicatorSighting, WantedIndicator
from seawall.response.exchange.release import WithheldReason
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import minute_text, rfc3339

WITHHELD_WORDS: Final[Mapping[WithheldReason, str]] = {
    "kind": "accounts, mailboxes, sessions, tokens and devices never leave",
    "form": "not of a form that may leave, such as the id of an application",
    "name": "the name of an organisation or account",
    "well-known": "a well-known application, which everybody has",
    "internal": "an internal address or a private network number",
    "own": "an organisation's own address",
    "own-unknown": "without events it is unknown whether the address is an organisation's own",
    "few-organisations": "seen in fewer than three organisations, and there is no key to hash it (--key-file)",
}
MOST_SHOWN: Final = 200
_LINE: Final = 300
_HASH: Final = 12


def print_indicators(console: Console, wanted: Sequence[WantedIndicator]) -> None:
    """Print indicators, one a line."""
    console.print(_line(plural(len(wanted), "indicator"), "bold"))
    for one in wanted[:MOST_SHOWN]:
        until = "" if one.end is None else f" to {minute_text(one.end)}"
        marking = f"  TLP:{one.tlp.upper()}" if one.tlp else ""
        origin = f"from {_host(one.origin)}" if one.origin else "saved by an analyst"
        console.print(_line(f"  {_value(one)}  {minute_text(one.start)}{until} UTC{marking}  {origin}"))
        if one.name:
            console.print(_line(f"    {one.name}", "dim"))
    _print_rest(console, len(wanted))


def print_sightings(console: Console, sightings: Sequence[IndicatorSighting]) -> None:
    """Print which accounts show which indicators, the last seen first."""
    console.print(_line(plural(len(sightings), "sighting"), "bold"))
    for one in sightings[:MOST_SHOWN]:
        span = f"{minute_text(one.first)} to {minute_text(one.last)} UTC"
        origin = f"  from {_host(one.indicator.origin)}" if one.indicator.origin else ""
        console.print(
            _line(
                f"  {one.tenant}  {one.account}  {_kind(one.indicator)} {one.value}  {plural(one.records, 'record')}"
            )
        )
        incidents = f"  incident {', '.join(one.incidents)}" if one.incidents else ""
        console.print(_line(f"    {span}{incidents}{origin}"))
    _print_rest(console, len(sightings))


def wanted_document(one: WantedIndicator) -> dict[str, Any]:
    """Return an indicator as values that JSON can hold."""
    return {
        "kind": one.kind,
        "value": visible(one.value),
        "is_hashed": one.is_hashed,
        "tenant": one.tenant,
        "valid_from": rfc3339(one.start),
        "valid_until": None if one.end is None else rfc3339(one.end),
        "confidence": one.confidence,
        "tlp": one.tlp,
        "source": one.origin,
        "id": one.id,
        "name": visible(one.name),
    }


def sighting_document(one: IndicatorSighting) -> dict[str, Any]:
    """Return a sighting as values that JSON can hold."""
    return {
        "tenant": one.tenant,
        "account": one.account,
        "value": one.value,
        "first_event": rfc3339(one.first),
        "last_event": rfc3339(one.last),
        "records": one.records,
        "incidents": list(one.incidents),
        "indicator": wanted_document(one.indicator),
    }


def _host(origin: str) -> str:
    """Return the host of a collection's address; `--json` has the whole."""
    return origin.partition("://")[2].partition("/")[0]


def _kind(one: WantedIndicator) -> str:
    return one.kind.replace("_", " ")


def _value(one: WantedIndicator) -> str:
    return f"{_kind(one)} hash {one.value[:_HASH]}…" if one.is_hashed else f"{_kind(one)} {one.value}"


def _print_rest(console: Console, count: int) -> None:
    if count > MOST_SHOWN:
        console.print(_line(f"  and {count - MOST_SHOWN:,} more (--json)"))


def _line(text: str, style: str = "") -> Text:
    return Text(visible(text, _LINE), style=style, overflow="fold")
