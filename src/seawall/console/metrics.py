"""Format the console's Prometheus metrics. Labels come from closed sets, never from a log, account or user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from seawall.pipeline.group.describing import measure_lags, partition_of
from seawall.storage.database.leases import list_held

if TYPE_CHECKING:
    from seawall.console.worker_pool import PoolLoad
    from seawall.pipeline.live.status import WatchStatus
    from seawall.storage.database import SlotLease

_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ConsoleMeasurements:
    """The measured values. `answered` counts answers by status class (`2xx`); `loads` are the pools' loads by name.

    `leases` are those of a group's partitions.
    """

    is_ready: bool
    status: WatchStatus
    answered: Mapping[str, int]
    loads: Mapping[str, PoolLoad]
    leases: Sequence[SlotLease] = ()


def metrics_text(measured: ConsoleMeasurements) -> bytes:
    """Return the metrics in Prometheus' text format."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Collector(measured))
    return generate_latest(registry)


class _Collector:
    def __init__(self, measured: ConsoleMeasurements) -> None:
        self._measured = measured

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        def gauge(name: str, words: str, value: float) -> Any:
            return GaugeMetricFamily(f"seawall_console_{name}", words, value=value)

        def counter(name: str, words: str, label: str, values: Mapping[str, float]) -> Any:
            family = CounterMetricFamily(f"seawall_console_{name}", words, labels=[label])
            for given, value in sorted(values.items()):
                family.add_metric([given], value)
            return family

        measured, status = self._measured, self._measured.status
        requests = GaugeMetricFamily(
            "seawall_console_requests", "Requests that run or wait, by pool.", labels=["pool"]
        )
        for pool, load in measured.loads.items():
            requests.add_metric([pool], load.requests)
        yield gauge("ready", "1 when the database answers, else 0.", int(measured.is_ready))
        yield counter("answers", "Answers by class of status.", "status", measured.answered)
        yield requests
        refused = {pool: load.refused for pool, load in measured.loads.items()}
        yield counter("refused", "Requests that found no room, by pool.", "pool", refused)
        yield gauge("watching", "1 when a watch runs in this program, else 0.", int(status.doing != "none"))
        is_stopped = status.doing == "stopped" or status.fault is not None
        yield gauge("watch_stopped", "1 when the watch cannot go on, else 0.", int(is_stopped))
        records = {"event": status.events, "duplicate": status.duplicates, "problem": status.problems}
        yield counter(
            "records", "Records that the watch has read, by what became of them.", "result", records
        )
        yield from _measure_group(measured.leases)
        yield gauge("dirty_days", "Days that wait for being scored.", status.dirty_days)
        if status.backlog_bytes is not None:
            yield gauge("backlog_bytes", "Bytes of logs that wait for being read.", status.backlog_bytes)
        if status.last_batch is not None:
            at = status.last_batch / _MICROSECONDS
            yield gauge("last_batch_timestamp_seconds", "When records were last taken in.", at)


def _measure_group(leases: Sequence[SlotLease]) -> Iterator[Any]:
    """Yield, for each partition of a group, whether a worker has it and how many messages it has to read."""
    from prometheus_client.core import GaugeMetricFamily

    if not leases:
        return
    held = {partition_of(lease) for lease in list_held(leases)}
    lags = measure_lags(leases)
    has_worker = GaugeMetricFamily(
        "seawall_console_partition_held",
        "1 when a worker of the group scores the partition, else 0.",
        labels=["partition"],
    )
    lag = GaugeMetricFamily(
        "seawall_console_partition_lag",
        "Messages of the partition that are not stored yet.",
        labels=["partition"],
    )
    for number, messages in sorted(lags.items()):
        has_worker.add_metric([str(number)], int(number in held))
        lag.add_metric([str(number)], messages)
    yield has_worker
    yield lag
