"""A collector at work: passes until it is stopped, and their messages."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seawall.cli import output
from seawall.collection.collector import collector_of, configuration_sources, open_collection
from seawall.collection.configuration import collect_configuration
from seawall.collection.errors import CollectIncomplete
from seawall.collection.run import CollectionPass, PassOutcome
from seawall.collection.settings import Vendor, read_settings
from seawall.vendor_api.error_advice import advice
from seawall.vendor_api.errors import CollectRefused
from seawall_base.clock import Clock, Stopped
from seawall_base.errors import OutputUnwritable
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from types import FrameType


def run(
    vendor: Vendor,
    typed: dict[str, Any],
    config: Path | None,
    out: Path,
    once: bool,
    interval: float,
    base_url: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Fetch until stopped, or once. Raises CollectIncomplete when one pass could not fetch everything."""
    settings = read_settings(vendor, config, typed)
    with stopping() as stop:
        clock = Clock(stop)
        collector = collector_of(vendor, settings, clock, base_url)
        say = (lambda _: None) if quiet else output.say
        with open_collection(out, vendor, collector.tenant) as book:
            passes = CollectionPass(vendor, collector.source, collector.clients, book, clock, output.say)
            try:
                if once:
                    print_outcome(passes.once(), vendor, collector.tenant, out, quiet, as_json)
                    return
                say(f"collecting {vendor} of {collector.tenant} into {out}, every {interval:g} seconds")
                while True:
                    _pass(passes, say)
                    clock.wait(interval)
            except Stopped:
                say("stopped; the next start resumes here")


def run_kafka(
    typed: dict[str, Any], config: Path | None, out: Path, once: bool, quiet: bool, as_json: bool
) -> None:
    """Read topics as a member of a consumer group until stopped, or once. Raises CollectIncomplete as `run` does."""
    from seawall.collection.kafka.group import open_member

    settings = read_settings("kafka", config, typed)
    with stopping() as stop:
        say = (lambda _: None) if quiet else output.say
        with open_member(out, settings, Clock(stop), output.say) as (name, member):
            if not once:
                say(f"reading {plural(len(settings['topics']), 'topic')} of {name} into {out}")
            outcome = member.run(once=once)
            if once and not stop.is_set():
                print_outcome(outcome, "kafka", name, out, quiet, as_json)
                return
            say("stopped; the next start resumes here")


def run_configuration(
    vendor: Vendor,
    typed: dict[str, Any],
    config: Path | None,
    out: Path,
    base_url: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Fetch a tenant's configuration once. Raises CollectIncomplete when an address could not be fetched."""
    settings = read_settings(vendor, config, typed)
    with stopping() as stop:
        sources = configuration_sources(vendor, settings, Clock(stop), base_url)
        for source in sources:
            source.client.report_wait = output.say
        say = (lambda _: None) if quiet or as_json else output.say
        try:
            outcome = collect_configuration(sources, out, lambda name: say(f"fetching {name}"))
        except Stopped:
            output.say("stopped; the folder is not complete")
            return
    if as_json:
        output.answer_json({"folder": str(out), "objects": outcome.objects, "failed": outcome.failed})
    elif not quiet:
        output.say(
            f"{plural(sum(outcome.objects.values()), 'object')} of {plural(len(outcome.objects), 'export')}"
        )
    if outcome.failed:
        addresses = {name: address for source in sources for name, address in source.addresses.items()}
        refused = [name for name, why in outcome.failed.items() if why.startswith("403")]
        permissions = sorted({addresses[name].permission for name in refused})
        raise CollectIncomplete(
            f"not everything could be fetched: {', '.join(f'{name} ({why})' for name, why in outcome.failed.items())}",
            fix=f"grant the application {', '.join(permissions)}; then fetch into a new folder"
            if permissions
            else "; ".join(dict.fromkeys(advice(why) for why in outcome.failed.values())),
        )
    if not quiet:
        output.next_step(f"seawall assurance --configuration {output.quote_path(out)}")


def _pass(passes: CollectionPass, say: Any) -> None:
    """One of many passes. What is refused may be allowed, and a disk that is full have room, before the next: neither is the
    end."""
    try:
        outcome = passes.once()
    except (CollectRefused, OutputUnwritable) as error:
        output.say(f"error: {error.message}", f"  fix: {error.fix}")
        return
    if outcome.records:
        say(plural(outcome.records, "new record"))


def print_outcome(
    outcome: PassOutcome, vendor: str, tenant: str, out: Path, quiet: bool, as_json: bool
) -> None:
    """Say what one pass brought. Raises CollectIncomplete when it could not fetch everything."""
    if as_json:
        output.answer_json(
            {
                "vendor": vendor,
                "tenant": tenant,
                "records": outcome.records,
                "pieces": outcome.pieces,
                "waiting": outcome.waiting,
                "refused": outcome.refused,
            }
        )
    elif not quiet:
        output.say(f"{plural(outcome.records, 'new record')} in {plural(outcome.pieces, 'answer')}")
    if not outcome.is_complete:
        failed = {**outcome.waiting, **outcome.refused}
        raise CollectIncomplete(
            f"not everything could be fetched: {', '.join(f'{feed} ({why})' for feed, why in failed.items())}",
            fix="; ".join(dict.fromkeys(advice(why) for why in failed.values())),
        )
    if not quiet:
        output.next_step(f"seawall collect status --out {output.quote_path(out)}")


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set: what has come by then is kept, and nothing is half-written."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
