"""Automatic containment, one rule at a time: what is done, what is only simulated, and what is left to a person."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seawall.response.automatic.account_kinds import GLOBAL_ADMINISTRATOR, NO_LICENCE
from seawall.response.automatic.judging import AutomaticCandidate
from seawall.response.automatic.record import (
    DAY,
    HOUR,
    journal_file,
    plan_journal_file,
    read_automatic_history,
)
from seawall.response.automatic.settings import KindThresholds
from seawall.response.containment.history import read_history
from seawall.response.containment.journal import read_journal
from seawall.response.containment.plan_run import PlanRun
from seawall.response.containment.session import begin_journal, read_plan_of_journal
from seawall.response.containment.vendor_calls import CallRefused, CallResultUnknown
from seawall.response.errors import JournalBroken
from seawall.storage.errors import LeaseLost
from tests.response.automatic.directory import NOW, PEOPLE, Organisation, candidate, incident, with_table

EVE, ANN = "eve@example.org", "ann@example.org"


@pytest.fixture
def organisation(tmp_path: Path) -> Organisation:
    made = Organisation(tmp_path)
    made.directory.add(EVE)
    made.directory.add(ANN)
    return made


def history(organisation: Organisation) -> Any:
    return read_automatic_history(read_journal(journal_file(organisation.store)))


def test_after_the_week_and_the_confirmation_sign_in_is_blocked_and_nothing_else(
    organisation: Organisation,
) -> None:
    organisation.allow()
    assert organisation.service.judge(candidate(EVE)) == "acted"
    assert organisation.directory.blocked == [EVE]
    changes = [path for method, path in organisation.directory.calls if method != "GET"]
    assert changes == ["/users/eve%40example.org"] or changes == ["/users/eve@example.org"]
    (act,) = history(organisation).acts
    assert set(act.states.values()) == {"done"}
    assert act.is_told
    (news,) = organisation.news
    assert news.kind == "containment.done"
    assert news.document["undo"].startswith("seawall respond undo ")


def test_the_act_is_in_the_journal_before_the_vendor_is_called(organisation: Organisation) -> None:
    organisation.allow()
    organisation.directory.change_fault = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        organisation.service.judge(candidate(EVE))
    (act,) = history(organisation).acts
    assert act.account == EVE
    assert act.states is None
    entries = read_journal(plan_journal_file(organisation.store, act.plan))
    assert [entry["event"] for entry in entries][-1] == "intent"


def test_an_act_that_a_crash_interrupted_is_never_tried_again_and_a_person_is_told(
    organisation: Organisation,
) -> None:
    organisation.allow()
    organisation.directory.change_fault = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        organisation.service.judge(candidate(EVE))
    organisation.directory.users[EVE]["accountEnabled"] = True  # somebody let her in again
    organisation.start().work([candidate(EVE), candidate(EVE, chance=0.99, id="another")])
    organisation.start().work([candidate(EVE)])
    assert organisation.directory.blocked == [EVE]
    assert organisation.kinds() == ["containment.unclear"]


def test_who_lost_the_right_to_contain_does_nothing_and_a_person_is_told(organisation: Organisation) -> None:
    """A worker of a group sleeps between its verdict and the act, and another one has its lease by then."""
    organisation.allow()

    def refuse() -> None:
        raise LeaseLost("another worker of the group holds partition 0")

    organisation.prove = refuse
    with pytest.raises(LeaseLost):
        organisation.service.judge(candidate(EVE))
    organisation.prove = lambda: None
    other = organisation.start()
    other.work([candidate(EVE), candidate(ANN)])
    assert organisation.directory.blocked == [ANN]
    assert sorted(organisation.kinds()) == ["containment.done", "containment.unclear"]


def test_the_act_is_undone_from_its_journal(organisation: Organisation) -> None:
    organisation.allow()
    organisation.service.judge(candidate(EVE))
    path = plan_journal_file(organisation.store, history(organisation).acts[0].plan)
    plan = read_plan_of_journal(path)
    with begin_journal(path, plan, lambda: "2026-11-26T00:00:00Z") as journal:
        chosen = frozenset(step.id for step in plan.actions)
        results = list(PlanRun(plan, journal, organisation.directory, "Ann", "undo", chosen).carry_out())
    assert [one.state for one in results if one.state != "left out"] == ["undone"]
    assert organisation.directory.users[EVE]["accountEnabled"] is True
    assert organisation.start().judge(candidate(EVE, id="later")) == "once", "a person let her in again"
    assert organisation.service.judge(candidate(EVE, id="other", last_event=NOW)) == "once"


@pytest.mark.parametrize("mode", ["simulate", "act"])
def test_without_week_and_confirmation_everything_is_only_simulated(
    organisation: Organisation, mode: Any
) -> None:
    organisation.table = with_table(mode=mode)
    assert organisation.start().judge(candidate(EVE)) == "simulated"
    assert organisation.service.judge(candidate(EVE)) == "once"
    assert {method for method, _ in organisation.directory.calls} == {"GET"}
    assert organisation.kinds() == ["containment.simulated"]
    organisation.confirm()
    assert organisation.start().judge(candidate(ANN)) == "simulated", "the week is not over"


def test_what_was_simulated_is_not_done_after_the_confirmation(organisation: Organisation) -> None:
    assert organisation.service.judge(candidate(EVE)) == "simulated"
    organisation.clock.wall += 7 * DAY
    organisation.allow()
    late = incident(EVE, id=candidate(EVE).incident.id, last_event=organisation.clock.wall)
    assert organisation.service.judge(AutomaticCandidate(late)) == "once"
    assert organisation.directory.blocked == []


def test_other_settings_need_another_week_and_another_confirmation(organisation: Organisation) -> None:
    organisation.allow()
    organisation.table = with_table(people=KindThresholds(chance=0.5, severity="high"))
    assert organisation.start().judge(candidate(EVE)) == "simulated"
    organisation.table = with_table(mode="simulate")
    assert organisation.start().judge(candidate(ANN)) == "simulated"
    assert organisation.directory.blocked == []


def test_days_count_only_if_they_were_simulated(organisation: Organisation) -> None:
    organisation.service.work(())
    organisation.clock.wall += 30 * DAY
    organisation.service.work(())
    found = history(organisation)
    assert found.count_days(organisation.table.digest) == 2
    assert not found.is_simulated(organisation.table.digest, organisation.clock.wall)


def test_a_person_stops_it(organisation: Organisation) -> None:
    from seawall.response.automatic.record import open_automatic_journal

    organisation.allow()
    with open_automatic_journal(organisation.store, organisation.clock.now) as journal:
        journal.append("stopped", by="Bob Example")
    assert organisation.service.judge(candidate(EVE)) == "simulated"
    assert organisation.directory.blocked == []


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("organisation", {"tenant": "another"}),
        ("not-raised", {"raised": False}),
        ("age", {"last_event": NOW - DAY - 1}),
        ("age", {"last_event": NOW + 2 * HOUR}),
        ("thresholds", {"chance": None}),
        ("thresholds", {"chance": math.nan}),
        ("thresholds", {"chance": math.inf}),
        ("thresholds", {"chance": 0.89}),
        ("thresholds", {"severity": "medium"}),
        ("thresholds", {"severity": "unheard-of"}),
        ("steps", {"account": "eve"}),
        ("unknown", {"account": "nobody@example.org"}),
    ],
)
def test_an_incident_that_does_not_qualify_is_left_alone(
    organisation: Organisation, rule: str, changes: dict[str, Any]
) -> None:
    organisation.allow()
    one = incident(EVE)
    assert organisation.service.judge(AutomaticCandidate(replace(one, **changes))) == rule
    assert organisation.directory.blocked == []


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("answered", {"is_answered": True}),
        ("not-raised", {"is_history": True}),
        ("not-raised", {"is_announced": False}),
    ],
)
def test_what_a_person_has_is_left_to_them(
    organisation: Organisation, rule: str, changes: dict[str, bool]
) -> None:
    organisation.allow()
    assert organisation.service.judge(AutomaticCandidate(incident(EVE), **changes)) == rule
    assert organisation.directory.blocked == []


def test_protected_accounts_are_never_touched_however_they_are_spelt(organisation: Organisation) -> None:
    organisation.table = with_table(protected=(" EVE@Example.org",))
    organisation.start()
    organisation.allow()
    assert organisation.service.judge(candidate(EVE)) == "protected"


@pytest.mark.parametrize(
    "role", [{"role": "some-role"}, {"eligible": True, "role": "x"}, {"group_role": True}]
)
def test_administrators_are_never_touched_unless_allowed(
    organisation: Organisation, role: dict[str, Any]
) -> None:
    organisation.directory.add("root@example.org", **role)
    organisation.allow()
    assert organisation.service.judge(candidate("root@example.org")) == "kind"
    assert organisation.directory.blocked == []


def test_the_last_administrator_is_never_touched_even_if_administrators_are_allowed(
    organisation: Organisation,
) -> None:
    organisation.table = with_table(administrators=PEOPLE)
    organisation.start()
    organisation.directory.add("one@example.org", role=GLOBAL_ADMINISTRATOR)
    organisation.directory.add("two@example.org", role=GLOBAL_ADMINISTRATOR)
    organisation.allow()
    assert organisation.service.judge(candidate("one@example.org")) == "acted"
    organisation.directory.users["one@example.org"]["accountEnabled"] = True  # the directory shows it late
    assert organisation.service.judge(candidate("two@example.org")) == "last-administrator"
    assert organisation.directory.blocked == ["one@example.org"]


@pytest.mark.parametrize(
    "name", ["svc-backup@example.org", "Service.Print@example.org", "noreply@example.org"]
)
def test_service_accounts_are_never_touched_unless_allowed(organisation: Organisation, name: str) -> None:
    organisation.directory.add(name)
    organisation.allow()
    assert organisation.service.judge(candidate(name)) == "kind"
    assert organisation.directory.blocked == []


def test_service_accounts_are_contained_if_they_are_allowed(organisation: Organisation) -> None:
    organisation.directory.add("svc-backup@example.org")
    organisation.table = with_table(services=PEOPLE)
    organisation.start()
    organisation.allow()
    assert organisation.service.judge(candidate("svc-backup@example.org")) == "acted"


@pytest.mark.parametrize(
    "fault",
    [CallRefused(403, "Authorization_RequestDenied"), CallRefused(0, "timeout"), CallResultUnknown("x")],
)
def test_a_vendor_that_does_not_answer_means_no_act(organisation: Organisation, fault: Exception) -> None:
    organisation.allow()
    organisation.directory.read_fault = fault
    assert organisation.service.judge(candidate(EVE)) == "unknown"
    assert {method for method, _ in organisation.directory.calls} == {"GET"}


@pytest.mark.parametrize("key", ["value", "id", "userPrincipalName"])
def test_an_answer_without_what_is_asked_for_means_no_act(organisation: Organisation, key: str) -> None:
    organisation.allow()
    organisation.directory.without = frozenset({key})
    assert organisation.service.judge(candidate(EVE)) == "unknown"
    assert organisation.directory.blocked == []


def test_a_directory_without_the_licence_for_eligible_roles_has_none(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = organisation.directory._answer

    def without_licence(call: Any) -> Any:
        if "roleEligibilitySchedules" in call.path:
            raise CallRefused(403, NO_LICENCE)
        return answer(call)

    monkeypatch.setattr(organisation.directory, "_answer", without_licence)
    organisation.allow()
    assert organisation.service.judge(candidate(EVE)) == "acted"


def test_a_refused_act_is_told_and_not_tried_again(organisation: Organisation) -> None:
    organisation.allow()
    organisation.directory.change_fault = CallRefused(403, "Authorization_RequestDenied")
    assert organisation.service.judge(candidate(EVE)) == "acted"
    assert organisation.kinds() == ["containment.unclear"]
    assert organisation.service.judge(candidate(EVE, id="again")) == "once"
    assert organisation.directory.blocked == []


def test_limits_hold_for_the_hour_and_the_day_and_are_told_once(organisation: Organisation) -> None:
    names = [f"user{number}@example.org" for number in range(8)]
    for name in names:
        organisation.directory.add(name)
    organisation.allow()
    organisation.service.work([candidate(name) for name in names])
    assert len(organisation.directory.blocked) == 2
    assert organisation.kinds().count("containment.withheld") == 6
    for _ in range(3):
        organisation.clock.pass_time(3601)
        organisation.start().work([candidate(name) for name in names])
    assert len(organisation.directory.blocked) == 4
    journalled = [entry["why"] for entry in read_journal(journal_file(organisation.store)) if "why" in entry]
    assert any("within the day" in why for why in journalled)


def test_a_clock_that_jumps_ahead_frees_no_limit_of_the_hour(organisation: Organisation) -> None:
    for name in ("one@example.org", "two@example.org"):
        organisation.directory.add(name)
    organisation.allow()
    organisation.service.work([candidate(EVE), candidate(ANN)])
    organisation.clock.wall += 2 * HOUR
    assert organisation.service.judge(candidate("one@example.org", organisation.clock.wall)) == "limit-hour"
    assert sorted(organisation.directory.blocked) == [ANN, EVE]


def test_while_the_clock_is_behind_nothing_is_done_or_counted(organisation: Organisation) -> None:
    organisation.allow()
    organisation.service.work(())
    lines = len(read_journal(journal_file(organisation.store)))
    organisation.clock.wall -= 2 * DAY
    organisation.service.work([candidate(EVE, organisation.clock.wall)])
    assert organisation.directory.blocked == []
    assert len(read_journal(journal_file(organisation.store))) == lines


def test_credentials_of_another_directory_are_not_used(organisation: Organisation) -> None:
    organisation.table = with_table(organisations=("another-directory",))
    organisation.start()
    organisation.allow()
    assert organisation.service.judge(candidate(EVE, tenant="another-directory")) == "access"
    assert organisation.directory.calls == []


def test_a_changed_journal_stops_everything(organisation: Organisation) -> None:
    organisation.allow()
    organisation.service.judge(candidate(ANN))
    path = journal_file(organisation.store)
    path.write_bytes(path.read_bytes().replace(b"Ann Example", b"Eve Example"))
    with pytest.raises(JournalBroken):
        organisation.service.work([candidate(EVE)])
    assert organisation.directory.blocked == [ANN]


def test_off_does_not_even_write(organisation: Organisation) -> None:
    organisation.table = with_table(mode="off")
    organisation.start().work([candidate(EVE)])
    assert organisation.service.judge(candidate(EVE)) == "off"
    assert not journal_file(organisation.store).exists()


def test_the_plan_journal_names_who_confirmed(organisation: Organisation) -> None:
    organisation.allow()
    organisation.service.judge(candidate(EVE))
    entries = read_journal(plan_journal_file(organisation.store, history(organisation).acts[0].plan))
    assert read_history(entries).approved[0][1] == "Seawall, by itself, as Ann Example confirmed"
