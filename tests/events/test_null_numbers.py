"""The number of a null lies within its dictionary: Arrow follows it when dictionaries are joined, and crashed otherwise."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.event_table import empty_events
from seawall.events.formats.distinct_values import Column
from seawall.events.readers import Limits
from seawall.pipeline.live.ingest_queue import batches_of

AUDIT = {"CreationTime": "2026-03-02T10:00:00", "Id": "a", "Operation": "MailItemsAccessed", "RecordType": 50,
         "Workload": "Exchange", "OrganizationId": "o", "UserId": "ann@x.example", "ClientIPAddress": "192.0.2.7"}  # fmt: skip
SIGN_IN = {"id": "b", "createdDateTime": "2026-03-02T10:00:00Z", "userPrincipalName": "ann@x.example", "appId": "p",
           "ipAddress": "192.0.2.7", "status": {"errorCode": 0}, "tenantId": "o"}  # fmt: skip
BARE = {
    "CreationTime": "2026-03-02T10:00:00",
    "Id": "c",
    "Operation": "Odd",
    "RecordType": 1,
    "UserId": "bob",
}


def within(array: pa.ChunkedArray) -> bool:
    """Whether every number of a dictionary column, those of nulls too, is one of its dictionary."""
    for chunk in array.chunks:
        buffer = chunk.indices.buffers()[1]
        numbers = np.frombuffer(buffer, np.int32)[chunk.offset : chunk.offset + len(chunk)]
        if len(chunk) and not ((numbers >= 0) & (numbers < len(chunk.dictionary))).all():
            return False
    return True


@given(st.lists(st.integers(-1, 3), max_size=9))
def test_a_column_of_codes(codes: list[int]) -> None:
    values = [f"v{number}" for number in range(max(codes, default=-1) + 1)]
    array = Column(np.array(codes, np.int32), pa.array(values, pa.string())).array()
    assert within(pa.chunked_array([array]))
    assert array.to_pylist() == [None if code < 0 else values[code] for code in codes]


@pytest.mark.parametrize("records", [[AUDIT], [BARE], [SIGN_IN], [AUDIT, BARE, SIGN_IN] * 7], ids=str)
def test_events_as_they_are_read(records: list[dict[str, Any]]) -> None:
    body = "\n".join(json.dumps(record) for record in records).encode()
    tables = [batch.events for batch in batches_of(body, "test", Limits())]
    assert sum(map(len, tables)) == len(records)
    joined = pa.concat_tables([*tables, empty_events(), *tables]).unify_dictionaries()
    for table in (*tables, joined):
        for name in table.column_names:
            if pa.types.is_dictionary(table[name].type):
                assert within(table[name]), name
