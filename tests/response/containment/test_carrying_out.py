"""Plans are applied and undone against servers that answer as the vendors do, with everything that goes wrong."""

from __future__ import annotations

import copy
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.response.containment import journal as journals
from seawall.response.containment.history import read_history
from seawall.response.containment.planning import make_plan
from seawall.response.containment.values import ContainmentPlan, ContainmentStep, StepResult
from seawall.response.errors import JournalBroken, JournalBusy

from .google_api import Google
from .graph import Graph
from .okta_api import Okta
from .running import QuickClock, Tokens, asking, journal_of, moments, run
from .samples import ANN, ANN_ID, TENANT, evidence, incident, row
from .serving import Fault, served
from .test_planning import APP, CONSENT, GRANT, KEY, OLD_KEY, PRINCIPAL, RULE, SECRET

EVIL_RULE = {
    "id": "rule-2", "displayName": "..", "sequence": 2, "isEnabled": True, "hasError": False, "isReadOnly": False,
    "conditions": {"subjectContains": ["invoice", "’; Stop-Computer; ’"]},
    "actions": {"forwardTo": [{"emailAddress": {"address": "x@evil.example"}}], "stopProcessingRules": True},
}  # fmt: skip
HER_GRANT = {
    "id": GRANT, "clientId": PRINCIPAL, "consentType": "Principal", "principalId": ANN_ID, "resourceId": "r", "scope": "Mail.Read"
}  # fmt: skip


@pytest.fixture
def graph() -> Iterator[Graph]:
    vendor = Graph()
    vendor.add_user(ANN, id=ANN_ID)
    vendor.rules[ANN] = [
        {"id": f"rule-{number}", "displayName": f"own {number}", "sequence": number} for number in (0, 1)
    ]
    vendor.rules[ANN] += [copy.deepcopy(EVIL_RULE)]
    vendor.grants = [{**HER_GRANT, "id": "other", "resourceId": "s", "scope": "User.Read"}, dict(HER_GRANT)]
    vendor.applications[APP] = [
        {"keyId": OLD_KEY, "displayName": "old"},
        {"keyId": KEY, "displayName": "x", "secretText": None},
    ]
    with served(vendor):
        yield vendor


@pytest.fixture
def whole() -> ContainmentPlan:
    return make_plan(evidence(RULE, CONSENT, SECRET, intruders=("record-1",)), incident=incident("record-1"))


def by_kind(found: ContainmentPlan, kind: str, last: bool = False) -> ContainmentStep:
    return [
        action for action in found.actions if action.kind == kind and bool(action.details.get("last")) is last
    ][-1]


def states(results: dict[str, StepResult]) -> dict[str, str]:
    return {step.rpartition("-")[0]: result.state for step, result in results.items()}


def test_a_plan_is_applied_and_undone(graph: Graph, whole: ContainmentPlan, tmp_path: Path) -> None:
    before = copy.deepcopy((graph.users, graph.rules, graph.grants, graph.applications))
    results = run(whole, tmp_path / "journal", asking({"microsoft": graph}))
    assert states(results) == {
        "remove-method": "waiting", "remove-app-credential": "done", "remove-consent": "done", "disable-account": "done",
        "reset-password": "done", "revoke-sessions": "done", "remove-inbox-rule": "done",
    }  # fmt: skip
    assert graph.users[ANN]["accountEnabled"] is False
    assert [one["id"] for one in graph.rules[ANN]] == ["rule-0", "rule-1"]
    assert [one["id"] for one in graph.grants] == ["other"]
    assert [one["keyId"] for one in graph.applications[APP]] == [OLD_KEY]
    assert len(graph.changes()) == 7
    again = run(whole, tmp_path / "journal", asking({"microsoft": graph}))
    assert states(again) == states(results)
    assert len(graph.changes()) == 7, "a second run changes nothing"

    undone = run(whole, tmp_path / "journal", asking({"microsoft": graph}), "undo")
    assert {step: state for step, state in states(undone).items() if state == "undone"} == {
        "remove-consent": "undone", "disable-account": "undone", "remove-inbox-rule": "undone",
    }  # fmt: skip
    users, rules, grants, applications = before
    assert graph.users[ANN]["accountEnabled"] is users[ANN]["accountEnabled"]
    without = {"id", "hasError", "isReadOnly"}
    shown = [
        json.dumps([{k: v for k, v in one.items() if k not in without} for one in listed]).casefold()
        for listed in (graph.rules[ANN], rules[ANN])
    ]
    assert shown[0] == shown[1], "Graph keeps what a rule looks for in capitals"
    assert [{**one, "id": ""} for one in graph.grants] == [{**one, "id": ""} for one in grants]
    assert graph.applications[APP] != applications[APP], "a secret cannot be put back, and the plan says so"
    assert by_kind(whole, "remove_app_credential").irreversible
    count = len(graph.changes())
    run(whole, tmp_path / "journal", asking({"microsoft": graph}), "undo")
    assert len(graph.changes()) == count, "undoing twice changes nothing"


def test_what_was_so_before_is_neither_changed_nor_undone(
    graph: Graph, whole: ContainmentPlan, tmp_path: Path
) -> None:
    graph.users[ANN]["accountEnabled"] = False
    graph.rules[ANN].pop()
    results = run(whole, tmp_path / "journal", asking({"microsoft": graph}))
    assert results[by_kind(whole, "disable_account").id].state == "already"
    assert results[by_kind(whole, "remove_inbox_rule").id].state == "already"
    assert results[by_kind(whole, "reset_password").id].state == "done"
    run(whole, tmp_path / "journal", asking({"microsoft": graph}), "undo")
    assert graph.users[ANN]["accountEnabled"] is False, "it was not Seawall that blocked it"


def test_throttling_is_waited_for_as_the_vendor_says(
    graph: Graph, whole: ContainmentPlan, tmp_path: Path
) -> None:
    clock = QuickClock()
    graph.faults = [
        Fault("PATCH", "/users/ann%40example.org", 429, "TooManyRequests", {"Retry-After": "17"}, times=2),
        Fault("GET", "/messageRules", 503, "ServiceNotAvailable", {"Retry-After": "5"}),
    ]
    results = run(whole, tmp_path / "journal", asking({"microsoft": graph}, clock))
    assert results[by_kind(whole, "disable_account").id].state == "done"
    assert results[by_kind(whole, "remove_inbox_rule").id].state == "done"
    assert clock.waited == [17, 17, 5]
    assert len(graph.changes()) == 7


def test_endless_throttling_is_given_up_and_may_be_tried_again(
    graph: Graph, whole: ContainmentPlan, tmp_path: Path
) -> None:
    graph.faults = [Fault("PATCH", "/users/ann%40example.org", 429, "", {"Retry-After": "100000"}, times=-1)]
    results = run(whole, tmp_path / "journal", asking({"microsoft": graph}))
    assert results[by_kind(whole, "disable_account").id].state == "failed"
    assert results[by_kind(whole, "reset_password").id].state == "blocked"
    assert results[by_kind(whole, "revoke_sessions").id].state == "blocked"
    assert results[by_kind(whole, "revoke_sessions", last=True).id].state == "done", "it needs nothing else"
    assert results[by_kind(whole, "remove_inbox_rule").id].state == "done"
    graph.faults = []
    results = run(whole, tmp_path / "journal", asking({"microsoft": graph}))
    assert {result.state for result in results.values()} == {"done", "waiting"}
    assert len(graph.changes()) == 7


def test_a_token_that_ended_is_renewed_once(graph: Graph, whole: ContainmentPlan, tmp_path: Path) -> None:
    graph.token = "token-2"
    tokens = Tokens()
    results = run(whole, tmp_path / "journal", asking({"microsoft": graph}, tokens=tokens))
    assert {result.state for result in results.values()} == {"done", "waiting"}
    assert tokens.renewals == 1
    graph.token = "token-3"  # and what is refused again is refused
    results = run(whole, tmp_path / "second", asking({"microsoft": graph}, tokens=Tokens()))
    assert results[by_kind(whole, "disable_account").id].state == "failed"


def test_what_the_vendor_refuses_stops_what_depends_on_it_alone(
    graph: Graph, whole: ContainmentPlan, tmp_path: Path
) -> None:
    graph.faults = [Fault("PATCH", "/users/ann%40example.org", 403, "Authorization_RequestDenied")]
    results = run(whole, tmp_path / "journal", asking({"microsoft": graph}))
    failed = results[by_kind(whole, "disable_account").id]
    assert failed.state == "failed"
    assert failed.why.startswith(
        "the vendor refused 1 of 1: 403 Authorization_RequestDenied: the call needs "
    )
    assert "User.EnableDisableAccount.All" in failed.why, "what is missing is named"
    assert "Privileged Authentication Administrator" in failed.why
    assert results[by_kind(whole, "reset_password").id].state == "blocked"
    assert results[by_kind(whole, "remove_consent").id].state == "done"
    assert "secret words" not in (tmp_path / "journal").read_text()


@pytest.mark.parametrize("fault", ["lost", "dropped"])
@pytest.mark.parametrize("kind", ["disable_account", "reset_password", "remove_inbox_rule", "remove_consent"])
def test_an_answer_that_never_came_is_looked_up_at_the_vendor(
    graph: Graph, whole: ContainmentPlan, tmp_path: Path, kind: str, fault: str
) -> None:
    """Whether the change was made or not: in the end it was made once."""
    action = by_kind(whole, kind)
    method = action.calls[0].method
    ending = {"remove_inbox_rule": "/rule-2", "remove_consent": GRANT}.get(kind, "/users/ann%40example.org")
    graph.faults = [Fault(method, ending, lost=fault == "lost", dropped=fault == "dropped")]
    if kind == "reset_password":  # the first PATCH of the account blocks it
        graph.faults.insert(0, Fault(method, ending, 429, headers={"Retry-After": "0"}))
        graph.faults.insert(1, Fault(method, ending, 429, headers={"Retry-After": "0"}))
    results = run(whole, tmp_path / "journal", asking({"microsoft": graph}))
    assert {result.state for result in results.values()} == {"done", "waiting"}
    assert len(graph.changes()) == 7


def test_a_change_that_cannot_be_looked_up_is_asked_of_a_person(tmp_path: Path) -> None:
    okta = Okta()
    okta.add_user(ANN)
    found = make_plan(evidence(systems={(TENANT, ANN): frozenset({"okta"})}), incident=incident())
    first = by_kind(found, "revoke_sessions")
    with served(okta):
        okta.faults = [Fault("DELETE", "/sessions", lost=True)]
        results = run(found, tmp_path / "journal", asking({"okta": okta}))
        assert results[first.id].state == "unclear"
        assert len(okta.cleared) == 2, "the first, whose answer was lost, and the last"
        results = run(found, tmp_path / "journal", asking({"okta": okta}))
        assert results[first.id].state == "unclear"
        assert len(okta.cleared) == 2, "never repeated by itself"
        results = run(found, tmp_path / "journal", asking({"okta": okta}), again=frozenset({first.id}))
        assert results[first.id].state == "done"
        assert len(okta.cleared) == 3


def test_google_applied_and_undone(tmp_path: Path) -> None:
    google = Google()
    google.add_user(
        ANN,
        tokens=[{"clientId": f"app-{number}", "scopes": []} for number in range(5)] + [{"clientId": "evil", "scopes": []}],
        filters=[{"id": "f0", "criteria": {"from": "boss"}, "action": {"addLabelIds": ["STARRED"]}},
                 {"id": "f1", "criteria": {"query": "invoice"}, "action": {"forward": "x@evil.example"}}],
        delegates=[{"delegateEmail": "eve@example.org", "verificationStatus": "accepted"}],
        asps=[{"codeId": 7, "name": "old"}],
        forwardingAddresses=[{"forwardingEmail": "x@evil.example", "verificationStatus": "accepted"}],
    )  # fmt: skip
    google.forwarding[ANN] = {"enabled": True, "emailAddress": "x@evil.example", "disposition": "trash"}
    rows = [
        row("authorize", 1, source="google_workspace", parameters={"client_id": "evil"}),
        row("gmail.users.settings.filters.create", 2, source="google_workspace", parameters={"id": "f1"}),
        row("gmail.users.settings.delegates.create", 3, source="google_workspace",
            parameters={"delegateEmail": "eve@example.org"}),
        row("email_forwarding_out_of_domain", 4, source="google_workspace"),
    ]  # fmt: skip
    ids = tuple(one["metadata_uid"] for one in rows)
    found = make_plan(
        evidence(*rows, intruders=ids, systems={(TENANT, ANN): frozenset({"google"})}),
        incident=incident(*ids),
    )
    with served(google):
        before = copy.deepcopy((google.users, google.lists, google.forwarding))
        results = run(found, tmp_path / "journal", asking({"google": google}))
        assert {result.state for result in results.values()} == {"done", "waiting"}
        assert google.users[ANN]["suspended"] is True
        assert [one["clientId"] for one in google.lists[ANN]["tokens"]] == [f"app-{n}" for n in range(5)]
        assert google.forwarding[ANN] == {"enabled": False}
        assert google.passwords == [ANN]
        undone = run(found, tmp_path / "journal", asking({"google": google}), "undo")
        assert {result.state for result in undone.values()} == {"undone", "left out"}
        users, lists, forwarding = before
        assert google.users[ANN].pop("changePasswordAtNextLogin"), (
            "stays, because the password stays replaced"
        )
        assert google.users == users
        assert google.forwarding == forwarding
        assert google.lists[ANN]["delegates"] == lists[ANN]["delegates"]
        assert [{**one, "id": ""} for one in google.lists[ANN]["filters"]] == [
            {**one, "id": ""} for one in lists[ANN]["filters"]
        ]
        left = {step.rpartition("-")[0] for step, result in undone.items() if result.state == "left out"}
        assert left == {"remove-consent", "remove-method", "reset-password", "revoke-sessions"}
        assert all(action.irreversible for action in found.actions if not action.undo)


def test_okta_applied_and_undone(tmp_path: Path) -> None:
    okta = Okta()
    okta.add_user(
        ANN,
        factors=[
            {"id": "old", "factorType": "push", "created": "2020-01-01T00:00:00.000Z"},
            {"id": "new", "factorType": "webauthn", "created": "2026-05-28T20:26:50.000Z"},
        ],
        roles=[{"id": "r1", "type": "SUPER_ADMIN", "label": "Super Administrator"}],
    )
    okta.tokens["00T1"] = {"id": "00T1", "name": "evil"}
    okta.providers["0oa1"] = {"id": "0oa1", "status": "ACTIVE", "type": "SAML2"}
    rows = [
        row("user.mfa.factor.activate", 1, source="okta", resource_uid=ANN),
        row("system.api_token.create", 2, source="okta", resource_uid="00T1"),
        row("system.idp.lifecycle.create", 3, source="okta", resource_uid="0oa1"),
        row(
            "user.account.privilege.grant", 4, source="okta", resource_uid=ANN,
            parameters={"privilegeGranted": "Super administrator"},
        ),
    ]  # fmt: skip
    ids = tuple(one["metadata_uid"] for one in rows)
    found = make_plan(
        evidence(*rows, intruders=ids, systems={(TENANT, ANN): frozenset({"okta"})}), incident=incident(*ids)
    )
    with served(okta):
        results = run(found, tmp_path / "journal", asking({"okta": okta}))
        assert {result.state for result in results.values()} == {"done", "waiting"}
        assert okta.users[ANN]["status"] == "SUSPENDED"
        assert [one["id"] for one in okta.lists["00u0"]["factors"]] == ["old"]
        assert okta.lists["00u0"]["roles"] == []
        assert okta.tokens == {}
        assert okta.providers["0oa1"]["status"] == "INACTIVE"
        undone = run(found, tmp_path / "journal", asking({"okta": okta}), "undo")
        assert {result.state for result in undone.values()} == {"undone", "left out"}
        assert okta.users[ANN]["status"] == "ACTIVE"
        assert okta.providers["0oa1"]["status"] == "ACTIVE"
        assert [one["type"] for one in okta.lists["00u0"]["roles"]] == ["SUPER_ADMIN"]
    text = (tmp_path / "journal").read_text()
    assert "recovery_question" not in text, "what is not kept on purpose is not kept"


def test_two_rules_that_say_the_same_come_back_twice(
    graph: Graph, whole: ContainmentPlan, tmp_path: Path
) -> None:
    graph.rules[ANN].append({**copy.deepcopy(EVIL_RULE), "id": "rule-3"})
    run(whole, tmp_path / "journal", asking({"microsoft": graph}))
    assert len(graph.rules[ANN]) == 2
    graph.faults = [Fault("POST", "/messageRules", lost=True)]
    run(whole, tmp_path / "journal", asking({"microsoft": graph}), "undo")
    assert [one["displayName"] for one in graph.rules[ANN]].count("..") == 2


def test_steps_that_were_not_asked_for_are_left_out(
    graph: Graph, whole: ContainmentPlan, tmp_path: Path
) -> None:
    block = by_kind(whole, "disable_account")
    results = run(whole, tmp_path / "journal", asking({"microsoft": graph}), chosen=frozenset({block.id}))
    assert {step for step, result in results.items() if result.state == "done"} == {block.id}
    assert len(graph.changes()) == 1


def test_nobody_is_asked_who_was_not_configured(whole: ContainmentPlan, tmp_path: Path) -> None:
    results = run(whole, tmp_path / "journal", asking({}))
    assert {result.state for result in results.values()} == {"failed", "blocked", "waiting"}


def test_a_journal_is_one_processs_and_shows_what_was_changed_in_it(
    graph: Graph, whole: ContainmentPlan, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    run(whole, path, asking({"microsoft": graph}))
    assert path.stat().st_mode & 0o777 == 0o600
    with journal_of(path, whole), pytest.raises(JournalBusy), journals.open_journal(path, clock=moments()):
        pass
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    for number, changed in enumerate(
        (
            content.replace(b'"done"', b'"gone"', 1),
            b"".join(lines[:3] + lines[4:]),
            b"".join(lines[1:]),
            b"[]\n",
            b"{}\n",
        )
    ):
        other = tmp_path / f"changed-{number}"
        other.write_bytes(changed)
        with pytest.raises(JournalBroken):
            journals.read_journal(other)
    path.chmod(0o644)
    with pytest.raises(JournalBroken), journals.open_journal(path, clock=moments()):
        pass


def test_a_change_is_on_the_disk_before_it_is_asked_for(
    graph: Graph, whole: ContainmentPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal is synchronised as often as it has lines, and the intent of a change before the vendor is asked."""
    order: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: order.append("disk"))
    handle = graph.handle

    def watched(method: str, target: str, token: str, body: Any) -> Any:
        if method != "GET":
            order.append("change")
        return handle(method, target, token, body)

    graph.handle = watched  # type: ignore[method-assign]
    run(whole, tmp_path / "journal", asking({"microsoft": graph}))
    entries = journals.read_journal(tmp_path / "journal")
    assert order.count("disk") == len(entries) + 1, "and the folder, when the file was made"
    lines = ["folder", *(entry["event"] for entry in entries)]
    told = iter(lines)
    for before, what in itertools.pairwise(order):
        event = next(told) if before == "disk" else ""
        if what == "change":
            assert event == "intent"


def test_a_line_that_was_cut_off_is_left_out_and_said(
    graph: Graph, whole: ContainmentPlan, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    run(whole, path, asking({"microsoft": graph}))
    whole_lines = path.read_bytes()
    for length in (1, 40, len(whole_lines.splitlines()[-1])):
        path.write_bytes(whole_lines[: len(whole_lines) - length])
        with journals.open_journal(path, clock=moments()) as journal:
            assert journal.entries[-1]["event"] == "torn"
        assert journals.read_journal(path)[-1]["event"] == "torn"


def test_secrets_are_nowhere(graph: Graph, whole: ContainmentPlan, tmp_path: Path) -> None:
    run(whole, tmp_path / "journal", asking({"microsoft": graph}))
    text = (tmp_path / "journal").read_text()
    assert "token-1" not in text
    sent = [json.loads(line) for line in text.splitlines()]
    assert all("body" not in entry for entry in sent)
    assert "passwordProfile" in text, "the plan itself says which field is set"
    assert '"aA1!' not in text
    assert read_history(sent).plan == whole


def test_pages_that_lead_elsewhere_are_not_followed(whole: ContainmentPlan, tmp_path: Path) -> None:
    class Leading(Graph):
        def answer(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Any:
            status, document = super().answer(method, parts, query, body)
            if method == "GET" and isinstance(document, dict) and "value" in document:
                document["@odata.nextLink"] = "https://evil.example/v1.0/steal"
            return status, document

    graph = Leading()
    graph.add_user(ANN, id=ANN_ID)
    with served(graph):
        results = run(whole, tmp_path / "journal", asking({"microsoft": graph}))
    assert results[by_kind(whole, "remove_inbox_rule").id].state == "failed"
    assert results[by_kind(whole, "disable_account").id].state == "done"


def test_what_was_undone_is_not_done_again_by_the_same_plan(
    graph: Graph, whole: ContainmentPlan, tmp_path: Path
) -> None:
    block = by_kind(whole, "disable_account")
    for phase in ("apply", "undo", "apply"):
        results = run(whole, tmp_path / "journal", asking({"microsoft": graph}), phase, frozenset({block.id}))
    assert results[block.id].state == "undone"
    assert graph.users[ANN]["accountEnabled"] is True
    assert len(graph.changes()) == 2


def test_undoing_asks_for_what_was_done_by_hand_where_it_can_be_undone(graph: Graph, tmp_path: Path) -> None:
    """Forwarding has a command for it; to have looked through methods has none."""
    forwarding = row("Set-Mailbox", mailbox=ANN, parameters={"ForwardingSmtpAddress": "smtp:x@evil.example"})
    found = make_plan(evidence(forwarding), incident=incident("record-1"))
    hands = {action.kind: action for action in found.actions if action.is_by_hand}
    path = tmp_path / "journal"
    run(found, path, asking({"microsoft": graph}))
    with journal_of(path, found) as journal:
        for action in hands.values():
            journal.append("confirmed", phase="apply", step=action.id, by="Bob")
    results = run(found, path, asking({"microsoft": graph}), "undo")
    assert results[hands["remove_forwarding"].id].state == "waiting"
    assert results[hands["remove_method"].id].state == "left out"
    with journal_of(path, found) as journal:
        journal.append("confirmed", phase="undo", step=hands["remove_forwarding"].id, by="Bob")
    results = run(found, path, asking({"microsoft": graph}), "undo")
    assert results[hands["remove_forwarding"].id].state == "undone"


def test_a_vendor_that_is_away_after_a_lost_answer_leaves_it_unclear(
    graph: Graph, whole: ContainmentPlan, tmp_path: Path
) -> None:
    """Later, when the vendor can be asked, the same run finds out, and makes nothing twice."""
    block = by_kind(whole, "disable_account")
    graph.faults = [
        Fault("PATCH", "/users/ann%40example.org", lost=True),
        *(Fault("GET", "/users/ann%40example.org", 503) for _ in range(20)),
    ]
    graph.faults.insert(0, Fault("GET", "/users/ann%40example.org", 429, headers={"Retry-After": "0"}))
    handle, seen = graph.handle, list[str]()

    def late(method: str, target: str, token: str, body: Any) -> Any:
        """The vendor is away only after the change was asked for."""
        if method == "PATCH":
            seen.append(target)
        away, graph.faults = graph.faults, graph.faults if seen else []
        try:
            return handle(method, target, token, body)
        finally:
            if not seen:
                graph.faults = away

    graph.handle = late  # type: ignore[method-assign]
    chosen = frozenset({block.id})
    results = run(whole, tmp_path / "journal", asking({"microsoft": graph}), chosen=chosen)
    assert results[block.id].state == "unclear"
    graph.faults = []
    results = run(whole, tmp_path / "journal", asking({"microsoft": graph}), chosen=chosen)
    assert results[block.id].state == "done"
    assert len(graph.changes()) == 1
