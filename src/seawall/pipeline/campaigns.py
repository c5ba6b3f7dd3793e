"""Find campaigns after detection: in a store, in a folder of results, or in a table of incidents.

They are computed when somebody asks, and stored nowhere: a store's incidents change with every batch, and one question costs a
bounded time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.dataset as ds

from seawall.detection.campaigns.campaign import Campaign
from seawall.detection.campaigns.incidents import MOST_INCIDENTS_OF_VALUE, find_campaigns
from seawall.detection.campaigns.sightings import CAMPAIGN_FIELDS, LEAST_ORGANISATIONS
from seawall.detection.incident import Incident
from seawall.storage.database import Transaction
from seawall.storage.files.campaign_documents import CAMPAIGNS, read_campaigns
from seawall.storage.files.delta_tables import is_delta_table, open_delta_table
from seawall.storage.files.incident_documents import incident_from_document, read_incidents
from seawall_base.errors import InputUnreadable

DAYS: Final = 30
"""Days before the last event of a store in which campaigns are looked for."""

MOST_INCIDENTS: Final = 5_000
"""Incidents of a store that are read, those with the rarest values first."""

TABLES: Final = Path("tables") / "incidents"
"""Where a scan on Apache Spark writes its table of incidents, in its folder of results."""

_INCIDENTS: Final = "incidents.jsonl"
_DAY: Final = 86_400_000_000
_DOCUMENT: Final = "document"


def find_campaigns_of_store(work: Transaction, *, days: int = DAYS) -> tuple[Campaign, ...]:
    """Return the campaigns of a store's incidents in its last days. The same incidents give the same campaigns."""
    newest = work.incidents.rows(order="time", limit=1)
    if not newest:
        return ()
    ids = work.traits.list_sharing(
        CAMPAIGN_FIELDS,
        newest[0].last_event - days * _DAY,
        least_tenants=LEAST_ORGANISATIONS,
        most_of_value=MOST_INCIDENTS_OF_VALUE,
        most=MOST_INCIDENTS,
    )
    return find_campaigns(work.incidents.load(ids))


def find_campaigns_of_folder(folder: Path) -> tuple[Campaign, ...]:
    """Return the campaigns of a folder of results: those that its scan found, or else those of its incidents.

    A folder that is a table of incidents itself, or holds one, is read too. Raises `InputUnreadable` and `MissingExtra`.
    """
    if (folder / CAMPAIGNS).exists():
        return tuple(read_campaigns(folder / CAMPAIGNS))
    table = next((one for one in (folder / TABLES, folder) if _is_table(one)), None)
    if table is not None:
        return find_campaigns(list(read_incident_table(table)))
    if (folder / _INCIDENTS).exists():
        return find_campaigns(list(read_incidents(folder / _INCIDENTS)))
    raise InputUnreadable(
        f"{folder}: neither results of a scan nor a table of incidents",
        fix="name the folder that `seawall scan PATH... --out DIR` wrote",
    )


def read_incident_table(place: Path) -> Iterator[Incident]:
    """Yield the incidents of a Delta or Parquet table with the column `document`: a line of `incidents.jsonl` each.

    Raises `InputUnreadable` for what is no such table, and `MissingExtra` for a Delta table without the package `deltalake`.
    """
    try:
        is_delta = is_delta_table(place)
        dataset = (
            open_delta_table(place).to_pyarrow_dataset() if is_delta else ds.dataset(place, format="parquet")
        )
        batches = dataset.to_batches(columns=[_DOCUMENT])
        for batch in batches:
            for text in batch.column(0).to_pylist():
                yield incident_from_document(msgspec.json.decode(text))
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise InputUnreadable(
            f"{place}: no table of incidents ({type(error).__name__})",
            fix="name the table `incidents` that a scan on Apache Spark wrote",
        ) from error


def _is_table(place: Path) -> bool:
    return is_delta_table(place) or (place.suffix == ".parquet" and place.is_file())
