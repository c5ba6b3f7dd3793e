"""Tables of vendors' consoles become the vendors' records, and nothing of a row is lost."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.consoles.columns import camel, plain_name
from seawall.events.consoles.entra import AUDITS, SIGN_INS
from seawall.events.consoles.tables import TABLES, find_mark, find_table, restore_record
from seawall.events.consoles.translations import TRANSLATIONS
from seawall.events.formats.csv_records import table_header
from seawall.events.formats.empty_tables import is_empty_table
from seawall.events.readers import Limits
from seawall.events.vendor_detection import recognise
from tests.events.support import read_all, rows
from tests.thoroughness import examples

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = sorted(path for path in GOLDEN.glob("*/*.csv") if path.stem != "flattened")
IDS = [f"{path.parent.name}/{path.stem}" for path in SAMPLES]
WITH_VENDORS_NAMES = ("hunting_email_sent", "hunting_click", "log_analytics_table")
"""Samples whose columns are the fields of the vendor's record, so that they need no description."""
WITHOUT_MARKS = ("portal_spanish",)
"""Samples without the columns by which a record alone is recognised."""
DESCRIBED = [path for path in SAMPLES if path.stem not in WITH_VENDORS_NAMES]
GUID = "5b1d0000-0000-4000-8000-000000000147"


def header_of(path: Path) -> tuple[list[str], str]:
    found = table_header(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    assert found is not None
    return found


def row_of(path: Path) -> dict[str, Any]:
    names, delimiter = header_of(path)
    text = path.read_text("utf-8-sig")
    _, values = csv.reader(io.StringIO(text), delimiter=delimiter)
    kept = find_mark(tuple(names))
    return {name: value for name, value in zip(names, values, strict=True) if value or name in kept}


def write_table(path: Path, names: list[str], *lines: list[str], delimiter: str = ",") -> Path:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([names, *lines])
    path.write_text(out.getvalue(), newline="")
    return path


def sign_in(**cells: str) -> dict[str, Any]:
    """The record of a row of the portal's sign-ins; a blank in a column's name is an underscore here."""
    row = {"Date (UTC)": "2026-03-02T08:00:00Z", "Request ID": "r", "Username": "m@contoso.example"}
    found = restore_record(row | {name.replace("_", " "): value for name, value in cells.items()})
    assert found is not None
    assert found[0] == "entra_signin"
    return found[1]


@pytest.mark.parametrize("path", DESCRIBED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_sample_is_recognised_in_any_case_and_spacing(path: Path) -> None:
    names, _ = header_of(path)
    table = find_table(tuple(names))
    assert table is not None
    assert table.source == path.parent.name
    for change in (str.upper, str.lower, lambda name: f" {name.replace(' ', '  ')} "):
        assert find_table(tuple(map(change, names))) is table


@pytest.mark.parametrize("path", SAMPLES, ids=IDS)
def test_a_header_alone_is_an_empty_log(path: Path, tmp_path: Path) -> None:
    header = path.read_bytes().split(b"\r\n")[0] + b"\r\n"
    assert is_empty_table(header)
    (tmp_path / "empty.csv").write_bytes(header)
    events, problems, records = read_all(tmp_path / "empty.csv")
    assert (events.num_rows, problems, records) == (0, [], 0)


@pytest.mark.parametrize("path", SAMPLES, ids=IDS)
def test_every_form_of_a_table_gives_the_same_event(path: Path, tmp_path: Path) -> None:
    names, delimiter = header_of(path)
    line = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    source, record = recognise(row_of(path), 40)
    assert path.parent.name == source.NAME
    texts = {
        **({} if path.stem in WITHOUT_MARKS else {"record": json.dumps(record).encode()}),
        "utf-16": line.decode().encode("utf-16"),
        "lines": json.dumps(row_of(path)).encode(),
        "type": b"#TYPE Selected.System.Object\r\n" + line,
    }
    (wanted,) = rows(read_all(path)[0])
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
        for limits in (Limits(), Limits(fast_bytes=0)):
            events, problems, records = read_all(tmp_path / name, limits=limits)
            assert (problems, records) == ([], 1)
            (event,) = rows(events)
            assert event | {"source_file": ""} == wanted | {"source_file": ""}
    assert delimiter in line.decode()
    assert len(names) > 2


ANYTHING = st.text(max_size=12) | st.sampled_from(
    [
        "",
        "None",
        "0",
        "-1",
        "[]",
        "{}",
        '[{"name":1}]',
        "'=x",
        "true",
        ",,,,",
        "a" * 400,
        "2026-03-02T08:00:00Z",
    ]
)


@settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), path=st.sampled_from(SAMPLES))
def test_any_cells_are_events_or_problems(data: Any, path: Path, tmp_path_factory: Any) -> None:
    names, _ = header_of(path)
    row = row_of(path)
    changes = data.draw(st.dictionaries(st.sampled_from(names), ANYTHING, max_size=6))
    line = [str(value) for value in (row | changes).values()]
    target = write_table(tmp_path_factory.mktemp("any") / "table.csv", list(row | changes), line)
    _, problems, records = read_all(target)
    assert records + len(problems) >= 1
    assert {problem.code for problem in problems} <= {
        "no-time",
        "bad-time",
        "bad-json",
        "wrong-columns",
        "not-a-log",
    }


def test_no_column_is_lost() -> None:
    row = row_of(GOLDEN / "entra_signin/portal_interactive.csv") | {"New column": "kept"}
    found = restore_record(row)
    assert found is not None
    assert found[1]["New column"] == "kept"
    assert {plain_name(name) for name in row} - SIGN_INS.cells.keys() == {"newcolumn"}


def test_columns_of_tables_are_plain_names() -> None:
    for table in TABLES:
        assert all(name == plain_name(name) for name in table.cells)
        assert all(name == plain_name(name) for mark in table.marks for name in mark)


@pytest.mark.parametrize(
    ("status", "code", "wanted"),
    [
        ("Success", "None", 0),
        ("Success", "", 0),
        ("Success", "0", 0),
        ("Failure", "50126", 50126),
        ("Interrupted", "50140", 50140),
        ("Failure", "", "failure"),
        ("Interrupted", "None", None),
    ],
)
def test_result_of_a_sign_in(status: str, code: str, wanted: Any) -> None:
    record = sign_in(Status=status, **{"Sign-in_error_code": code})
    assert record.get("status", {}).get("errorCode") == wanted


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ("Utrecht, Utrecht, NL", {"city": "Utrecht", "state": "Utrecht", "countryOrRegion": "NL"}),
        ("Washington, D. C., US, US", {"city": "Washington, D. C.", "state": "US", "countryOrRegion": "US"}),
        (", , NL", {"countryOrRegion": "NL"}),
        ("NL", {"countryOrRegion": "NL"}),
        (", , ", None),
    ],
)
def test_place_of_a_sign_in(place: str, wanted: Any) -> None:
    assert sign_in(Location=place).get("location") == wanted


def test_factor_satisfied_by_an_earlier_token() -> None:
    said = "MFA requirement satisfied by claim in the token"
    record = sign_in(Status="Success", Multifactor_authentication_result=said)
    (step,) = record["authenticationDetails"]
    assert step == {
        "authenticationMethod": "Previously satisfied",
        "succeeded": True,
        "authenticationStepResultDetail": said,
    }


def test_every_column_of_okta_has_a_place() -> None:
    row = {
        "event_type": "user.session.start",
        "timestamp": "2026-03-02T08:00:00Z",
        "actor.id": "00u1",
        "security_context.as_number": "64496",
        "security_context.is_proxy": "false",
        "debug_context.debug_data.dt_hash": "abc",
        "target10.id": "b",
        "target2.id": "a",
        "target2.detail_entry.method_type_used": "FIDO2",
        "p_source.label": "kept",
        "client..ip": "kept too",
    }
    found = restore_record(row)
    assert found is not None
    record = found[1]
    assert record["securityContext"] == {"asNumber": 64496, "isProxy": False}
    assert record["debugContext"] == {"debugData": {"dtHash": "abc"}}
    assert record["target"] == [{"id": "a", "detailEntry": {"methodTypeUsed": "FIDO2"}}, {"id": "b"}]
    assert (record["p_source.label"], record["client..ip"]) == ("kept", "kept too")


def test_managed_identity() -> None:
    row = {"Date (UTC)": "2026-03-02T08:00:00Z", "Request ID": "r", "Service principal ID": GUID}
    found = restore_record(row | {"Managed Identity type": "System Assigned"})
    assert found is not None
    assert found[1]["signInEventTypes"] == ["managedIdentity"]
    assert found[1]["managedServiceIdentity"] == {"msiType": "systemAssigned"}


@pytest.mark.parametrize(
    ("label", "wanted"),
    [
        ("Primary refresh token", "primaryRefreshToken"),
        ("primaryRefreshToken", "primaryRefreshToken"),
        ("B2B collaboration", "b2bCollaboration"),
        ("Device Code", "deviceCode"),
        ("ROPC", "ropc"),
        ("None", "none"),
        ("SAML 1.1", "saml11"),
        ("-", "-"),
    ],
)
def test_labels(label: str, wanted: str) -> None:
    assert camel(label) == wanted


GMAIL = {"Date": "2026-03-02T08:00:00Z", "Owner": "m@contoso.example", "Message ID": "<a@b>", "Subject": "s"}


def google(row: dict[str, Any]) -> dict[str, Any]:
    found = restore_record(row)
    assert found is not None
    assert found[0] == "google_workspace"
    return found[1]


def test_labels_of_google_become_names_of_its_interface() -> None:
    (event,) = google(GMAIL | {"Event": "Autoforward"})["events"]
    assert (event["name"], event["parameters"]["event_info"]["mail_event_type"]) == ("delivery", 11)
    (event,) = google(GMAIL | {"Event": "Something New"})["events"]
    assert event["name"] == "something_new"
    record = google(
        {"Date": "2026-03-02", "Event": "login_success", "Login type": "SAML", "User": "m@x.example"}
    )
    assert record["id"]["applicationName"] == "login"
    assert record["events"] == [
        {"type": "login", "name": "login_success", "parameters": {"login_type": "saml"}}
    ]
    record = google({"Date": "2026-03-02", "Event": "Assign role", "Actor": "m@x.example", "Setting": ""})
    assert record["events"] == [{"name": "ASSIGN_ROLE"}]


def test_a_column_of_a_mark_may_be_empty(tmp_path: Path) -> None:
    names = ["Date", "Event", "User", "Login type", "IP address"]
    path = write_table(
        tmp_path / "t.csv", names, ["2026-03-02T08:00:00Z", "Logout", "m@contoso.example", "", "198.51.100.7"]
    )
    (event,) = rows(read_all(path)[0])
    assert (event["source"], event["activity_name"]) == ("google_workspace", "logout")


@pytest.mark.parametrize(("folder", "twin"), [
    ("entra_signin", "log_analytics_bound"),
    ("entra_audit", "log_analytics_by_app"),
    ("office_activity", "mail"),
])  # fmt: skip
def test_a_table_of_log_analytics_gives_the_event_of_its_record(folder: str, twin: str) -> None:
    of_table, of_record = (
        json.loads((GOLDEN / folder / f"{name}.event.json").read_text())
        for name in ("log_analytics_table", twin)
    )
    assert of_table == of_record


def test_times_in_an_unknown_zone_are_not_read_as_utc(tmp_path: Path) -> None:
    path = tmp_path / "local.csv"
    text = (GOLDEN / "entra_signin" / "log_analytics_table.csv").read_text("utf-8-sig")
    path.write_text(text.replace("[UTC]", "[Local Time]"))
    events, problems, _ = read_all(path)
    assert events.num_rows == 0
    assert [(problem.code, "UTC" in problem.reason) for problem in problems] == [("no-time", True)]


HUNTED = {
    "Timestamp": "2026-03-02T08:00:00Z",
    "ErrorCode": "0",
    "AccountUpn": "m@contoso.example",
    "RequestId": "r",
}


@pytest.mark.parametrize(("stated", "kinds", "is_interactive"), [
    ('["interactiveUser"]', ["interactiveUser"], True),
    ('["nonInteractiveUser"]', ["nonInteractiveUser"], False),
    ("Interactive user", ["interactiveUser"], True),
    ('[1, "nonInteractiveUser"]', ["nonInteractiveUser"], False),
    ("[]", None, None),
])  # fmt: skip
def test_how_a_hunted_sign_in_came_about(
    stated: str, kinds: list[str] | None, is_interactive: bool | None
) -> None:
    found = restore_record(HUNTED | {"LogonType": stated})
    assert found is not None
    assert (found[1].get("signInEventTypes"), found[1].get("isInteractive")) == (kinds, is_interactive)


def test_columns_of_one_plain_name_are_all_kept() -> None:
    row = {"Date (UTC)": "2026-03-02T08:00:00Z", "Username": "m@contoso.example", "Request ID": "r"}
    found = restore_record(row | {"User": "Mara", "Usuario": "Mara L.", "user": "mara", "USER": "MARA"})
    assert found is not None
    kept = {name: found[1][name] for name in ("userDisplayName", "Usuario", "user", "USER")}
    assert kept == {"userDisplayName": "Mara", "Usuario": "Mara L.", "user": "mara", "USER": "MARA"}


def test_translations_lead_to_columns_that_are_known() -> None:
    known = SIGN_INS.cells.keys() | AUDITS.cells.keys()
    for names in TRANSLATIONS:
        assert {plain_name(english) for english in names.values()} <= known
        assert {plain_name(name) for name in names} <= known


@pytest.mark.parametrize(("dates", "is_doubtful"), [
    (["02/03/2026 08:00:00", "13/03/2026 08:00:00"], True),
    (["13/03/2026 08:00:00", "02/03/2026 08:00:00"], True),
    (["02/03/2026 08:00:00", "02/13/2026 08:00:00"], False),
    (["02.03.2026 08:00:00", "13.03.2026 08:00:00"], False),
    (["2026-03-02T08:00:00Z", "2026-03-13T08:00:00Z"], False),
])  # fmt: skip
def test_dates_with_the_day_first_are_reported(tmp_path: Path, dates: list[str], is_doubtful: bool) -> None:
    names = [
        "Received",
        "SenderAddress",
        "RecipientAddress",
        "Subject",
        "Status",
        "MessageTraceId",
        "MessageId",
    ]
    lines = [
        [date, "k@mail.example", "m@contoso.example", "s", "Delivered", f"{GUID[:-1]}{place}", f"<{place}@x>"]
        for place, date in enumerate(dates)
    ]
    events, problems, records = read_all(write_table(tmp_path / "t.csv", names, *lines))
    assert (events.num_rows, records) == (2, 2)
    assert [(one.code, one.line, one.counts_as_record) for one in problems] == (
        [("day-first", 0, False)] if is_doubtful else []
    )


@pytest.mark.parametrize("names", [
    ("Date", "Event", "Message ID", "Subject", "Recipient"),
    ("Date", "Event", "Actor", "Old value", "New value"),
    ("Date", "Event", "User", "IP address"),
    ("Timestamp", "ActionType", "AccountUpn", "LogonType"),
    ("Received", "From", "To", "Subject"),
    ("Date (UTC)", "User", "Action"),
])  # fmt: skip
def test_tables_of_other_products_are_not_taken_for_a_console_s(names: tuple[str, ...]) -> None:
    assert find_table(names) is None
