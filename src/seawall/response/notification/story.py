"""Tell in a letter what the intruder did to the addressee's mailbox or with the account. The sentences are in `languages/`.

A line names a rule, role, application or folder, and no person: whose account gained or lost something stays out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from seawall.events.lookalikes import find_imitated_name
from seawall.response.notification.document import LetterBlock, make_list, make_paragraph
from seawall.response.notification.language import Language
from seawall.response.notification.letter import LetterFacts
from seawall.response.scope_values import SubjectAct

LINES: Final = 25
"""Lines of a letter's story; the enclosure has all acts."""

NAMES: Final = 6
"""Names of rules, roles or applications in one line."""

_APPLICATIONS: Final = frozenset(
    {
        "consent",
        "consent_for_all",
        "app_trusted",
        "app_made",
        "app_added",
        "credential",
        "credential_changed",
        "app_permission",
    }
)
"""Acts whose object is an application, whose name may imitate another one's."""

_PARTS: Final = {
    "app_assigned": ("consent", "consent_for_all"),
    "permission_grant": ("consent", "consent_for_all"),
    "app_added": ("consent", "consent_for_all", "app_made"),
}
"""Acts that the provider records as part of another one, which alone is told."""


def describe_story(facts: LetterFacts, language: Language, enclosures: Sequence[str]) -> list[LetterBlock]:
    """Return what the intruder did, a line for each kind of act, in order of time; empty if the records prove nothing."""
    told = sorted(_group_acts(facts), key=lambda one: (one[1][0].first, one[0], one[1][0].act))
    if not told:
        return []
    has_many = facts.kind == "organisation" or len({name for name, _ in told}) > 1
    lines = [_write_line(acts, language, name if has_many else "") for name, acts in told[:LINES]]
    blocks = [make_paragraph(language.say(f"story.lead_{facts.kind}")), make_list(lines)]
    if "acts.csv" in enclosures:
        blocks.append(make_paragraph(language.say("phrase.more_in_file", file="acts.csv")))
    elif len(told) > LINES:
        blocks.append(make_paragraph(language.say("story.more", count=len(told) - LINES)))
    return blocks


def _group_acts(facts: LetterFacts) -> Iterator[tuple[str, list[SubjectAct]]]:
    """Yield the acts that one line tells, with the mailbox or account: the same act to several objects."""
    of_names: dict[str, dict[str, list[SubjectAct]]] = {}
    for subject in facts.subjects:
        for act in subject.acts:
            of_names.setdefault(subject.name, {}).setdefault(act.act, []).append(act)
    for name, acts in of_names.items():
        for kind, same in acts.items():
            if not any(whole in acts for whole in _PARTS.get(kind, ())):
                yield name, sorted(same, key=lambda act: (act.first, act.object))


def _write_line(acts: Sequence[SubjectAct], language: Language, name: str) -> str:
    first, last = min(act.first for act in acts), max(act.last for act in acts)
    start, end = language.time(first), language.time(last)
    time = start if start == end else language.say("phrase.span", start=start, end=end)
    names = list(dict.fromkeys(act.object for act in acts if act.object))
    count = sum(act.count for act in acts)
    said = language.say(f"act.{acts[0].act}")
    if names:
        listed = ", ".join(_write_name(one, acts[0].act, language) for one in names[:NAMES])
        said = language.say("story.named", act=said, names=listed)
        if len(names) > NAMES:
            said = language.say("story.more_names", act=said, count=len(names) - NAMES)
    if count > max(len(names), 1):
        said = language.say("story.times", act=said, count=count)
    line = language.say("story.line", time=time, act=said)
    return language.say("story.of", name=name, line=line) if name else line


def _write_name(name: str, act: str, language: Language) -> str:
    imitated = find_imitated_name(name, ()) if act in _APPLICATIONS else ""
    if imitated:
        return language.say("story.imitates", name=language.cell(name), imitated=imitated)
    return language.say("story.name", name=language.cell(name))
