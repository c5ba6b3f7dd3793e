"""The table of possible audit findings: severity, explanation and remedy of each kind.

docs/reference/key-findings.md contains the same table. A finding's `detail` describes the single case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from seawall_tokens.jose.fitness import WORDS

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One kind of finding. `code` is stable."""

    code: str
    severity: Severity
    what: str
    why: str
    action: str


@dataclass(frozen=True, slots=True)
class InventoryFinding:
    """One finding and its place.

    `source` is what was read; `place` is the position in its `keys` array (None: the set as a whole). `issuer`, `kid`
    and `thumbprint` (RFC 7638) are set if known. No text contains key material.
    """

    kind: FindingKind
    source: str
    detail: str = ""
    place: int | None = None
    issuer: str | None = None
    kid: str | None = None
    thumbprint: str | None = None


_REPLACE = "make a new key, list it, wait until verifiers have it, sign with it, then take this one out"
_LEAKED = "treat the key as stolen: take it out now, revoke it (`seawall token revoke`), look for tokens signed with it"
_ASK = "ask the issuer's owner through a channel that you trust; until then refuse the key"
_FIT = "anybody can compute or abuse such a key, and then every token is theirs to write"

_ROWS: Final[tuple[tuple[str, Severity, str, str, str], ...]] = (
    # Keys that must never be in a public set.
    ("private-key-published", "critical", "a private key in a public set",
     "whoever reads the set can sign tokens as this issuer", _LEAKED),
    ("symmetric-key-published", "critical", "a symmetric key in a public set",
     "whoever reads the set can sign, and a verifier may be talked into HMAC with it", _LEAKED),
    # Reappeared and changed keys, which only an inventory kept between runs can show.
    ("returned", "critical", "a key that was gone for 30 days or more is listed again",
     "a key that was taken out is dead; Storm-0558 used a key of 2016 that should have been dead by 2021", _ASK),
    ("returned-early", "medium", "a key that was gone for 7 to 30 days is listed again",
     "a rotation that was taken back; or somebody who lists a key that was taken out", _ASK),
    ("flapping", "low", "a key that was gone for less than 7 days is listed again",
     "servers of one issuer that answer differently, as Entra's do for days; or somebody who lists a key now and then",
     "compare the answers of the issuer's servers; if it goes on, ask the issuer's owner"),
    ("kid-changed-key", "high", "a kid that named another key before",
     "a key was exchanged under its name: a careless rotation, or a poisoned set", _ASK),
    ("vanished", "low", "a key that was listed at an earlier run is gone",
     "the usual end of a rotation; verifiers that cached it may go on honouring it",
     "if you did not expect a rotation, ask; check that verifiers forgot the key"),
    ("new-key", "low", "a key that no earlier run has seen",
     "the usual start of a rotation; also what a poisoned key set looks like",
     "if you did not expect a rotation, ask the issuer's owner; hold new keys in quarantine (policy)"),
    ("unlisted-still-used", "critical", "tokens are accepted under a key that no set lists",
     "a verifier honours a key that its issuer does not list (any more): a stale cache, a pinned key, or a forger",
     "find the verifier that accepted them, see why it has the key; refuse the key until it is explained"),
    # Dates.
    ("expired-still-served", "high", "the certificate of a listed key has expired",
     "the key was meant to be dead by then; the Storm-0558 key's certificate had expired in April 2021", _REPLACE),
    ("not-yet-valid", "low", "the certificate of a listed key is not valid yet",
     "a key listed ahead of its time, or a clock that is wrong", "check the dates; sign with it only from then on"),
    ("too-old", "high", "a key is older than allowed",
     "the longer a key lives, the more backups, dumps and people have had it", _REPLACE),
    # The key's issuer.
    ("consumer-key-in-organisation-set", "critical", "a key of personal accounts in an organisation's set",
     "with it, whoever can sign for personal accounts can sign for the organisation: the flaw of Storm-0558",
     "take it out of the set; make verifiers check each key's own issuer (policy `key_issuer = \"required\"`)"),
    ("consumer-key-in-shared-set", "medium", "a key of personal accounts in a set that serves organisations too",
     "harmless only where each verifier compares the key's issuer with the token's",
     "verify with `key_issuer = \"required\"`; never look a key of this set up by its kid alone"),
    ("issuer-unbound-key", "high", "a key without an issuer in a set that several issuers share",
     "nothing says for whom the key signs, so it signs for all of them",
     "let the set's owner name the issuer of every key; until then refuse the key"),
    ("issuer-mismatch", "high", "a key whose issuer is not that of the set it stands in",
     "a verifier that looks keys up by kid alone would take its tokens as this issuer's", _ASK),
    ("same-key-two-issuers", "high", "two issuers list the same key",
     "each of them can sign as the other", "give each issuer a key of its own: " + _REPLACE),
    ("same-key-two-sets", "low", "two sets list the same key, and of one of them the issuer is not known",
     "whether that is one issuer twice or two that share a key cannot be told", "name the issuer with `--issuer`"),
    ("same-key-two-kids", "medium", "one set lists the same key under two names or for two uses",
     "revoking one name leaves the other; a key for two uses mixes their risks", "list each key once, under one kid"),
    ("shared-prime", "critical", "two RSA keys share a prime",
     "both private keys follow from the two public ones by one greatest common divisor",
     "both keys come from a broken random generator: replace both now, and all others that it made"),
    ("duplicate-kid", "high", "two keys of one set have the same kid",
     "which of them verifies depends on the order; strict verifiers refuse the whole set", "give each key its own kid"),
    ("discovery-mismatch", "high", "a discovery document names another issuer than the one that it was asked for",
     "OpenID Connect Discovery section 4.3: they must be equal, or one issuer can speak for another",
     "correct the URL, or ask the issuer's owner"),
    # Certificates.
    ("certificate-of-another-key", "high", "the certificate beside a key certifies another key",
     "dates and trust of that certificate say nothing about this key", "list the key's own certificate, or none"),
    ("certificate-malformed", "medium", "the certificate beside a key cannot be read",
     "nobody can check what it was meant to say", "list a whole certificate, in base64 of DER, or none"),
    ("certificate-thumbprint-wrong", "medium", "x5t or x5t#S256 is not the thumbprint of the certificate",
     "verifiers that look keys up by it find another key, or none", "compute the thumbprints anew"),
    # Missing or unusual members.
    ("no-kid", "medium", "a key without kid",
     "it can only be found by trying; it cannot be revoked by name", "give it a kid"),
    ("no-use", "low", "a key without use and key_ops",
     "a key meant for encryption may be taken for a signing key", "say `\"use\": \"sig\"`"),
    ("no-alg", "low", "a key without alg",
     "the token chooses among all algorithms that fit (RS256 or PS256): one key, one algorithm is safer",
     "say which algorithm the key signs with; in the policy allow that one alone"),
    ("kid-odd", "medium", "a kid or issuer with invisible characters, or longer than 256 characters",
     "two names that look alike, lines forged in a log, or a path that somebody hopes you open", _ASK),
    ("key-malformed", "high", "an entry that is no key", "strict verifiers refuse the whole set", "correct the entry"),
    ("key-type-unknown", "low", "a key of a type that signs nothing here", "it is ignored", "take it out, or ignore this"),
    ("set-empty", "medium", "a set without keys",
     "every token of this issuer is refused, or a verifier goes on with old keys for ever", "ask the issuer's owner"),
    ("set-too-large", "high", "a set with more keys than anybody can oversee; the rest was not examined",
     "a hostile or broken publisher; verifiers may spend their time on it", _ASK),
    ("set-restless", "high", "a set has listed more different keys than the ledger remembers of one set",
     "a hostile or broken publisher; further keys are not remembered, so their return will not be noticed", _ASK),
    ("set-malformed", "high", "a document that is no key set, or that two parsers may read differently",
     "what a verifier makes of it depends on the verifier", "correct the document"),
)  # fmt: skip

_FITNESS: Final[dict[str, Severity]] = {
    "rsa-small": "high", "rsa-large": "high", "rsa-exponent": "high", "rsa-even": "critical",
    "rsa-small-factor": "critical", "rsa-prime": "critical", "rsa-close-primes": "critical", "rsa-roca": "critical",
    "curve-unknown": "low", "point-invalid": "high", "small-order": "critical", "algorithm-mismatch": "high",
}  # fmt: skip

KINDS: Final[dict[str, FindingKind]] = {
    **{row[0]: FindingKind(*row) for row in _ROWS},
    **{code: FindingKind(code, severity, WORDS[code], _FIT, _REPLACE) for code, severity in _FITNESS.items()},
    "rsa-large": FindingKind(
        "rsa-large", "high", WORDS["rsa-large"], "one token costs a verifier as much as thousands", _ASK
    ),
    "curve-unknown": FindingKind(
        "curve-unknown", "low", WORDS["curve-unknown"], "it is ignored", "take it out, or ignore this"
    ),
    "algorithm-mismatch": FindingKind(
        "algorithm-mismatch", "high", WORDS["algorithm-mismatch"],
        "a verifier that believes `alg` is confused by it", "correct the entry's alg",
    ),
}  # fmt: skip
"""Every kind of finding by code."""


def at_or_above(severity: Severity, level: Severity) -> bool:
    """Return whether `severity` is at least `level`."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(level)
