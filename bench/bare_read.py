"""Read a unified audit log with DuckDB alone: the columns that a scan keeps, and nothing done with them.

    python bench/bare_read.py FILE

Prints the number of records. This is the floor that `bench/scan_million.py` compares a scan with. The numbers of items in
folders, which a scan computes too, are left out, so that the floor is as low as it can be.
"""

from __future__ import annotations

import os
import sys

import duckdb

from seawall.events.microsoft.m365_fields import CONTEXT_FIELDS, KEPT_FIELDS, NESTED_FIELDS, TEXT_FIELDS


def main(path: str) -> None:
    """Read the file to Arrow batches, and count the rows."""
    descriptor = os.open(path, os.O_RDONLY)
    nested = tuple(dict.fromkeys((*NESTED_FIELDS, *KEPT_FIELDS)))
    context = ", ".join(f'"{field}" VARCHAR' for field in CONTEXT_FIELDS)
    types = [f"'{field}': 'VARCHAR'" for field in TEXT_FIELDS] + [f"'{field}': 'JSON'" for field in nested]
    types.append(f"'AppAccessContext': 'STRUCT({context})'")
    picked = [f'"{field}"' for field in TEXT_FIELDS] + [
        f'"{field}"::VARCHAR AS "{field}"' for field in nested
    ]
    picked += [f'AppAccessContext."{field}" AS "Context.{field}"' for field in CONTEXT_FIELDS]
    query = (
        f"SELECT {', '.join(picked)} FROM read_json('/dev/fd/{descriptor}', columns={{{', '.join(types)}}}, "
        "format='newline_delimited', ignore_errors=true, compression='none')"
    )
    connection = duckdb.connect(config={"threads": 2})
    print(sum(batch.num_rows for batch in connection.sql(query).to_arrow_reader(100_000)))


if __name__ == "__main__":
    main(sys.argv[1])
