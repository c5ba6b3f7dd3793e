"""Limits on a search's growth, and how rare an indicator must be to be followed."""

from __future__ import annotations

from dataclasses import dataclass

DAY = 86_400_000_000
HOUR = 3_600_000_000

HABIT_DAYS = 2
"""An indicator that an account used on this many days before the intrusion is its owner's as much as the intruder's."""

LEAD = 7 * DAY
"""Microseconds between the default start of the span and the first match of a seed: the intruder comes before he is noticed.
"""

HOLDERS = 3
"""A session or token on records of more accounts than this identifies nothing."""

ROAMING_DAYS = 3
"""Days before the intrusion on which an account must have used a household or mobile provider in the same way."""

MANY = 5
"""An address that this many of an organisation's accounts used before the intrusion is the organisation's own gateway."""

MAIL, SIGN_IN = "mail_access", "sign_in"
"""Kinds of records that show an intruder."""

GMAIL = "delivery:"
"""Prefix of operations in Gmail's own log. API calls of applications do not show what people open."""

GRAPH = "graph_activity"
"""Log of requests of programs, which does not show what mail programs and Outlook on the web open."""

SHOWS = f"""(kind = '{MAIL}' AND source IS DISTINCT FROM '{GRAPH}'
    AND (source IS DISTINCT FROM 'google_workspace' OR starts_with(coalesce(activity, ''), '{GMAIL}')))"""
"""SQL for a record which shows that mail access to its mailbox is logged."""

THROTTLED_AT = 1_000
"""Bind records of a mailbox within 24 hours after which Exchange Online stops logging them for 24 hours."""

RECORDS = 2_000
"""The most record ids that are listed for a subject or a folder."""


@dataclass(frozen=True, slots=True)
class SearchBounds:
    """Growth limits. `few`: an address with more otherwise unlinked accounts is not followed."""

    rounds: int = 8
    indicators: int = 5_000
    accounts: int = 5_000
    messages: int = 1_000_000
    few: int = 10
