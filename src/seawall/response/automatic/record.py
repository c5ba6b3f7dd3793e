"""Read from the journal of automatic containment what was simulated, confirmed and done.

The journal is one file of the store, `automatic/automatic.journal.jsonl`, a hash chain. Its times never decrease: while the
clock is behind the last line, nothing is simulated, counted or done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from seawall.response.automatic.settings import SIMULATED_DAYS
from seawall.response.containment.journal import ERASED, Journal, open_journal
from seawall.response.errors import JournalBroken
from seawall_base.errors import OutputUnwritable
from seawall_base.rfc3339 import format_time
from seawall_base.times import parse_rfc3339

FOLDER: Final = "automatic"
FILE: Final = "automatic.journal.jsonl"
HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
REST: Final = 7 * DAY
"""Time in which an account that was contained is not contained again: a person may have let it go."""


@dataclass(frozen=True, slots=True)
class AutomaticAct:
    """One account that was, may have been or would have been contained. `at` is in microseconds since 1970.

    `states` are the states of the steps by their id, None while no result is known.
    """

    at: int
    incident: str
    tenant: str
    account: str
    kind: str
    titles: tuple[str, ...]
    plan: str = ""
    states: Mapping[str, str] | None = None
    digest: str = ""
    is_told: bool = False
    """Whether the news of it is in the outbox."""


@dataclass(slots=True)
class AutomaticHistory:
    """Everything that the journal records. `days` are the times at which days of simulation were counted, by settings."""

    latest: int = 0
    days: dict[str, list[int]] = field(default_factory=dict)
    judged: set[tuple[str, str, str]] = field(default_factory=set)
    """(incident, digest of the settings, rule) of incidents that were left alone."""

    withheld: dict[str, int] = field(default_factory=dict)
    """Number of incidents left alone, by rule."""

    acts: list[AutomaticAct] = field(default_factory=list)
    simulated: list[AutomaticAct] = field(default_factory=list)
    confirmed: tuple[str, str, int] | None = None
    """(digest of the settings, person, time) of the confirmation in force."""

    def count_days(self, digest: str) -> int:
        """Return the number of days on which these settings were simulated."""
        return len({at // DAY for at in self.days.get(digest, ())})

    def is_simulated(self, digest: str, now: int) -> bool:
        """Return whether a week of simulation with these settings is over."""
        days = self.days.get(digest, ())
        is_old = bool(days) and now - min(days) >= SIMULATED_DAYS * DAY
        return is_old and self.count_days(digest) >= SIMULATED_DAYS

    def is_confirmed(self, digest: str) -> bool:
        """Return whether a person confirmed these settings, and nobody has stopped them since."""
        return self.confirmed is not None and self.confirmed[0] == digest

    def may_act(self, digest: str, now: int) -> bool:
        """Return whether something may be done with these settings."""
        return self.is_simulated(digest, now) and self.is_confirmed(digest)

    def list_open(self) -> list[AutomaticAct]:
        """Return the acts without a result: a crash interrupted them."""
        return [act for act in self.acts if act.states is None]


def journal_file(store: Path) -> Path:
    """Return the path of the journal in a store."""
    return store / FOLDER / FILE


def plan_journal_file(store: Path, plan: str) -> Path:
    """Return the path of the journal of one act's plan, for `seawall respond undo`."""
    return store / FOLDER / f"{plan}.journal.jsonl"


@contextmanager
def open_automatic_journal(store: Path, now: Callable[[], int]) -> Iterator[Journal]:
    """Open the journal of a store for a `with` block; its times never decrease. `now` is in microseconds since 1970.

    Raises JournalBusy, JournalBroken or OutputUnwritable.
    """
    path, latest = journal_file(store), 0
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(
            f"{path.parent}: {error.strerror}", fix="check the path of the store"
        ) from None
    with open_journal(path, clock=lambda: format_time(max(now(), latest), digits=6)) as journal:
        latest = read_automatic_history(journal.entries).latest
        yield journal


def read_automatic_history(entries: Iterable[Mapping[str, Any]]) -> AutomaticHistory:
    """Parse the journal's lines. Raises JournalBroken for a line that no Seawall wrote."""
    found = AutomaticHistory()
    for entry in entries:
        try:
            _take(found, entry, parse_rfc3339(entry["at"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise JournalBroken(
                f"line {entry.get('number')} of the journal is invalid",
                fix="keep the file unchanged, and compare it with a copy; until then nothing is done",
            ) from None
    return found


def _take(found: AutomaticHistory, entry: Mapping[str, Any], at: int) -> None:
    event = entry["event"]
    found.latest = max(found.latest, at)
    if event == "day":
        found.days.setdefault(entry["settings"], []).append(at)
    elif event == "withheld":
        found.judged.add((entry["incident"], entry["settings"], entry["rule"]))
        found.withheld[entry["rule"]] = found.withheld.get(entry["rule"], 0) + 1
    elif event == "simulated":
        found.simulated.append(_act(entry, at))
    elif event == "acting":
        found.acts.append(_act(entry, at))
    elif event == "acted":
        _revise(found, entry["plan"], states=dict(entry["states"]))
    elif event == "told":
        _revise(found, entry["plan"], is_told=True)
    elif event == "confirmed":
        found.confirmed = (entry["settings"], entry["by"], at)
    elif event == "stopped":
        found.confirmed = None
    elif event not in ("torn", ERASED):
        raise ValueError(event)


def _revise(found: AutomaticHistory, plan: str, **changes: Any) -> None:
    """Change the act of a plan. Raises ValueError if there is none."""
    places = [number for number, act in enumerate(found.acts) if act.plan == plan]
    if not places:
        raise ValueError(plan)
    found.acts[places[-1]] = replace(found.acts[places[-1]], **changes)


def _act(entry: Mapping[str, Any], at: int) -> AutomaticAct:
    return AutomaticAct(
        at, entry["incident"], entry["tenant"], entry["account"], entry["kind"], tuple(entry["titles"]),
        entry["plan"], None, entry["settings"],
    )  # fmt: skip
