"""Define the attack patterns: each is a joint signature over three dimensions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from seawall.detection.ranking.features import FeatureTable
from seawall.events.coded_batch import Codes, Floats
from seawall.events.grouping import Rows

LEVELS = 8
EDGES = np.array([0.3, 0.8, 1.6, 2.6, 3.8, 5.2, 7.0])
"""Limits between the eight levels of a dimension, in nats (or ln of a count)."""


NEARLY = 4.0
"""Patterns whose p-values differ by less than this factor are equal when an incident is named."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Define one pattern. Each of its three `dimensions` is a feature, or a sum of features joined with `+`.

    The pattern applies only if `needs`, a feature or sum, is above zero. It names an incident only if `needs` is above
    `least`: one failed account is no spray. `kind`, `technique` and `words` describe its incident; `unlinked` replaces them
    if the records name no session or token, so that nobody can tell what was issued. `stands_apart` means that the pattern
    only names: its evidence is weighed otherwise (see `evidence`).
    """

    name: str
    kind: str
    technique: str
    words: str
    dimensions: tuple[str, str, str]
    needs: str = ""
    least: float = 0.0
    unlinked: tuple[str, str, str] | None = None
    stands_apart: bool = False


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "strange-client",
        "account-takeover",
        "T1078.004 Cloud Accounts",
        "is used from a network or by a client that is unusual for it",
        ("network.backed_off", "client.backed_off", "country.rarity"),
    ),
    Pattern(
        "strange-app",
        "account-takeover",
        "T1550.001 Application Access Token",
        "is used through an application that is unusual for it",
        ("app.backed_off", "app_network.backed_off", "network.rarity"),
    ),
    Pattern(
        "tokens-never-issued",
        "forged-or-stolen-token",
        "T1606 Forge Web Credentials",
        "is used with several tokens or sessions for which no sign-in was found",
        ("lineage.orphans_together", "network.backed_off", "client.backed_off"),
        "lineage.orphans_together",
        stands_apart=True,
    ),
    Pattern(
        "mail-without-sign-in",
        "forged-or-stolen-token",
        "T1606 Forge Web Credentials",
        "is used from a network from which no sign-in to it is known",
        ("lineage.birthless", "network.backed_off", "app_client.backed_off"),
        "lineage.birthless",
        unlinked=(
            "account-takeover",
            "T1078.004 Cloud Accounts",
            "is used from a network from which no sign-in to it is known, by records that cannot show what was issued",
        ),
    ),
    Pattern(
        "token-never-issued",
        "forged-or-stolen-token",
        "T1606 Forge Web Credentials",
        "is used with a token for which no sign-in was found",
        ("lineage.orphan", "network.backed_off", "client.backed_off"),
        "lineage.orphan",
    ),
    Pattern(
        "session-moved",
        "session-theft",
        "T1539 Steal Web Session Cookie",
        "has a session that began on one network and is used on another",
        ("lineage.moved", "network.backed_off", "client_network.backed_off"),
        "lineage.moved",
    ),
    Pattern(
        "session-reused",
        "session-theft",
        "T1539 Steal Web Session Cookie",
        "has a session that continues on another network with another client",
        ("lineage.reused", "network.rarity", "client.backed_off"),
        "lineage.reused",
    ),
    Pattern(
        "after-revocation",
        "use-after-revocation",
        "T1550.001 Application Access Token",
        "is still used with a token from before its sessions were revoked",
        ("lineage.outlived", "network.backed_off", "client.backed_off"),
        "lineage.outlived",
    ),
    Pattern(
        "foreign-token",
        "forged-or-stolen-token",
        "T1606 Forge Web Credentials",
        "accepts a token that another tenant issued",
        ("lineage.foreign", "network.backed_off", "app.backed_off"),
        "lineage.foreign",
    ),
    Pattern(
        "persistence",
        "mail-forwarding",
        "T1114.003 Email Forwarding Rule",
        "had rules set that forward, hide or reroute mail",
        ("rules.persistence", "network.backed_off", "client.backed_off"),
        "rules.persistence",
    ),
    Pattern(
        "grant",
        "delegate-abuse",
        "T1098.002 Additional Email Delegate Permissions",
        "gives somebody access to a mailbox",
        ("rules.grant", "activity.backed_off", "network.backed_off"),
        "rules.grant",
    ),
    Pattern(
        "other-mailboxes",
        "delegate-abuse",
        "T1114.002 Remote Email Collection",
        "reads mailboxes of others",
        ("mailbox.backed_off", "new_mailboxes", "items"),
        "foreign_mailboxes",
    ),
    Pattern(
        "consent",
        "consent-phishing",
        "T1528 Steal Application Access Token",
        "gives an application access",
        ("rules.consent+rules.consent_any", "activity.backed_off", "network.backed_off"),
        "rules.consent_any",
    ),
    Pattern(
        "new-app",
        "account-takeover",
        "T1550.001 Application Access Token",
        "is read by an application that is unusual for it",
        ("app.backed_off", "app.rarity", "items+after_consent"),
        "has_mail",
    ),
    Pattern(
        "app-credential",
        "application-takeover",
        "T1098.001 Additional Cloud Credentials",
        "adds a credential to an application",
        ("rules.credential", "activity.backed_off", "network.backed_off"),
        "rules.credential",
    ),
    Pattern(
        "service-abroad",
        "application-takeover",
        "T1078.004 Cloud Accounts",
        "acts as an application from a network or with a key that is unusual for it",
        ("network.backed_off", "key.backed_off+after_credential", "new_mailboxes"),
        "service",
    ),
    Pattern(
        "spray",
        "password-spray",
        "T1110.003 Password Spraying",
        "was signed in to from an address block from which sign-ins to many accounts failed that day or the day before",
        ("spray_breadth", "prefix.backed_off", "network.backed_off+failures_here"),
        "spray_breadth",
        least=math.log1p(4.5),
    ),
    Pattern(
        "prompts",
        "prompt-bombing",
        "T1621 Multi-Factor Authentication Request Generation",
        "is used after a second factor was asked for and not given",
        ("denials", "network.backed_off", "client.backed_off"),
        "denials",
        least=math.log1p(2.5),
    ),
    Pattern(
        "method",
        "account-takeover",
        "T1556.006 Multi-Factor Authentication",
        "changes the sign-in methods of an account, or its ways of recovery",
        ("rules.identity", "network.backed_off", "client.backed_off"),
        "rules.identity",
    ),
    Pattern(
        "legacy",
        "legacy-protocol",
        "T1078.004 Cloud Accounts",
        "is used over an old protocol",
        ("method.backed_off", "client.backed_off", "network.backed_off"),
        "legacy",
    ),
    Pattern(
        "device-code",
        "device-code-phishing",
        "T1528 Steal Application Access Token",
        "was signed in to by device code or by handing over the password",
        ("method.backed_off", "network.backed_off", "app.backed_off"),
        "device_code",
    ),
    Pattern(
        "bulk",
        "mass-collection",
        "T1114.002 Remote Email Collection",
        "has more mail read than is usual for it",
        ("items_z", "syncs+items", "app_client.backed_off"),
        "has_mail",
    ),
    Pattern(
        "administration",
        "admin-takeover",
        "T1098 Account Manipulation",
        "changes the organisation's policies, roles or logs, or searches its mailboxes",
        ("rules.evasion+rules.collection+rules.role", "activity.backed_off", "network.backed_off"),
        "rules.evasion+rules.collection+rules.role",
    ),
    Pattern(
        "two-places",
        "account-takeover",
        "T1078.004 Cloud Accounts",
        "is used in two countries within twelve hours",
        ("together_abroad", "network.backed_off", "client.backed_off"),
        "together_abroad",
    ),
)


REFUSED = Pattern(
    "refused",
    "brute-force",
    "T1110 Brute Force",
    "was refused again and again from a network that is new to it, and nothing succeeded from there",
    ("failures", "failures_here", "spray_breadth"),
)
"""Names attempts that gained nothing. It is no pattern of access: it is neither calibrated nor an input of the ranker."""

INDICATOR = Pattern(
    "known-indicator",
    "account-takeover",
    "T1078.004 Cloud Accounts",
    "showed an indicator that others, or your analysts, name as an intruder's",
    ("network.backed_off", "client.backed_off", "app.backed_off"),
)
"""Names records that nothing but a received or saved indicator tells of. It is neither calibrated nor an input of the ranker."""

NAMED_PATTERNS = (*PATTERNS, REFUSED, INDICATOR)
"""All patterns that can name a candidate."""


def measure_abroad(table: FeatureTable) -> Floats:
    """Return how close in time the usual network is used in another country, float64 (g,): 0 (12 hours) to 8 (same minute)."""
    gap = table.column("usual_gap_abroad")
    return np.asarray(8.0 * np.clip(1.0 - np.log1p(gap) / np.log1p(720.0), 0.0, 1.0))


def measure(dimension: str, table: FeatureTable) -> Floats:
    """Return a dimension's value, float64 (g,)."""
    if dimension == "together_abroad":
        return measure_abroad(table)
    return np.asarray(sum(table.column(name) for name in dimension.split("+")))


def name_best_pattern(table: FeatureTable, row: int, p: Floats) -> Pattern:
    """Return the pattern that names one group. `p` is float64 (patterns,)."""
    return PATTERNS[int(find_best_patterns(FeatureTable(table.values[row : row + 1]), p[None])[0])]


def find_best_patterns(table: FeatureTable, p: Floats) -> Rows:
    """Return for each group the index of the pattern that names it, (g,). `p` is float64 (g, patterns).

    Among the patterns nearly as improbable as the least probable one, it has the most unusual dimensions; of equal ones, a
    pattern with `needs` wins.
    """
    shown = np.full(p.shape, -1)
    is_near = p <= NEARLY * p.min(axis=1, keepdims=True)
    for at in np.flatnonzero(is_near.any(axis=0)).tolist():
        pattern = PATTERNS[at]
        unusual = sum((measure(name, table) > EDGES[1]).astype(np.int64) for name in pattern.dimensions)
        rank = 2 * unusual + bool(pattern.needs)
        may_name = is_near[:, at]
        if pattern.needs:
            may_name = may_name & (measure(pattern.needs, table) > pattern.least)
        shown[may_name, at] = rank[may_name]
    return np.asarray(shown.argmax(axis=1))


def find_cells(pattern: Pattern, table: FeatureTable) -> Codes:
    """Return each group's cell in the pattern's 8 × 8 × 8 grid, int32 (g,); -1 if the pattern does not apply."""
    cell = np.zeros(len(table.values), np.int32)
    for dimension in pattern.dimensions:
        value = measure(dimension, table)
        cell = cell * LEVELS + np.searchsorted(EDGES, value, side="right").astype(np.int32)
    if pattern.needs:
        cell = np.where(measure(pattern.needs, table) > 0, cell, -1)
    return np.asarray(cell, np.int32)
