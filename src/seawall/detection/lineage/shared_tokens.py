"""Judge tokens that accounts of several parts of an organisation use: a token belongs to no account.

A token that is issued to one account may be used by another: service principals do. A session belongs to its account, so only
tokens of records that name no session cross parts. Each part announces the first issuance of each token of the day, and the uses
of tokens without session. From all of these together, every part knows what the day as a whole says about its tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.lineage.issuance import IssuanceTable, LineageCoverage
from seawall.detection.lineage.session_uses import NEVER, UnitFlags
from seawall.detection.tallies import Tally, count_rows, decode_keys
from seawall.events.coded_batch import Bools, CodedBatch, Codes, Keys, Times, mix, pair_keys
from seawall.events.grouping import Grouped, Rows, distinct, group_rows, starts

SKEW = 10 * 60 * 1_000_000
"""How much later than its first use a session's sign-in may be logged, in microseconds."""

ISSUED = 5
USED = 6
"""Number of columns of the tallies of issued and of used tokens."""


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """Hold the sign-ins of a day that issue a token, (b,), in order of time."""

    key: Keys
    network: Codes
    client: Codes
    time: Times


@dataclass(frozen=True, slots=True)
class SharedTokens:
    """Hold the tokens that all parts issue on a day, and the uses of the tokens that several accounts use without a session.

    `order` (n,) are the places of the part's events among those of all parts. Of the uses, (u,), each is all that one account
    does with a token through an application, ordered by token and first use: `context` is organisation << 32 | application;
    `first` is the place of the first use among the events of all parts; `begin` and `last` are the times of the first and last.
    """

    issued: IssuedTokens
    order: Times
    token: Keys
    context: Keys
    first: Times
    begin: Times
    last: Times

    @classmethod
    def read(cls, issued: Tally, used: Tally, order: Times) -> SharedTokens:
        """Return what all parts announced with `announce_issued` and `announce_used`."""
        by_place = issued.keys[np.argsort(issued.column(1))]
        tokens = IssuedTokens(
            decode_keys(by_place[:, 0]),
            by_place[:, 2].astype(np.int32),
            by_place[:, 3].astype(np.int32),
            by_place[:, 4],
        )
        rows = used.keys
        token = decode_keys(rows[:, 0])
        by_token = group_rows(token)
        holders = distinct(pair_keys(by_token.place.astype(np.int32), rows[:, 2].astype(np.int32)))
        accounts = np.bincount((holders >> np.uint64(32)).astype(np.int64), minlength=len(by_token.keys))
        kept = np.flatnonzero((accounts > 1)[by_token.place])
        kept = kept[np.lexsort((rows[kept, 3], token[kept]))]
        return cls(tokens, order, token[kept], decode_keys(rows[kept, 1]), *rows[kept, 3:].T)

    def adjust(self, uses: TokenUses, flags: UnitFlags) -> tuple[Bools, Bools]:
        """Set the flags of the units that accounts of other parts use too.

        Return for each use, (n,), whether its session or token was issued, as far as its unit is concerned, and whether the use
        counts here. A unit counts where its first use is: of the day in the flags, of the application in the second result.
        """
        units, counts = uses.units, np.ones(len(uses.rows), bool)
        mine = np.flatnonzero(np.isin(units.keys, self.token))
        if not len(mine):
            return uses.born, counts
        when = self._find_times(uses.known, units.keys[mine])
        low = np.searchsorted(self.token, units.keys[mine])
        opens = np.flatnonzero(starts(self.token))
        last = np.maximum.reduceat(self.last, opens)[np.searchsorted(self.token[opens], units.keys[mine])]
        is_orphan = np.where(when == NEVER, True, last < when - SKEW)
        flags.is_orphan[mine] = is_orphan
        flags.is_fresh[mine] = is_orphan | (when >= uses.begin)
        flags.tells[mine] = ~uses.coverage.are_rare(self.context[low])
        flags.is_first[mine] = self.order[uses.rows[units.first[mine]]] == self.first[low]
        return self._count_by_context(uses, mine, counts)

    def _count_by_context(self, uses: TokenUses, mine: Rows, counts: Bools) -> tuple[Bools, Bools]:
        """Return the results of `adjust`: a token counts once for each application, as issued if it is so at its first use."""
        is_mine = np.zeros(len(uses.units.keys), bool)
        is_mine[mine] = True
        rows = np.flatnonzero(is_mine[uses.units.place])
        own = group_rows(
            mix(uses.units.keys[uses.units.place[rows]], uses.context.keys[uses.context.place[rows]])
        )
        everybody = group_rows(mix(self.token, self.context))  # in order of first use within a token
        at = everybody.first[np.searchsorted(everybody.keys, own.keys)]
        is_here = self.order[uses.rows[rows[own.first]]] == self.first[at]
        when = self._find_times(uses.known, self.token[at])
        is_born = np.where(when == NEVER, False, self.begin[at] >= when - SKEW)
        counts[rows] = is_here[own.place]
        born = uses.born.copy()
        born[rows] = is_born[own.place]
        return born, counts

    @staticmethod
    def _find_times(known: IssuanceTable, keys: Keys) -> Times:
        """Return when tokens were issued, `NEVER` if that is not known."""
        found = known.find(keys)
        return np.where(found.hit, found.time, NEVER)


@dataclass(frozen=True, slots=True)
class TokenUses:
    """Hold the uses `rows`, (n,), of a part, which `units` groups by session or token and `context` by application.

    `born` (n,) says which were issued. `known` has the issuances of tokens, `coverage` those that are found, `begin` is the
    beginning of the day.
    """

    rows: Rows
    units: Grouped
    context: Grouped
    born: Bools
    known: IssuanceTable
    coverage: LineageCoverage
    begin: int


def count_issued(batch: CodedBatch, rows: Rows, keys: Keys, order: Times) -> Tally:
    """Return the first issuance of each token by the sign-ins `rows`, for `SharedTokens.read`. `keys` (m,) are theirs."""
    rows, keys = rows[keys != 0], keys[keys != 0]
    found = group_rows(keys)
    at = rows[found.first]
    return count_rows(
        found.keys, order[at], batch.codes["network"][at], batch.codes["client"][at], batch.time[at]
    )


def count_used(batch: CodedBatch, rows: Rows, keys: Keys, order: Times) -> Tally:
    """Return the uses of tokens without a session, for `SharedTokens.read`. `keys` (m,) are those of the uses `rows`."""
    rows, keys = rows[keys != 0], keys[keys != 0]
    context = pair_keys(batch.codes["org_uid"][rows], batch.codes["app_uid"][rows])
    found = group_rows(mix(mix(keys, context), batch.actor[rows].astype(np.uint64)))
    at = rows[found.first]
    last = np.zeros(len(found.keys), np.int64)
    np.maximum.at(last, found.place, batch.time[rows])
    return count_rows(
        keys[found.first], context[found.first], batch.actor[at], order[at], batch.time[at], last
    )
