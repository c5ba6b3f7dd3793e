"""Refusals of checks 1, 2 and 3: the token's encoding, its algorithm, and forbidden header members."""

from __future__ import annotations

from seawall_tokens.refusals.refusal import Refusal


class TokenMissing(Refusal, code="token-missing", check=1, challenge=None, source="RFC 6750 section 3.1"):
    """No token was given."""


class TokenTooLarge(Refusal, code="token-too-large", check=1, source="CWE-400"):
    """The token is longer than any that is accepted."""


class SegmentsNotThree(Refusal, code="segments-not-three", check=1, source="RFC 7515 section 7.1"):
    """The token is not three segments with dots between them."""


class Base64urlInvalid(Refusal, code="base64url-invalid", check=1, source="RFC 7515 section 2"):
    """A segment is not strict base64url: padding, white space, a foreign character or unused bits."""


class HeaderNotJson(Refusal, code="header-not-json", check=1, source="RFC 7515 section 5.2"):
    """The header is not JSON in UTF-8."""


class PayloadNotJson(Refusal, code="payload-not-json", check=1, source="RFC 7519 section 7.2"):
    """The payload is not JSON in UTF-8."""


class JsonDuplicateMember(Refusal, code="json-duplicate-member", check=1, source="RFC 7515 section 4"):
    """The JSON names a member twice, so two parsers may read two values."""


class JsonTooDeep(Refusal, code="json-too-deep", check=1, source="RFC 8259 section 9"):
    """The JSON nests arrays and objects too deeply."""


class JsonNumberInvalid(Refusal, code="json-number-invalid", check=1, source="RFC 7493 section 2.2"):
    """The JSON holds NaN, Infinity, or a number that is too large."""


class JsonSerialisation(Refusal, code="json-serialisation", check=1, source="RFC 7515 section 7.2"):
    """The token is written in the JSON serialisation, which is not accepted."""


class HeaderMalformed(Refusal, code="header-malformed", check=1, source="RFC 7515 section 4.1"):
    """A header member has the wrong type."""


class ClaimsNotObject(Refusal, code="claims-not-object", check=1, source="RFC 7519 section 7.2"):
    """The payload is JSON but not an object of claims."""


class EncryptedToken(Refusal, code="encrypted-token", check=1, source="RFC 7516 section 9"):
    """The token is encrypted (JWE), which this verifier does not open."""


class DetachedPayload(Refusal, code="detached-payload", check=1, source="RFC 7797 section 3"):
    """The payload is detached or unencoded."""


class AlgMissing(Refusal, code="alg-missing", check=2, source="RFC 7515 section 4.1.1"):
    """The header names no algorithm."""


class AlgNone(Refusal, code="alg-none", check=2, source="RFC 8725 section 3.2"):
    """The token is not signed (alg none, in any spelling)."""


class AlgNotAllowed(Refusal, code="alg-not-allowed", check=2, source="RFC 8725 section 3.1"):
    """The algorithm is not one that the issuer's policy allows."""


class AlgSymmetric(Refusal, code="alg-symmetric", check=2, source="RFC 8725 section 2.1"):
    """The header names a shared-secret algorithm, and the issuer signs with public keys."""


class AlgKeyMismatch(Refusal, code="alg-key-mismatch", check=2, source="RFC 8725 section 3.1"):
    """The algorithm is not the one that this key is bound to."""


class SignatureInvalid(Refusal, code="signature-invalid", check=2, source="RFC 7515 section 5.2"):
    """The signature does not verify: header, payload and key do not match it."""


class CritUnknown(Refusal, code="crit-unknown", check=3, source="RFC 7515 section 4.1.11"):
    """The header demands an extension (crit) that is not understood."""


class NestedToken(Refusal, code="nested-token", check=3, source="RFC 7519 section 5.2, RFC 8725 section 2.8"):
    """The header says that the payload is a token itself (cty), which is not opened."""


class HeaderKeyPresent(Refusal, code="header-key-present", check=3, source="RFC 8725 section 3.10"):
    """The header brings its own key (jwk)."""


class HeaderKeyUrl(Refusal, code="header-key-url", check=3, source="RFC 8725 section 3.10"):
    """The header names a place to fetch keys from (jku)."""


class HeaderCertificate(Refusal, code="header-certificate", check=3, source="RFC 8725 section 3.10"):
    """The header brings its own certificate (x5c)."""


class HeaderCertificateUrl(Refusal, code="header-certificate-url", check=3, source="RFC 8725 section 3.10"):
    """The header names a place to fetch a certificate from (x5u)."""
