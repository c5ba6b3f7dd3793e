"""A message as every channel gets it: safe lines of text, facts, a level and a link, made from the stored document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote

from seawall.detection.incident import SEVERITIES
from seawall.detection.incidents.story.text import write_story
from seawall.storage.files.incident_documents import story_from_document
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import rfc3339

Level = Literal["info", "low", "medium", "high", "critical"]

KINDS: Final = (
    "incident.raised", "history.judged", "source.silent", "source.resumed", "watch.interrupted", "containment.done",
    "containment.unclear", "containment.withheld", "containment.simulated", "campaign.found", "digest.weekly", "channel.test",
)  # fmt: skip
"""All kinds of messages. `channel.test` reaches every channel, whatever its filters."""

ENDINGS: Final = {
    "source.resumed": "source.silent",
}
"""Kinds that end an alarm, and the kind of the alarm that they end."""

LONGEST_LINE: Final = 600
LONGEST_TITLE: Final = 200
MOST_LINES: Final = 10
MOST_ACCOUNTS: Final = 5
_LEVELS: Final[dict[str, Level]] = {
    "history.judged": "medium",
    "source.silent": "medium",
    "watch.interrupted": "high",
    "campaign.found": "high",
    "containment.done": "high",
    "containment.unclear": "critical",
    "containment.withheld": "high",
}


@dataclass(frozen=True, slots=True)
class ChannelNote:
    """One message. `id` is the same in all attempts. `at` is its time in microseconds since 1970.

    `about` is the same for an alarm and for its ending: an incident's id, or the name of what stopped. `attack` is the same
    for the incidents of one attack, "" for one that stands alone. `title`, `lines` and
    `facts` are single lines without control characters; each channel escapes them for its own markup. `link` is empty if
    the console's address is unknown. `document` is what the webhook gets as `data`.
    """

    id: str
    kind: str
    at: int
    level: Level
    organisation: str
    about: str
    title: str
    lines: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    link: str
    document: Mapping[str, Any]
    attack: str = ""

    @property
    def is_ending(self) -> bool:
        """Return whether the message ends an alarm."""
        return self.kind in ENDINGS

    @property
    def key(self) -> str:
        """Return the key that an alarm and its ending share, at most 255 characters.

        Incidents of one attack share it too, as long as their level is the same: a graver one is an alarm of its own.
        """
        if self.attack:
            return f"seawall:attack:{self.attack}:{self.level}"[:255]
        return f"seawall:{ENDINGS.get(self.kind, self.kind)}:{self.about}"[:255]

    def text(self) -> str:
        """Return the message as plain text of several lines, without markup."""
        facts = [f"{name}: {value}" for name, value in self.facts]
        return "\n".join([*self.lines, "", *facts, *([f"Open: {self.link}"] if self.link else [])])


def make_note(
    id_: str, kind: str, about: str, document: Mapping[str, Any], *, at: int, console: str = ""
) -> ChannelNote:
    """Return the message about a document. Never raises for its content: a missing key leaves a fact out.

    `console` is the console's URL with a final slash, empty if unknown.
    """
    make = _MAKERS.get(kind, _make_other)
    level, title, lines, facts = make(kind, document)
    page = f"incidents/{quote(about, safe='')}" if kind.startswith(_OF_INCIDENT) else _PAGES.get(kind, "")
    kept = [_line(line) for line in lines if line]
    if len(kept) > MOST_LINES:
        kept = [*kept[: MOST_LINES - 1], f"and {len(kept) - MOST_LINES + 1} more"]
    return ChannelNote(
        id=id_,
        kind=kind,
        at=at,
        level=level,
        organisation=_line(document.get("tenant", "")),
        about=_line(about),
        title=_line(title, LONGEST_TITLE),
        lines=tuple(kept),
        facts=tuple((name, _line(value)) for name, value in facts if value not in (None, "")),
        link=f"{console}{page}" if console else "",
        document=document,
        attack=_line(document.get("attack") or "") if kind == "incident.raised" else "",
    )


_OF_INCIDENT: Final = ("incident.", "containment.")
_PAGES: Final = {
    "history.judged": "incidents", "campaign.found": "tenants", "digest.weekly": "", "channel.test": "",
} | dict.fromkeys(
    ("source.silent", "source.resumed", "watch.interrupted"), "health",
)  # fmt: skip

_Made = tuple[Level, str, Iterable[Any], Sequence[tuple[str, Any]]]


def _make_incident(_: str, document: Mapping[str, Any]) -> _Made:
    severity = document.get("severity")
    level: Level = severity if severity in SEVERITIES else "medium"
    account = document.get("account", "")
    facts = [
        ("Account", account),
        ("Organisation", document.get("tenant")),
        ("Same attack as", _list_attacked(document)),
        ("Severity", level),
        ("Chance", _chance(document.get("chance"))),
        ("First event", document.get("first_event")),
        ("Last event", document.get("last_event")),
        ("Incident", document.get("id")),
    ]
    title, local = str(document.get("title") or "Incident"), str(account).partition("@")[0]
    is_named = bool(local) and title.startswith(local)
    return level, title if is_named else f"{title}: {account}", _list_lines(document), facts


def _list_attacked(document: Mapping[str, Any]) -> str:
    """Return the other accounts that the incident is tied to in its attack, "" if it stands alone."""
    links = [one for one in document.get("attack_links") or () if isinstance(one, Mapping)]
    accounts = list(dict.fromkeys(str(one.get("account", "")) for one in links))
    if len(accounts) <= MOST_ACCOUNTS:
        return ", ".join(accounts)
    return f"{', '.join(accounts[:MOST_ACCOUNTS])} and {len(accounts) - MOST_ACCOUNTS} more"


def _list_lines(document: Mapping[str, Any]) -> list[Any]:
    """Return what happened: the story if the incident has one and it can be read, else the summary and strongest reasons."""
    try:
        story = write_story(story_from_document(document))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        story = []
    if story:
        return [*story, document.get("summary")]
    reasons = [one for one in document.get("reasons") or () if isinstance(one, Mapping)]
    weighed = [(one.get("weight", 0.0), one.get("text")) for one in reasons]
    strong = [(weight, text) for weight, text in weighed if isinstance(weight, (int, float)) and weight > 0]
    return [document.get("summary"), *(text for _, text in sorted(strong, key=lambda pair: -pair[0]))]


def _chance(chance: Any) -> str:
    if not isinstance(chance, (int, float)):
        return ""
    return f"{chance:.0%} of incidents with this score were real"


def _make_history(_: str, document: Mapping[str, Any]) -> _Made:
    raised = document.get("raised", 0)
    count = plural(raised, "incident") if isinstance(raised, int) else "incidents"
    span = f"{document.get('from', '?')} to {document.get('to', '?')}"
    tenant = document.get("tenant", "")
    return (
        "medium",
        f"{count} in the past of {tenant}",
        [f"Older logs were judged: {span}."],
        [("Organisation", tenant)],
    )


def _make_source(kind: str, document: Mapping[str, Any]) -> _Made:
    source, tenant = document.get("source", "?"), document.get("tenant", "?")
    facts = [("Organisation", tenant), ("Source", source), ("Last heard", document.get("last_heard"))]
    if kind == "source.resumed":
        return "info", f"Source {source} of {tenant} sends again", [], facts
    line = "No records arrive, so nothing that happens there is seen. Check the collector and the vendor's log settings."
    return _LEVELS[kind], f"Source {source} of {tenant} is silent", [line], facts


def _make_digest(_: str, document: Mapping[str, Any]) -> _Made:
    rows = [one for one in document.get("organisations") or () if isinstance(one, Mapping)]
    raised = sum(one.get("raised", 0) for one in rows)
    gaps = [one for one in rows if one.get("gaps")]
    if not rows:
        title = "Weekly digest: no organisation has sent records"
    elif gaps:
        title = f"Weekly digest: coverage is incomplete in {plural(len(gaps), 'organisation')}"
    elif raised:
        title = f"Weekly digest: {plural(raised, 'incident')}, coverage complete"
    else:
        title = "Weekly digest: all quiet, coverage complete"
    lines = [_row_line(one) for one in sorted(rows, key=lambda one: not one.get("gaps"))]
    facts = [("From", document.get("from")), ("To", document.get("to"))]
    return ("medium" if gaps or not rows else "info"), title, lines, facts


def _make_campaign(kind: str, document: Mapping[str, Any]) -> _Made:
    """Say what organisations share. Who is limited to some is told the number of the others alone."""
    own = [str(one) for one in document.get("tenants") or ()]
    others = document.get("other_organisations") or 0
    count = document.get("organisations", len(own))
    shown = [one for one in document.get("accounts") or () if isinstance(one, Mapping)]
    also = f"; also seen at {plural(others, 'other organisation')}" if others else ""
    title = (
        f"Campaign: {', '.join(own[:MOST_ACCOUNTS])}{also}"
        if others
        else f"Campaign in {count} organisations"
    )
    values = [
        f"Shared {one.get('field')}: {one.get('value')}"
        for one in document.get("values") or ()
        if isinstance(one, Mapping)
    ]
    accounts = [f"{one.get('tenant')}: {one.get('account')}, first {one.get('first')}" for one in shown]
    facts = [
        ("Organisations", ", ".join(own[:MOST_ACCOUNTS]) + (" and more" if len(own) > MOST_ACCOUNTS else "")),
        ("Other organisations", others or None),
        ("First", document.get("first")),
        ("Last", document.get("last")),
    ]
    return _LEVELS[kind], title, [*values[:3], *accounts], facts


def _row_line(row: Mapping[str, Any]) -> str:
    gaps = "; ".join(map(str, row.get("gaps") or ())) or "coverage complete"
    raised = row.get("raised", 0)
    quiet = plural(raised, "incident") if raised else "all quiet"
    return f"{row.get('tenant', '?')}: {quiet}; {plural(row.get('records', 0), 'record')}; {gaps}"


def _make_other(kind: str, document: Mapping[str, Any]) -> _Made:
    level: Level = _LEVELS.get(kind, "info")
    facts = [(name, document.get(key)) for name, key in _OTHER_FACTS if document.get(key) is not None]
    return level, str(document.get("title") or kind), [document.get("text")], facts


_OTHER_FACTS: Final = (
    ("Organisation", "tenant"),
    ("From", "from"),
    ("To", "to"),
    ("Channel", "channel"),
    ("Account", "account"),
    ("Undo", "undo"),
)

_MAKERS: Final = {
    "incident.raised": _make_incident,
    "history.judged": _make_history,
    "source.silent": _make_source,
    "source.resumed": _make_source,
    "campaign.found": _make_campaign,
    "digest.weekly": _make_digest,
}


def _line(value: Any, limit: int = LONGEST_LINE) -> str:
    return visible(" ".join(str(value).split()), limit)


def make_test_note(channel: str, *, at: int, console: str = "") -> ChannelNote:
    """Return the message that `seawall channels test` sends."""
    document = {
        "title": "Test message of Seawall",
        "text": f"The channel {channel} works. Nothing has happened, and nothing needs to be done.",
        "channel": channel,
        "sent": rfc3339(at),
    }
    return make_note(
        f"seawall-channel-test-{at}", "channel.test", f"test-{channel}-{at}", document, at=at, console=console
    )
