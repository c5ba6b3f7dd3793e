"""The receipt of an erasure: what was erased, where, what was kept and why. It never holds the person's name."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from seawall_base.durable_file import write_whole
from seawall_base.errors import InputUnreadable
from seawall_base.private_files import make_folder

FOLDER: Final = "erasures"
_FIX: Final = "choose another folder with --receipts"
_COST: Final = {"n": 1 << 14, "r": 8, "p": 1}


class ErasedPlace(msgspec.Struct, frozen=True):
    """One place with names: a kind of data, and how many rows, entries or files of it held one."""

    place: str
    kind: str
    changed: int


class KeptThing(msgspec.Struct, frozen=True):
    """Something that was kept, or that holds the name or may hold it, and why."""

    what: str
    why: str


class ErasureCheck(msgspec.Struct, frozen=True):
    """The search afterwards: how much was searched, and where a name was found."""

    files: int
    bytes: int
    values: int
    found: list[str]


class ErasureReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt. `kept` stays by design; `left` could not be rewritten or searched, and makes it incomplete.

    `salt` and `digest` recognise the person while the erasure runs, and are empty once it is done.
    """

    format: Literal["seawall-erasure"] = "seawall-erasure"
    version: Literal[1] = 1
    state: Literal["running", "done", "incomplete", "rehearsal"]
    token: str
    reference: str = ""
    begun_at: str
    ended_at: str = ""
    erased: list[ErasedPlace] = []
    kept: list[KeptThing] = []
    left: list[KeptThing] = []
    check: ErasureCheck | None = None
    salt: str = ""
    digest: str = ""


def make_token() -> str:
    """Return a new token: random, so that nothing leads from it to the person."""
    return f"erased-{secrets.token_hex(6)}"


def begin_receipt(folder: Path, account: str, *, begun_at: str, reference: str) -> ErasureReceipt:
    """Return the receipt of an erasure of this account that was interrupted, or a new one, on disk."""
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        found = _read(path)
        if found is not None and found.digest and found.digest == _digest(account, found.salt):
            return found
    salt = secrets.token_hex(16)
    made = ErasureReceipt(
        state="running", token=make_token(), reference=reference, begun_at=begun_at, salt=salt,
        digest=_digest(account, salt),
    )  # fmt: skip
    make_folder(folder)
    save_receipt(folder, made)
    return made


def save_receipt(folder: Path, receipt: ErasureReceipt) -> Path:
    """Write a receipt and return its path."""
    path = folder / f"{receipt.token}.json"
    write_whole(path, msgspec.json.format(msgspec.json.encode(receipt), indent=1) + b"\n", fix=_FIX)
    return path


def sum_places(found: Sequence[ErasedPlace], earlier: Sequence[ErasedPlace]) -> list[ErasedPlace]:
    """Return the places of a run and of those that were interrupted before, each place once with its sum."""
    counts: dict[tuple[str, str], int] = {}
    for one in (*earlier, *found):
        counts[one.place, one.kind] = counts.get((one.place, one.kind), 0) + one.changed
    return [ErasedPlace(place, kind, count) for (place, kind), count in counts.items()]


def _read(path: Path) -> ErasureReceipt | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ErasureReceipt)
    except OSError as error:
        raise InputUnreadable(f"{path}: {error.strerror}", fix="check its permissions") from None
    except msgspec.MsgspecError:
        return None  # another program's file


def _digest(account: str, salt: str) -> str:
    key = hashlib.scrypt(
        account.casefold().encode("utf-8", "surrogatepass"), salt=bytes.fromhex(salt), **_COST
    )
    return key.hex()
