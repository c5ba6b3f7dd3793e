"""How an incident's sign-ins were authenticated, and what vendors say about its account, read from events."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.response.incident_facts import IncidentFacts, read_facts
from seawall.response.sign_in_facts import describe_sign_in
from seawall_base.errors import InputUnreadable
from tests.response.containment.samples import incident
from tests.sample_events import START, event, sign_in, table

SAID = {"vendor": "Microsoft", "says": "anonymised address", "level": "medium"}
ANN = "ann@x.example"
NOON = int(START.timestamp() * 1_000_000)


def vendor_alert(uid: str, day: int, **columns: Any) -> dict[str, Any]:
    own = {"source": "entra_risk", "kind": "vendor_alert", "status": None, "parameters": json.dumps(SAID)}
    return event(uid, day, **{**own, **columns})


def facts_of(tmp_path: Path, rows: list[dict[str, Any]]) -> IncidentFacts:
    path = tmp_path / "events.parquet"
    pq.write_table(table(rows), path, row_group_size=3)
    found = replace(
        incident("s1", "s2", "m1"),
        tenant="org",
        account=ANN,
        first_event=NOON,
        last_event=NOON + 3_600_000_000,
    )
    return read_facts(path, found)


def test_sign_ins_of_the_incident_and_statements_around_it_are_read(tmp_path: Path) -> None:
    how = json.dumps(
        {"token_type": "refreshToken", "token_protection": "unbound", "token_protection_code": "1008"}
    )
    first = json.dumps({"originalRequestId": "5b1d-7"})
    facts = facts_of(
        tmp_path,
        [
            vendor_alert("old", -20),
            vendor_alert("before", -3),
            *(event(f"e{number}", -1, number) for number in range(5)),
            sign_in("s1", 0, 1, auth_method="mfa_claim", parameters=how, unmapped=first),
            sign_in("s2", 0, 2, auth_method="mfa_claim", parameters=how, unmapped=first),
            sign_in("other", 0, 3),
            event("m1", 0, 4),
            vendor_alert("same", 0, account="bea@x.example"),
            vendor_alert("elsewhere", 0, org_uid="another"),
            vendor_alert("says nothing", 0, parameters="{"),
            vendor_alert("after", 13, parameters=json.dumps({**SAID, "state": "confirmedCompromised"})),
        ],
    )
    words = (
        "second factor claimed by the token, presented refreshToken, token not bound to a device (code 1008)"
    )
    assert facts.sign_ins == ((words, 2),)
    assert facts.requests == (("5b1d-7", 2),)
    days = [(START + timedelta(days=day)).timestamp() * 1_000_000 for day in (-3, 13)]
    assert facts.statements == (
        (int(days[0]), "Microsoft says: anonymised address, medium"),
        (int(days[1]), "Microsoft says: anonymised address, medium, confirmed compromised"),
    )


def test_events_without_the_columns_give_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    pq.write_table(table([event("a")]).select(["metadata_uid", "time"]), path)
    assert read_facts(path, incident("a")) == IncidentFacts()


def test_a_file_that_is_no_events_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "events.parquet").write_text("no")
    with pytest.raises(InputUnreadable):
        read_facts(tmp_path / "events.parquet", incident("a"))


@pytest.mark.parametrize(
    ("method", "parameters", "words"),
    [
        (None, None, "the record does not say how"),
        ("password", "{}", "password alone"),
        ("mfa", '{"managed":"true","compliant":"false","trust":"Azure AD joined"}',
         "second factor, managed device, device not compliant, Azure AD joined"),
        ("secret", '{"credential":"clientSecret","agent":"agenticAppInstance","agent_subject":"agentIDuser"}',
         "client secret, credential clientSecret, agent agenticAppInstance, for agentIDuser"),
        (None, '{"token_protection":"bound","token_protection_code":"0","transfer":"deviceCodeFlow"}',
         "begun by deviceCodeFlow, token bound to the device"),
        (None, '{"managed":"perhaps","steps":[["Password",null,"true",null]]}', "the record does not say how"),
    ],
)  # fmt: skip
def test_facts_are_one_line(method: str | None, parameters: str | None, words: str) -> None:
    assert describe_sign_in(method, parameters) == words


@given(
    st.none() | st.text(),
    st.none() | st.text() | st.dictionaries(st.text(), st.none() | st.text()).map(json.dumps),
)
def test_any_parameters_give_a_line(method: str | None, parameters: str | None) -> None:
    assert describe_sign_in(method, parameters)
