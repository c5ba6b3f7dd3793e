"""Gather what a scan or a store knows of intruders' values, and what is needed to decide whether they may leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from seawall.detection.campaigns.campaign import Campaign
from seawall.response.exchange.own_addresses import COLUMNS, find_own_blocks
from seawall.response.exchange.tenant_value import TenantValue, list_campaign_values
from seawall.response.incident_sources import read_events_file
from seawall.response.look_up.subject import INDICATORS, parse_subject
from seawall.response.search_window import EARLIEST, LATEST
from seawall.storage.files.events_place import find_events, has_events
from seawall.storage.lake import EventQuery, Lake
from seawall.storage.location import Store
from seawall_base.errors import UsageError


@dataclass(frozen=True, slots=True)
class GatheredValues:
    """Values of intruders; the addresses among them that are own, None if unknown; names that no value may be."""

    values: tuple[TenantValue, ...]
    own: frozenset[str] | None
    names: frozenset[str]


def gather_from_scan(folder: Path, campaigns: Sequence[Campaign]) -> GatheredValues:
    """Gather the values of a scan's campaigns; the scan's events tell which addresses are own. Raises `InputUnreadable`."""
    values = list_campaign_values(campaigns)
    own = None
    if has_events(folder):
        own = find_own_blocks(read_events_file(find_events(folder), COLUMNS), values)
    return GatheredValues(tuple(values), own, _list_names(campaigns))


def gather_from_store(store: Store, campaigns: Sequence[Campaign]) -> GatheredValues:
    """Gather the values of a store's campaigns, and those that analysts saved there, each as of one organisation.

    What came from others is not among them, and is never passed on.
    """
    with store.database.reading() as work:
        saved = work.indicators.all()
    values = list_campaign_values(campaigns)
    shared = {(one.kind, one.value) for one in values}
    for one in saved:
        try:
            subject = parse_subject(one.subject)
        except UsageError:  # saved by a version that read it otherwise
            continue
        kind = INDICATORS.get(subject.kind)
        if kind is not None and (kind, subject.value) not in shared:
            values.append(TenantValue(kind, subject.value, 1, one.since, max(one.since, one.at)))
    own = find_own_blocks(read_lake(store.lake, COLUMNS), values)
    names = _list_names(campaigns) | {name.lower() for name in store.lake.tenants()}
    return GatheredValues(tuple(values), own, names)


def read_lake(lake: Lake, columns: Iterable[str]) -> Iterator[pa.Table]:
    """Yield the events of all organisations with these columns, day by day."""
    wanted = list(columns)
    for tenant in lake.tenants():
        for tables in lake.rows_of_days(tenant, EventQuery(EARLIEST, LATEST), wanted):
            yield from (_name_tenant(table, tenant) for table in tables)


def _name_tenant(table: pa.Table, tenant: str) -> pa.Table:
    """Return the table with the organisation in `org_uid`: rows of a store do not always say it themselves."""
    named = pa.array([tenant] * len(table), pa.string())
    if "org_uid" in table.column_names:
        table = table.drop_columns(["org_uid"])
    return table.append_column("org_uid", named)


def _list_names(campaigns: Iterable[Campaign]) -> frozenset[str]:
    names: set[str] = set()
    for campaign in campaigns:
        for one in campaign.accounts:
            names |= {one.tenant.lower(), one.account.lower()}
    return frozenset(names)
