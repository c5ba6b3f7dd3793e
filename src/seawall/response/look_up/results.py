"""Look into a value over the results of a scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.incident import Incident
from seawall.response.incident_sources import read_events_file
from seawall.response.look_up.links import (
    count_rules,
    is_meant,
    link_incidents,
    read_rules,
    records_of_rule,
)
from seawall.response.look_up.matching import filter_of
from seawall.response.look_up.stored import LookUpSpan, narrow_span
from seawall.response.look_up.subject import LookUpSubject
from seawall.response.look_up.summary import COLUMNS, LookUp, LookUpBuilder, RecordLink
from seawall.storage.files.events_place import find_events
from seawall.storage.files.incident_documents import read_incidents
from seawall.storage.lake.row_filter import Mask

INCIDENTS = "incidents.jsonl"


def look_up_in_scan(
    folder: Path, subject: LookUpSubject, span: LookUpSpan | None = None, *, most: int = 50
) -> tuple[LookUp, list[Incident]]:
    """Sum up the events of a scan that show a value; return also the incidents that list such events, in their order.

    For a rule these are the earliest records that it hit, as the scan keeps them, and the records of incidents that it
    hit. Raises InputUnreadable.
    """
    span = span or LookUpSpan()
    incidents = list(read_incidents(folder / INCIDENTS))
    rules = read_rules(folder)
    links = link_incidents(incidents)
    for id_, title, uids in rules:
        for uid in uids:
            links.setdefault(uid, []).append(RecordLink("rule", title or id_))
    chosen = filter_of(subject, list_records_of_rule(subject, incidents, rules))
    start, end = narrow_span(span, subject)
    builder, searched = LookUpBuilder(subject, links), 0
    for table in read_events_file(find_events(folder), list(dict.fromkeys([*COLUMNS, *chosen.columns]))):
        searched += len(table)
        time = table["time"].cast(pa.int64()).to_numpy()
        kept = chosen.matches(table) & (time >= start) & (time < end)
        if span.tenant is not None:
            kept &= is_of_organisation(table, span.tenant)
        if kept.any():
            builder.add(table.filter(pa.array(kept)))
    found = builder.build(searched=searched, start=start, end=end, is_cut=False, most=most)
    listing = {one.id for one in found.incidents}
    meant = [one for one in incidents if one.id in listing]
    return (found if found.rules else replace(found, rules=count_rules(meant))), meant


def is_of_organisation(table: pa.Table, tenant: str) -> Mask:
    """Return whether each event is an organisation's, bool (n,)."""
    same = pc.fill_null(pc.equal(table["org_uid"].cast(pa.string()), tenant), False)
    return np.asarray(same, np.bool_)


def list_records_of_rule(
    subject: LookUpSubject, incidents: Sequence[Incident], rules: Sequence[tuple[str, str, Sequence[str]]]
) -> frozenset[str]:
    """Return the ids of the records that a rule hit, as far as the scan keeps them; nothing where no rule is looked up."""
    if subject.kind != "rule":
        return frozenset()
    hit = [uid for id_, title, uids in rules if is_meant(subject.value, id_, title) for uid in uids]
    return frozenset(hit) or records_of_rule(subject, incidents)
