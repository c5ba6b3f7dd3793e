"""Refusals of checks 4, 5 and 6: the signing key's issuer, state and fitness."""

from __future__ import annotations

from seawall_tokens.refusals.refusal import Refusal


class IssuerUnknown(Refusal, code="issuer-unknown", check=4, source="RFC 8725 section 3.8"):
    """The policy names no such issuer."""


class KidMissing(Refusal, code="kid-missing", check=4, source="RFC 7515 section 4.1.4"):
    """The header does not name the signing key (kid)."""


class KeyUnknown(Refusal, code="key-unknown", check=4, source="RFC 8725 section 3.8"):
    """The issuer's key set has no key with this name (kid)."""


class KeyIssuerMissing(
    Refusal,
    code="key-issuer-missing",
    check=4,
    source="Microsoft identity platform, validate the signing key issuer",
):
    """The key does not state its issuer, and its key set serves several issuers."""


class KeyIssuerMismatch(
    Refusal,
    code="key-issuer-mismatch",
    check=4,
    source="Microsoft identity platform, validate the signing key issuer",
):
    """The key signs for another issuer than the token names."""


class KeyExpired(Refusal, code="key-expired", check=5, source="CSRB review of Storm-0558"):
    """The certificate of the signing key has expired."""


class KeyNotYetValid(Refusal, code="key-not-yet-valid", check=5, source="RFC 5280 section 4.1.2.5"):
    """The certificate of the signing key is not valid yet."""


class KeyRetired(Refusal, code="key-retired", check=5, source="CSRB review of Storm-0558"):
    """The signing key has been retired."""


class KeyRevoked(Refusal, code="key-revoked", check=5, source="CSRB review of Storm-0558"):
    """The signing key has been revoked."""


class KeyTooOld(Refusal, code="key-too-old", check=5, source="CSRB review of Storm-0558"):
    """The signing key has been in use for longer than the policy allows."""


class KeyQuarantined(Refusal, code="key-quarantined", check=5, source="CSRB review of Storm-0558"):
    """The signing key is new and still in quarantine."""


class KeySourceUnavailable(
    Refusal, code="key-source-unavailable", check=5, status=403, challenge=None, source="fail closed"
):
    """The issuer's keys cannot be fetched, and the cached keys are too old."""


class KeyUnfit(Refusal, code="key-unfit", check=6, source="RFC 7518, RFC 8725 section 3.5"):
    """The signing key is too weak or malformed."""


class KeySetMixed(
    Refusal, code="key-set-mixed", check=6, status=403, challenge=None, source="RFC 7517 section 9"
):
    """The issuer's key set holds secret or private keys beside public ones."""


class KeySetInvalid(
    Refusal, code="key-set-invalid", check=6, status=403, challenge=None, source="RFC 7517 section 5"
):
    """The issuer's key set is not a well-formed set of public keys."""


class KeyUseWrong(Refusal, code="key-use-wrong", check=6, source="RFC 7517 section 4.2"):
    """The key is not for verifying signatures (use, key_ops)."""


class KeyDuplicateKid(
    Refusal, code="key-duplicate-kid", check=6, status=403, challenge=None, source="RFC 7517 section 4.5"
):
    """The issuer's key set holds two keys with one name (kid)."""


def refusal_of_key(code: str, words: str) -> Refusal:
    """Return the refusal of a token whose key was left out of its set with this code (`KeyRefused`, `RefusedKey`)."""
    kind = KeyUseWrong if code in {"use", "operations"} else KeyUnfit
    return kind(words)


def refusal_of_set(code: str, words: str) -> Refusal:
    """Return the refusal of every token of an issuer whose key set was refused with this code (`KeySetRefused`)."""
    if code in {"mixed", "symmetric", "private"}:
        return KeySetMixed(words)
    return KeyDuplicateKid() if code == "duplicate-kid" else KeySetInvalid(words)
