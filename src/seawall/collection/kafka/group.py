"""A member of a group made of its settings, with the folder and the ledger that the group's members share."""

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
    out: Path, settings: Mapping[str, Any], clock: Clock, said: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[str, KafkaMember]]:
    """Open a member, and the name of what it reads: the first broker's host, by which the ledger is called.

    Raises CollectInvalid, CollectRefused, CollectionBroken, OutputUnwritable, MissingExtra.
    """
    configuration = configuration_of(settings, clock)
    name = host_of(settings["servers"][0])
    path, segments = collection_at(out, "kafka", name)
    about = {"vendor": "kafka", "tenant": name, "group": settings["group"]}
    with open_partitions(path, about, segments) as book:
        yield name, KafkaMember(configuration, settings["topics"], book, clock, said)
