"""`seawall diff`: what the results of a later scan have that those of an earlier one have not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli.store.options import AsJson
from seawall.cli.tables import FEW, MANY, CsvFile, RowLimit, answer_tables, require_known, require_one_way


def diff(
    before: Annotated[Path, typer.Argument(metavar="OUT1", help="Results folder of the earlier scan.")],
    after: Annotated[Path, typer.Argument(metavar="OUT2", help="Results folder of the later scan.")],
    table: Annotated[
        str | None, typer.Option("--table", metavar="NAME", help="Make one table, for example new-accounts.")
    ] = None,
    limit: RowLimit = None,
    csv: CsvFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare the results of two scans: incidents, accounts, networks, applications, consents and rules.

    \b
    Examples:
      seawall diff monday tuesday
      seawall diff monday tuesday --table new-networks --csv networks.csv
      seawall diff monday tuesday --json
    """
    from seawall.report.tables.differences import NAMES, compare_results

    wanted = NAMES if table is None else (require_known(table, NAMES, "table"),)
    require_one_way(csv, table, as_json=as_json)
    made = [one for one in compare_results(before, after) if one.name in wanted]
    answer_tables(made, FEW if table is None else MANY, limit, csv, as_json=as_json)
