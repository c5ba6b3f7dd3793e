"""Define an act of a story, and the sentence that tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoryAct:
    """Hold one act of an account as its records show it: which act, by whom, to what, for whom, in whose mailbox.

    `time` and `end` are the first and the last record, in microseconds since 1970. `count` counts records, or what the act's
    template says; `more` is a second count. `events` are ids of the records, `unlisted` how many others there are.
    `is_intruders` says whether the records are attributed to the attacker, or lie beside them without an address.
    """

    act: str
    time: int
    end: int
    actor: str
    object: str = ""
    whom: str = ""
    place: str = ""
    detail: str = ""
    count: int = 1
    more: int = 0
    events: tuple[str, ...] = ()
    unlisted: int = 0
    is_intruders: bool = True


@dataclass(frozen=True, slots=True)
class StorySentence:
    """Hold one line of a story. `sentence` has neither time nor account: `consented to Mail Tool (reads mail)`.

    `short` says the same in fewer words, for a title; `left` names what works on after the intruder is gone, "" if nothing
    does. `is_key` says whether a short telling keeps the line. Times are in microseconds since 1970.
    """

    time: int
    end: int
    actor: str
    act: str
    object: str
    whom: str
    place: str
    count: int
    sentence: str
    short: str
    left: str
    events: tuple[str, ...]
    unlisted: int = 0
    is_intruders: bool = True
    is_key: bool = True
