"""Read an Okta record from its text, and reuse the results for parts that many records share.

A person's client, a target application or an outcome appears letter for letter in thousands of records. So a record is
split into its members, and results for the same text are cached. A record that is not spelled as Okta spells it is left to
the general way, which gives the same columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from seawall.events.formats.json_values import brackets, encode
from seawall.events.okta.details import NO_TARGETS, Targets, targets_of, without, without_agent, without_copy
from seawall.events.okta.fields import NOTHING, FieldObject
from seawall.events.okta.system_log import (  # fmt: skip
    OktaColumns,
    Text,
    columns,
    is_spelt_out,
    is_type,
    read_actor,
    read_client,
    read_forwarded,
    read_outcome,
)

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode = msgspec.json.Decoder().decode

_NEEDED = frozenset({"uuid", "published", "eventType", "actor"})
_KNOWN = _NEEDED | {
    "authenticationContext", "client", "debugContext", "device", "displayMessage", "legacyEventType", "outcome", "request",
    "securityContext", "severity", "target", "transaction", "version",
}  # fmt: skip
_NULL = b"null"
_TYPE, _TIME = b'"eventType"', b'"published"'
_NAMES = {name: encode(name) + ":" for name in _KNOWN}

_LONGEST = 8_192
"""Longest text that is cached, in bytes."""
_MOST = 16 << 20
"""Bytes of texts in each cache. With the results, it takes a few times as much memory."""

Result = TypeVar("Result")


class _Memory(dict[bytes, Result]):
    """Cache the results of a pure function of texts; the cache is cleared when it is full."""

    def __init__(self, function: Callable[[bytes], Result]) -> None:
        super().__init__()
        self._function = function
        self._size = 0

    def __missing__(self, text: bytes) -> Result:
        result = self._function(text)
        if len(text) <= _LONGEST:
            if self._size > _MOST:
                self.clear()
                self._size = 0
            self[text] = result
            self._size += len(text) + 64
        return result


def _part(value: Any) -> FieldObject:
    return FieldObject(value) if value else NOTHING


def _find_shown(value: Any) -> str:
    """Return a value as it appears in `unmapped`, "" if it is omitted."""
    return "" if value is None or value in ("", [], {}) else encode(value)


def _of(function: Callable[[FieldObject], Result]) -> _Memory[tuple[Result, str]]:
    """Return a cached function of a member: what `function` extracts, and the member's text in `unmapped`."""

    def read(raw: bytes) -> tuple[Result, str]:
        value = _decode(raw)
        return function(_part(value)), _find_shown(value)

    return _Memory(read)


def _read_client(raw: bytes) -> tuple[tuple[Text, Text, Text, Text], str]:
    value = _decode(raw)
    found = read_client(_part(value))
    return found, _find_shown((without_agent(value) if found[2] is not None else value) if value else None)


def _read_context(raw: bytes) -> tuple[FieldObject, str, str]:
    """Return the authentication context, and its text with and without the session id."""
    value = _decode(raw)
    if not value:
        return NOTHING, "", ""
    less = without(value, "externalsessionid") if isinstance(value, dict) else value
    return _part(value), _find_shown(value), _find_shown(less)


def _read_targets(raw: bytes) -> tuple[Targets, str]:
    value = _decode(raw)
    return targets_of(FieldObject({"target": value})), _find_shown(value)


def _read_request(raws: bytes) -> tuple[tuple[Text, Text], str]:
    request, client = map(_decode, raws.split(_BETWEEN))
    return read_forwarded(_part(request)), _find_shown(
        without_copy(request, _part(client)) if request else None
    )


_BETWEEN = b"\n\0"
"""Separator that occurs in no JSON text."""
_outcome, _actor = _of(read_outcome), _of(read_actor)
_device = _of(lambda part: part.text("id"))
_targets = _Memory(_read_targets)
_other = _of(lambda _: None)
_client, _context, _request = _Memory(_read_client), _Memory(_read_context), _Memory(_read_request)


def quick_row(text: bytes, depth: int) -> tuple[Text, ...] | None:
    """Return the raw columns and `unmapped` of a record, as `okta.row` does, or None if the text is not plainly Okta's."""
    if text[:1] != b"{" or _TYPE not in text or _TIME not in text or brackets(text) > depth:
        return None
    try:
        raws = {name: bytes(raw) for name, raw in _members(text).items()}
        if not raws.keys() >= _NEEDED or not raws.keys() <= _KNOWN:
            return None
        return _row(raws)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _row(raws: dict[str, bytes]) -> tuple[Text, ...] | None:
    uid, time, event_type = _decode(raws["uuid"]), _decode(raws["published"]), _decode(raws["eventType"])
    if not (uid and uid.__class__ is str and event_type.__class__ is str and is_type(event_type)):
        return None
    if time.__class__ is not str or not is_spelt_out(time):
        return None
    client_raw = raws.get("client", _NULL)
    outcome, outcome_text = _outcome[raws.get("outcome", _NULL)]
    actor, actor_text = _actor[raws["actor"]]
    client, client_text = _client[client_raw]
    forwarded, request_text = _request[raws.get("request", _NULL) + _BETWEEN + client_raw]
    device, device_text = _device[raws.get("device", _NULL)]
    context, context_text, context_less = _context[raws.get("authenticationContext", _NULL)]
    targets, target_text = _targets[raws["target"]] if "target" in raws else (NO_TARGETS, "")
    debug, transaction = _decode(raws.get("debugContext", _NULL)), _decode(raws.get("transaction", _NULL))
    values, keeps_session = columns(
        OktaColumns(
            uid, time, event_type, outcome, actor, client, forwarded, device, context,
            _part(debug).part("debugdata"), _part(transaction).part("detail").text("requestapitokenid"), targets,
        )
    )  # fmt: skip
    version = _decode(raws.get("version", _NULL))
    texts = {
        "outcome": outcome_text,
        "actor": actor_text,
        "client": client_text,
        "request": request_text,
        "device": device_text,
        "authenticationContext": context_text if keeps_session else context_less,
        "target": target_text,
        "debugContext": _find_shown(debug),
        "transaction": _find_shown(transaction),
        "uuid": "",
        "published": "",
        "eventType": "",
        "version": "" if not version or version == "0" else _find_shown(version),
    }
    kept = [
        _NAMES[name] + said
        for name, raw in raws.items()
        if (said := texts[name] if name in texts else _other[raw][1])
    ]
    return (*values, "{" + ",".join(kept) + "}" if kept else None)
