"""Serialise the state of detection without pickle, with a digest that shows damage.

The bytes are a BLAKE2b digest of the rest, then MessagePack: format, version, and the name, type, shape and content of each
array.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

import msgspec
import numpy as np

from seawall.events.array_state import SCORE_AGAIN, State, StateInvalid

DIGEST = 32
VERSION: Literal[1] = 1
LARGEST = 4 << 30
"""Largest state that is read, in bytes: no organisation's state is as large."""

_Kind = Literal["bool", "uint8", "uint64", "int32", "int64", "float32", "float64"]


_NAMES: Mapping[np.dtype[Any], _Kind] = {np.dtype(kind): kind for kind in get_args(_Kind)}
"""Types that are kept: the name of a type takes numpy longer than an array's bytes, and a state has hundreds of arrays."""

_LITTLE: Mapping[_Kind, np.dtype[Any]] = {kind: np.dtype(kind).newbyteorder("<") for kind in get_args(_Kind)}
"""The same types with the least byte first, as they are kept."""


class _Array(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    kind: _Kind
    shape: Annotated[list[Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]], msgspec.Meta(max_length=4)]
    content: bytes


class _Packed(msgspec.Struct, forbid_unknown_fields=True):
    format: Literal["seawall-state"]
    version: Literal[1]
    arrays: dict[str, _Array]


def pack(state: State) -> bytes:
    """Return a state as bytes; equal states give equal bytes. Raises `ValueError` for other types of array."""
    arrays = {}
    for name, array in sorted(state.items()):
        kind = _NAMES.get(array.dtype.newbyteorder("="))
        if kind is None:
            raise ValueError(f"{name}: arrays of {array.dtype.name} are not kept")
        little = array if array.dtype == _LITTLE[kind] else array.astype(_LITTLE[kind])
        arrays[name] = _Array(kind, list(array.shape), little.tobytes())
    content = msgspec.msgpack.encode(_Packed("seawall-state", VERSION, arrays))
    return hashlib.blake2b(content, digest_size=DIGEST).digest() + content


def unpack(packed: bytes) -> State:
    """Return the state that `pack` turned into bytes. Raises `StateInvalid` for any other bytes."""
    view = memoryview(packed)
    if len(view) > LARGEST:
        raise StateInvalid(f"the kept state of detection has {len(view):,} bytes", fix=SCORE_AGAIN)
    content = view[DIGEST:]
    if hashlib.blake2b(content, digest_size=DIGEST).digest() != view[:DIGEST]:
        raise StateInvalid("the kept state of detection is damaged: its digest differs", fix=SCORE_AGAIN)
    try:
        read = msgspec.msgpack.decode(content, type=_Packed)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StateInvalid("the kept state of detection is not of this version", fix=SCORE_AGAIN) from error
    return {name: _array(name, one) for name, one in read.arrays.items()}


def _array(name: str, one: _Array) -> np.ndarray:
    kind = np.dtype(one.kind).newbyteorder("<")
    longest = math.prod(max(size, 1) for size in one.shape)
    if math.prod(one.shape) * kind.itemsize != len(one.content) or longest > LARGEST:
        raise StateInvalid(
            f"the kept state of detection is damaged: {name!r} has another size", fix=SCORE_AGAIN
        )
    if kind == np.bool_ and one.content.translate(None, b"\0\1"):
        raise StateInvalid(
            f"the kept state of detection is damaged: {name!r} holds no truths", fix=SCORE_AGAIN
        )
    return np.frombuffer(one.content, kind).reshape(one.shape).astype(np.dtype(one.kind), copy=False)
