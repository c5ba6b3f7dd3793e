"""Token lineage: was the token that was used ever issued to anybody, and is it used where it was born?

Verdicts per use: born, orphan, reused, outlived, foreign, unknown. An orphan is surprising only to the degree
that births are normally found for that tenant and application: coverage is learnt, never assumed.

What it misses: logs without session or token identifiers (the network stands in, weakly), and tokens stolen
and used on the same network and client as their owner's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.lineage.issuance import IssuanceTable, LineageCoverage, SessionRevocations
from seawall.events.array_state import RestoredState, State, nest_states
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Floats, Keys, mix, pair_keys
from seawall.events.grouping import Grouped, group_codes, group_pairs, group_rows

SKEW = 10 * 60 * 1_000_000
"""A birth may be logged this much later than the first use, in microseconds."""

REVOCATION_GRACE = 65 * 60 * 1_000_000
"""An access token issued before a revocation may live this long without any fault, in microseconds."""

DAY = 86_400_000_000
SETTLED = 7 * DAY
"""So long an account is in use before it tells how networks are begun to be used, in microseconds."""

USES = ("mail_access", "mail_action", "mail_rule", "admin", "file")

CONTINUED = (
    "user.authentication.sso", "user.session.access_admin_app", "policy.evaluate_sign_on", "app.oauth2.authorize.code",
    "app.oauth2.authorize.implicit.access_token", "app.oauth2.authorize.implicit.id_token", "app.oauth2.as.authorize.code",
    "app.oauth2.as.authorize.implicit.access_token", "app.oauth2.as.authorize.implicit.id_token",
)  # fmt: skip
"""Sign-ins (Okta's) that a session goes on to: they use a session that was born before, and no session is born by them."""


@dataclass(frozen=True, slots=True)
class LineageEvidence:
    """What lineage says of n events: evidence in nats, float64 (n,), 0 where it says nothing.

    `orphan`: no issuance of this token or session. `birthless`: the tenant's logs carry no identifiers there,
    and the account has no sign-in from this network. `reused`: session used from another network and client
    than it was born on. `outlived`, `foreign`: 1 or 0. `unknown`: bool, the logs could not have shown it.
    """

    orphan: Floats
    birthless: Floats
    reused: Floats
    moved: Floats
    outlived: Floats
    foreign: Floats
    unknown: Bools


def silent(size: int) -> LineageEvidence:
    """Return a lineage of n events that says nothing yet."""
    evidence = [np.zeros(size) for _ in range(6)]
    return LineageEvidence(
        evidence[0], evidence[1], evidence[2], evidence[3], evidence[4], evidence[5], np.zeros(size, bool)
    )


def session_keys(batch: CodedBatch) -> Keys:
    """Return a key per session of an account, uint64 (n,), 0 where the event names no session.

    The account is part of it: a session identifier that turns up under another account is another session.
    """
    sessions = batch.hash_column("session_uid")
    keys = mix(sessions, batch.actor.astype(np.uint64))
    return np.where(sessions != 0, np.maximum(keys, 1), 0).astype(np.uint64)


def token_keys(batch: CodedBatch) -> Keys:
    """Return a key per token of an organisation, uint64 (n,), 0 where the event names no token."""
    tokens = batch.hash_column("token_uid")
    keys = mix(tokens, batch.codes["org_uid"].astype(np.uint64))
    return np.where(tokens != 0, np.maximum(keys, 1), 0).astype(np.uint64)


@dataclass(frozen=True, slots=True)
class _Names:
    """By which sessions and tokens the events of a day go: keys uint64 (n,), 0 for none."""

    session: Keys
    token: Keys


class LineageDetector:
    """Keeps births of sessions and tokens, and how often they are found."""

    def __init__(self) -> None:
        self._sessions = IssuanceTable()
        self._tokens = IssuanceTable()
        self._networks = IssuanceTable()
        self._used = IssuanceTable()
        self._holders = IssuanceTable()
        self._session_coverage = LineageCoverage()
        self._network_coverage = LineageCoverage()
        self._arrivals = LineageCoverage()
        self._roaming = LineageCoverage()
        self._revocations = SessionRevocations()

    def observe(self, batch: CodedBatch, number: int) -> LineageEvidence:
        """Judge the uses of one day, then learn from it. `number` is the day since the epoch."""
        size = len(batch)
        acting = (batch.actor != MISSING) & batch.one_of("status", ("success",))
        names = _Names(session_keys(batch), token_keys(batch))
        goes_on = batch.one_of("activity_name", CONTINUED)
        births = acting & batch.one_of("kind", ("sign_in",)) & ~goes_on
        in_session = batch.one_of("kind", ("directory",)) & (names.session != 0)
        linked = goes_on & (names.session != 0) | in_session
        used = batch.one_of("kind", USES) | goes_on | in_session
        uses = acting & used & ~batch.one_of("account_type", ("system",))
        self._learn_births(batch, names, births, number)
        self._revocations.learn(batch)
        result = silent(size)
        context = self._context(batch, np.flatnonzero(uses))
        self._judge_sessions(batch, names, np.flatnonzero(uses), context, result)
        # What goes on from a session by its name needs no network to stand in for it.
        by_network = ~linked[np.flatnonzero(uses)]
        self._judge_networks(batch, np.flatnonzero(uses)[by_network], context.of(by_network), result, number)
        self._judge_revoked(batch, names, np.flatnonzero(uses), result)
        self._judge_foreign(batch, np.flatnonzero(acting), result)
        self._forget(number)
        return result

    def _learn_births(self, batch: CodedBatch, names: _Names, births: Bools, number: int) -> None:
        rows = np.flatnonzero(births)
        network, client, time = batch.codes["network"], batch.codes["client"], batch.time
        keys = names.session[rows]
        with_session, keys = rows[keys != 0], keys[keys != 0]
        self._sessions.learn(keys, network[with_session], client[with_session], time[with_session], number)
        hashes = names.token[rows]
        with_token = rows[hashes != 0]
        self._tokens.learn(
            hashes[hashes != 0], network[with_token], client[with_token], time[with_token], number
        )
        placed = rows[network[rows] != MISSING]
        keys = pair_keys(batch.actor[placed], network[placed])
        self._networks.learn(keys, network[placed], client[placed], time[placed], number)

    def _judge_sessions(
        self, batch: CodedBatch, names: _Names, rows: np.ndarray, context: Grouped, result: LineageEvidence
    ) -> None:
        session, hashes = names.session[rows], names.token[rows]
        linked = (session != 0) | (hashes != 0)
        result.unknown[rows[~linked]] = True
        rows, session, hashes = rows[linked], session[linked], hashes[linked]
        if not len(rows):
            return
        units = group_rows(np.where(session != 0, session, hashes))
        by_session = self._sessions.find(units.keys).of(units.place)
        known = by_session.hit & (session != 0)
        by_token = self._tokens.find(hashes)
        latest = batch.time[rows] + SKEW
        born = (known & (by_session.time <= latest)) | (by_token.hit & (by_token.time <= latest))
        context = context.of(linked)
        share = self._session_coverage.share(context)
        result.orphan[rows] = np.where(born, 0.0, -np.log1p(-np.minimum(share, 0.999)))
        self._session_coverage.learn(context, units, born)
        moved = (
            known
            & (by_session.network != batch.codes["network"][rows])
            & (batch.codes["network"][rows] != MISSING)
        )
        changed = (
            moved
            & (by_session.client != batch.codes["client"][rows])
            & (batch.codes["client"][rows] != MISSING)
            & (by_session.client != MISSING)
        )
        tenant = group_codes(batch.codes["org_uid"][rows])
        roaming = self._roaming.share(tenant)
        result.moved[rows] = np.where(moved, -np.log(np.maximum(roaming, 0.005)), 0.0)
        result.reused[rows] = np.where(changed, 1.0 - np.log(np.maximum(roaming, 0.005)), 0.0)
        self._roaming.learn(tenant, units, moved, known)

    def _judge_networks(
        self, batch: CodedBatch, rows: np.ndarray, context: Grouped, result: LineageEvidence, number: int
    ) -> None:
        """Say how odd it is that this account never signed in from the network it uses mail from.

        Whoever moves with a session that goes on signs in nowhere. So what counts is how often accounts that begin to use a
        network sign in there, and not how often there is a sign-in from the networks that they use every day.
        """
        network = batch.codes["network"][rows]
        context = context.of(network != MISSING)
        rows = rows[network != MISSING]
        network = network[network != MISSING]
        if not len(rows):
            return
        units = group_pairs(batch.actor[rows], network)
        found = self._networks.find(units.keys).of(units.place)
        born = found.hit & (found.time <= batch.time[rows] + SKEW)
        usual = self._network_coverage.share(context)
        share = np.minimum(usual, self._arrivals.share(context, usual))
        result.birthless[rows] = np.where(born, 0.0, -np.log1p(-np.minimum(share, 0.999)))
        self._network_coverage.learn(context, units, born)
        arrives = self._arrives(batch, rows, units, number)
        if arrives.any():
            self._arrivals.learn(context, units, born, arrives)

    def _arrives(self, batch: CodedBatch, rows: np.ndarray, units: Grouped, number: int) -> Bools:
        """Return which uses are of a network that is new to an account which has been known for some days, bool (n,).

        In an account's first days everything is new, and what it was born of may lie before the log.
        """
        nothing, time = np.zeros(len(rows), np.int32), batch.time[rows]
        actors = batch.actor[rows].astype(np.uint64)
        self._holders.learn(actors, nothing, nothing, time, number)
        settled = self._holders.find(actors).time < number * DAY - SETTLED
        arrives = settled & ~self._used.find(units.keys).hit[units.place]
        self._used.learn(units.keys[units.place], nothing, nothing, time, number)
        return arrives

    def _judge_revoked(
        self, batch: CodedBatch, names: _Names, rows: np.ndarray, result: LineageEvidence
    ) -> None:
        revoked = self._revocations.times(batch, rows)
        rows, revoked = rows[revoked > 0], revoked[revoked > 0]
        issued = batch.numbers["token_issued_time"][rows]
        sessions = self._sessions.find(names.session[rows])
        birth = np.where(issued > 0, issued, np.where(sessions.hit, sessions.time, 0))
        outlived = (birth > 0) & (birth < revoked) & (batch.time[rows] > revoked + REVOCATION_GRACE)
        result.outlived[rows] = outlived

    @staticmethod
    def _judge_foreign(batch: CodedBatch, rows: np.ndarray, result: LineageEvidence) -> None:
        vocabulary, issuers = batch.vocabularies["org_uid"], batch.vocabularies["token_org_uid"]
        own = np.array([vocabulary.code(value) for value in issuers.values] + [MISSING], np.int32)
        issuer = batch.codes["token_org_uid"][rows]
        foreign = (issuer != MISSING) & (own[issuer] != batch.codes["org_uid"][rows])
        result.foreign[rows] = foreign

    @staticmethod
    def _context(batch: CodedBatch, rows: np.ndarray) -> Grouped:
        """Coverage is learnt per tenant and application."""
        return group_pairs(batch.codes["org_uid"][rows], batch.codes["app_uid"][rows])

    def _forget(self, number: int) -> None:
        for births in self._births():
            births.forget(number)

    def _births(self) -> tuple[IssuanceTable, ...]:
        return self._sessions, self._tokens, self._networks, self._used, self._holders

    def _parts(self) -> dict[str, IssuanceTable | LineageCoverage | SessionRevocations]:
        return {
            "sessions": self._sessions,
            "tokens": self._tokens,
            "networks": self._networks,
            "used": self._used,
            "holders": self._holders,
            "session_coverage": self._session_coverage,
            "network_coverage": self._network_coverage,
            "arrivals": self._arrivals,
            "roaming": self._roaming,
            "revocations": self._revocations,
        }

    def state(self) -> State:
        """Return what is known, as plain arrays."""
        return nest_states(**{name: part.state() for name, part in self._parts().items()})

    def restore(self, saved: RestoredState) -> None:
        """Know what was kept. Raises `StateInvalid`."""
        for name, part in self._parts().items():
            part.restore(saved.part(name))

    def state_bytes(self) -> int:
        """Return the bytes of state kept."""
        return sum(births.nbytes() for births in self._births())
