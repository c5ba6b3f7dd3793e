"""Which organisation a mail domain belongs to, learnt from the records that state both."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from seawall.sources.distinct import Column, Mapper


class Organisations:
    """Learns domain → organisation id from batches, and gives records without an id the one of their domain.

    Mail records and sign-ins of one organisation must carry the same `org_uid`, but Graph's sign-ins state
    none. Call `learn` on every batch and `unify` when all were read: late batches teach the earlier ones. A
    domain that no record ties to an organisation is itself the organisation.
    """

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}

    def learn(self, events: Any) -> None:
        """Count which organisation ids come with which domains of account and mailbox."""
        if events.num_rows == 0:
            return
        organisations = Column.of(events.column("org_uid"))
        for name in ("account", "mailbox"):
            pairs = pa.table({"who": Column.of(events.column(name)).array(), "org": organisations.array()})
            for who, organisation, count in _counted(pairs):
                domain = domain_of(who)
                if domain and organisation and organisation != domain:
                    self._counts.setdefault(domain, Counter())[organisation] += count

    def of_domain(self, domain: str) -> str:
        """The organisation id seen most often with a domain (the smaller id when equal), else the domain."""
        seen = self._counts.get(domain)
        return min(seen, key=lambda uid: (-seen[uid], uid)) if seen else domain

    def unify(self, events: Any) -> Any:
        """The same table with `org_uid` filled in where it was null and a UPN tells."""
        column = events.column("org_uid")
        if column.null_count == 0:
            return events
        fill = Mapper(self._fill, 1)
        (filled,) = fill(
            Column.of(column), Column.of(events.column("account")), Column.of(events.column("mailbox"))
        )
        index = events.schema.get_field_index("org_uid")
        return events.set_column(index, events.schema.field(index), filled.array())

    def _fill(self, organisation: str | None, account: str | None, mailbox: str | None) -> tuple[str | None]:
        if organisation is not None:
            return (organisation,)
        domain = domain_of(account) or domain_of(mailbox)
        return (self.of_domain(domain) if domain else self._only(),)

    def _only(self) -> str | None:
        """When the whole input is of one organisation, what names no domain is of it too."""
        known = {uid for seen in self._counts.values() for uid in seen}
        return next(iter(known)) if len(known) == 1 else None


def domain_of(name: str | None) -> str | None:
    """The domain of a UPN in lower case, its own organisation's for a guest (`a_b.com#EXT#@c.com` is of
    `c.com`)."""
    if not name or "@" not in name:
        return None
    domain = name.rsplit("@", 1)[1].strip().lower()
    return domain if "." in domain else None


def _counted(pairs: Any) -> list[tuple[str, str, int]]:
    plain = pa.table({name: pairs.column(name).cast(pa.string()) for name in pairs.column_names})
    kept = plain.filter(pc.and_(pc.is_valid(plain.column("who")), pc.is_valid(plain.column("org"))))
    grouped = kept.group_by(["who", "org"]).aggregate([([], "count_all")])
    return list(
        zip(
            grouped.column("who").to_pylist(),
            grouped.column("org").to_pylist(),
            grouped.column("count_all").to_pylist(),
            strict=True,
        )
    )
