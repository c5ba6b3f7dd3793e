"""Who is touched is proved, who is not is covered, and everything else stays open, each for its own reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.collection.coverage_gap import CoverageGap
from seawall.response.scope import ScopeQuery, SearchBounds, search
from seawall_base.errors import InputUnreadable, UsageError
from tests.response.scope.story import (
    HISTORY,
    LAST,
    THEIRS,
    account,
    at_home,
    day_at,
    days_at_home,
    folders,
    mailbox,
    searched,
    theirs,
)


def test_the_read_mailbox_is_touched_and_the_others_are_proved_not_to_be(tmp_path: Path) -> None:
    scope = searched(tmp_path, [*days_at_home(), theirs("evil-1")])
    assert mailbox(scope, "ann").verdict == "touched"
    assert mailbox(scope, "ann").records == ("evil-1",)
    assert {mailbox(scope, who).verdict for who in ("bob", "cara")} == {"not_touched"}
    assert {account(scope, who).verdict for who in ("bob", "cara")} == {"not_touched"}
    assert scope.organisations[0].verdict == "touched"
    assert "Covered by mail access records" in mailbox(scope, "bob").reasons[-1]
    assert scope.start == day_at(HISTORY - 7, 30)


def test_another_organisation_is_judged_by_its_own_records(tmp_path: Path) -> None:
    rows = [*days_at_home(), *days_at_home(tenant="other"), theirs("evil-1")]
    scope = searched(tmp_path, rows)
    assert {one.name: one.verdict for one in scope.organisations} == {
        "org": "touched",
        "other": "not_touched",
    }
    same_name = next(one for one in scope.mailboxes if one.tenant == "other" and one.name == "ann@x.example")
    assert same_name.verdict == "not_touched"


def _without(kind: str) -> list[dict[str, Any]]:
    return [row for row in [*days_at_home(), theirs("evil-1")] if row["kind"] != kind]


OPEN: dict[str, tuple[Any, str]] = {
    "throttled": (lambda: at_throttle(), "throttled"),
    "gap": (
        lambda: [
            row
            for row in [*days_at_home(), theirs("evil-1")]
            if not day_at(16) <= row["time"].timestamp() * 1e6 < day_at(18)
        ],
        "No mail access records",
    ),
    "logs end early": (
        lambda: [
            *[row for row in days_at_home() if row["kind"] != "mail_access" or row["time"].timestamp() * 1e6 < day_at(17)],
            theirs("evil-1"),
        ],
        "No mail access records",
    ),
    "strange place": (
        lambda: [*days_at_home(), theirs("evil-1"), bobs(src_ip="192.0.2.1", src_prefix="192.0.2.0/24", src_asn=64999)],
        "from where this account was not seen before",
    ),
    "no identifier": (
        lambda: [*days_at_home(), theirs("evil-1"), bobs(src_ip=None, src_prefix=None, src_asn=None, session_uid=None)],
        "nobody can tell whose",
    ),
    "never shown": (
        lambda: [row for row in [*days_at_home(), theirs("evil-1")] if row["mailbox"] != "bob@x.example"],
        "no record of mail access",
    ),
    "audit off": (
        lambda: [*days_at_home(), theirs("evil-1"), audit_off()],
        "Auditing was switched off",
    ),
    "no history": (lambda: [*days_at_home(HISTORY), theirs("evil-1")], "nothing is known before"),
}  # fmt: skip


def bobs(**columns: Any) -> dict[str, Any]:
    row = at_home("bob", "odd", HISTORY + 1, 300)[1]
    return {**row, **columns}


def at_throttle() -> list[dict[str, Any]]:
    row = at_home("bob", "many", HISTORY - 1, 900)[1]
    return [*days_at_home(), theirs("evil-1"), {**row, "is_throttled": True}]


def audit_off() -> dict[str, Any]:
    row = at_home("cara", "off", HISTORY - 3, 100)[1]
    changes = {"kind": "admin", "activity_name": "Set-Mailbox", "mailbox": "bob@x.example"}
    return {**row, **changes, "parameters": '{"Identity":"bob","AuditEnabled":"False"}', "unmapped": None}


@pytest.mark.parametrize("name", OPEN)
def test_what_leaves_a_mailbox_open_is_said(name: str, tmp_path: Path) -> None:
    rows, words = OPEN[name]
    scope = searched(tmp_path, rows())
    assert mailbox(scope, "bob").verdict == "possible"
    assert any(words in reason for reason in mailbox(scope, "bob").reasons)
    assert mailbox(scope, "ann").verdict == "touched"


def test_without_mail_access_no_mailbox_is_cleared(tmp_path: Path) -> None:
    scope = searched(tmp_path, _without("mail_access"), start=day_at(HISTORY))
    assert not scope.mailboxes
    assert {one.verdict for one in scope.accounts} == {"not_touched"}  # sign-ins alone: there is no mail here
    assert "No record of the span" not in scope.organisations[0].reasons[0]


def test_without_sign_ins_no_account_is_cleared(tmp_path: Path) -> None:
    scope = searched(tmp_path, _without("sign_in"))
    assert {one.verdict for one in scope.accounts} == {"touched", "possible"}
    assert scope.organisations[0].verdict == "touched"


@pytest.mark.parametrize("end", [1, 3])
def test_a_span_beyond_the_logs_clears_nobody(end: int, tmp_path: Path) -> None:
    scope = searched(tmp_path, [*days_at_home(), theirs("evil-1")], end=day_at(LAST + end))
    assert mailbox(scope, "bob").verdict == "possible"


def test_records_that_could_not_be_read_are_a_gap_where_they_may_lie(tmp_path: Path) -> None:
    rows = sorted([*days_at_home(), theirs("evil-1")], key=lambda row: row["time"])
    for number, row in enumerate(rows, 1):
        row["source_line"] = number + (number > len(rows) - 20)
    lost_late, lost_early = len(rows) - 19, 4
    rows[3]["source_line"] = 3
    late = searched(tmp_path, rows, lost={"a.jsonl": [lost_late]})
    assert mailbox(late, "bob").verdict == "possible"
    assert "could not be read" in mailbox(late, "bob").reasons[0]
    early = searched(tmp_path, rows, lost={"a.jsonl": [lost_early]})
    assert mailbox(early, "bob").verdict == "not_touched"
    damaged = searched(tmp_path, rows, lost={"a.jsonl": [0]})
    assert mailbox(damaged, "bob").verdict == "possible"
    unknown = searched(tmp_path, rows, lost={"cases/ann/case 7/another.jsonl": [7]})
    assert mailbox(unknown, "bob").verdict == "possible"
    assert "1 record of case 7/another.jsonl" in mailbox(unknown, "bob").reasons[0]


def test_in_a_file_without_order_a_lost_record_may_lie_anywhere(tmp_path: Path) -> None:
    rows = sorted([*days_at_home(), theirs("evil-1")], key=lambda row: row["metadata_uid"])
    for number, row in enumerate(rows, 1):
        row["source_line"] = number + (number > 3)
    scope = searched(tmp_path, rows, lost={"a.jsonl": [4]})
    assert mailbox(scope, "bob").verdict == "possible"


def test_a_file_that_was_cut_off_is_a_gap(tmp_path: Path) -> None:
    gap = CoverageGap(day_at(16), day_at(17), "all", "truncated", "a.csv was probably cut off there.")
    scope = searched(tmp_path, [*days_at_home(), theirs("evil-1")], cut=[("org", gap)])
    assert mailbox(scope, "bob").verdict == "possible"
    assert gap in scope.organisations[0].gaps


def test_attempts_that_failed_prove_nothing(tmp_path: Path) -> None:
    tried = {**theirs("try-1", "bob"), "kind": "sign_in", "status": "failure", "mailbox": None}
    scope = searched(tmp_path, [*days_at_home(), theirs("evil-1"), tried])
    assert account(scope, "bob").verdict == "not_touched"
    assert any("1 attempt" in reason for reason in account(scope, "bob").reasons)


def test_the_mailbox_of_an_account_that_was_used_is_presumed_touched(tmp_path: Path) -> None:
    entry = {
        **theirs("in-1", "bob"),
        "kind": "sign_in",
        "mailbox": None,
        "access_type": None,
        "unmapped": None,
    }
    scope = searched(tmp_path, [*days_at_home(), entry])
    assert account(scope, "bob").verdict == "touched"
    assert mailbox(scope, "bob").verdict == "possible"


def test_an_address_that_the_account_used_before_is_as_much_its_holders(tmp_path: Path) -> None:
    before = [theirs(f"own-{day}", "bob", day) for day in (3, 9)]
    rows = [*days_at_home(), *before, theirs("now", "bob"), theirs("evil-1")]
    scope = searched(tmp_path, rows, start=day_at(HISTORY))
    assert mailbox(scope, "bob").verdict == "possible"
    assert not mailbox(scope, "bob").records
    assert mailbox(scope, "ann").verdict == "touched"


def test_whoever_vouches_for_the_seeds_clears_strange_places_and_the_answer_says_so(tmp_path: Path) -> None:
    odd = bobs(src_ip="192.0.2.1", src_prefix="192.0.2.0/24", src_asn=64999)
    nowhere = {"src_ip": None, "src_prefix": None, "src_asn": None}
    blank = {**at_home("cara", "blank", HISTORY + 1, 300)[1], **nowhere, "session_uid": None}
    placed = {**at_home("bob", "placed", HISTORY + 1, 310)[1], **nowhere, "session_uid": odd["session_uid"]}
    scope = searched(tmp_path, [*days_at_home(), theirs("evil-1"), odd, blank, placed], is_complete=True)
    assert mailbox(scope, "bob").verdict == "not_touched"
    assert "vouches" in mailbox(scope, "bob").reasons[0]
    assert scope.is_complete
    assert mailbox(scope, "cara").verdict == "possible"


def test_an_incident_is_no_word_on_all_that_an_intruder_is_known_by() -> None:
    with pytest.raises(UsageError):
        ScopeQuery((), incidents={"a": ("1",)}, is_complete=True).check()


@pytest.mark.parametrize("kind", ["account", "mailbox", "network", "app", "user_agent", "device"])
def test_what_holders_have_too_needs_a_beginning(kind: Any) -> None:
    with pytest.raises(UsageError, match="no beginning"):
        ScopeQuery(((kind, "x"),)).check()
    ScopeQuery(((kind, "x"),), start=1).check()


@pytest.mark.parametrize(
    "asked",
    [ScopeQuery(), ScopeQuery((("address", "x"),), 5, 5), ScopeQuery((("address", "x"),), 6, 5)],
    ids=["nothing", "empty", "backwards"],
)
def test_what_makes_no_sense_is_refused(asked: ScopeQuery) -> None:
    with pytest.raises(UsageError):
        asked.check()


@pytest.mark.parametrize(
    ("kind", "value"),
    [("address", "300.1.1.1"), ("address", "a' OR 1=1 --"), ("network", "ASX"), ("session", " ")],
)
def test_a_seed_that_is_none_is_refused(kind: Any, value: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        searched(tmp_path, [theirs("evil-1")], (kind, value))


def test_a_seed_that_nothing_carries_clears_as_coverage_has_it(tmp_path: Path) -> None:
    scope = searched(tmp_path, days_at_home(), ("address", "192.0.2.200"), start=day_at(HISTORY))
    assert {one.verdict for one in scope.mailboxes} == {"not_touched"}
    assert scope.steps[0].events == 0


def test_an_account_that_is_named_is_open_and_its_new_places_are_not_followed_by_themselves(
    tmp_path: Path,
) -> None:
    scope = searched(
        tmp_path, [*days_at_home(), theirs("evil-1")], ("account", "Ann@x.example"), start=day_at(HISTORY)
    )
    assert mailbox(scope, "ann").verdict == "possible"
    assert account(scope, "ann").verdict == "possible"
    assert "named as taken over" in account(scope, "ann").reasons[0]
    assert mailbox(scope, "bob").verdict == "not_touched"


def test_a_file_that_holds_no_events_is_refused(tmp_path: Path) -> None:
    (tmp_path / "events.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InputUnreadable):
        search(tmp_path / "events.parquet", ScopeQuery((("address", "192.0.2.1"),)), tmp_path)


def test_a_bound_that_stops_the_search_clears_nobody(tmp_path: Path) -> None:
    rows = [
        *days_at_home(),
        theirs("evil-1", session_uid="s1"),
        theirs("evil-2", minute=40, session_uid="s1", src_ip="192.0.2.77", src_prefix="192.0.2.0/24"),
    ]
    free = searched(tmp_path, rows)
    assert mailbox(free, "bob").verdict == "not_touched"
    bound = searched(tmp_path, rows, bounds=SearchBounds(indicators=1))
    assert bound.is_bounded
    assert mailbox(bound, "bob").verdict == "possible"
    assert any("bounds" in step.reason for step in bound.steps)


def test_the_same_logs_give_the_same_scope(tmp_path: Path) -> None:
    rows = [*days_at_home(), theirs("evil-1", session_uid="s1"), theirs("evil-2", "bob", session_uid="s2")]
    assert searched(tmp_path, rows) == searched(tmp_path, list(reversed(rows)))


def test_names_that_are_sql_or_markup_are_names(tmp_path: Path) -> None:
    nasty = "x'; DROP TABLE events; --<b>@x.example"
    rows = [
        *days_at_home(),
        theirs("evil-1", account=nasty, mailbox=nasty, session_uid="s'1", unmapped=folders("a'b")),
    ]
    scope = searched(tmp_path, rows, ("session", "s'1"))
    touched = [one.name for one in scope.mailboxes if one.verdict == "touched"]
    assert touched == [nasty]
    assert THEIRS["src_ip"] in [step.indicator.value for step in scope.steps]


def test_a_folder_whose_name_is_a_pattern_is_a_folder(tmp_path: Path) -> None:
    place = tmp_path / "a*b[c]" / "day=1"
    place.mkdir(parents=True)
    assert mailbox(searched(place, [*days_at_home(), theirs("evil-1")]), "ann").verdict == "touched"


def test_what_a_vendor_says_about_an_account_touches_nobody(tmp_path: Path) -> None:
    """The alert names the intruder's address and session, but it is no act of bob's account."""
    rows = [*days_at_home(), theirs("evil-1")]
    said = {
        **theirs("alert-1"),
        "source": "entra_risk",
        "kind": "vendor_alert",
        "activity_name": "maliciousIPAddress",
        "status": None,
        "account": "bob@x.example",
        "mailbox": None,
    }
    (tmp_path / "without").mkdir()
    (tmp_path / "with").mkdir()
    before, after = searched(tmp_path / "without", rows), searched(tmp_path / "with", [*rows, said])
    assert account(after, "bob").verdict == account(before, "bob").verdict == "not_touched"
    assert mailbox(after, "bob").verdict == "not_touched"
    assert mailbox(after, "ann").records == ("evil-1",)
