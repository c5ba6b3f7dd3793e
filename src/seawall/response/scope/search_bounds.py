"""What a search may grow to, and how rare a thing has to be before it is followed."""

from __future__ import annotations

from dataclasses import dataclass

DAY = 86_400_000_000
HOUR = 3_600_000_000

HABIT_DAYS = 2
"""On so many days before the intrusion an account used something that is then its owner's as much as the intruder's."""

LEAD = 7 * DAY
"""So long before the first record that carries a seed the span begins, unless it is said when: an intruder is there before
anybody knows by what."""

HOLDERS = 3
"""A session or a token that more accounts carry than this names nothing."""

ROAMING_DAYS = 3
"""On so many days before the intrusion an account came through a household's or a telephone's provider in the same way."""

MANY = 5
"""An address that so many accounts of an organisation used before the intrusion is its own way out."""

MAIL, SIGN_IN = "mail_access", "sign_in"
"""The kinds of record that show an intruder."""

GMAIL = "delivery:"
"""How what Gmail's own log says begins; calls of applications alone do not show what people open."""

SHOWS = f"""(kind = '{MAIL}'
    AND (source IS DISTINCT FROM 'google_workspace' OR starts_with(coalesce(activity, ''), '{GMAIL}')))"""
"""A record that shows that reading of its mailbox is logged."""

THROTTLED_AT = 1_000
"""Exchange Online stops to log Bind for a mailbox, for 24 hours, when it has so many records of it in 24 hours."""

RECORDS = 2_000
"""Ids of records that are told of a subject or a folder."""


@dataclass(frozen=True, slots=True)
class SearchBounds:
    """Bounds on growth. `few`: an address that more accounts use, which nothing else links, is not followed."""

    rounds: int = 8
    indicators: int = 5_000
    accounts: int = 5_000
    messages: int = 1_000_000
    few: int = 10
