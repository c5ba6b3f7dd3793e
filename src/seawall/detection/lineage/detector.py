"""Check whether each used token or session was issued, and whether it is used where it was issued.

Verdicts: born, orphan, birthless, moved, reused, outlived, foreign, unknown. The evidence of an orphan grows with the share
of uses of the tenant and application for which an issuance is normally found. This coverage is learnt, never assumed.

Misses: tokens that are stolen and used on their owner's network and client. Logs without session or token ids give weak
evidence only, from the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from seawall.detection.lineage.event_names import EventNames, select_events, session_keys, token_keys
from seawall.detection.lineage.issuance import (
    IssuanceLookup,
    IssuanceTable,
    LineageCoverage,
    NamedTime,
    SessionRevocations,
    count_units,
)
from seawall.detection.lineage.session_uses import (
    NEVER,
    SessionUses,
    SignInCounts,
    collect_uses,
    count_sign_ins,
    flag_units,
    hold_no_sessions,
    hold_no_sign_ins,
)
from seawall.detection.lineage.shared_tokens import (
    SKEW,
    IssuedTokens,
    SharedTokens,
    TokenUses,
    count_issued,
    count_used,
)
from seawall.detection.tallies import Tally
from seawall.events.array_state import RestoredState, State, nest_states
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Floats, Times, pair_keys
from seawall.events.grouping import Grouped, group_codes, group_pairs, group_rows

REVOCATION_GRACE = 65 * 60 * 1_000_000
"""How long an access token from before a revocation legitimately stays valid, in microseconds."""

DAY = 86_400_000_000
MINUTE = 60_000_000
SETTLED = 7 * DAY
"""How long an account must be in use before its new networks count as statistics, in microseconds."""


@dataclass(frozen=True, slots=True)
class LineageEvidence:
    """Hold evidence in nats for n events, float64 (n,), 0 for none.

    - `orphan`: no issuance of the token or session is in the logs.
    - `birthless`: records without ids; the account never signed in from this network.
    - `moved`: the session is used on another network than it was issued on; `reused`: and with another client.
    - `outlived` (used after revocation), `foreign` (token of another tenant): 1 or 0.
    - `unknown`, bool: the logs could not have shown an issuance.
    - `orphans_together`: not nats, but how many distinct orphans the account had used that day, at each use of one.

    Facts about the session, or without one the token: `root` is the network on which it was issued, int32 (n,), MISSING if
    unknown; `age` the minutes since, -1 if unknown; `keeps_client`, bool, whether it is used with the client it was issued to.

    `uses` and `sign_ins` are what `OrphanTest` judges the account's orphans together by.
    """

    orphan: Floats
    birthless: Floats
    reused: Floats
    moved: Floats
    outlived: Floats
    foreign: Floats
    unknown: Bools
    root: Codes
    age: Floats
    keeps_client: Bools
    orphans_together: Floats
    uses: SessionUses
    sign_ins: SignInCounts


def silent(size: int) -> LineageEvidence:
    """Return evidence of zero for n events."""
    evidence = [np.zeros(size) for _ in range(7)]
    return LineageEvidence(
        evidence[0],
        evidence[1],
        evidence[2],
        evidence[3],
        evidence[4],
        evidence[5],
        unknown=np.zeros(size, bool),
        root=np.full(size, MISSING, np.int32),
        age=np.full(size, -1.0),
        keeps_client=np.zeros(size, bool),
        orphans_together=evidence[6],
        uses=hold_no_sessions(),
        sign_ins=hold_no_sign_ins(),
    )


_Found = tuple[LineageEvidence, dict[str, Tally], SharedTokens | None]
"""Evidence and units that are being collected, and what other parts tell."""

_NO_UNITS = Tally(np.zeros((0, 2), np.int64), np.zeros(0, np.int64))


class LineageDetector:
    """Keep the issuances of sessions and tokens, and learn how often they are found."""

    def __init__(self) -> None:
        self._sessions = IssuanceTable()
        self._tokens = IssuanceTable()
        self._networks = IssuanceTable()
        self._used = IssuanceTable()
        self._account_first_seen = IssuanceTable()
        self._session_coverage = LineageCoverage()
        self._network_coverage = LineageCoverage()
        self._arrivals = LineageCoverage()
        self._roaming = LineageCoverage()
        self._revocations = SessionRevocations()

    def observe(self, batch: CodedBatch, number: int) -> LineageEvidence:
        """Judge the uses of one day, then learn from them. `number` is the day's number since 1970."""
        self._revocations.learn(batch)
        evidence, units = self.judge(batch, number)
        self.learn(units)
        return evidence

    def learn(self, units: Mapping[str, Tally]) -> None:
        """Learn how often issuances are found, from the units that `judge` counted. Those of parts can be added."""
        for name, coverage in self._coverages().items():
            coverage.learn(units[name])

    def judge(
        self, batch: CodedBatch, number: int, others: SharedTokens | None = None
    ) -> tuple[LineageEvidence, dict[str, Tally]]:
        """Judge the uses of one day. Learn the issuances, but return what `learn` needs.

        `others` tells about tokens that accounts of other parts use; it holds all issuances of tokens of the day.
        """
        names = EventNames(session_keys(batch), token_keys(batch))
        acting, births, uses, linked = select_events(batch, names)
        self._learn_births(batch, names, births, number, others)
        result, units = silent(len(batch)), dict[str, Tally]()
        context = self._context(batch, np.flatnonzero(uses))
        found = result, units, others
        sessions = self._judge_sessions(batch, names, np.flatnonzero(uses), context, found, number)
        # Events that name their session need no evidence from the network.
        by_network = ~linked[np.flatnonzero(uses)]
        self._judge_networks(batch, np.flatnonzero(uses)[by_network], context.of(by_network), found, number)
        self._judge_revoked(batch, names, np.flatnonzero(uses), result)
        self._judge_foreign(batch, np.flatnonzero(acting), result)
        self._forget(number)
        units |= {name: units.get(name, _NO_UNITS) for name in self._coverages()}
        return replace(result, uses=sessions, sign_ins=count_sign_ins(batch, np.flatnonzero(births))), units

    @staticmethod
    def announce(batch: CodedBatch, order: Times) -> tuple[Tally, Tally]:
        """Return the tokens that a part's events issue, and those that they use without a session; see `SharedTokens.read`.

        `order` (n,) are the places of the events among those of all parts.
        """
        names = EventNames(session_keys(batch), token_keys(batch))
        _, births, uses, _ = select_events(batch, names)
        born, used = np.flatnonzero(births), np.flatnonzero(uses & (names.session == 0))
        return (
            count_issued(batch, born, names.token[born], order),
            count_used(batch, used, names.token[used], order),
        )

    def learn_revoked(self, revoked: Iterable[NamedTime]) -> None:
        """Learn whose sessions all parts end."""
        self._revocations.learn_named(revoked)

    def _learn_births(
        self, batch: CodedBatch, names: EventNames, births: Bools, number: int, others: SharedTokens | None
    ) -> None:
        rows = np.flatnonzero(births)
        network, client, time = batch.codes["network"], batch.codes["client"], batch.time
        keys = names.session[rows]
        with_session, keys = rows[keys != 0], keys[keys != 0]
        self._sessions.learn(keys, network[with_session], client[with_session], time[with_session], number)
        if others is None:
            hashes = names.token[rows]
            with_token = rows[hashes != 0]
            issued = IssuedTokens(
                hashes[hashes != 0], network[with_token], client[with_token], time[with_token]
            )
        else:
            issued = others.issued
        self._tokens.learn(issued.key, issued.network, issued.client, issued.time, number)
        placed = rows[network[rows] != MISSING]
        keys = pair_keys(batch.actor[placed], network[placed])
        self._networks.learn(keys, network[placed], client[placed], time[placed], number)

    def _judge_sessions(
        self, batch: CodedBatch, names: EventNames, rows: np.ndarray, context: Grouped, found: _Found, number: int,
    ) -> SessionUses:  # fmt: skip
        """Judge uses by their sessions; return the sessions that `OrphanTest` counts."""
        result, counted, others = found
        session, hashes = names.session[rows], names.token[rows]
        linked = (session != 0) | (hashes != 0)
        result.unknown[rows[~linked]] = True
        rows, session, hashes = rows[linked], session[linked], hashes[linked]
        if not len(rows):
            return result.uses
        units = group_rows(np.where(session != 0, session, hashes))
        by_session = self._sessions.find(units.keys).of(units.place)
        known = by_session.hit & (session != 0)
        by_token = self._tokens.find(hashes)
        latest = batch.time[rows] + SKEW
        born = (known & (by_session.time <= latest)) | (by_token.hit & (by_token.time <= latest))
        _note_issuance(batch, rows, _prefer(known, by_session, by_token), result)
        context = context.of(linked)
        share = self._session_coverage.share(context)
        result.orphan[rows] = np.where(born, 0.0, -np.log1p(-np.minimum(share, 0.999)))
        issued = np.where(known, by_session.time, by_token.time)
        is_lossy = self._session_coverage.is_rare(context)
        begin = number * DAY
        flags = flag_units(units, np.where(born, issued, NEVER), is_lossy, begin)
        mine: Bools | None = None
        if others is not None:
            own = TokenUses(rows, units, context, born, self._tokens, self._session_coverage, begin)
            born, mine = others.adjust(own, flags)
        uses, result.orphans_together[rows] = collect_uses(batch, rows, units, flags)
        counted["session_coverage"] = count_units(context, units, born, mine)
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
        counted["roaming"] = count_units(tenant, units, moved, known)
        return uses

    def _judge_networks(
        self, batch: CodedBatch, rows: np.ndarray, context: Grouped, found: _Found, number: int
    ) -> None:
        """Judge how unusual it is that an account uses mail from a network from which it never signed in.

        A thief who continues a stolen session does not sign in. So the comparison is how often accounts sign in when they
        begin to use a network, and not how often sign-ins precede the use of everyday networks.
        """
        result, counted, _ = found
        network = batch.codes["network"][rows]
        context = context.of(network != MISSING)
        rows = rows[network != MISSING]
        network = network[network != MISSING]
        if not len(rows):
            return
        units = group_pairs(batch.actor[rows], network)
        issued = self._networks.find(units.keys).of(units.place)
        born = issued.hit & (issued.time <= batch.time[rows] + SKEW)
        usual = self._network_coverage.share(context)
        share = np.minimum(usual, self._arrivals.share(context, usual))
        result.birthless[rows] = np.where(born, 0.0, -np.log1p(-np.minimum(share, 0.999)))
        counted["network_coverage"] = count_units(context, units, born)
        arrives = self._is_arrival(batch, rows, units, number)
        counted["arrivals"] = count_units(context, units, born, arrives)

    def _is_arrival(self, batch: CodedBatch, rows: np.ndarray, units: Grouped, number: int) -> Bools:
        """Return which uses come from a network that is new to an account in use for at least `SETTLED`, bool (n,).

        In an account's first days every network is new, and its sign-ins may lie before the beginning of the log.
        """
        nothing, time = np.zeros(len(rows), np.int32), batch.time[rows]
        actors = batch.actor[rows].astype(np.uint64)
        self._account_first_seen.learn(actors, nothing, nothing, time, number)
        settled = self._account_first_seen.find(actors).time < number * DAY - SETTLED
        arrives = settled & ~self._used.find(units.keys).hit[units.place]
        self._used.learn(units.keys[units.place], nothing, nothing, time, number)
        return arrives

    def _judge_revoked(
        self, batch: CodedBatch, names: EventNames, rows: np.ndarray, result: LineageEvidence
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
        """Return each event's pair of tenant and application: coverage is learnt for each pair."""
        return group_pairs(batch.codes["org_uid"][rows], batch.codes["app_uid"][rows])

    def _forget(self, number: int) -> None:
        for births in self._births():
            births.forget(number)

    def _coverages(self) -> dict[str, LineageCoverage]:
        return {
            "session_coverage": self._session_coverage,
            "network_coverage": self._network_coverage,
            "arrivals": self._arrivals,
            "roaming": self._roaming,
        }

    def _births(self) -> tuple[IssuanceTable, ...]:
        return self._sessions, self._tokens, self._networks, self._used, self._account_first_seen

    def _parts(self) -> dict[str, IssuanceTable | LineageCoverage | SessionRevocations]:
        return {
            "sessions": self._sessions,
            "tokens": self._tokens,
            "networks": self._networks,
            "used": self._used,
            "holders": self._account_first_seen,
            **self._coverages(),
            "revocations": self._revocations,
        }

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return nest_states(**{name: part.state() for name, part in self._parts().items()})

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        for name, part in self._parts().items():
            part.restore(saved.part(name))

    def state_bytes(self) -> int:
        """Return the size of the state in bytes."""
        return sum(births.nbytes() for births in self._births())


def _prefer(known: Bools, session: IssuanceLookup, token: IssuanceLookup) -> IssuanceLookup:
    """Return the issuance of the session where it is known, else that of the token."""
    return IssuanceLookup(
        known | token.hit,
        np.where(known, session.network, token.network),
        np.where(known, session.client, token.client),
        np.where(known, session.time, token.time),
    )


def _note_issuance(
    batch: CodedBatch, rows: np.ndarray, issued: IssuanceLookup, result: LineageEvidence
) -> None:
    """Note where, when and to which client the sessions of the given uses were issued, if not after the use."""
    time, client = batch.time[rows], batch.codes["client"][rows]
    is_known = issued.hit & (issued.time <= time + SKEW)
    result.root[rows] = np.where(is_known, issued.network, MISSING)
    result.age[rows] = np.where(is_known, np.maximum(time - issued.time, 0) / MINUTE, -1.0)
    is_same = (issued.client == client) | (issued.client == MISSING) | (client == MISSING)
    result.keeps_client[rows] = is_known & is_same
