"""Search everything again after an erasure: the bytes of every file, and the values of every table."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from seawall.pipeline.erasure.files import list_files
from seawall.pipeline.erasure.receipt import ErasureCheck
from seawall.pipeline.erasure.states import erase_from_state
from seawall.storage.database.erasing import iterate_values
from seawall.storage.lake.erasing import erase_from_table
from seawall.storage.location import Store
from seawall_base.name_erasure import NameErasure

_MOST_FOUND = 100


def check_erasure(
    root: Path | None, store: Store | None, folders: Sequence[Path], erasure: NameErasure, account: str
) -> ErasureCheck:
    """Search the store's folder, its database and folders of results, and return where a name was found.

    Files are searched as bytes, compressed ones and Parquet after unpacking, in every way of writing the account; values
    of the database in every spelling of the person.
    """
    pattern = make_pattern(account)
    files = size = values = 0
    found: list[str] = []
    for folder in ([root] if root is not None else []) + list(folders):
        for path in list_files(folder):
            content = path.read_bytes()
            files, size = files + 1, size + len(content)
            if pattern.search(str(path).encode()) or _holds(content, pattern, erasure):
                found.append(erasure.replace_text(str(path)))
    if store is not None:
        with store.database.reading() as work:
            for table, value in iterate_values(work):
                values += 1
                if _value_holds(value, pattern, erasure):
                    found.append(f"table {table}")
    return ErasureCheck(files, size, values, list(dict.fromkeys(found))[:_MOST_FOUND])


def make_pattern(account: str) -> re.Pattern[bytes]:
    """Return the pattern of an account name in bytes: plain, escaped by JSON or by an address, as UTF-16, in a path."""
    local, at, domain = account.partition("@")
    texts = {account, account.upper(), account.lower(), account.replace("@", "%40")}
    if at:
        texts.add(f"{local}_{domain}".replace(".", "_"))
    raw = {text.encode("utf-8", "surrogatepass") for text in texts}
    raw |= {json.dumps(text)[1:-1].encode() for text in texts}
    raw |= {text.encode("utf-16-le", "surrogatepass") for text in texts}
    return re.compile(b"|".join(sorted(map(re.escape, raw))), re.IGNORECASE)


def _holds(content: bytes, pattern: re.Pattern[bytes], erasure: NameErasure) -> bool:
    return any(pattern.search(one) for one in _unpack(content, erasure))


def _unpack(content: bytes, erasure: NameErasure) -> Iterator[bytes]:
    """Yield the bytes of a file, and what it holds if it is compressed. A table with a name yields it."""
    yield content
    if content[:4] == b"PAR1":
        try:
            table = pq.read_table(io.BytesIO(content))
        except (pa.ArrowException, ValueError):
            return
        cleaned, changed = erase_from_table(table, erasure)
        if changed:
            for name in table.column_names:
                if table[name] != cleaned[name]:
                    yield json.dumps(table[name].to_pylist(), default=str, ensure_ascii=False).encode()
    elif content[:2] == b"\x1f\x8b":
        try:
            yield gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return


def _value_holds(value: Any, pattern: re.Pattern[bytes], erasure: NameErasure) -> bool:
    if isinstance(value, bytes):
        return bool(pattern.search(value)) or erase_from_state(value, erasure) not in (None, value)
    if isinstance(value, str | list | dict):
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return bool(pattern.search(text.encode("utf-8", "surrogatepass"))) or (
            erasure.replace_values(value) != value
        )
    return False
