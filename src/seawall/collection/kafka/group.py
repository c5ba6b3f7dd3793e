"""Open a member of a consumer group with the ledger and the folder that all members on this host share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seawall.collection.collector import collection_at
from seawall.collection.kafka.configuration import configuration_of, host_of
from seawall.collection.kafka.member import KafkaMember
from seawall.collection.ledger.partitions import open_partitions
from seawall_base.clock import Clock


@contextmanager
def open_member(
    out: Path, settings: Mapping[str, Any], clock: Clock, report: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[str, KafkaMember]]:
    """Open a member for a `with` block; yield the host of the first broker, which names the ledger, and the member.

    Raises `CollectInvalid`, `CollectRefused`, `CollectionBroken`, `OutputUnwritable` and `MissingExtra`.
    """
    configuration = configuration_of(settings, clock)
    name = host_of(settings["servers"][0])
    path, segments = collection_at(out, "kafka", name)
    about = {"vendor": "kafka", "tenant": name, "group": settings["group"]}
    with open_partitions(path, about, segments) as book:
        yield name, KafkaMember(configuration, settings["topics"], book, clock, report)
