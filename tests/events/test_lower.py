"""Fields are found in every capitalisation, flat or under `properties`, and pages give what lines give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats import field_capitals as lower
from seawall.events.formats.field_capitals import RecordFields, RequestedFields
from seawall.events.formats.json_values import as_text, read_structure
from seawall.events.microsoft import entra_signin
from seawall.events.readers import Limits
from tests.events.support import ORGANISATION, read_all, rows
from tests.thoroughness import examples

NOTHING: tuple[Any, ...] = (None, "", [], {})
NAMES = st.sampled_from(["id", "ID", "Id", "status", "Status", "time", "x", ""])
VALUES = st.recursive(
    st.sampled_from([None, "", "text", "[]", "{}", '{"a":1}', '["b"]', 0, 1, False, True, 1.5]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.dictionaries(NAMES, VALUES, max_size=5)
PROPERTIES = MEMBERS | MEMBERS.map(json.dumps) | VALUES
RECORDS = st.builds(
    lambda record, extra: {**record, **extra},
    MEMBERS,
    st.dictionaries(st.sampled_from(["properties", "Properties"]), PROPERTIES, max_size=2),
)
WANTED = RequestedFields({"both": "status time", "one": "id"}, other="x", missing="not-there")


def sources_of(record: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Members of `properties` and of the envelope by lower-case name, worked out plainly."""
    envelope = {key.lower(): value for key, value in record.items()}
    inner = read_structure(envelope.get("properties"))
    return {key.lower(): value for key, value in inner.items()} if isinstance(inner, dict) else {}, envelope


def text_of(record: dict[str, Any], *names: str) -> str | None:
    for source in sources_of(record):
        for name in names:
            found = source.get(name)
            if found not in (None, "") and not isinstance(found, dict | list):
                return as_text(found)
    return None


def value_of(record: dict[str, Any], name: str) -> Any:
    found = (source.get(name) for source in sources_of(record))
    return next((read_structure(value) for value in found if value not in NOTHING), None)


def rest_of(record: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    inner = read_structure({key.lower(): value for key, value in record.items()}.get("properties"))
    kept: dict[str, Any] = {}
    for source in (record, inner if isinstance(inner, dict) else {}):
        kept |= {  # members of `properties` win
            key: value
            for key, value in source.items()
            if key.lower() not in known and value not in (*NOTHING, "[]", "{}")
        }
    return kept


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=3), st.sampled_from([0, 300]))
def test_fields_are_found_as_by_a_plain_look(records: list[dict[str, Any]], remembered: int) -> None:
    lower._MOST_NAMES = remembered
    try:
        for record in records:
            fields = RecordFields(record)
            for name in ("id", "status", "properties", "x", ""):
                assert fields.text(name) == text_of(record, name)
                assert fields.value(name) == value_of(record, name)
                assert (name in fields) == any(name in source for source in sources_of(record))
            texts = fields.texts(WANTED)
            assert {column: text for column, text in texts.items() if text is not None} == {
                column: text
                for column, names in WANTED.columns.items()
                if (text := text_of(record, *names)) is not None
            }
            assert list(fields.rest(frozenset({"id"})).items()) == list(
                rest_of(record, frozenset({"id"})).items()
            )
    finally:
        lower._MOST_NAMES = 300


def sign_in(number: int) -> dict[str, Any]:
    return {
        "id": f"5ac4b6f0-0000-4000-8000-{number:012d}",
        "createdDateTime": f"2026-03-02T10:00:{number % 60:02d}.1234567Z",
        "userPrincipalName": "Mara.Lind@example.org",
        "appId": "9199bf20-a13f-4107-85dc-02114787ef48",
        "resourceTenantId": ORGANISATION,
        "ipAddress": "198.51.100.7",
        "isInteractive": True,
        "conditionalAccessStatus": "success",
        "status": {"errorCode": 0},
        "location": {"countryOrRegion": "NL"},
        "deviceDetail": {"deviceId": "D-1", "browser": "Chrome 129"},
        "authenticationDetails": [{"authenticationMethod": "Password", "succeeded": True}],
    }


def test_every_spelling_is_the_same_sign_in() -> None:
    def shouted(value: Any) -> Any:
        if isinstance(value, dict):
            return {key.upper(): shouted(member) for key, member in value.items()}
        return [shouted(item) for item in value] if isinstance(value, list) else value

    plain = entra_signin.row(sign_in(1))
    loud = shouted(sign_in(1))
    text = {
        key: json.dumps(value) if isinstance(value, dict | list) else value
        for key, value in sign_in(1).items()
    }
    for other in (loud, text, {"properties": sign_in(1)}, {"Properties": json.dumps(loud)}):
        assert entra_signin.row(other)[:-1] == plain[:-1]


ODD = [
    "3",
    "null",
    '"x"',
    "[1]",
    "[]",
    '{"a":01}',
    '{"a":NaN}',
    '{"a":"\\ud800"}',
    '{"n":1}',
    '{"value":[{"a":1}]}',
]
PAGES = [
    "[%s]",
    '{"value":[%s]}',
    '{"@odata.context":"c[","value":[%s],"@odata.nextLink":"n"}',
    '{"Records":[%s]}',
]


@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    odd=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(ODD)), max_size=3),
    page=st.sampled_from(PAGES),
    space=st.sampled_from(["", "\n", "\n  "]),
)
def test_pages_give_what_their_records_give_on_lines(
    tmp_path_factory: Any, odd: list[tuple[int, str]], page: str, space: str
) -> None:
    folder: Path = tmp_path_factory.mktemp("pages")
    good = [json.dumps(sign_in(number)) for number in range(10)]
    items = list(good)
    for place, text in odd:
        items.insert(place + 1, text)
    (folder / "page.json").write_text(page % f",{space}".join(items))
    (folder / "lines.jsonl").write_text("".join(text + "\n" for text in items))
    events, problems, records = read_all(folder / "page.json")
    expected, _, _ = read_all(folder / "lines.jsonl")
    assert records == events.num_rows + len(problems)
    uids = [row["metadata_uid"] for row in rows(events)]
    assert uids == [row["metadata_uid"] for row in rows(expected)]
    assert len(set(uids)) == 10


def test_the_depth_of_a_record_is_bounded_on_pages(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    for levels, codes in ((20, []), (90, ["too-deep"])):
        deep = {**sign_in(1), "deep": json.loads("[" * levels + "]" * levels)}
        path.write_text(json.dumps({"value": [sign_in(0), deep, sign_in(2)]}))
        events, problems, records = read_all(path, limits=Limits(depth=64))
        assert records == 3
        assert [problem.code for problem in problems] == codes
        assert events.num_rows == 3 - len(codes)
