"""Reconstruct the client's request from the headers of the proxy; refuse if they allow more than one reading.

nginx sends `X-Original-URI` and `X-Original-Method`, Traefik and Caddy send `X-Forwarded-Uri` and `X-Forwarded-Method`.
Envoy appends the path to `/verify` in its own request line. A client can send all of these headers too, and a proxy
overwrites only its own. If several are present, they must therefore agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from seawall.gate import refusals
from seawall.gate.header_names import (
    METHOD_OVERRIDES,
    check_hop_by_hop,
    check_spellings,
    fold_name,
    is_guarded,
)
from seawall.gate.request_path import decode_path
from seawall.gate.settings import GateSettings

Headers = Iterable[tuple[bytes, bytes]]

_URI = (b"x-original-uri", b"x-forwarded-uri")
_METHOD = (b"x-original-method", b"x-forwarded-method")
_PROTO, _HOST, _FORWARDED_HOST = b"x-forwarded-proto", b"host", b"x-forwarded-host"
_ELSEWHERE = (b"x-original-url", b"x-rewrite-url")
"""Headers whose path some applications and frameworks use in place of the request line's."""
_SINGLE = frozenset({*_URI, *_METHOD, *_ELSEWHERE, _PROTO, _HOST, _FORWARDED_HOST, b"authorization"})
_HOP_BY_HOP = frozenset({b"connection", b"trailer", b"upgrade"})

_METHOD_FORM = re.compile(rb"[A-Z][A-Z-]{0,31}")
_HOST_FORM = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_AUTHORITY = re.compile(r"\Ahttps?://[^/?]*", re.IGNORECASE)
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


@dataclass(slots=True)
class OriginalRequest:
    """The request that the client sent to the application.

    `path` is decoded and unambiguous; `target` is the path as sent. Both are empty if the proxy did not state it.
    `authorization` is the whole header. `proofs` are all DPoP headers in order. `certificate` is the client's, encoded as
    the proxy sends it. `overridden`: a header asks the application to act on another method.
    """

    method: str
    scheme: str
    host: str
    path: str
    target: str
    authorization: bytes | None
    proofs: tuple[bytes, ...]
    certificate: bytes | None
    overridden: bool

    @property
    def origin(self) -> str:
        """Scheme and host, without the default port of the scheme."""
        return f"{self.scheme}://{self.host}"

    @property
    def url(self) -> str:
        """The URL without query and fragment, to compare with `htu` of a DPoP proof."""
        return f"{self.scheme}://{self.host}{self.target}" if self.target else ""


def is_in_line(scope: Mapping[str, Any]) -> bool:
    """Return whether the original path follows `/verify` in the request line, as Envoy sends it."""
    return len(scope["raw_path"]) > len(b"/verify")


def read_request(scope: Mapping[str, Any], settings: GateSettings) -> OriginalRequest:
    """Read the client's request. Raises `GateRefusal` if there is no single reading.

    The caller must have checked that the peer is a trusted proxy.
    """
    found, proofs, overridden = _select_headers(
        scope["headers"], settings.certificate_header.lower().encode()
    )
    own = scope["raw_path"][len(b"/verify") :]
    target_text = _find_agreed(
        (*(found.get(name) for name in _URI), own or None), scope["query_string"], bool(own)
    )
    if target_text and any(_target_of(found[name]) != target_text for name in _ELSEWHERE if name in found):
        raise refusals.ForwardedConflict
    method = _method(found, scope["method"], bool(own))
    host = found.get(_FORWARDED_HOST) or found.get(_HOST) or b""
    if host and not _HOST_FORM.fullmatch(host):
        raise refusals.ForwardedMalformed
    scheme = _scheme(found.get(_PROTO), settings)
    name = host.decode("ascii").lower().removesuffix(_DEFAULT_PORT[scheme])
    if settings.origins and f"{scheme}://{name}" not in settings.origins:
        raise refusals.OriginUnknown(f"{scheme}://{name}")
    return OriginalRequest(
        method=method,
        scheme=scheme,
        host=name,
        path=decode_path(target_text) if target_text else "",
        target=target_text.partition("?")[0],
        authorization=found.get(b"authorization"),
        proofs=proofs,
        certificate=found.get(b"certificate") or None,
        overridden=overridden,
    )


def _select_headers(
    headers: Headers, certificate: bytes
) -> tuple[dict[bytes, bytes], tuple[bytes, ...], bool]:
    """Return the headers that matter, each at most once; the DPoP proofs; and whether the method is overridden."""
    found: dict[bytes, bytes] = {}
    proofs: tuple[bytes, ...] = ()
    overridden = False
    odd: list[bytes] = []
    pairs = tuple(headers)
    for name, value in pairs:
        if name in _SINGLE:
            if name in found:
                raise refusals.HeaderRepeated(name.decode("latin-1"))
            found[name] = value
        elif name == b"dpop":
            proofs = (*proofs, value)
        elif name == certificate:
            if b"certificate" in found:
                raise refusals.HeaderRepeated(name.decode("latin-1"))
            found[b"certificate"] = value
        elif name in _HOP_BY_HOP:
            check_hop_by_hop(name, value, certificate)
        elif (folded := fold_name(name)) in METHOD_OVERRIDES:
            overridden = True
        elif folded != name:
            if is_guarded(folded, certificate):
                raise refusals.HeaderAmbiguous(name.decode("latin-1"))
            odd.append(name)
    if odd:
        check_spellings(odd, (name for name, _ in pairs))
    return found, proofs, overridden


def _target_of(url: bytes) -> str:
    """Return path and query of a URL or request target."""
    return _AUTHORITY.sub("", url.decode("latin-1"))


def _find_agreed(said: tuple[bytes | None, ...], query: bytes, own: bool) -> str:
    """Return the request target on which all stated targets agree, empty if none is stated."""
    texts = [text for text in said if text is not None]
    if own and query:
        texts[-1] += b"?" + query
    if not texts:
        return ""
    if any(text != texts[0] for text in texts):
        raise refusals.ForwardedConflict
    try:
        text = texts[0].decode("ascii")
    except UnicodeDecodeError:
        raise refusals.PathAmbiguous from None
    if not text:
        raise refusals.ForwardedMalformed
    return text


def _method(found: Mapping[bytes, bytes], own: str, in_line: bool) -> str:
    texts = {found[name] for name in _METHOD if name in found}
    if in_line or not texts:
        texts.add(own.encode("ascii", "replace"))
    if len(texts) > 1:
        raise refusals.ForwardedConflict
    (text,) = texts
    if not _METHOD_FORM.fullmatch(text):
        raise refusals.ForwardedMalformed
    return text.decode("ascii")


def _scheme(said: bytes | None, settings: GateSettings) -> str:
    if said == b"https":
        return "https"
    if said == b"http":
        return "http"
    if said is not None:
        raise refusals.ForwardedMalformed
    return "https" if not settings.origins else settings.origins[0].partition(":")[0]
