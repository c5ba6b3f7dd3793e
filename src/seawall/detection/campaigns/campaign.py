"""Define the campaign: what several organisations show in common."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SharedValue:
    """Hold one value that the campaign's accounts share: its field of behaviour, and its words.

    `other_accounts` use it too in all organisations together, without being part of the campaign.
    """

    field: str
    value: str
    organisations: int
    accounts: int
    other_accounts: int


@dataclass(frozen=True, slots=True)
class CampaignAccount:
    """Hold one account of a campaign: when it first showed one of the values, in microseconds since 1970, and its score.

    `incident` is the id of the account's incident around that time, "" if it has none.
    """

    tenant: str
    account: str
    first: int
    last: int
    score: float
    incident: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    """Describe accounts of several organisations that met the same rare values within days, the earliest first."""

    id: str
    values: tuple[SharedValue, ...]
    accounts: tuple[CampaignAccount, ...]

    @property
    def tenants(self) -> tuple[str, ...]:
        """Return the organisations in alphabetical order."""
        return tuple(sorted({one.tenant for one in self.accounts}))

    @property
    def first(self) -> int:
        """Return when the first account met one of the values, in microseconds since 1970."""
        return min(one.first for one in self.accounts)

    @property
    def last(self) -> int:
        """Return the end of the last account's group, in microseconds since 1970."""
        return max(one.last for one in self.accounts)

    @property
    def score(self) -> float:
        """Return the highest score of an account, in log-odds."""
        return max(one.score for one in self.accounts)
