"""Whatever happens in whatever order, the limits hold and no protected account is touched."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.response.automatic.account_kinds import GLOBAL_ADMINISTRATOR
from seawall.response.automatic.judging import AutomaticCandidate
from seawall.response.automatic.record import DAY, HOUR
from seawall.response.containment.vendor_calls import CallRefused, CallResultUnknown
from seawall_base.errors import SeawallError
from tests.response.automatic.directory import Organisation, incident, with_table

PEOPLE = tuple(f"person{number}@example.org" for number in range(6))
KEPT = ("root@example.org", "eligible@example.org", "svc-mail@example.org", "breakglass@example.org")
NAMES = (*PEOPLE, *KEPT, "nobody@example.org")

events = st.one_of(
    st.tuples(
        st.just("incident"),
        st.sampled_from(NAMES),
        st.sampled_from(["critical", "high", "low"]),
        st.sampled_from([0.99, 0.9, 0.5, None]),
    ),
    st.tuples(st.just("wait"), st.sampled_from([60, 1800, 3599, 3601, 40_000, 86_401])),
    st.tuples(st.just("jump"), st.sampled_from([-3 * DAY, -HOUR, HOUR, 3 * DAY])),
    st.tuples(st.just("restart")),
    st.tuples(st.just("let-in"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("fault"), st.sampled_from(["crash", "lost", "refused", "silent"])),
)


class Story:
    """Plays events on an organisation, and remembers by the steady clock when an account was blocked."""

    def __init__(self, folder: Path, *, is_allowed: bool) -> None:
        self.organisation = Organisation(folder, with_table(protected=("BreakGlass@example.org",)))
        for name in (*PEOPLE, "svc-mail@example.org", "breakglass@example.org"):
            self.organisation.directory.add(name)
        self.organisation.directory.add("root@example.org", role=GLOBAL_ADMINISTRATOR)
        self.organisation.directory.add("eligible@example.org", role="role", eligible=True)
        if is_allowed:
            self.organisation.allow()
        self.times: list[tuple[float, int, str]] = []
        self.count = 0

    def play(self, event: tuple[object, ...]) -> None:
        made, directory = self.organisation, self.organisation.directory
        match event:
            case ("incident", str(name), severity, chance):
                self.count += 1
                one = incident(
                    name, made.clock.wall, id=f"incident-{self.count}", severity=severity, chance=chance
                )
                self._work(AutomaticCandidate(one))
            case ("wait", int(seconds)):
                made.clock.pass_time(seconds)
            case ("jump", int(microseconds)):
                made.clock.wall += microseconds
            case ("restart",):
                made.start()
            case ("let-in", str(name)):
                directory.users[name]["accountEnabled"] = True
            case ("fault", "silent"):
                directory.read_fault = None if directory.read_fault else CallRefused(0, "timeout")
            case ("fault", str(kind)):
                faults = {
                    "crash": KeyboardInterrupt(),
                    "lost": CallResultUnknown("x"),
                    "refused": CallRefused(403),
                }
                directory.change_fault = faults[kind]

    def _work(self, candidate: AutomaticCandidate) -> None:
        made, before = self.organisation, len(self.organisation.directory.blocked)
        try:
            made.service.work([candidate])
        except (KeyboardInterrupt, SeawallError):
            made.start()
        for name in made.directory.blocked[before:]:
            self.times.append((made.clock.steady, made.clock.wall, name))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(events, max_size=25), st.booleans())
def test_no_sequence_exceeds_a_limit_or_touches_who_is_kept(
    story: list[tuple[object, ...]], is_allowed: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        told = Story(Path(folder), is_allowed=is_allowed)
        table = told.organisation.table
        for event in story:
            told.play(event)
        names = [name for _, _, name in told.times]
        assert set(names) <= set(PEOPLE), "nobody who is kept"
        assert is_allowed or not names, "nothing without week and confirmation"
        for _, wall, _ in told.times:
            assert sum(wall - HOUR < other <= wall for _, other, _ in told.times) <= table.an_hour
            assert sum(wall - DAY < other <= wall for _, other, _ in told.times) <= table.a_day
        assert all(
            abs(wall - other) > 7 * DAY - HOUR
            for place, (_, wall, name) in enumerate(told.times)
            for _, other, again in told.times[:place]
            if again == name
        ), "nobody twice in a week"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(["incident", "restart", "hour"]), max_size=20), st.integers(0, 3))
def test_one_administrator_always_stays(story: list[str], spare: int) -> None:
    from tests.response.automatic.directory import PEOPLE as THRESHOLDS

    with tempfile.TemporaryDirectory() as folder:
        made = Organisation(Path(folder), with_table(administrators=THRESHOLDS, an_hour=4, a_day=20))
        names = [f"root{number}@example.org" for number in range(spare + 1)]
        for name in names:
            made.directory.add(name, role=GLOBAL_ADMINISTRATOR)
        made.allow()
        turn = 0
        for event in story:
            if event == "restart":
                made.start()
            elif event == "hour":
                made.clock.pass_time(3601)
            else:
                name, turn = names[turn % len(names)], turn + 1
                made.service.work([AutomaticCandidate(incident(name, made.clock.wall))])
            assert any(made.directory.users[name]["accountEnabled"] for name in names)
        if story.count("incident") >= 2 and spare:
            assert made.directory.blocked, "the rule does not forbid everything"
