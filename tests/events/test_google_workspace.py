"""Google Workspace activities: every shape gives the same events, several events of an activity stay one record, and
nothing that stands in a field breaks the reading."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats.json_splitter import JsonSplitter
from seawall.events.readers import Limits
from tests.events.support import SHARED, read_all, rows, write_lines
from tests.thoroughness import examples

CLIENT = "123-abc.apps.googleusercontent.com"


def activity(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An invented sign-in."""
    record: dict[str, Any] = {
        "kind": "admin#reports#activity",
        "id": {
            "time": f"2026-03-02T10:{number // 60 % 60:02d}:{number % 60:02d}.123Z",
            "uniqueQualifier": str(-7_000_000_000_000_000_000 - number),
            "applicationName": "login",
            "customerId": "C0abc12de",
        },
        "etag": '"a/b"',
        "actor": {"callerType": "USER", "email": "Mara@Example.org", "profileId": "1002003004005006007"},
        "ipAddress": "198.51.100.7",
        "events": [event()],
    }
    return {**record, **changes}


def event(kind: str = "login", name: str = "login_success", **parameters: Any) -> dict[str, Any]:
    """An invented event, with parameters as the Reports API spells them."""
    spelled = {"login_type": "google_password", "login_challenge_method": ["password"], **parameters}
    return {"type": kind, "name": name, "parameters": [parameter(*item) for item in spelled.items()]}


def parameter(name: str, value: Any) -> dict[str, Any]:
    field = "boolValue" if isinstance(value, bool) else "multiValue" if isinstance(value, list) else "value"
    return {"name": name, field: value}


RECORDS = [activity(number) for number in range(1, 4)]


def page(records: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"kind": "admin#reports#activities", "etag": '"x"', **more, "items": records}


SHAPES = {
    "lines": "\n".join(map(json.dumps, RECORDS)),
    "array": json.dumps(RECORDS),
    "page": json.dumps(page(RECORDS)),
    "page with a token, pretty": json.dumps(page(RECORDS, nextPageToken="A:1"), indent=2),
    "page, names in order": json.dumps(page(RECORDS, nextPageToken="A:1"), sort_keys=True),
    "pages on lines": "\n".join(json.dumps(page(part)) for part in (RECORDS[:2], RECORDS[2:])),
    "pages one after the other": "".join(
        json.dumps(page(part), indent=1) for part in (RECORDS[:2], RECORDS[2:])
    ),
    "pages in an array": json.dumps([page(RECORDS[:1]), page(RECORDS[1:])]),
    "events as an object": json.dumps([{**record, "events": record["events"][0]} for record in RECORDS]),
}


def events_of(path: Path) -> list[dict[str, Any]]:
    events, problems, records = read_all(path)
    assert not problems
    assert records == len(RECORDS)
    return [{name: value for name, value in row.items() if name != "source_file"} for row in rows(events)]


@pytest.mark.parametrize("shape", list(SHAPES))
def test_every_shape_gives_the_same_events(tmp_path: Path, shape: str) -> None:
    (tmp_path / "plain").write_text(SHAPES["lines"])
    (tmp_path / "export").write_text(SHAPES[shape])
    found = events_of(tmp_path / "export")
    assert found == events_of(tmp_path / "plain")
    assert {row["source"] for row in found} == {"google_workspace"}
    assert found[0]["account"] == "mara@example.org"


def test_a_page_beyond_what_is_held_in_memory_is_cut_into_its_activities() -> None:
    text = json.dumps(page(RECORDS)).encode()
    scanner = JsonSplitter(1 << 20, ("value",), {"items": "admin#reports#activities"})
    pieces = [piece for place in range(0, len(text), 7) for piece in scanner.feed(text[place : place + 7])]
    found = [json.loads(piece) for piece in [*pieces, *scanner.finish()] if isinstance(piece, bytes)]
    # Fed in bits the page may be one piece; what is certain is that nothing of it is lost.
    assert found in (RECORDS, [page(RECORDS)])
    whole = JsonSplitter(1 << 20, ("value",), {"items": "admin#reports#activities"})
    assert [json.loads(bytes(piece)) for piece in whole.feed(text) if isinstance(piece, bytes)] == RECORDS


def test_items_of_anything_else_are_no_records(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    path.write_text(
        json.dumps({"time": "2026-03-02T10:00:00Z", "kind": "order", "items": [{"name": "x"}, {}]})
    )
    events, _, records = read_all(path)
    assert records == 1
    assert rows(events)[0]["source"] == "other"


def test_flat_events_of_one_activity_are_records_of_their_own(tmp_path: Path) -> None:
    flat = {**activity(), "type": "SECURITY_SETTINGS", "name": "CHANGE_APPLICATION_SETTING"}
    del flat["events"]
    path = write_lines(
        tmp_path / "a.jsonl",
        [{**flat, "parameters": {"SETTING_NAME": name}} for name in ("one", "two", "one")],
    )
    events, problems, _ = read_all(path)
    ids = events.column("metadata_uid").to_pylist()
    assert not problems
    assert ids[0] == ids[2] != ids[1]
    assert [json.loads(text)["SETTING_NAME"] for text in _admin(tmp_path, flat)] == ["one", "two"]


def _admin(folder: Path, flat: dict[str, Any]) -> list[str]:
    identity = {**flat["id"], "applicationName": "admin"}
    records = [{**flat, "id": identity, "parameters": {"SETTING_NAME": name}} for name in ("one", "two")]
    texts: list[str] = (
        read_all(write_lines(folder / "admin.jsonl", records))[0].column("parameters").to_pylist()
    )
    return texts


def test_an_activity_of_several_events_is_named_after_the_weightiest(tmp_path: Path) -> None:
    created, granted = (
        {"type": "USER_SETTINGS", "name": "CREATE_USER", "parameters": [parameter("USER_EMAIL", "eve@x.org")]},
        {"type": "DELEGATED_ADMIN_SETTINGS", "name": "ASSIGN_ROLE", "parameters": [parameter("ROLE_NAME", "root")]},
    )  # fmt: skip
    identity = {**RECORDS[0]["id"], "applicationName": "admin"}
    path = write_lines(
        tmp_path / "a.jsonl",
        [activity(id=identity, events=found) for found in ([created, granted], [granted])],
    )
    both, alone = rows(read_all(path)[0])
    assert both["activity_name"] == alone["activity_name"] == "ASSIGN_ROLE"
    assert both["parameters"] == alone["parameters"]
    assert json.loads(both["unmapped"])["events"] == [created]


def test_of_events_of_a_file_the_one_that_google_marks_comes_first(tmp_path: Path) -> None:
    found = [event("access", "edit", primary_event=False), event("access", "upload", primary_event=True)]
    identity = {**RECORDS[0]["id"], "applicationName": "drive"}
    (row,) = rows(read_all(write_lines(tmp_path / "a.jsonl", [activity(id=identity, events=found)]))[0])
    assert row["activity_name"] == "upload"


def test_a_short_qualifier_is_none_by_itself(tmp_path: Path) -> None:
    identities = [
        {**RECORDS[0]["id"], "uniqueQualifier": "5", **more}
        for more in (
            {},
            {"applicationName": "saml"},
            {"time": "2026-03-02T11:00:00Z"},
            {"customerId": "C1"},
            {},
        )
    ]
    path = write_lines(tmp_path / "a.jsonl", [activity(id=identity) for identity in identities])
    ids = read_all(path)[0].column("metadata_uid").to_pylist()
    assert ids[0] == ids[4]
    assert ids[0].rpartition(":")[0] == "5:login:1772445601123000:C0abc12de"
    assert len(set(ids)) == 4


def table(names: list[str], values: list[list[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows(values)
    return out.getvalue()


def test_a_table_of_columns(tmp_path: Path) -> None:
    names = ["name", "actor.callerType", "actor.email", "actor.profileId", "id.applicationName", "id.customerId",
             "id.time", "id.uniqueQualifier", "ipAddress", "is_second_factor", "login_challenge_method", "login_type",
             "type"]  # fmt: skip
    values = ["login_success", "USER", "mara@example.org", "1", "login", "C0abc12de", "2026-03-02T10:00:00Z", "-7",
              "198.51.100.7", "True", "password google_prompt", "google_password", "login"]  # fmt: skip
    path = tmp_path / "report.csv"
    path.write_text(table(names, [values]))
    (row,) = rows(read_all(path)[0])
    assert (row["source"], row["org_uid"], row["auth_method"]) == ("google_workspace", "c0abc12de", "mfa")
    assert row["metadata_uid"].startswith("-7:login:1772445600000000:C0abc12de:")
    path.write_text(table(names, []))
    assert read_all(path)[1:] == ([], 0)


def test_a_table_of_bigquery(tmp_path: Path) -> None:
    names = ["time_usec", "email", "event_type", "event_name", "record_type", "ip_address", "token.client_id",
             "token.api_name", "token.method_name", "login.login_type"]  # fmt: skip
    values = ["1772445600000000", "mara@example.org", "auth", "activity", "token", "198.51.100.7", CLIENT, "gmail",
              "users.messages.get", ""]  # fmt: skip
    path = tmp_path / "activity.csv"
    path.write_text(table(names, [values, values]))
    one, two = rows(read_all(path)[0])
    assert one["kind"] == "mail_access"
    assert one["activity_name"] == "gmail.users.messages.get"
    assert one["app_uid"] == CLIENT
    assert one["metadata_uid"] == two["metadata_uid"]


@pytest.mark.parametrize(
    ("challenges", "more", "method"),
    [
        (["password"], {}, "password"),
        (["password", "password", "security_key"], {}, "phishing_resistant"),
        (["password", "security_key", "backup_code"], {}, "mfa"),
        (["passkey"], {}, "phishing_resistant"),
        (["password", "idv_preregistered_phone"], {}, "mfa"),
        (["password", "a_method_of_tomorrow"], {"is_second_factor": True}, "mfa"),
        (["none"], {"login_type": "exchange"}, None),
        ([], {}, "password"),
    ],
)
def test_ways_of_signing_in(
    tmp_path: Path, challenges: list[str], more: dict[str, Any], method: str | None
) -> None:
    record = activity(events=[event(login_challenge_method=challenges, **more)])
    (row,) = rows(read_all(write_lines(tmp_path / "a.jsonl", [record]))[0])
    assert row.get("auth_method") == method
    assert row["status"] == "success"


@pytest.mark.parametrize(
    ("name", "parameters", "status", "code"),
    [
        ("login_failure", {}, "failure", "wrong-password"),
        ("login_failure", {"login_challenge_method": ["password", "google_prompt"]}, "failure", "prompt-denied"),
        ("login_failure", {"login_failure_type": "login_failure_account_disabled"}, "failure",
         "login_failure_account_disabled"),
        ("login_challenge", {"login_challenge_status": "Challenge Passed."}, "success", None),
        ("login_challenge", {"login_challenge_status": "incorrect_answer_entered", "login_challenge_method": ["idv_any_phone"]},
         "failure", "prompt-denied"),
        ("login_verification", {"login_challenge_status": ""}, "interrupted", "login_verification"),
        ("login_success", {"is_suspicious": True}, "success", "suspicious"),
    ],
)  # fmt: skip
def test_outcomes(
    tmp_path: Path, name: str, parameters: dict[str, Any], status: str, code: str | None
) -> None:
    record = activity(events=[event(name=name, **parameters)])
    (row,) = rows(read_all(write_lines(tmp_path / "a.jsonl", [record]))[0])
    assert (row["status"], row.get("status_code")) == (status, code)


@pytest.mark.parametrize(
    ("actor", "account", "kind"),
    [
        ({"email": "Mara@x.org"}, "mara@x.org", "user"),
        ({"email": "robot@p-1.iam.gserviceaccount.com"}, "robot@p-1.iam.gserviceaccount.com", "service"),
        ({"callerType": "KEY", "key": "SYSTEM"}, "system", "system"),
        ({"callerType": "KEY", "key": "Two.Legged.example"}, "two.legged.example", "service"),
        ({"profileId": "100200"}, "100200", "user"),
        ({"profileId": "105250506097979753968"}, None, None),
        ({"callerType": "APPLICATION", "applicationInfo": {"oauthClientId": "77", "applicationName": "X"}}, "77",
         "service"),
        ("nobody", None, None),
    ],
)  # fmt: skip
def test_who_acted(tmp_path: Path, actor: Any, account: str | None, kind: str | None) -> None:
    (row,) = rows(read_all(write_lines(tmp_path / "a.jsonl", [activity(actor=actor)]))[0])
    assert (row.get("account"), row.get("account_type")) == (account, kind)


def test_an_impossible_address_is_kept_as_text(tmp_path: Path) -> None:
    (row,) = rows(read_all(write_lines(tmp_path / "a.jsonl", [activity(ipAddress="133.200.32.-90")]))[0])
    assert "src_ip" not in row
    assert json.loads(row["unmapped"])["ipAddress"] == "133.200.32.-90"


FIELD_NAMES = st.sampled_from([
    "id", "actor", "events", "kind", "name", "type", "parameters", "value", "multiValue", "messageValue",
    "multiMessageValue", "parameter", "time", "applicationName", "uniqueQualifier", "customerId", "email", "key",
    "ipAddress", "networkInfo", "regionCode", "time_usec", "event_name", "record_type", "login", "token", "id.time",
    "id.applicationName", "id.", ".", "applicationInfo", "oauthClientId", "p_event_time", "",
])  # fmt: skip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=12)
    | st.sampled_from(["drive", "token", "activity", "gmail", "{", "[", '{"applicationName":"x"}', "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELD_NAMES, inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=examples(120), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 3), FIELD_NAMES, JSON), min_size=1, max_size=6))
def test_any_value_in_any_field_is_an_event_or_a_problem(
    tmp_path_factory: Any, changes: list[tuple[int, str, Any]]
) -> None:
    """Wrong types at every level: of the activity, its id, its event, a parameter of it."""
    records = []
    for depth, name, value in changes:
        record = json.loads(json.dumps(activity()))
        levels = [record, record["id"], record["events"][0], record["events"][0]["parameters"][0]]
        levels[depth][name] = value
        records.append(record)
    path = tmp_path_factory.mktemp("g") / "a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    events, problems, count = read_all(path)
    assert count == events.num_rows + sum(problem.counts_as_record for problem in problems)
    assert count >= len([record for record in records if record])


@settings(max_examples=examples(40), deadline=None)
@given(
    st.permutations(range(6)),
    st.lists(st.integers(1, 6), min_size=1, max_size=12),
    st.sampled_from(["lines", "page", "array"]),
)
def test_order_and_repeats_change_no_id(
    tmp_path_factory: Any, order: list[int], numbers: list[int], shape: str
) -> None:
    keys = list(activity())
    records = [{keys[place]: activity(n)[keys[place]] for place in order} for n in numbers]
    text = {
        "lines": "\n".join(map(json.dumps, records)),
        "page": json.dumps(page(records)),
        "array": json.dumps(records),
    }[shape]
    path = tmp_path_factory.mktemp("g") / "a"
    path.write_text(text)
    ids = [row["metadata_uid"] for row in rows(read_all(path)[0])]
    assert [uid.partition(":")[0] for uid in ids] == [
        str(-7_000_000_000_000_000_000 - number) for number in numbers
    ]


def test_sizes_and_depths(tmp_path: Path) -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = {"parameter": [{"name": "a", "messageValue": deep}]}
    path = write_lines(
        tmp_path / "a.jsonl",
        [
            activity(
                events=[{"type": "a", "name": "b", "parameters": [{"name": "c", "messageValue": deep}]}]
            ),
            activity(events=[event(name="x" * 3_000, **{f"p{n}": "y" for n in range(2_000)})] * 50),
            activity(ownerDomain="z" * 100_000, ipAddress="1" * 100_000),
            activity(4),
        ],
    )
    events, problems, count = read_all(path, limits=Limits(record_bytes=1 << 23))
    assert count == 4
    assert [problem.code for problem in problems] == ["too-deep"]
    assert events.num_rows == 3


def test_the_shared_samples() -> None:
    folder = SHARED / "google-workspace-malformed"
    if not folder.is_dir():
        pytest.skip("google-workspace-malformed is not here: the shared data is not part of the project")
    events, problems, records = read_all(folder / "day-sample.jsonl")
    assert (events.num_rows, problems, records) == (409, [], 409)
    found = rows(events)
    assert {row["source"] for row in found} == {"google_workspace"}
    assert {row["org_uid"] for row in found} == {"c03az79cb"}
    assert len({row["metadata_uid"] for row in found}) == 409
    assert Counter(row["kind"] for row in found)["sign_in"] == 213
    impossible = [row for row in found if "src_ip" not in row]
    assert impossible
    assert all("ipAddress" in json.loads(row["unmapped"]) for row in impossible)


def test_the_shared_vectors() -> None:
    path = SHARED / "detection-vectors" / "gsuite.jsonl"
    if not path.is_file():
        pytest.skip("detection-vectors is not here: the shared data is not part of the project")
    events, problems, records = read_all(path)
    assert records == len(path.read_text().splitlines()) == events.num_rows + len(problems)
    assert {row["source"] for row in rows(events)} == {"google_workspace"}
    without_time = [
        line for line in map(json.loads, path.read_text().splitlines()) if not _has_time(line["log"])
    ]
    assert len(problems) == len(without_time)
    assert {problem.code for problem in problems} == {"no-time"}


def _has_time(log: dict[str, Any]) -> bool:
    return bool(log.get("p_event_time") or log.get("id", {}).get("time"))


PLACES = ("record", "id", "actor", "event", "parameter", "networkInfo")


@settings(max_examples=examples(60), deadline=None)
@given(
    st.sampled_from(PLACES),
    st.sampled_from(["surprise", "time2", "resourceIds", "name2", "label"]),
    st.sampled_from(["marker", ["marker"], {"inside": "marker"}]),
    st.integers(1, 2),
)
def test_nothing_that_is_not_known_is_lost(
    tmp_path_factory: Any, place: str, name: str, value: Any, events: int
) -> None:
    record = json.loads(json.dumps(activity(events=[event(n) for n in ("a", "b")][:events], networkInfo={})))
    owners = {
        "record": record,
        "id": record["id"],
        "actor": record["actor"],
        "event": record["events"][0],
        "parameter": record["events"][0]["parameters"][0],
        "networkInfo": record["networkInfo"],
    }
    owners[place][name] = value
    (row,) = rows(read_all(write_lines(tmp_path_factory.mktemp("g") / "a.jsonl", [record]))[0])
    assert "marker" in row["unmapped"]


@pytest.mark.parametrize(
    "held", ["marker", ["marker"], [{"name": "a", "odd": "marker"}], [{"odd": "marker"}], [["marker"]]]
)
@pytest.mark.parametrize("is_flat", [True, False])
def test_parameters_in_a_shape_of_their_own_are_kept(tmp_path: Path, held: Any, is_flat: bool) -> None:
    named = {"type": "login", "name": "login_success", "parameters": held}
    record = activity(events=[named])
    if is_flat:
        del record["events"]
        record |= named
    (row,) = rows(read_all(write_lines(tmp_path / "a.jsonl", [record]))[0])
    assert row["kind"] == "sign_in"
    assert "marker" in row["unmapped"]


def test_a_sign_in_and_its_challenge_share_an_id_and_are_two_records(tmp_path: Path) -> None:
    """Google gives `login_success` and the `login_challenge` or `login_verification` of one moment the same
    `uniqueQualifier` and time: they differ in their events alone."""
    shared = [
        activity(events=[event("login", "login_verification", login_challenge_method=["google_prompt"])]),
        activity(events=[event("login", "login_success", is_suspicious=True)]),
        activity(events=[event("login", "login_challenge", login_challenge_status="passed")]),
        activity(events=[event("login", "login_success", is_suspicious=False)]),
    ]
    found = rows(read_all(write_lines(tmp_path / "a.jsonl", shared))[0])
    assert len({row["metadata_uid"] for row in found}) == len(shared)
    assert {row["metadata_uid"].partition(":")[0] for row in found} == {shared[0]["id"]["uniqueQualifier"]}


def test_what_differs_in_its_delivery_alone_is_one_record(tmp_path: Path) -> None:
    """The `etag` differs between two answers of the Reports API, and so does the order of parameters and events."""
    one, two = event("login", "login_success"), event("login", "login_verification")
    turned = {**one, "parameters": one["parameters"][::-1]}
    copies = [
        activity(events=[one, two]),
        activity(events=[two, one], etag='"c/d"'),
        activity(events=[two, turned]),
    ]
    found = rows(read_all(write_lines(tmp_path / "a.jsonl", copies))[0])
    assert len({row["metadata_uid"] for row in found}) == 1


def test_one_event_has_one_id_whether_its_activity_lists_it_or_is_flat(tmp_path: Path) -> None:
    listed = activity(
        events=[{"type": "login", "name": "login_success", "parameters": {"login_type": "saml"}}]
    )
    flat = {**listed, "type": "login", "name": "login_success", "parameters": {"login_type": "saml"}}
    del flat["events"]
    found = rows(read_all(write_lines(tmp_path / "a.jsonl", [listed, flat]))[0])
    assert len({row["metadata_uid"] for row in found}) == 1
