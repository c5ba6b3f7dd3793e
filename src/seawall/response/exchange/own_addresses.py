"""Find addresses that are an organisation's own, among those that might be passed on.

An address block is an organisation's own if an account used it on three days before the intrusion: then it is an office,
a home or a proxy of honest people. It also is if three accounts of one organisation used it on three days each, whenever
that was, because logs often begin with the intrusion. Intruders who stay for long therefore keep their addresses to
themselves: what is doubtful is not passed on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.response.exchange.plain_form import list_forms, parse_block, spell_value
from seawall.response.exchange.tenant_value import TenantValue
from seawall.response.scope.address_blocks import Block
from seawall_base.errors import UsageError

COLUMNS: Final = ("time", "org_uid", "account", "src_ip")
USUAL_DAYS: Final = 3
USUAL_ACCOUNTS: Final = 3
_DAY: Final = 86_400_000_000

_Use = tuple[str, str]
"""Organisation and account."""


def find_own_blocks(tables: Iterable[pa.Table], values: Sequence[TenantValue]) -> frozenset[str]:
    """Return the addresses and blocks of `values`, spelt, that are an organisation's own in these events (`COLUMNS`)."""
    asked = {
        spelt: one
        for one in values
        if one.kind == "address" and (spelt := spell_value("address", one.value)) is not None
    }
    blocks = {spelt: block for spelt in asked if (block := _widen(spelt)) is not None}
    if not blocks:
        return frozenset()
    days: dict[str, dict[_Use, set[int]]] = {spelt: defaultdict(set) for spelt in blocks}
    held: dict[str, tuple[str, ...]] = {}
    for table in tables:
        _gather(table, blocks, held, days)
    return frozenset(spelt for spelt in blocks if _is_own(days[spelt], asked[spelt].first // _DAY))


def parse_own_blocks(texts: Iterable[str]) -> tuple[Block, ...]:
    """Return the blocks that an operator names as own. Raises `UsageError`."""
    found = []
    for text in texts:
        block = parse_block(text.strip())
        if block is None:
            raise UsageError(f"{text[:60]!r} is no block of addresses", fix="write it as 203.0.113.0/24")
        found.append(block)
    return tuple(found)


def _widen(spelt: str) -> Block | None:
    """Return the block around a value: an office's next address is the office's too."""
    return parse_block(list_forms("address", spelt)[-1])


def _gather(
    table: pa.Table,
    blocks: Mapping[str, Block],
    held: dict[str, tuple[str, ...]],
    days: Mapping[str, dict[_Use, set[int]]],
) -> None:
    """Add who used each block on which days. Addresses are compared once each, and rows of others are left out."""
    if not set(COLUMNS) <= set(table.column_names):
        return
    for text in pc.unique(table["src_ip"].cast(pa.string())).to_pylist():
        if text is not None and text not in held:
            address = parse_block(text)
            held[text] = () if address is None else tuple(s for s, b in blocks.items() if _holds(b, address))
    wanted = pa.array([text for text, inside in held.items() if inside], pa.string())
    rows = table.filter(pc.is_in(table["src_ip"].cast(pa.string()), value_set=wanted))
    if not len(rows):
        return
    plain = pa.table(
        {
            "day": pa.array(rows["time"].cast(pa.int64()).to_numpy() // _DAY, pa.int64()),
            **{name: rows[name].cast(pa.string()) for name in ("org_uid", "account", "src_ip")},
        }
    )
    for row in plain.group_by(plain.column_names).aggregate([]).to_pylist():
        for spelt in held[row["src_ip"]]:
            days[spelt][row["org_uid"] or "", row["account"] or ""].add(row["day"])


def _holds(block: Block, address: Block) -> bool:
    if isinstance(block, type(address)):
        return int(block.network_address) <= int(address.network_address) <= int(block.broadcast_address)
    return False


def _is_own(uses: Mapping[_Use, set[int]], first: int) -> bool:
    """Return whether these accounts' days (since 1970) show honest use of a block, first the intruder's on day `first`."""
    if any(len([day for day in days if day < first]) >= USUAL_DAYS for days in uses.values()):
        return True
    often = [organisation for (organisation, _), days in uses.items() if len(days) >= USUAL_DAYS]
    return any(count >= USUAL_ACCOUNTS for count in Counter(often).values())
