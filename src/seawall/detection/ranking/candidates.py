"""Describe a candidate: one group that may become (part of) an incident, with the numbers of its explanation.

Knowledge of the account changes every day. So the numbers are recorded when the group is scored, before the day is learnt.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from seawall.detection.feedback_values import ScoreAdjustment
from seawall.detection.incidents.session_beginnings import Beginnings
from seawall.detection.incidents.story.act import StoryAct
from seawall.detection.incidents.story.handovers import Handover, list_handovers
from seawall.detection.incidents.vendor_statements import Statements
from seawall.detection.ranking.patterns import REFUSED, Pattern
from seawall.detection.ranking.recorded_acts import RecordedAct
from seawall.detection.ranking.rule_hits import RuleHit


@dataclass(frozen=True, slots=True)
class FieldEvidence:
    """Hold the value of one field (`now`) and how usual it is.

    - `seen`: days on which the account showed it before, of its `active_days`; older days weigh less.
    - `accounts`: other accounts that showed it before, of `peers` in the tenant. `cohort`: others that meet it today.
    - `surprise` is in nats. `usual` lists the account's most frequent values as (value, share of active days).
    """

    field: str
    now: str
    seen: float
    active_days: float
    accounts: int
    peers: int
    cohort: int
    surprise: float
    usual: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ScoredCandidate:
    """Hold one scored group.

    Times are in microseconds since 1970, `score` is in log-odds, and `p` belongs to the pattern that names the group.
    `score` is `base` plus all `parts`, plus all `adjustments` by analysts' answers. `network` is "" if there was none.
    `acts` are what the account did on the day that a rule names, `story` what its records show; `grantees` are the accounts
    to which it gave a role. All values are texts and not codes, so that a candidate does not depend on the numbering of codes.

    `follows` are days before: on the same network, the account showed something new on them that this group shows again. With
    `is_follow_up`, the group is no candidate by itself, and only joins the story of a case with one of these days.

    `others` are further accounts that were refused from the same network (see `refusals`). `sources` are the logs that hold
    the attacker's records.
    """

    tenant: str
    account: str
    account_type: str
    day: int
    network: str
    score: float
    base: float
    parts: dict[str, float]
    unsupervised: float
    pattern: Pattern
    p: float
    first: int
    last: int
    facts: tuple[FieldEvidence, ...]
    rules: tuple[str, ...]
    values: dict[str, float]
    events: tuple[str, ...]
    more_events: int
    mailboxes: tuple[str, ...]
    proved: int
    possible: int
    throttled: bool
    unlinked: bool
    curve: tuple[tuple[int, float], ...] = ()
    points: tuple[tuple[int, str, int, bool], ...] = field(default=())
    adjustments: tuple[ScoreAdjustment, ...] = ()
    sigma: tuple[RuleHit, ...] = ()
    beginnings: Beginnings = ()
    statements: Statements = ()
    acts: tuple[RecordedAct, ...] = ()
    is_administrator: bool = False
    grantees: tuple[str, ...] = ()
    follows: tuple[int, ...] = ()
    is_follow_up: bool = False
    others: tuple[str, ...] = ()
    story: tuple[StoryAct, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def is_on_new_network(self) -> bool:
        """Return whether the account never showed the network before."""
        return self.values.get("network.is_new", 0) > 0

    @property
    def is_refused(self) -> bool:
        """Return whether the candidate holds attempts that gained nothing."""
        return self.pattern.name == REFUSED.name

    @property
    def address_block(self) -> str:
        """Return the address block that is most surprising for the account, "" if none is known."""
        return next((fact.now for fact in self.facts if fact.field == "prefix"), "")

    @property
    def handovers(self) -> tuple[Handover, ...]:
        """Return what the candidate's acts hand over to others."""
        return list_handovers(self.story, self.account)

    @property
    def case_owner(self) -> str:
        """Return what the candidates of one case have in common: the account, or the source of attempts on several."""
        return name_case_owner(
            self.account, self.network, is_shared=bool(self.others), is_refused=self.is_refused
        )

    def describe(self) -> ScoredCandidate:
        """Return the candidate itself: it holds its words already."""
        return self

    def describe_part(self) -> ScoredCandidate:
        """Do the same for a candidate that is not the strongest of its case."""
        return self


def name_case_owner(account: str, network: str, *, is_shared: bool, is_refused: bool) -> str:
    """Return the name that the candidates of one case share.

    Attempts that gained nothing are cases of their own, so that they change no score of what was gained. Those on several
    accounts belong to their source.
    """
    if not is_refused:
        return account
    return f"refused\0{network if is_shared else ''}\0{'' if is_shared else account}"
