"""The small parsers: times, addresses, clients, codes."""

from __future__ import annotations

import ipaddress
import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events import client_names
from seawall.events.addresses import normalise_address
from seawall.events.client_names import reduce_client
from seawall.events.event_table import NO_TIME, parse_times
from seawall.events.formats import distinct_values as distinct
from seawall.events.formats import json_values
from seawall.events.formats.distinct_values import Column, Mapper, coalesce, distinct_rows
from seawall.events.masked_excerpts import excerpt
from seawall.events.microsoft.entra_error_codes import is_interrupted
from seawall.events.microsoft.m365_meanings import admin_mailbox, find_acting_user
from seawall.events.times import in_range, to_microseconds
from tests.thoroughness import examples

MOMENT = datetime(2021, 5, 18, 21, 13, 33, tzinfo=UTC)
MICROSECONDS = int(MOMENT.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "2021-05-18T21:13:33",
        "2021-05-18T21:13:33Z",
        "2021-05-18 21:13:33",
        "2021-05-18T21:13:33.0000000Z",
        "2021-05-18T23:13:33+02:00",
        "2021-05-18T19:13:33-0200",
        "5/18/2021 9:13:33 PM",
        "18/5/2021 21:13:33",
        "5/18/2021, 9:13:33.000 PM",
        "5/18/2021, 9:13:33\u202fPM",
        "18.05.2021 21:13:33",
        "18.5.2021, 21:13:33",
        "18-5-2021 21:13:33",
        "2021/05/18 21:13:33",
        "2021/5/18 23:13:33 +02:00",
        "May 18, 2021 9:13:33 PM",
        "May 18, 2021, 9:13:33 PM",
        "May 18, 2021 at 11:13:33 PM GMT+2",
        "May 19, 2021, 2:43:33 AM GMT+5:30",
        "18 May 2021, 21:13:33",
        "18-May-2021 21:13:33 UTC",
        "/Date(1621372413000)/",
        "1621372413",
        1621372413,
        1621372413000,
        1621372413.0,
        "1621372413000",
        "1.621372413E9",
        1621372413000000,
        1621372413000000000,
    ],
)
def test_spellings_of_a_time(text: object) -> None:
    assert to_microseconds(text) == MICROSECONDS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        None,
        True,
        [],
        "2021-13-01",
        "2021-02-30T00:00:00",
        "5",
        float("nan"),
        "13:00",
        "May 18",
        "Foo 18, 2021, 9:13:33 PM",
        "18.05/2021",
        "13.13.2021",
        "May 18, 2021, 13:13:33 PM",
        "198.51.100.7",
    ],
)
def test_no_time(text: object) -> None:
    assert to_microseconds(text) is None


def test_which_part_of_a_date_is_the_day() -> None:
    assert to_microseconds("2/3/2026") == to_microseconds("2026-02-03")
    assert to_microseconds("2.3.2026") == to_microseconds("2-3-2026") == to_microseconds("2026-03-02")


@given(st.text(max_size=40) | st.integers() | st.floats())
def test_times_never_raise(value: object) -> None:
    found = to_microseconds(value)
    assert found is None or isinstance(in_range(found), bool)


ISO_LIKE = st.builds(
    "{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}{}".format,
    st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32), st.sampled_from(["T", " ", "T", "t", "  "]),
    st.integers(0, 25), st.integers(0, 61), st.integers(0, 61),
    st.sampled_from(["", "Z", "", "z", ".1", ".1234567Z", ",12", ".", ".Z", "+02:00", ".12345a", ".123456789012", "\u0663"]),
)  # fmt: skip
PLAIN = st.datetimes(datetime(1600, 1, 1), datetime(2300, 1, 1)).map(lambda d: d.isoformat()[:19])  # noqa: DTZ001


ENDINGS = st.sampled_from(
    ["Z", ".5Z", ".000001", ".123456Z", ".1234567Z", ".999999999", ".1234567890Z", ".Z", "."]
)
ALIKE = st.tuples(st.lists(PLAIN | st.none()), ENDINGS).map(
    lambda drawn: [value and value + drawn[1] for value in drawn[0]]
)


@settings(max_examples=examples(300))
@given(
    st.lists(PLAIN | st.none())
    | ALIKE
    | st.lists(PLAIN | st.none() | ISO_LIKE)
    | st.lists(st.datetimes().map(lambda d: d.isoformat()) | st.none() | ISO_LIKE | st.text(max_size=9))
)
def test_columns_of_times_are_the_single_times(values: list[str | None]) -> None:
    expected = [NO_TIME if (one := to_microseconds(value)) is None else one for value in values]
    assert parse_times(pa.array(values, pa.string())).tolist() == expected
    # A part of a longer array, whose buffers do not start with it.
    part = pa.array(["x", *values, "2026-03-02T10:00:00"], pa.string()).slice(1, len(values))
    assert parse_times(part).tolist() == expected


ADDRESSES = st.ip_addresses()


@given(
    ADDRESSES,
    st.integers(0, 65535),
    st.sampled_from(["{}", "[{}]:{port}", "[{}]", " {} ", "host ({})", "[host ({})]", "{}]-0", "[{}]-0"]),
)
def test_spellings_of_an_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, spelling: str
) -> None:
    mapped = getattr(address, "ipv4_mapped", None) or address
    expected = None if mapped.is_unspecified else str(mapped)
    assert normalise_address(spelling.format(address, port=port)) == expected
    if address.version == 4:
        assert normalise_address(f"{address}:{port}") == expected
        assert normalise_address(f"::ffff:{address}") == expected
    else:
        assert normalise_address(f"{address}%eth0") == expected
        assert normalise_address(f"{address.exploded}:{port}") == expected


@pytest.mark.parametrize(
    "text",
    ["", "null", None, "-", "133.200.32.-90", "localhost", "1.2.3", "1.2.3.4.5", "999.1.1.1", "01.2.3.4"],
)
def test_no_address(text: str | None) -> None:
    assert normalise_address(text) is None


@given(st.text(max_size=60))
def test_addresses_never_raise_and_are_stable(text: str) -> None:
    found = normalise_address(text)
    assert found is None or normalise_address(found) == found


CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36"
OFFICE = "d3590ed6-52b3-4102-aeff-aad2292ab01c"


@pytest.mark.parametrize(
    ("arguments", "client"),
    [
        ({"user_agent": CHROME}, "chrome/browser"),
        ({"user_agent": CHROME + " Edg/129.0.0.0"}, "edge/browser"),
        ({"client_info": f"Client=OWA;{CHROME};"}, "chrome/browser"),
        ({"client_info": f"Client=OWA;{CHROME}+Preload+Preload;"}, "chrome/browser"),
        ({"client_info": "Client=OWA;Action=ViaProxy"}, None),
        ({"client_info": "Client=REST;Client=RESTSystem;;"}, None),
        ({"client_info": "Client=REST;;"}, None),
        ({"client_info": "Client=MSExchangeRPC", "process": "OUTLOOK.EXE"}, "outlook/mapi"),
        ({"client_info": "Client=MSExchangeRPC"}, "outlook/mapi"),
        (
            {
                "client_info": "Client=WebServices;Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.13929; Pro)[AppId=x];"  # noqa: E501
            },
            "outlook/mapi",
        ),
        (
            {
                "user_agent": "Mozilla/5.0 (Windows NT 10.0; WebView/3.0) Chrome/64.0 Safari/537.36 Edge/18.17763",
                "application": OFFICE,
            },
            "outlook/mapi",
        ),
        ({"application": OFFICE}, "outlook/mapi"),
        ({"user_agent": "python-requests/2.31.0", "application": OFFICE}, "python/rest"),
        ({"client_info": "Client=REST;python-requests/2.31.0;"}, "python/rest"),
        ({"user_agent": CHROME, "application": OFFICE}, "chrome/browser"),
        ({"client_info": "Client=ActiveSync;Apple-iPhone14C2/2001.70"}, "apple-mail/activesync"),
        ({"user_agent": "BAV2ROPC", "client_info": "IMAP4"}, "unknown-mail/imap"),
        ({"client_info": "Client=POP3/IMAP4;Protocol=IMAP4"}, "unknown-mail/imap"),
        (
            {"user_agent": "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1"},
            "powershell/powershell",
        ),
        (
            {
                "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.0 Safari/605.1.15"
            },
            "safari/browser",
        ),
        ({"user_agent": "Outlook-iOS/2.0"}, "outlook-mobile/rest"),
        ({"user_agent": "Go-http-client/2.0"}, "go-http/rest"),
        (
            {"user_agent": "AADInternals", "application": "1b730954-1685-4b74-9bfd-dac224a7b894"},
            "aadinternals/rest",
        ),
        ({"user_agent": "azurehound/v2.1.8"}, "azurehound/rest"),
        ({}, None),
    ],
)
def test_clients(arguments: dict[str, str], client: str | None) -> None:
    assert reduce_client(**arguments) == client


AGENTS = (
    *(
        "Mozilla/5.0 (Windows NT 10.0)",
        "Chrome/120.0",
        "Edg/120",
        "outlook-iOS/1",
        "node-fetch",
        "ruby",
        "Mail/12",
    ),
    *("mac os x/10 exchange", "Version/12.1 x AppleWebKit", "java/1", "msie 7.0", "got (", "remote ps"),
    *("\n", "_", "-", "\u017f", "é"),
)


@given(
    st.lists(st.sampled_from(AGENTS) | st.text(max_size=4), max_size=6),
    st.sampled_from(["", " ", "_"]),
    st.booleans(),
)
def test_one_matcher_finds_the_family_that_the_patterns_find_one_by_one(
    parts: list[str], between: str, is_swapped: bool
) -> None:
    agent = between.join(parts)
    agent = agent.swapcase() if is_swapped else agent
    expected = next((family for family, one in client_names._FAMILIES if one.search(agent)), None)
    assert client_names._family(agent) == expected


@given(st.text(max_size=80), st.text(max_size=80))
def test_clients_never_raise(agent: str, info: str) -> None:
    found = reduce_client(agent, info)
    assert found is None or found.count("/") == 1


def test_codes() -> None:
    assert is_interrupted("50074")
    assert not is_interrupted("50126")
    assert not is_interrupted("0")
    assert not is_interrupted("x")
    assert not is_interrupted(None)


@given(st.lists(st.tuples(*[st.none() | st.sampled_from(["a", "b", "", "c"])] * 3), max_size=30))
def test_distinct_rows_are_the_rows(values: list[tuple[str | None, ...]]) -> None:
    columns = tuple(Column.of(pa.array([row[k] for row in values], pa.string())) for k in range(3))
    inverse, found = distinct_rows(columns)
    assert [found[n] for n in inverse.tolist()] == [tuple(v or None for v in row) for row in values]
    (joined,) = Mapper(lambda *texts: ("".join(t or "-" for t in texts),), 1)(*columns)
    assert joined.array().to_pylist() == ["".join(t or "-" for t in row) for row in values]


@given(st.text(max_size=400) | st.binary(max_size=400))
def test_excerpts_are_short_and_plain(text: str | bytes) -> None:
    found = excerpt(text)
    assert len(found) <= 200
    assert "\n" not in found
    found.encode()


def levels(text: bytes) -> int:
    """How deep a text is nested, byte by byte."""
    deepest = level = 0
    is_string = is_escaped = False
    for byte in text:
        if is_string:
            is_string, is_escaped = is_escaped or byte != 0x22, byte == 0x5C and not is_escaped
        elif byte == 0x22:
            is_string = True
        elif byte in b"{[":
            level += 1
            deepest = max(deepest, level)
        elif byte in b"}]":
            level -= 1
    return deepest


@settings(max_examples=examples(300), deadline=None)
@given(
    pieces=st.lists(
        st.sampled_from(
            [
                "{",
                "}",
                "[",
                "]",
                '"',
                "\\",
                ",",
                ":",
                "1",
                "\n",
                "é",
                '"a":[[1]]',
                '{"b":1,"b":[{}]}',
                '"\\""',
                "[]",
            ]
        ),
        max_size=30,
    ),
    wrap=st.sampled_from(["%s", "[%s]", '{"value":[%s]}', '{"a":%s,"a":1}']),
    large=st.sampled_from([0, 1 << 30]),
)
def test_nesting_is_told_of_any_text(pieces: list[str], wrap: str, large: int) -> None:
    text = wrap % "".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_values, "_LARGE", large)
        for depth in range(1, 5):
            deep = levels(text.encode()) > depth
            assert json_values.is_deeper(text.encode(), depth) == deep
            assert json_values.is_deeper(text, depth) == deep


TEXTS = st.lists(st.sampled_from([None, "", "a", "b", "é", "c"]), max_size=12)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_a_column_has_the_values_of_its_chunks(chunks: list[list[str | None]]) -> None:
    array = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks])
    expected = [value or None for chunk in chunks for value in chunk]
    for given_array in (array, array.dictionary_encode(), pa.concat_arrays(array.chunks)):
        column = Column.of(given_array)
        assert [column.values[code] if code >= 0 else None for code in column.codes] == expected
        assert column.array().to_pylist() == expected
        assert None not in column.values


@given(
    st.lists(st.tuples(*[st.sampled_from([None, "a", "b", "c"])] * 3), min_size=1, max_size=9),
    st.sampled_from([0, 99]),
)
def test_distinct_rows_are_the_rows_by_table_and_by_hash(
    rows: list[tuple[str | None, ...]], share: int
) -> None:
    columns = tuple(Column.of(pa.array(values, pa.string())) for values in zip(*rows, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distinct, "_TABLE_SHARE", share)
        inverse, found = distinct_rows(columns)
    assert [found[place] for place in inverse] == rows


@given(TEXTS, TEXTS)
def test_two_columns_become_the_first_that_holds_something(
    left: list[str | None], right: list[str | None]
) -> None:
    size = min(len(left), len(right))
    one, two = (Column.of(pa.array(values[:size], pa.string())) for values in (left, right))
    merged = coalesce(one, two)
    assert merged.array().to_pylist() == [a or b or None for a, b in zip(left, right, strict=False)]
    assert len(set(merged.values)) == len(merged.values)


@pytest.mark.parametrize(
    ("identity", "mailbox"),
    [
        ("Mara@Example.org", "mara@example.org"),
        ("mara@example.org:\\Calendar", "mara@example.org"),
        ("mara@example.org:\\Inbox\\Below", "mara@example.org"),
        ("mara@example.org\\rule", "mara@example.org"),
        ("EURP.PROD/Hosted/example.onmicrosoft.com/mara@example.org", "mara@example.org"),
        ("Mara Lind", None),
    ],
)
def test_a_cmdlet_names_a_mailbox_and_not_its_folder(identity: str, mailbox: str | None) -> None:
    parameters = json.dumps([{"Name": "Identity", "Value": identity}])
    assert admin_mailbox(None, parameters, "admin", "root@example.org") == (mailbox,)


MARA, HER_ID = "mara.lind@contoso.example", "5b1d0000-0000-4000-8000-000000000147"
OTHER_ID = "5b1d0000-0000-4000-8000-000000000148"


@pytest.mark.parametrize(
    ("actors", "wanted"),
    [
        ([{"ID": HER_ID, "Type": "0"}, {"ID": "Mara.Lind@contoso.example", "Type": "5"}], HER_ID),
        (
            [
                {"ID": MARA, "Type": 5},
                {"ID": OTHER_ID, "Type": 2},
                {"ID": f"User_{HER_ID}", "Type": 2},
                {"ID": HER_ID, "Type": 2},
            ],
            HER_ID,
        ),
        ([{"ID": MARA, "Type": 5}, {"ID": OTHER_ID, "Type": 2}], None),
        ([{"ID": HER_ID, "Type": "0"}, {"ID": "somebody.else@contoso.example", "Type": "5"}], None),
        ([{"ID": MARA, "Type": 5}, {"ID": f"ServicePrincipal_{OTHER_ID}", "Type": 2}], None),
        ([{"ID": MARA, "Type": "0"}, {"ID": None, "Type": None}, "x", {}], None),
        ({"ID": MARA}, None),
    ],
)
def test_object_id_beside_the_name_of_an_actor(actors: object, wanted: str | None) -> None:
    assert find_acting_user(json.dumps(actors), MARA) == (wanted,)
    assert find_acting_user(json.dumps(actors), None) == (None,)
    assert find_acting_user("[{", MARA) == (None,)
