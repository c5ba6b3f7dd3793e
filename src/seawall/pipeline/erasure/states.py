"""Erase a person's names from the serialised state of detection and from serialised candidates. Pure."""

from __future__ import annotations

import msgspec

from seawall.events.array_state import RestoredState, State, StateInvalid, pack_texts
from seawall.storage.files.state_file import pack, unpack
from seawall_base.name_erasure import NameErasure

_ENDS = ".ends"


def erase_from_state(content: bytes, erasure: NameErasure) -> bytes | None:
    """Return a state without names, None if this version can read it in neither of the two forms that states have.

    Detection keeps arrays with a digest, the rhythm of sources is plain MessagePack. Names keep their place, so that what was
    learnt of a person is then learnt of nobody.
    """
    try:
        state = unpack(content)
    except StateInvalid:
        return _erase_from_values(content, erasure)
    saved, changed = RestoredState(state), State()
    for name in state:
        group = name.removesuffix(_ENDS)
        if group == name or f"{group}.bytes" not in state:
            continue
        try:
            texts = saved.texts(group)
        except StateInvalid:
            return None
        cleaned = [erasure.replace_values(text) for text in texts]
        if cleaned != texts:
            changed |= pack_texts(group, cleaned)
    return pack({**state, **changed}) if changed else content


def erase_from_candidate(content: bytes, erasure: NameErasure) -> bytes | None:
    """Return a candidate without names, None if it cannot be read."""
    return _erase_from_values(content, erasure)


def _erase_from_values(content: bytes, erasure: NameErasure) -> bytes | None:
    """Return MessagePack without names, None for any other bytes."""
    try:
        value = msgspec.msgpack.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    cleaned = erasure.replace_values(value)
    return content if cleaned == value else msgspec.msgpack.encode(cleaned)
