"""Split a compact JWS (RFC 7515 section 7.1): checks 1 and 3, and the part of check 2 that needs only the header.

Nothing here needs a key or policy, and nothing here is trusted yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn

from seawall_tokens.jose import base64url, strict_json
from seawall_tokens.refusals import Refusal
from seawall_tokens.refusals import written_form as refused

LARGEST_TOKEN = 16 * 1024
"""Characters. Web servers limit a header to 8 kB to 16 kB, so no longer token arrives in one."""
LARGEST_HEADER = 4 * 1024
DEEPEST = 8
LONGEST_KID = 1024
_CACHED_HEADERS = 1024
_LONGEST_CACHED = 512
"""Characters. Issuers' headers have 80 to 250; longer ones are not cached, so that strangers cannot fill the memory."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header without forbidden members. `type` is lower case and without `application/` (RFC 7515 section 4.1.9)."""

    algorithm: str
    kid: str | None
    type: str | None
    members: Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Compact:
    """The three segments; `signed` is the signing input. Not frozen, because construction would be slower."""

    header_text: bytes
    payload: bytes
    signature: bytes
    signed: bytes


def split(token: str | bytes, largest: int = LARGEST_TOKEN) -> Compact:
    """Check 1: three segments of strict base64url, not JSON serialisation, not JWE, not too long."""
    if not isinstance(token, (str, bytes)) or not token:
        raise refused.TokenMissing
    if len(token) > largest:
        raise refused.TokenTooLarge(f"at most {largest} characters")
    try:
        text = token.encode("ascii") if isinstance(token, str) else token
    except UnicodeEncodeError:
        raise refused.Base64urlInvalid("a character outside ASCII") from None
    signed, _, signature = text.rpartition(b".")
    header, dot, payload = signed.partition(b".")
    if not dot or b"." in payload:
        _refuse_other_forms(text)
    try:
        # `HeaderReader` decodes each distinct header once.
        return Compact(header, base64url.decode(payload), base64url.decode(signature), signed)
    except ValueError:
        raise refused.Base64urlInvalid from None


def _refuse_other_forms(text: bytes) -> NoReturn:
    if text.lstrip()[:1] in {b"{", b"["}:
        raise refused.JsonSerialisation
    if text.count(b".") == 4:
        raise refused.EncryptedToken
    raise refused.SegmentsNotThree


class HeaderReader:
    """Read headers and cache those that passed, because an issuer's tokens share a few.

    Bounded, and keyed by the whole text.
    """

    def __init__(self, capacity: int = _CACHED_HEADERS) -> None:
        self._known: dict[bytes, Header] = {}
        self._capacity = capacity

    def read(self, text: bytes) -> Header:
        """Return the header; raise the `Refusal` of checks 1, 2 or 3."""
        header = self._known.get(text)
        if header is None:
            header = read_header(text)
            if len(text) > _LONGEST_CACHED:
                return header
            if len(self._known) >= self._capacity:
                self._known.clear()
            self._known[text] = header
        return header


def read_header(text: bytes) -> Header:
    """Return the header of one base64url segment; raise the `Refusal` of checks 1, 2 or 3."""
    members = read_header_members(text)
    algorithm = check_algorithm(members)
    check_header(members)
    return Header(algorithm, members.get("kid"), _type(members), MappingProxyType(members))


def read_header_members(text: bytes) -> dict[str, Any]:
    """Check 1 of the header: strict base64url and JSON, an object, registered members of the right type."""
    if len(text) > LARGEST_HEADER:
        raise refused.TokenTooLarge(f"at most {LARGEST_HEADER} characters of header")
    try:
        data = base64url.decode(text)
    except ValueError:
        raise refused.Base64urlInvalid from None
    members = read_json(data, refused.HeaderNotJson)
    if not isinstance(members, dict):
        raise refused.HeaderNotJson("not an object")
    for name in ("alg", "kid", "typ", "cty", "enc", "x5t", "x5t#S256"):
        if name in members and not isinstance(members[name], str):
            raise refused.HeaderMalformed(name)
    if len(members.get("kid", "")) > LONGEST_KID:
        raise refused.HeaderMalformed("kid")
    if "enc" in members:
        raise refused.EncryptedToken
    if "zip" in members:
        raise refused.HeaderMalformed("zip")
    return members


def read_json(data: bytes, otherwise: type[Refusal]) -> Any:
    """Parse a segment's JSON; raise the fitting `Refusal`, `otherwise` if it is not JSON at all."""
    try:
        return strict_json.loads(data, max_bytes=LARGEST_TOKEN, max_depth=DEEPEST)
    except strict_json.JsonRefused as refusal:
        kind = _JSON_REFUSALS.get(refusal.reason, otherwise)
    raise kind


_JSON_REFUSALS: Mapping[strict_json.Reason, type[Refusal]] = {
    "size": refused.TokenTooLarge,
    "depth": refused.JsonTooDeep,
    "duplicate": refused.JsonDuplicateMember,
    "constant": refused.JsonNumberInvalid,
    "number": refused.JsonNumberInvalid,
}


def check_algorithm(members: Mapping[str, Any]) -> str:
    """Check 2 without a policy: an asymmetric algorithm is named."""
    algorithm = members.get("alg")
    if not algorithm:
        raise refused.AlgMissing
    folded = algorithm.strip().lower()
    if folded == "none":
        raise refused.AlgNone
    return str(algorithm)


def check_header(members: Mapping[str, Any]) -> None:
    """Check 3: no critical extension, no embedded key or key URL, no unusual payload encoding."""
    if "b64" in members:
        raise refused.DetachedPayload("b64")
    if "crit" in members:
        raise refused.CritUnknown
    for name, kind in _BROUGHT_ALONG:
        if name in members:
            raise kind


def check_content_type(members: Mapping[str, Any]) -> None:
    """Check 3 for claims: `cty` must not declare the payload a token (RFC 7519 section 5.2).

    Otherwise two readers could take it as claims or as a nested token.
    """
    named = str(members.get("cty", "")).strip().lower().removeprefix("application/")
    if named in {"jwt", "jose", "jose+json"} or named.endswith("+jwt"):
        raise refused.NestedToken


_BROUGHT_ALONG = (
    ("jwk", refused.HeaderKeyPresent),
    ("jku", refused.HeaderKeyUrl),
    ("x5c", refused.HeaderCertificate),
    ("x5u", refused.HeaderCertificateUrl),
)


def _type(members: Mapping[str, Any]) -> str | None:
    named = members.get("typ")
    if named is None:
        return None
    lower = str(named).lower()
    return lower.removeprefix("application/") if lower.isascii() else ""
