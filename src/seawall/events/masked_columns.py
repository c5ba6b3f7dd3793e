"""Mask the secrets in the columns of events, before anything is stored, sent or shown.

Each distinct value of a column of names is looked at once. A column of texts is searched as a whole (`HINTS`), and only texts
in which something is found are read one by one. An identifier that is a token itself becomes a digest, so that equal ones
stay equal. A short one becomes a plain mask: its digest could be guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.secret_masking import mask_value
from seawall.events.secret_patterns import HINTS

_NEVER: Final = frozenset(
    {"source", "source_file", "kind", "status", "account_type", "src_ip", "src_country"}
)
"""Columns that hold the words of Seawall, addresses, or the name of a file."""
_IDENTIFIERS: Final = frozenset(
    {
        "metadata_uid", "account", "actor_user_uid", "actor_app_uid", "mailbox", "org_uid", "app_uid", "target_app_uid",
        "device_uid",
        "session_uid", "token_uid", "token_org_uid", "key_uid",
    }
)  # fmt: skip
_PLAIN_ID: Final = r"^[0-9a-fA-F-]{0,40}$"
"""Expression for identifiers that hold no secret, such as those of Microsoft's records: most columns hold no others."""
_SHORTEST_TOKEN: Final = 32
"""Characters of the shortest value that gets a digest."""


def mask_identifier(text: str) -> str:
    """Return an identifier as it came, or a digest of one that holds a secret."""
    masked = mask_value(text)
    if masked == text or len(text) < _SHORTEST_TOKEN:
        return masked
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12, person=b"seawall-mask")
    return f"[masked {digest.hexdigest()}]"


def mask_columns(events: pa.Table) -> pa.Table:
    """Return events with the secrets in their texts masked. Columns without any are the same objects."""
    places = [place for place, field in enumerate(events.schema) if _is_searched(events.column(place), field)]
    columns = [_combine(events.column(place)) for place in places]
    texts = [column.dictionary if pa.types.is_dictionary(column.type) else column for column in columns]
    for place, column, text, found in zip(places, columns, texts, _search(texts), strict=True):
        field = events.schema.field(place)
        masked = _mask_found(text, found, mask_identifier if field.name in _IDENTIFIERS else mask_value)
        if masked is text:
            continue
        if pa.types.is_dictionary(field.type):
            names = pa.DictionaryArray.from_arrays(column.indices, masked)
            masked = names.cast(pa.string()).dictionary_encode()
        events = events.set_column(place, field, masked)
    return events


def _is_searched(column: Any, field: pa.Field) -> bool:
    is_text = pa.types.is_string(field.type) or pa.types.is_dictionary(field.type)
    return is_text and field.name not in _NEVER and column.null_count < len(column)


def _combine(column: Any) -> Any:
    found = column.unify_dictionaries().combine_chunks()
    return found.chunk(0) if isinstance(found, pa.ChunkedArray) else found


def _search(texts: list[Any]) -> list[Any]:
    """Return for each array which of its texts may hold a secret. All are searched at once: RE2 compiles for each call."""
    if not texts:
        return []
    # RE2 is several times faster on bytes than on UTF-8.
    content = pa.concat_arrays([text.cast(pa.binary()) for text in texts])
    is_left = pc.invert(pc.match_substring_regex(content, _PLAIN_ID)).fill_null(False)
    rows = pc.indices_nonzero(is_left)
    content = content.filter(is_left)
    is_found = pc.match_substring_regex(content, HINTS[0])
    for hint in HINTS[1:]:
        is_found = pc.or_(is_found, pc.match_substring_regex(content, hint))
    found = np.zeros(len(is_left), np.bool_)
    found[rows.filter(is_found).to_numpy()] = True
    ends = np.cumsum([len(text) for text in texts])
    return np.split(found, ends[:-1])


def _mask_found(texts: Any, found: npt.NDArray[np.bool_], mask: Callable[[str], str]) -> Any:
    if not found.any():
        return texts
    is_found = pa.array(found)
    chosen = texts.filter(is_found).dictionary_encode()
    before = chosen.dictionary.to_pylist()
    after = [mask(text) for text in before]
    if after == before:
        return texts
    return pc.replace_with_mask(texts, is_found, pa.array(after, pa.string()).take(chosen.indices))
