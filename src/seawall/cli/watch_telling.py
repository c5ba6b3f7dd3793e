"""Print what a watch says: incidents and news on stdout, its status on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from seawall.cli import output
from seawall.cli.results import sums
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from seawall.detection.incident import Incident
    from seawall.detection.rules.sigma.run import RuleSet
    from seawall.pipeline.live.history import HistoryNotice
    from seawall.pipeline.live.news import News
    from seawall.pipeline.live.settings import LiveSettings
    from seawall.pipeline.live.status import WatchStatus


class WatchTelling:
    """Print news on stdout and status on stderr: always on a terminal, elsewhere only on errors."""

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        self._quiet, self._as_json = quiet, as_json
        self._is_live = not quiet and sys.stderr.isatty()
        self._fault: str | None = None
        self._is_rescoring = False
        self._unjudged: set[str] = set()
        self._width = 0

    def print_start(self, settings: LiveSettings, place: str, rules: RuleSet) -> None:
        """Print the folders, the data store and the rules."""
        if not self._quiet:
            from seawall.detection.rules.sigma.rule_summary import summarise_rules

            output.say(*summarise_rules(rules))
            followed = ", ".join(str(path) for path in settings.folders) or "standard input"
            output.say(f"watching {followed}; data store {settings.store}, database {place}")

    def news(self, item: News) -> None:
        """Print a raised incident, the result of scored history, or that a source is silent or resumed."""
        from seawall.pipeline.live.history import HistoryNotice
        from seawall.pipeline.live.rescoring import RescoringNotice, describe_rescoring
        from seawall.pipeline.live.silent_sources import SilenceChange

        self._wipe()
        if self._as_json:
            for document in _documents(item):
                _write_line(document)
        elif isinstance(item, HistoryNotice):
            self._history(item)
        elif isinstance(item, RescoringNotice):
            output.say(*describe_rescoring(item))
        elif isinstance(item, SilenceChange):
            tenant, source = item.key
            verb = "is silent" if item.is_silent else "sends again"
            output.say(f"source {source} of {tenant} {verb}")
        else:
            output.write(_line(item) + "\n")

    def _history(self, item: HistoryNotice) -> None:
        """Print the incidents in events older than the live window."""
        if not self._quiet:
            first, last = (_date(day) for day in (item.first_day, item.last_day))
            output.say(
                f"history of {item.tenant}, {first} to {last}: {plural(len(item.raised), 'incident')} raised, "
                f"{plural(item.candidates, 'candidate')}"
            )
        for incident in item.raised:
            output.write(f"{_line(incident)}  history\n")

    def status(self, status: WatchStatus) -> None:
        """Show the status. Faults are told even where news alone is wanted: a command that waits in silence seems to hang."""
        if status.fault != self._fault:
            self._wipe()
            output.say(
                f"error: {status.fault}; the command retries" if status.fault else "recovered from the error"
            )
            self._fault = status.fault
        if self._quiet:
            return
        if status.rescoring and not self._is_rescoring:
            self._wipe()
            output.say(status.rescoring)
        self._is_rescoring = bool(status.rescoring)
        for text in status.unjudged:
            name = text.partition(" of organisation ")[2].partition(" ")[0]
            if name not in self._unjudged:
                self._unjudged.add(name)
                self._wipe()
                output.say(f"NOT JUDGED: {text}")
        if self._is_live:
            text = _progress(status)
            sys.stderr.write("\r" + text.ljust(self._width))
            sys.stderr.flush()
            self._width = len(text)

    def print_totals(self, status: WatchStatus, *, is_over: bool) -> None:
        """Print the totals."""
        self._wipe()
        if self._as_json and is_over:
            _write_line({"type": "summary", **_sums(status), "not_judged": list(status.unjudged)})
        elif is_over:
            for text in status.unjudged:
                output.write(f"NOT JUDGED: {text}\n")
        if not self._quiet:
            output.say(
                sums(_sums(status)) + (f" + {status.waiting:,} to be scored" if status.waiting else "")
            )
            if status.past_unjudged:
                output.say(
                    f"not scored yet: older events of {plural(status.past_unjudged, 'organisation')}; the next start scores them"
                )

    def _wipe(self) -> None:
        if self._is_live and self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            self._width = 0


def _progress(status: WatchStatus) -> str:
    left = f", {status.backlog_bytes / 1e6:,.0f} MB to read" if status.backlog_bytes else ""
    time_left = f", about {status.seconds_left:,.0f} s" if status.seconds_left else ""
    dirty = f", {plural(status.dirty_days, 'day')} to score" if status.dirty_days else ""
    return f"{status.doing}: {plural(status.records, 'record')}, {status.rate:,.0f}/s{left}{time_left}{dirty}"


def _line(incident: Incident) -> str:
    from seawall_base.safe_text import visible
    from seawall_base.times import rfc3339

    parts = (
        rfc3339(incident.first_event),
        incident.severity,
        f"{incident.score:.1f}",
        incident.tenant,
        incident.account,
        incident.title,
        incident.id,
    )
    return "  ".join(visible(part) for part in parts)


def _documents(item: News) -> list[dict[str, Any]]:
    from seawall.pipeline.live.history import HistoryNotice
    from seawall.pipeline.live.rescoring import RescoringNotice
    from seawall.pipeline.live.silent_sources import SilenceChange
    from seawall.storage.files.incident_documents import incident_document
    from seawall_base.times import rfc3339

    if isinstance(item, HistoryNotice):
        found = [{"type": "incident.history", "incident": incident_document(one)} for one in item.raised]
        return [{"type": "history.judged", **item.document()}, *found]
    if isinstance(item, RescoringNotice):
        return [{"type": "events.rescored", **item.document()}]
    if isinstance(item, SilenceChange):
        tenant, source = item.key
        kind = "source.silent" if item.is_silent else "source.resumed"
        return [{"type": kind, "tenant": tenant, "source": source, "last_heard": rfc3339(item.since)}]
    return [{"type": "incident.raised", "incident": incident_document(item)}]


def _date(day: int) -> str:
    from datetime import date, timedelta

    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _sums(status: WatchStatus) -> dict[str, int]:
    names = ("records", "events", "duplicates", "problems", "waiting")
    return {name: getattr(status, name) for name in names}


def _write_line(document: dict[str, Any]) -> None:
    import msgspec

    from seawall_base.document_version import SCHEMA_VERSION

    line = msgspec.json.encode({"schema_version": SCHEMA_VERSION, **document}, enc_hook=str)
    output.write(line.decode() + "\n")
