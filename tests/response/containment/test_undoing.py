"""Whatever a plan does: undone, the vendor's state is what it was, except what the plan said cannot be undone."""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.response.containment.planning import make_plan
from tests.thoroughness import examples

from .graph import Graph
from .running import asking, run
from .samples import ANN, ANN_ID, evidence, incident, row
from .serving import served
from .test_planning import APP, CONSENT, GRANT, KEY, OLD_KEY, PRINCIPAL, SECRET

ROLE = "ffffffff-0000-4000-8000-000000000007"
names = st.one_of(
    st.sampled_from(["..", "RSS", "’; Stop-Computer; ’", "a/b", "$(x)", "{rule.id}", "İ", "own"]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
)
plain = st.recursive(
    st.one_of(
        st.booleans(), st.integers(0, 9), st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Records of what an intruder did, and the vendor's state that it left, beside other things."""
    rules = draw(st.lists(st.tuples(names, plain, st.booleans()), max_size=4))
    made = draw(st.lists(st.sampled_from(rules), max_size=2)) if rules else []
    shares = draw(st.lists(st.sampled_from(["eve@evil.example", "bob@example.org"]), unique=True))
    with_consent, with_secret, with_role = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    rows = [
        row("New-InboxRule", mailbox=ANN, kind="mail_rule", parameters={"Name": name}) for name, _, _ in made
    ]
    rows += [
        row(
            "Add-MailboxFolderPermission",
            mailbox=ANN,
            parameters={"Identity": f"{ANN}:\\Calendar", "User": user},
        )
        for user in shares[:1]
    ]
    rows += [dict(CONSENT)] * with_consent + [dict(SECRET)] * with_secret
    if with_role:
        rows.append(row("Add member to role.", source="entra_audit", kind="directory", resource_uid=ANN_ID,
                        parameters={"Role.TemplateId": ROLE, "Target": ANN}))  # fmt: skip
    for number, one in enumerate(rows):
        one["metadata_uid"] = f"record-{number}"
    state = {
        "enabled": draw(st.booleans()),
        "rules": [
            {"id": f"rule-{number}", "displayName": name, "sequence": number, "isEnabled": on, "actions": {"x": what}}
            for number, (name, what, on) in enumerate(rules)
        ],
        "calendar": [
            {"id": f"share-{user}", "emailAddress": {"address": user, "name": "x"}, "role": "read",
             "isInsideOrganization": False, "isRemovable": True} for user in shares
        ],
        "has_grant": draw(st.booleans()),
        "has_key": draw(st.booleans()),
        "has_role": draw(st.booleans()),
    }  # fmt: skip
    return rows, state


def server(state: dict[str, Any]) -> Graph:
    vendor = Graph()
    vendor.add_user(ANN, id=ANN_ID, accountEnabled=state["enabled"])
    vendor.rules[ANN] = copy.deepcopy(state["rules"])
    vendor.calendar[ANN] = copy.deepcopy(state["calendar"])
    grant = {
        "clientId": PRINCIPAL,
        "consentType": "Principal",
        "principalId": ANN_ID,
        "resourceId": "r",
        "scope": "Mail.Read",
    }
    vendor.grants = [{"id": "other", **grant, "resourceId": "s", "scope": "User.Read"}]
    vendor.grants += [{"id": GRANT, **grant}] if state["has_grant"] else []
    vendor.applications[APP] = [{"keyId": OLD_KEY}] + ([{"keyId": KEY}] if state["has_key"] else [])
    vendor.roles = [
        {"id": "role-0", "roleDefinitionId": "other", "principalId": ANN_ID, "directoryScopeId": "/"}
    ]
    if state["has_role"]:
        vendor.roles.append(
            {"id": "role-1", "roleDefinitionId": ROLE, "principalId": ANN_ID, "directoryScopeId": "/"}
        )
    return vendor


def comparable(vendor: Graph) -> dict[str, list[str]]:
    """What undoing has to bring back: everything but what the vendor gives things, their order, and capitals."""
    things = {
        "users": [{"accountEnabled": one["accountEnabled"]} for one in vendor.users.values()],
        "rules": vendor.rules[ANN],
        "calendar": vendor.calendar[ANN],
        "grants": vendor.grants,
        "roles": vendor.roles,
    }
    own = {"id", "hasError", "isReadOnly"}
    return {
        name: sorted(
            json.dumps({k: v for k, v in one.items() if k not in own}, sort_keys=True).casefold()
            for one in listed
        )
        for name, listed in things.items()
    }


@settings(deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.booleans())
def test_undone_the_state_is_what_it_was(
    world: tuple[list[dict[str, Any]], dict[str, Any]], twice: bool
) -> None:
    rows, state = world
    ids = tuple(one["metadata_uid"] for one in rows)
    found = make_plan(evidence(*rows, intruders=ids), incident=incident(*ids))
    irreversible = {action.kind for action in found.actions if action.irreversible and not action.undo}
    with served(server(state)) as vendor, tempfile.TemporaryDirectory() as folder:
        assert isinstance(vendor, Graph)
        before, keys = comparable(vendor), copy.deepcopy(vendor.applications)
        journal = Path(folder) / "journal"
        applied = run(found, journal, asking({"microsoft": vendor}))
        assert {result.state for result in applied.values()} <= {"done", "already", "waiting"}
        assert vendor.users[ANN]["accountEnabled"] is False
        wanted = {one["parameters"] for one in rows if one["activity_name"] == "New-InboxRule"}
        for text in wanted:
            name = json.loads(text)["Name"].casefold()
            assert name not in {one["displayName"].casefold() for one in vendor.rules[ANN]}
        for _ in range(1 + twice):
            undone = run(found, journal, asking({"microsoft": vendor}), "undo")
            assert {result.state for result in undone.values()} <= {
                "undone",
                "already",
                "left out",
                "waiting",
            }
        assert comparable(vendor) == before
        if vendor.applications != keys:
            assert "remove_app_credential" in irreversible
