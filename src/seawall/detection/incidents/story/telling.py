"""Tell the acts of a case in order: merge what belongs together, and say each in one sentence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from seawall.detection.incidents.story.act import StoryAct, StorySentence
from seawall.detection.incidents.story.templates import TEMPLATES, fill_template
from seawall.events.lookalikes import find_imitated_name
from seawall_base.plurals import plural

MOST_SENTENCES: Final = 60
"""Most sentences of a story; the weightiest are kept."""

KEY_LINES: Final = 7
"""Lines of a story in short."""

MOST_EVENTS: Final = 20
"""Most record ids of one sentence; the number of the others is kept too."""

_NAMED: Final = 4
_IN_TITLE: Final = 3
_KEY_WEIGHT: Final = 60
_DAY: Final = 86_400_000_000
_TOGETHER: Final = 120_000_000
"""Microseconds within which records are written of one consent, or of one application that is made."""

_PART_OF: Final = {
    "permission_grant": ("consent", "consent_for_all"),
    "app_assigned": ("consent", "consent_for_all"),
    "app_added": ("app_made", "consent", "consent_for_all"),
    "app_owner": ("app_made",),
}
"""Acts that the provider records beside another one, which alone is told."""

_WHOLES: Final = frozenset(whole for wholes in _PART_OF.values() for whole in wholes)
_OF_APPLICATIONS: Final = frozenset(
    {
        "consent",
        "consent_for_all",
        "app_trusted",
        "app_made",
        "app_added",
        "credential",
        "credential_changed",
        "app_assigned",
    }
)
_IMITATES: Final = ("lookalike of", "looks like")
"""Words of a sentence about a name that imitates another; stored sentences may have the second."""

_COUNTED: Final = frozenset(
    {"read", "synchronised", "opened", "sent", "deleted", "downloaded", "viewed", "shared"}
)
_TEXTS: Final = ("object", "whom", "place")


def tell_story(acts: Iterable[Sequence[StoryAct]], account: str) -> tuple[StorySentence, ...]:
    """Return the story of a case in order of time. `acts` are those of its groups, `account` is whose case it is."""
    own = _list_own_names(merged := _fold(merge_acts(acts)), account)
    told = [_tell(group, account, own) for group in _join(merged)]
    weightiest = sorted(told, key=lambda one: (-_weigh(one), one.time))[:MOST_SENTENCES]
    return tuple(sorted(weightiest, key=lambda one: (one.time, one.act, one.sentence)))


def choose_key_lines(story: Sequence[StorySentence], most: int = KEY_LINES) -> list[StorySentence]:
    """Return the weightiest sentences, at most `most`, in order of time. How the intruder came in is among them."""
    by_weight = sorted(range(len(story)), key=lambda at: (-_weigh(story[at]), at))
    entry = next((at for at, one in enumerate(story) if one.act == "signed_in" and one.is_intruders), None)
    if entry is not None and entry not in by_weight[:most] and most > 1:
        by_weight.remove(entry)
        by_weight.insert(most - 1, entry)
    return [story[at] for at in sorted(by_weight[:most])]


def find_title(story: Sequence[StorySentence], account: str) -> str:
    """Return the story in one sentence: the account, and what it did that weighs most; "" without an act that weighs."""
    by_weight = sorted(
        (one for one in story if one.is_key), key=lambda one: (-_weigh(one), -one.count, one.time)
    )
    chosen: list[StorySentence] = []
    for one in by_weight:
        is_told = any(one.act == other.act or (one.object and one.object == other.object) for other in chosen)
        if not is_told and len(chosen) < _IN_TITLE:
            chosen.append(one)
    said = [one.short for one in sorted(chosen, key=lambda one: one.time)]
    return f"{_shorten(account, account)} {_list(said)}" if said else ""


def list_left_behind(story: Sequence[StorySentence]) -> list[str]:
    """Return what works on after the intruder is gone, the weightiest first."""
    return list(
        dict.fromkeys(one.left for one in sorted(story, key=lambda one: (-_weigh(one), one.time)) if one.left)
    )


def merge_acts(found: Iterable[Sequence[StoryAct]]) -> list[StoryAct]:
    """Return the acts of several groups in order of time, each once: those without an address are in several groups.

    Of those with the same records, one that is attributed to the attacker stays; among them the one that counts most, so
    that the order in which the groups come does not show.
    """
    distinct: dict[tuple[str, int, tuple[str, ...], str, str, str], StoryAct] = {}
    for act in (act for acts in found for act in acts):
        key = (act.act, act.time, act.events, act.object, act.whom, act.place)
        distinct[key] = max(distinct.get(key, act), act, key=_rank_equal_acts)
    return [distinct[key] for key in sorted(distinct, key=lambda key: (key[1], key[0], key[2:]))]


def _rank_equal_acts(act: StoryAct) -> tuple[bool, int, int, int, int, str, str]:
    """Return by what one of several acts with the same records is chosen: every field that may differ."""
    return (act.is_intruders, act.count, act.more, act.unlisted, act.end, act.detail, act.actor)


def _fold(acts: list[StoryAct]) -> list[StoryAct]:
    """Leave out the acts that are part of another one; their records count as its own."""
    wholes = [place for place, act in enumerate(acts) if act.act in _WHOLES]
    found, parts = list(acts), set[int]()
    for at, act in enumerate(acts):
        if act.act not in _PART_OF:
            continue
        whole = next((place for place in wholes if _is_part(act, acts[place])), None)
        if whole is not None:
            events = dict.fromkeys((*found[whole].events, *act.events))
            found[whole] = replace(found[whole], events=tuple(events))
            parts.add(at)
    return [act for at, act in enumerate(found) if at not in parts]


def _is_part(act: StoryAct, whole: StoryAct) -> bool:
    """Return whether the provider recorded one act as a part of another one."""
    is_near = whole.actor == act.actor and abs(whole.time - act.time) <= _TOGETHER
    is_same = act.act == "permission_grant" or not act.object or act.object == whole.object
    return whole.act in _PART_OF[act.act] and is_near and is_same


def _join(acts: Sequence[StoryAct]) -> Iterator[list[StoryAct]]:
    """Yield the acts that one sentence tells, in order of the first: alike on one day, the same again, or counted."""
    groups: dict[tuple[object, ...], list[StoryAct]] = defaultdict(list)
    for act in acts:
        template = TEMPLATES[act.act]
        same = template.same if template.many else (*_TEXTS, "detail")
        day = 0 if act.act in _COUNTED or "{times}" in template.one else act.time // _DAY
        groups[act.act, act.actor, day, *(getattr(act, name) for name in same)].append(act)
    yield from groups.values()


def _say_folders(times: int, *, is_needed: bool) -> str:
    if times > 1:
        return f"folders {times:,} times"
    return "a folder" if times or is_needed else ""


def _tell(group: list[StoryAct], account: str, own: Sequence[str]) -> StorySentence:
    first = group[0]
    template = TEMPLATES[first.act]
    things = list(dict.fromkeys((act.object, act.whom, act.place) for act in group))
    is_counted = first.act in _COUNTED
    count = sum(act.count for act in group) if is_counted or len(things) == 1 else len(things)
    more = sum(act.more for act in group)
    said = template.many if len(things) > 1 else template.one
    texts = {
        "object": _strip_number(first.object) if "{times}" in template.one else first.object,
        "place": _shorten(first.place, account),
        "count": f"{count:,}",
        "messages": plural(count, "message"),
        "files": plural(count, "file"),
        "folders": _say_folders(more, is_needed=first.act == "synchronised"),
        "times": plural(count, "time") if count > 1 else "",
        "objects": _list_names(sorted((thing[0] for thing in things), key=_is_lesser_role)),
        "mailboxes": f"{len(things):,}",
        "places": _list_names([_shorten(thing[2] or account, account) for thing in things]),
    }
    again = len(things) == 1 and len(group) > 1 and not is_counted and "{times}" not in template.one
    holder = account if first.whom == "itself" else first.whom
    names = {
        "whom": _shorten(first.whom, account),
        "whoms": _list_names([_shorten(thing[1], account) for thing in things]),
    }
    noted = {
        "whom": _note_imitation(first.whom, account, own),
        "whoms": _list_names([_note_imitation(thing[1], account, own) for thing in things]),
        "detail": _say_detail(first, own),
    }
    events = tuple(dict.fromkeys(event for act in group for event in act.events))
    return StorySentence(
        time=min(act.time for act in group),
        end=max(act.end for act in group),
        actor=first.actor,
        act=first.act,
        object=first.object if len(things) == 1 else texts["objects"],
        whom=first.whom if len(things) == 1 else names["whoms"],
        place=first.place if len(things) == 1 else texts["places"],
        count=count,
        sentence=_take(fill_template(said, texts | noted)) + (f", {plural(count, 'time')}" if again else ""),
        short=_take(fill_template(said.partition(":")[0], texts | names | {"objects": ""})),
        left=fill_template(template.left, texts | names | {"whom": _shorten(holder, account)}),
        events=events[:MOST_EVENTS],
        unlisted=sum(act.unlisted for act in group) + max(len(events) - MOST_EVENTS, 0),
        is_intruders=any(act.is_intruders for act in group),
        is_key=template.weight >= _KEY_WEIGHT,
    )


def _take(sentence: str) -> str:
    """Return a sentence in which who gives to the own account takes."""
    return re.sub(r"^gave itself ", "took ", sentence)


def _is_lesser_role(name: str) -> bool:
    """Return whether a name is none of the roles that may do everything: those are named first."""
    return not name.lower().startswith(
        ("global admin", "company admin", "super", "_seed_admin", "privileged")
    )


def _note_imitation(name: str, account: str, own: Sequence[str]) -> str:
    """Return an account's short name, with the name that it imitates."""
    imitated = find_imitated_name(name.partition("@")[0], own)
    return _shorten(name, account) + (f" (lookalike of {imitated})" if imitated else "")


def _say_detail(act: StoryAct, own: Sequence[str]) -> str:
    if act.act not in _OF_APPLICATIONS:
        return act.detail
    imitated = find_imitated_name(act.object, own)
    return "; ".join(part for part in (act.detail, f"lookalike of {imitated}" if imitated else "") if part)


def _strip_number(network: str) -> str:
    """Return a network's name without its number: `Example Hosting` of `AS64500 Example Hosting`."""
    number, _, name = network.partition(" ")
    return name if name and number[:2] == "AS" and number[2:].isdigit() else network


def _list_own_names(acts: Iterable[StoryAct], account: str) -> list[str]:
    """Return the local parts and domains that the account's own organisation uses, as far as the acts show them."""
    domain = account.rpartition("@")[2]
    names = {
        account,
        *(text for act in acts for text in (act.whom, act.place) if text.endswith(f"@{domain}")),
    }
    return sorted({name.partition("@")[0] for name in names} | {domain})


def _shorten(name: str, account: str) -> str:
    """Return a name without the domain that it has in common with the account."""
    domain = account.rpartition("@")[2] if "@" in account else ""
    local, at, of = name.rpartition("@")
    return local if at and domain and of.lower() == domain else name


def _list_names(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(name for name in names if name))
    if len(distinct) <= _NAMED:
        return _list(distinct)
    return f"{', '.join(distinct[: _NAMED - 1])} and {len(distinct) - _NAMED + 1:,} more"


def _list(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def _weigh(one: StorySentence) -> int:
    imitates = one.act in _OF_APPLICATIONS and any(words in one.sentence for words in _IMITATES)
    return TEMPLATES[one.act].weight + 10 * imitates + 100 * one.is_intruders


def count_more(story: Sequence[StorySentence], shown: Sequence[StorySentence]) -> str:
    """Return `and 12 more acts`, "" if all are shown."""
    left = len(story) - len(shown)
    return f"and {plural(left, 'more act')}" if left > 0 else ""
