"""Cases: stolen tokens bound to a key (DPoP), with invalid proofs."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.encoding import b64, integer, plain_json
from seawall_tokens.conformance.keys import Key, edwards_key, rsa_key
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.proofs import Proof, holder, make_bound_token, thief
from seawall_tokens.conformance.signing import signer
from seawall_tokens.conformance.token_factory import ABSENT, TokenFactory

_PROOF = "RFC 9449 section 4.3"
_USE = "RFC 9449 section 7.1"
_MALFORMED = "dpop-malformed"


def _claims(**claims: Any) -> Callable[[TokenFactory], Presentation]:
    """Sign a proof with the right key but wrong claims."""
    return make_bound_token(Proof(claims=claims))


def _header(**header: Any) -> Callable[[TokenFactory], Presentation]:
    return make_bound_token(Proof(header=header))


def _text(change: Callable[[str], str]) -> Callable[[TokenFactory], Presentation]:
    """Change the text of a valid proof."""
    return make_bound_token(lambda w, token: change(Proof().make(w.now, token)))


def _public(key: Key) -> dict[str, Any]:
    return {name: value for name, value in key.jwk.items() if name not in {"kid", "use", "alg"}}


def _stolen_name() -> Proof:
    """Put the client's public key into the header but sign with the thief's key."""
    return Proof(header={"jwk": _public(holder())}, key=thief)


def _private() -> dict[str, Any]:
    return {**_public(holder()), "d": integer(holder().private.private_numbers().private_value)}


def _hmac_by_public_key() -> Proof:
    jwk = _public(holder())
    return Proof(header={"alg": "HS256"}, sign=signer("HS256", plain_json(jwk)))


def _symmetric() -> Proof:
    secret = b"s" * 32
    return Proof(
        header={"alg": "HS256", "jwk": {"kty": "oct", "k": b64(secret)}}, sign=signer("HS256", secret)
    )


def _es384(data: bytes) -> bytes:
    return signer("ES384", holder().private)(data)


def _weak() -> Key:
    return rsa_key("weak-client", bits=1024)


def _with_duplicate(w: TokenFactory, token: str) -> str:
    proof = Proof().make(w.now, token)
    head, payload, _ = proof.split(".")
    raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    raw = raw[:-1] + b',"htu":"https://mail.example/api/admin"}'
    signed = f"{head}.{b64(raw)}"
    return f"{signed}.{b64(holder().sign(signed.encode()))}"


def _unbound(scheme: str, proofs: tuple[Proof, ...], **issuer: Any) -> Callable[[TokenFactory], Presentation]:
    """Present a token without a binding."""

    def build(w: TokenFactory) -> Presentation:
        sound = make_bound_token(*proofs, request={"scheme": scheme}, issuer=issuer)(w)
        token = w.token()
        made = tuple(proof.make(w.now, token) for proof in proofs)
        request = replace(sound.context.request, proofs=made)
        return replace(sound, token=token, context=replace(sound.context, request=request))

    return build


def _token_as_proof(w: TokenFactory, token: str) -> str:
    return token


def _ath(token: str) -> str:
    return b64(hashlib.sha256(token.encode()).digest())


def _list_needed(*cases: Case) -> tuple[Case, ...]:
    return tuple(replace(case, needs=case.needs | {"dpop"}) for case in cases)


_CASES: tuple[Case, ...] = _list_needed(
    control("dpop-sound", "a bound token with a proof of its key", _USE, make_bound_token(Proof())),
    control("dpop-eddsa", "a proof with an Ed25519 key", _USE,
            make_bound_token(Proof(key=lambda: edwards_key("client")), key=lambda: edwards_key("client"))),
    control("dpop-rsa", "a proof with an RSA key", _USE,
            make_bound_token(Proof(key=lambda: rsa_key("client")), key=lambda: rsa_key("client"))),
    control("dpop-query", "the query of the request does not matter", _PROOF,
            make_bound_token(Proof(), request={"url": "https://mail.example/api/messages?top=5"})),
    control("dpop-post", "a proof for POST in a POST", _PROOF,
            make_bound_token(Proof(claims={"htm": "POST"}), request={"method": "POST"})),
    control("dpop-seconds-old", "a proof of five seconds ago", _PROOF, _claims(iat=lambda now: int(now) - 5)),
    control("dpop-not-bound", "a token that is bound to nothing, as a bearer token, where that is allowed", "RFC 6750",
            _unbound("Bearer", ())),
    hostile("dpop-downgrade", "a stolen bound token under the scheme Bearer, without any proof", _USE, "sender-downgrade",
            "misuse", make_bound_token(request={"scheme": "Bearer"})),
    hostile("dpop-downgrade-with-proof", "a bound token under the scheme Bearer, with a proof", _USE, "sender-downgrade",
            "laxity", make_bound_token(Proof(), request={"scheme": "Bearer"})),
    hostile("dpop-missing", "a stolen bound token without a proof", _USE, "dpop-missing", "misuse", make_bound_token()),
    hostile("dpop-empty", "an empty proof", _PROOF, f"{_MALFORMED} dpop-missing", "misuse",
            make_bound_token(lambda w, token: "")),
    hostile("dpop-two", "two proofs: which of them counts?", _PROOF, _MALFORMED, "laxity", make_bound_token(Proof(), Proof())),
    hostile("dpop-two-in-one", "two proofs in one header, with a comma between them", _PROOF, _MALFORMED, "laxity",
            make_bound_token(lambda w, token: f"{Proof().make(w.now, token)}, {Proof().make(w.now, token)}")),
    hostile("dpop-thief", "a stolen token with a proof of the thief's own key", _USE, "dpop-key-mismatch", "misuse",
            make_bound_token(Proof(key=thief))),
    hostile("dpop-stolen-name", "the holder's public key in the header, signed by the thief", _PROOF, "dpop-signature-invalid",
            "misuse", make_bound_token(_stolen_name())),
    hostile("dpop-signature-missing", "a proof without a signature", _PROOF, f"dpop-signature-invalid {_MALFORMED}", "misuse",
            _text(lambda proof: proof.rpartition(".")[0] + ".")),
    hostile("dpop-psychic", "a proof with a signature of zeros", "CVE-2022-21449", "dpop-signature-invalid", "misuse",
            make_bound_token(Proof(sign=lambda _: bytes(64)))),
    hostile("dpop-alg-none", "a proof with `none`", _PROOF, "dpop-alg-not-allowed", "misuse",
            make_bound_token(Proof(header={"alg": "none"}, sign=lambda _: b""))),
    hostile("dpop-alg-missing", "a proof without `alg`", _PROOF, f"dpop-alg-not-allowed {_MALFORMED}", "misuse",
            _header(alg=ABSENT)),
    hostile("dpop-symmetric", "a proof whose key is symmetric, in plain sight", _PROOF, "dpop-key-unfit dpop-alg-not-allowed",
            "misuse", make_bound_token(_symmetric())),
    hostile("dpop-hmac-by-public-key", "an HMAC with the holder's public key", _PROOF, "dpop-alg-not-allowed", "misuse",
            make_bound_token(_hmac_by_public_key())),
    hostile("dpop-alg-of-another-curve", "a proof that says ES384 and shows a P-256 key", _PROOF, "dpop-alg-not-allowed",
            "laxity", make_bound_token(Proof(header={"alg": "ES384"}, sign=_es384))),
    hostile("dpop-key-weak", "the client's key has 1024 bits: whoever breaks it holds the token", _PROOF, "dpop-key-unfit",
            "laxity", make_bound_token(Proof(key=_weak), key=_weak)),
    hostile("dpop-key-private", "the proof shows the private key", _PROOF, "dpop-key-unfit", "laxity",
            make_bound_token(Proof(header={"jwk": _private()}))),
    hostile("dpop-key-missing", "the proof has no key", _PROOF, _MALFORMED, "misuse", _header(jwk=ABSENT)),
    hostile("dpop-key-by-name", "the proof names a key instead of showing it", _PROOF, _MALFORMED, "misuse",
            _header(jwk=ABSENT, kid="client")),
    hostile("dpop-key-url", "the proof shows a key and an address of others", _PROOF, _MALFORMED, "laxity",
            _header(jku="https://evil.example/jwks.json")),
    hostile("dpop-key-text", "the key is a text", _PROOF, _MALFORMED, "misuse", _header(jwk="client")),
    hostile("dpop-crit", "an extension that must be understood", "RFC 7515 section 4.1.11", _MALFORMED, "laxity",
            _header(crit=["x"], x=1)),
    hostile("dpop-typ-missing", "a proof without a type", _PROOF, "dpop-type-wrong", "laxity", _header(typ=ABSENT)),
    hostile("dpop-typ-jwt", "a proof that calls itself `JWT`", _PROOF, "dpop-type-wrong", "laxity", _header(typ="JWT")),
    hostile("dpop-typ-client", "a client's assertion, signed with the same key, as the proof", _PROOF, "dpop-type-wrong",
            "misuse", _header(typ="client-authentication+jwt")),
    hostile("dpop-token-as-proof", "the token as its own proof", _PROOF, f"dpop-type-wrong {_MALFORMED}", "misuse",
            make_bound_token(_token_as_proof)),
    hostile("dpop-method", "a proof for another method", _PROOF, "dpop-method-mismatch", "misuse", _claims(htm="POST")),
    hostile("dpop-method-case", "the method in small letters", _PROOF, "dpop-method-mismatch", "laxity", _claims(htm="get")),
    hostile("dpop-method-missing", "a proof for no method", _PROOF, "dpop-method-mismatch", "misuse", _claims(htm=ABSENT)),
    hostile("dpop-method-list", "a proof for several methods", _PROOF, f"dpop-method-mismatch {_MALFORMED}", "misuse",
            _claims(htm=["GET", "POST"])),
    hostile("dpop-url-path", "a proof for another path", _PROOF, "dpop-url-mismatch", "misuse",
            _claims(htu="https://mail.example/api/folders")),
    hostile("dpop-url-host", "a proof that was made for another server", _PROOF, "dpop-url-mismatch", "misuse",
            _claims(htu="https://evil.example/api/messages")),
    hostile("dpop-url-prefix", "a proof for a path that only begins the same", _PROOF, "dpop-url-mismatch", "misuse",
            _claims(htu="https://mail.example/api")),
    hostile("dpop-url-http", "a proof for the address without TLS", _PROOF, "dpop-url-mismatch", "misuse",
            _claims(htu="http://mail.example/api/messages")),
    hostile("dpop-url-port", "a proof for another port", _PROOF, "dpop-url-mismatch", "misuse",
            _claims(htu="https://mail.example:8443/api/messages")),
    hostile("dpop-url-user", "the right host as the user of another", _PROOF, "dpop-url-mismatch", "misuse",
            _claims(htu="https://mail.example@evil.example/api/messages")),
    hostile("dpop-url-relative", "a proof for a path without a host", _PROOF, "dpop-url-mismatch", "misuse",
            _claims(htu="/api/messages")),
    hostile("dpop-url-missing", "a proof for no address", _PROOF, "dpop-url-mismatch", "misuse", _claims(htu=ABSENT)),
    hostile("dpop-url-path-case", "the path in capitals", _PROOF, "dpop-url-mismatch", "laxity",
            _claims(htu="https://mail.example/API/messages")),
    hostile("dpop-url-twice", "two addresses, under one name", "RFC 7519 section 4", _MALFORMED, "laxity",
            make_bound_token(_with_duplicate)),
    hostile("dpop-ath-missing", "a proof that is not tied to a token", _USE, "dpop-token-mismatch", "misuse",
            _claims(ath=ABSENT)),
    hostile("dpop-ath-other", "a proof for another token of the same client", _USE, "dpop-token-mismatch", "misuse",
            make_bound_token(lambda w, token: Proof().make(w.now, "another token"))),
    hostile("dpop-ath-padded", "the token's hash with `=` behind it", _USE, "dpop-token-mismatch", "laxity",
            make_bound_token(lambda w, token: Proof(claims={"ath": _ath(token) + "="}).make(w.now, token))),
    hostile("dpop-ath-cut", "the first half of the token's hash", _USE, "dpop-token-mismatch", "laxity",
            make_bound_token(lambda w, token: Proof(claims={"ath": _ath(token)[:22]}).make(w.now, token))),
    hostile("dpop-stale", "a proof of an hour ago, out of a log", _PROOF, "dpop-stale", "misuse",
            _claims(iat=lambda now: int(now) - 3600)),
    hostile("dpop-ahead", "a proof made in advance, for an hour from now", _PROOF, "dpop-stale", "misuse",
            _claims(iat=lambda now: int(now) + 3600)),
    hostile("dpop-time-missing", "a proof without a time", _PROOF, f"{_MALFORMED} dpop-stale", "misuse", _claims(iat=ABSENT)),
    hostile("dpop-time-text", "the time as a text", _PROOF, f"{_MALFORMED} dpop-stale", "laxity",
            _claims(iat=lambda now: str(int(now)))),
    hostile("dpop-time-true", "the time is true", _PROOF, f"{_MALFORMED} dpop-stale", "misuse", _claims(iat=True)),
    hostile("dpop-id-missing", "a proof without an id: no memory of used ones can hold it", _PROOF, _MALFORMED, "misuse",
            _claims(jti=ABSENT)),
    hostile("dpop-id-empty", "a proof with an empty id", _PROOF, _MALFORMED, "misuse", _claims(jti="")),
    hostile("dpop-id-number", "the id is a number", _PROOF, _MALFORMED, "laxity", _claims(jti=1)),
    hostile("dpop-id-huge", "an id of 6 kB, to fill the memory of used ones", "RFC 9449 section 11.1", _MALFORMED, "exhaustion",
            _claims(jti="j" * 6000)),
    hostile("dpop-replayed", "the same request twice, proof and all", "RFC 9449 section 11.1", "dpop-replayed", "misuse",
            make_bound_token(Proof(), times=2)),
    hostile("dpop-replayed-at-once",
            "the same request eight times at once: all ask whether the proof is new before one has noted it",
            "RFC 9449 section 11.1", "dpop-replayed", "misuse", make_bound_token(Proof(), at_once=8)),
    hostile("dpop-padded", "the proof with `=` behind it", "RFC 7515 section 2", _MALFORMED, "laxity",
            _text(lambda proof: proof + "==")),
    hostile("dpop-json", "the proof in the JSON serialisation", _PROOF, _MALFORMED, "laxity",
            _text(lambda proof: json.dumps( dict(zip(("protected", "payload", "signature"), proof.split("."), strict=True))))),
    hostile("dpop-huge", "a proof of 1 MiB", "CWE-400", _MALFORMED, "exhaustion", _claims(note="n" * 1_048_576)),
    hostile("dpop-unbound", "a token that is bound to nothing, with anybody's proof under the scheme DPoP", _USE,
            "dpop-unbound", "misuse", _unbound("DPoP", (Proof(key=thief),))),
    hostile("dpop-demanded", "a token that is bound to nothing, where a key is demanded", "RFC 9700 section 2.2.1",
            "sender-missing", "misuse", _unbound("Bearer", (), sender="dpop")),
    hostile("dpop-jkt-number", "the binding is a number", "RFC 9449 section 6.1", "sender-binding-unknown", "misuse",
            make_bound_token(Proof(), confirmation={"jkt": 1})),
    hostile("dpop-jkt-empty", "the binding is empty", "RFC 9449 section 6.1", "sender-binding-unknown", "misuse",
            make_bound_token(request={"scheme": "Bearer"}, confirmation={"jkt": ""})),
    hostile("dpop-jkt-null", "the binding is null", "RFC 9449 section 6.1", "sender-binding-unknown", "misuse",
            make_bound_token(request={"scheme": "Bearer"}, confirmation={"jkt": None})),
    hostile("cnf-list", "`cnf` is a list", "RFC 7800 section 3.1", "claim-malformed sender-binding-unknown", "misuse",
            make_bound_token(request={"scheme": "Bearer"}, confirmation=[{"jkt": "x"}])),
    hostile("cnf-empty", "`cnf` is empty: bound, to nothing that is named", "RFC 7800 section 3.1",
            "sender-binding-unknown claim-missing", "misuse", make_bound_token(request={"scheme": "Bearer"}, confirmation={})),
    hostile("cnf-unknown", "a binding of another kind, which cannot be checked and must not be ignored", "RFC 7800 section 3.1",
            "sender-binding-unknown", "misuse", make_bound_token(request={"scheme": "Bearer"}, confirmation={"kid": "client"})),
)  # fmt: skip


FAMILY = Family.build("dpop", "a stolen token with an invalid DPoP proof", *_CASES)
