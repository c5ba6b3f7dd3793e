"""Cases: malformed compact serialisation, which some parsers accept."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.encoding import b64, dangling, pad_base64, plain_json, standard
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.token_factory import ABSENT, TokenFactory, sign_segments

_JWS = "RFC 7515 section 7.1"
_B64 = "RFC 7515 section 2"
_SIZE = "CWE-400"


def _token(change: Callable[[str], str]) -> Callable[[TokenFactory], Presentation]:
    """Change the text of a valid token."""
    return lambda w: w.present(change(w.token()))


def _parts(change: Callable[[str, str, str], str]) -> Callable[[TokenFactory], Presentation]:
    """Reassemble the segments of a valid token differently."""

    def build(w: TokenFactory) -> Presentation:
        header, payload, signature = w.token().split(".")
        return w.present(change(header, payload, signature))

    return build


def _write(
    header: Callable[[bytes], str] = b64, payload: Callable[[bytes], str] = b64
) -> Callable[[TokenFactory], Presentation]:
    """Sign segments written by other encoders. Segment lengths leave unused bits."""

    def build(w: TokenFactory) -> Presentation:
        first = _of_length(plain_json(w.header()), 1)
        second = _of_length(plain_json(w.claims()), 1)
        return w.present(sign_segments(header(first), payload(second), w.key.sign))

    return build


def _of_length(data: bytes, remainder: int) -> bytes:
    """Pad JSON with blanks until its length has this remainder modulo 3."""
    while len(data) % 3 != remainder:
        data += b" "
    return data


def _needs_alphabet(w: TokenFactory) -> Presentation:
    """Build a payload whose standard base64 contains `+` and `/`."""
    payload = json.dumps(w.claims(note="ÿ÷¾?>~ûï¿" * 3), ensure_ascii=False, separators=(",", ":")).encode()
    text = standard(payload)
    if not {"+", "/"} <= set(text):
        raise AssertionError("the payload does not show the difference")
    return w.present(sign_segments(b64(plain_json(w.header())), text, w.key.sign))


def _flatten(w: TokenFactory) -> Presentation:
    header, payload, signature = w.token().split(".")
    return w.present(json.dumps({"protected": header, "payload": payload, "signature": signature}))


def _general(w: TokenFactory) -> Presentation:
    header, payload, signature = w.token().split(".")
    signatures = [{"protected": header, "signature": signature}]
    return w.present(json.dumps({"payload": payload, "signatures": signatures}))


def _make_unprotected(w: TokenFactory) -> Presentation:
    """Put the algorithm into an unprotected header."""
    payload = b64(plain_json(w.claims()))
    document = {"payload": payload, "header": {"alg": "none", "kid": w.key.kid}, "signature": ""}
    return w.present(json.dumps(document))


def _make_unencoded(crit: bool) -> Callable[[TokenFactory], Presentation]:
    def build(w: TokenFactory) -> Presentation:
        header = w.header(b64=False, crit=["b64"] if crit else ABSENT)
        payload = plain_json(w.claims(iss="https://login", aud="api")).decode().replace(".", "")
        return w.present(sign_segments(b64(plain_json(header)), payload, w.key.sign))

    return build


def _detach(w: TokenFactory) -> Presentation:
    header, _, signature = w.token().split(".")
    return w.present(f"{header}..{signature}")


def _compress(w: TokenFactory) -> Presentation:
    return w.present(w.token(zlib.compress(plain_json(w.claims())), w.header(zip="DEF")))


def _bomb(w: TokenFactory) -> Presentation:
    return w.present(w.token(zlib.compress(b'{"a":"' + b"a" * 20_000_000 + b'"}', 9), w.header(zip="DEF")))


def _encrypt(header: dict[str, object]) -> Callable[[TokenFactory], Presentation]:
    return lambda w: w.present(
        ".".join([b64(plain_json(header)), b64(bytes(40)), b64(bytes(12)), b64(bytes(32)), b64(bytes(16))])
    )


def _utf16(text: str) -> str:
    return "\0".join(text) + "\0"


_CASES: tuple[Case, ...] = (
    control("form-sound", "an ordinary access token of RFC 9068", "RFC 9068 section 2", lambda w: w.present(w.token())),
    control("form-es256", "an ordinary access token signed with ES256", "RFC 7518 section 3.4",
            lambda w: w.present(w.token(key=w.second), w.issuer(algorithms=frozenset({"RS256", "ES256"})))),
    hostile("token-empty", "nothing at all where a token should be", _JWS, "token-missing segments-not-three", "forgery",
            lambda w: w.present("")),
    hostile("token-of-blanks", "blanks where a token should be", _JWS, "segments-not-three token-missing base64url-invalid",
            "forgery", lambda w: w.present("   ")),
    hostile("segments-one", "a payload without header or signature", _JWS, "segments-not-three", "forgery",
            _parts(lambda h, p, s: p)),
    hostile("segments-two", "the signature was cut off with its dot", _JWS, "segments-not-three", "forgery",
            _parts(lambda h, p, s: f"{h}.{p}")),
    hostile("segments-four", "a fourth segment that a lenient split ignores or takes for the payload", _JWS,
            "segments-not-three", "laxity", _parts(lambda h, p, s: f"{h}.{p}.{s}.{p}")),
    hostile("segments-four-empty", "a dot at the end: a second name for the same token, past any list of revoked ones", _JWS,
            "segments-not-three", "laxity", _token(lambda t: t + ".")),
    hostile("segments-shifted", "a dot at the beginning, so that every segment is read as its neighbour", _JWS,
            "segments-not-three", "laxity", _token(lambda t: "." + t)),
    hostile("segments-a-million", "a million dots, to be split and decoded one by one", "CVE-2025-27144, CVE-2025-30204",
            "token-too-large segments-not-three", "exhaustion", lambda w: w.present("." * 1_000_000)),
    hostile("header-empty", "an empty header segment, in the hope of a default algorithm", _JWS,
            "header-not-json header-malformed", "forgery", _parts(lambda h, p, s: f".{p}.{s}")),
    hostile("signature-empty", "the algorithm stays, the signature goes: code that verifies only what is there",
            "RFC 8725 section 2.1", "signature-invalid base64url-invalid segments-not-three", "forgery",
            _parts(lambda h, p, s: f"{h}.{p}.")),
    hostile("payload-detached", "the payload was taken out; the signature still fits what it was", "RFC 7515 appendix F",
            "detached-payload payload-not-json", "forgery", _detach),
    hostile("payload-empty-signed", "an empty payload, rightly signed: no claims to fail", "RFC 7519 section 7.2",
            "detached-payload payload-not-json", "laxity", lambda w: w.with_payload(b"")),
    hostile("payload-unencoded", "an unencoded payload (`b64` false), rightly declared in `crit`", "RFC 7797 section 6",
            "base64url-invalid crit-unknown detached-payload header-malformed", "laxity", _make_unencoded(crit=True)),
    hostile("payload-unencoded-silently", "an unencoded payload without `crit`: two verifiers sign two different things",
            "RFC 7797 section 6", "base64url-invalid payload-not-json header-malformed crit-unknown", "laxity",
            _make_unencoded(crit=False)),
    hostile("padding-header", "`=` at the end of the header, signed as written", _B64, "base64url-invalid", "laxity",
            _write(header=pad_base64)),
    hostile("padding-payload", "`=` at the end of the payload, signed as written", _B64, "base64url-invalid", "laxity",
            _write(payload=pad_base64)),
    hostile("padding-signature", "`=` at the end of the signature: a second name for the same token", _B64, "base64url-invalid",
            "laxity", _token(lambda t: t + "==")),
    hostile("padding-endless", "a thousand `=` at the end", _B64, "base64url-invalid", "laxity",
            _token(lambda t: t + "=" * 1000)),
    hostile("bits-signature",
            "an unused bit of the signature is set: another text, the same bytes, past a list of revoked hashes",
            "RFC 4648 section 3.5", "base64url-invalid", "laxity", _token(dangling)),
    hostile("bits-payload", "an unused bit of the payload is set, signed as written", "RFC 4648 section 3.5",
            "base64url-invalid", "laxity", _write(payload=lambda data: dangling(b64(data)))),
    hostile("bits-header", "an unused bit of the header is set, signed as written", "RFC 4648 section 3.5", "base64url-invalid",
            "laxity", _write(header=lambda data: dangling(b64(data)))),
    hostile("length-impossible", "a signature of a length that no bytes have", "RFC 4648 section 5", "base64url-invalid",
            "laxity", _parts(lambda h, p, s: f"{h}.{p}.{(s + 'AAAA')[: len(s) // 4 * 4 + 1]}")),
    hostile("alphabet-signature", "a character outside the alphabet, which lenient decoders drop", "RFC 4648 section 3.3",
            "base64url-invalid", "laxity", _parts(lambda h, p, s: f"{h}.{p}.{s[:9]}!{s[9:]}")),
    hostile("alphabet-standard-payload", "`+` and `/` of ordinary base64 in the payload, signed as written",
            "RFC 4648 section 5", "base64url-invalid", "laxity", _needs_alphabet),
    hostile("alphabet-wide-letters", "full-width letters that Unicode folding turns into the right ones", _B64,
            "base64url-invalid", "laxity", _parts(lambda h, p, s: f"{h}.{p}.{chr(ord(s[0]) + 0xFEE0)}{s[1:]}")),
    hostile("alphabet-zero-width", "a zero-width space in the token", _B64, "base64url-invalid", "laxity",
            _parts(lambda h, p, s: f"{h}.\u200b{p}.{s}")),
    hostile("alphabet-nul", "a NUL at the end, where C strings stop", _B64, "base64url-invalid", "laxity",
            _token(lambda t: t + "\0")),
    hostile("alphabet-surrogate", "a lone surrogate in the token, which no encoding can write", _B64, "base64url-invalid",
            "laxity", _token(lambda t: t + "\udcff")),
    hostile("dots-ideographic", "ideographic full stops in place of dots", _JWS, "base64url-invalid segments-not-three",
            "laxity", _token(lambda t: t.replace(".", "\u3002"))),
    hostile("dots-escaped", "dots written as `%2E`", _JWS, "segments-not-three base64url-invalid", "laxity",
            _token(lambda t: t.replace(".", "%2E"))),
    hostile("blank-before", "a blank before the token", _B64, "base64url-invalid", "laxity", _token(lambda t: " " + t)),
    hostile("newline-after", "a newline after the token", _B64, "base64url-invalid", "laxity", _token(lambda t: t + "\n")),
    hostile("folded-signature", "a folded line within the signature, as in an old mail header", _B64, "base64url-invalid",
            "laxity", _parts(lambda h, p, s: f"{h}.{p}.{s[:20]}\r\n {s[20:]}")),
    hostile("tab-in-payload", "a tab within the payload, signed as written", _B64, "base64url-invalid", "laxity",
            _write(payload=lambda data: b64(data)[:12] + "\t" + b64(data)[12:])),
    hostile("utf-16", "a NUL after every character: the token in UTF-16", _B64, "base64url-invalid segments-not-three",
            "laxity", _token(_utf16)),
    hostile("scheme-left-on", "`Bearer ` left before the token", "RFC 6750 section 2.1", "base64url-invalid", "laxity",
            _token(lambda t: "Bearer " + t)),
    hostile("quoted", "the token in quotes", _JWS, "base64url-invalid", "laxity", _token(lambda t: f'"{t}"')),
    hostile("two-tokens", "two tokens with a comma between them: which of them counts?", "RFC 6750 section 2.1",
            "encrypted-token segments-not-three base64url-invalid", "laxity", lambda w: w.present(f"{w.token()},{w.token()}")),
    hostile("json-flattened", "the flattened JSON serialisation, which access tokens never have", "RFC 7519 section 1",
            "json-serialisation segments-not-three", "laxity", _flatten),
    hostile("json-general", "the general JSON serialisation", "RFC 7519 section 1", "json-serialisation segments-not-three",
            "laxity", _general),
    hostile("json-unprotected", "the JSON serialisation with `none` in its unprotected header", "RFC 7515 section 10.7",
            "json-serialisation segments-not-three", "forgery", _make_unprotected),
    hostile("encrypted-dir", "five segments: an encrypted token under a key that everybody can name", "RFC 7516 section 3.1",
            "encrypted-token segments-not-three", "forgery", _encrypt({"alg": "dir", "enc": "A256GCM"})),
    hostile("encrypted-to-the-public-key", "a token encrypted to the verifier: secret, but signed by nobody",
            "RFC 8725 section 2.3", "encrypted-token segments-not-three", "forgery",
            _encrypt({"alg": "RSA-OAEP", "enc": "A256GCM"})),
    hostile("encrypted-pbes2", "an encrypted token that asks for two thousand million rounds of PBKDF2",
            "CVE-2022-36083, RFC 8725bis", "encrypted-token segments-not-three", "exhaustion",
            _encrypt({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31 - 1, "p2s": b64(bytes(8))})),
    hostile("compressed", "a compressed payload, rightly signed: JWS knows no `zip`", "RFC 7515 section 4.1",
            "header-malformed payload-not-json", "laxity", _compress),
    hostile("compressed-bomb", "a payload of 20 kB that inflates to 20 MB", "CVE-2024-28102, RFC 8725bis",
            "token-too-large payload-not-json header-malformed", "exhaustion", _bomb),
    hostile("huge-payload", "a payload of 4 MiB, rightly signed", _SIZE, "token-too-large", "exhaustion",
            lambda w: w.with_claims(note="a" * 4_194_304)),
    hostile("huge-header", "a header of 1 MiB, to be decoded before anything is verified", _SIZE, "token-too-large",
            "exhaustion", lambda w: w.with_header(note="a" * 1_048_576)),
    hostile("huge-signature", "a signature of 1 MiB", _SIZE, "token-too-large", "exhaustion",
            lambda w: w.present(w.token(sign=lambda _: bytes(1_048_576)))),
)  # fmt: skip

FAMILY = Family.build("form", "not three base64url segments", *_CASES)
