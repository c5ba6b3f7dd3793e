"""`seawall watch --group`: one worker of a group."""

from __future__ import annotations

import platform
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from seawall.cli import output
from seawall.cli.watch_telling import WatchTelling
from seawall.collection.kafka.configuration import configuration_of
from seawall.collection.settings import read_settings
from seawall.pipeline.group.member import GroupWorker
from seawall.pipeline.group.settings import LEASE_SECONDS, WorkerSettings
from seawall.pipeline.live.opening import open_watch_store
from seawall_base.clock import Clock
from seawall_base.errors import UsageError
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from seawall.pipeline.group.slot_runner import SlotStatus
    from seawall.pipeline.live.progress import Until
    from seawall.pipeline.live.settings import LiveSettings

_LOOK_SECONDS = 1.0


def run_group(
    settings: LiveSettings,
    group: str,
    worker: str | None,
    kafka: Path | None,
    lease: float | None,
    heartbeat: Path | None,
    until: Until,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """Work in a group until SIGINT or SIGTERM, or until all is done (`until`).

    Raises `UsageError`, `CollectInvalid`, `CollectRefused` and what opens the store raises.
    """
    if kafka is None:
        raise UsageError("the settings of the cluster are missing", fix="give --kafka FILE")
    cluster = read_settings("kafka", kafka, {"group": group})
    if len(cluster["topics"]) != 1:
        raise UsageError(
            f"a group reads one topic, and there are {plural(len(cluster['topics']), 'topic')}",
            fix="name one topic in the settings of Kafka",
        )
    stop, interrupts = threading.Event(), list[int]()

    def handle_interrupt(number: int, _: object) -> None:
        interrupts.append(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle_interrupt)
    member = WorkerSettings(
        group,
        worker or platform.node() or "worker",
        cluster["topics"][0],
        configuration_of(cluster, Clock(stop)),
        LEASE_SECONDS if lease is None else lease,
        heartbeat,
    )
    telling = WatchTelling(quiet=quiet, as_json=as_json)
    with open_watch_store(settings, output.say) as (database, lake):
        one = GroupWorker(settings, member, database, lake, news=telling.news)
        if not quiet:
            output.say(
                f"worker {member.worker} of the group {group}, topic {member.topic}; data store {settings.store}, "
                f"database {database.place}"
            )
            threading.Thread(target=_tell_changes, args=(one, stop), daemon=True).start()
        one.run(stop, until)
    if not quiet:
        output.say("stopped; other workers continue" if stop.is_set() else "all messages are read and scored")
    if signal.SIGINT in interrupts:
        raise typer.Exit(130)


def _tell_changes(worker: GroupWorker, stop: threading.Event) -> None:
    """Print which partitions this worker has, and faults, whenever they change."""
    told: list[str] | None = None
    while not stop.wait(_LOOK_SECONDS):
        now = describe_worker(worker.status(), worker.fault)
        if now != told:
            output.say(*now)
            told = now


def describe_worker(slots: list[SlotStatus], fault: str) -> list[str]:
    """Return sentences about the partitions of a worker and what keeps it from working."""
    lines = []
    for state, words in (("working", "scores"), ("waiting", "waits for the lease of")):
        numbers = [str(slot.partition) for slot in slots if slot.state == state]
        if numbers:
            noun = "partition" if len(numbers) == 1 else "partitions"
            lines.append(f"{words} {noun} {', '.join(numbers)}")
    lines += [f"partition {slot.partition}: {slot.fault}" for slot in slots if slot.fault]
    return [*(lines or ["has no partition"]), *([fault] if fault else [])]
