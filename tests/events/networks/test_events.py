from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.event import ENRICHED_SCHEMA, ENRICHMENT_FIELDS, EVENT_SCHEMA
from seawall.events.networks import Networks, enrich
from tests.thoroughness import examples

ADDED = [name for name, _ in ENRICHMENT_FIELDS]


def events(rows: list[tuple[str | None, str | None]]) -> pa.Table:
    """Return an event table with only addresses and stated countries."""
    records = [{"src_ip": address, "src_country": country} for address, country in rows]
    return pa.Table.from_pylist(records, schema=EVENT_SCHEMA)


def added(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.select(ADDED).to_pylist()]


def test_the_columns_of_each_event(networks: Networks) -> None:
    table = enrich(
        events([("8.8.8.8", "XX"), (None, "FR"), ("10.0.0.1", "DE"), ("10.0.0.1", None), ("8.8.8.9", None)]),
        networks,
    )
    google = ("8.8.8.0/24", 15169, "Google LLC", "US", "hosting")
    assert added(table) == [
        google,
        (None, None, None, "FR", None),
        ("10.0.0.0/24", None, None, "DE", None),
        ("10.0.0.0/24", None, None, None, None),
        google,
    ]


def test_the_schema_and_the_events_are_kept(networks: Networks) -> None:
    before = events([("8.8.8.8", "US"), (None, None)])
    after = enrich(before, networks)
    assert after.schema == ENRICHED_SCHEMA
    assert after.select(EVENT_SCHEMA.names).equals(before)
    after.validate(full=True)


@pytest.mark.parametrize("table", [EVENT_SCHEMA.empty_table(), events([]), events([(None, None)] * 3)])
def test_nothing_to_enrich(networks: Networks, table: pa.Table) -> None:
    after = enrich(table, networks)
    assert after.schema == ENRICHED_SCHEMA
    assert after.num_rows == table.num_rows
    assert set(added(after)) <= {(None,) * len(ADDED)}


def test_enriching_twice_changes_nothing(networks: Networks) -> None:
    once = enrich(events([("8.8.8.8", "US"), ("2a01:4f8::1", None)]), networks)
    assert enrich(once, networks).equals(once)


def test_a_dictionary_with_unused_doubled_and_null_values(networks: Networks) -> None:
    """What Arrow allows in a dictionary, enrich must bear."""
    dictionary = pa.array(["8.8.8.8", None, "8.8.8.8", "9.9.9.9"])
    addresses = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None], pa.int32()), dictionary)
    table = events([(None, None)] * 4)
    table = table.set_column(table.schema.get_field_index("src_ip"), EVENT_SCHEMA.field("src_ip"), addresses)
    assert enrich(table, networks)["src_asn"].to_pylist() == [15169, None, 15169, None]


CELLS = st.tuples(
    st.one_of(st.none(), st.sampled_from(["8.8.8.8", "1.1.1.1", "10.0.0.1", "bad", "2a01:4f8::1"])),
    st.one_of(st.none(), st.sampled_from(["US", "DE", "FR"])),
)


@settings(max_examples=examples(50))
@given(st.lists(st.lists(CELLS, max_size=5), max_size=4))
def test_chunks_with_their_own_dictionaries_give_the_same(
    networks: Networks, chunks: list[list[Any]]
) -> None:
    parts = pa.concat_tables([EVENT_SCHEMA.empty_table(), *map(events, chunks)])
    whole = events([row for chunk in chunks for row in chunk])
    assert added(enrich(parts, networks)) == added(enrich(whole, networks))


@settings(max_examples=examples(50))
@given(st.lists(CELLS, max_size=20))
def test_each_row_says_what_its_address_says(networks: Networks, rows: list[Any]) -> None:
    found = added(enrich(events(rows), networks))
    for (address, stated), row in zip(rows, found, strict=True):
        known = networks.look_up([address])
        assert row[0] == known.prefix[0].as_py()
        assert row[1] == (None if known.asn[0] < 0 else known.asn[0])
        assert row[3] == (known.country[0].as_py() or stated)
        assert row[4] == known.network_class[0].as_py()


def test_a_large_table_is_looked_up_by_distinct_address(networks: Networks) -> None:
    random = np.random.default_rng(5)
    texts = [f"{a}.{b}.{c}.1" for a, b, c in random.integers(1, 223, (2000, 3)).tolist()]
    rows = random.integers(0, len(texts), 100_000, dtype=np.int32)
    table = pa.Table.from_arrays(
        [
            pa.DictionaryArray.from_arrays(pa.array(rows), pa.array(texts))
            if field.name == "src_ip"
            else pa.nulls(len(rows), field.type)
            for field in EVENT_SCHEMA
        ],
        schema=EVENT_SCHEMA,
    )
    found = enrich(table, networks)["src_asn"].fill_null(-1).to_numpy()
    assert (found == networks.look_up(texts).asn[rows]).all()


REST = "Client=REST;Client=RESTSystem;;"


@pytest.mark.parametrize(
    ("address", "agent", "client", "named"),
    [
        ("8.8.8.8", REST, None, "exchange/rest"),
        ("8.8.8.8", "Client=REST;Client=RESTSystem;", None, "exchange/rest"),
        ("8.8.8.8", REST, "python/rest", "python/rest"),
        ("8.8.8.8", "Client=REST;;", None, None),
        ("8.8.8.8", None, None, None),
        ("40.126.0.1", REST, None, None),
        ("40.126.0.1", REST, "exchange/rest", None),
        (None, REST, None, None),
        ("10.0.0.1", REST, None, None),
    ],
)
def test_exchanges_own_client_is_somebodys_elsewhere(
    networks: Networks, address: str | None, agent: str | None, client: str | None, named: str | None
) -> None:
    record = {"src_ip": address, "user_agent": agent, "client": client}
    other = {"src_ip": "8.8.8.8", "client": "chrome/browser"}
    table = pa.Table.from_pylist([other, record, other], schema=EVENT_SCHEMA)
    once = enrich(table, networks)
    assert once["client"].to_pylist() == ["chrome/browser", named, "chrome/browser"]
    again = enrich(once, networks)
    assert again["client"].to_pylist() == once["client"].to_pylist()
    once.validate(full=True)
