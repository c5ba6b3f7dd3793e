"""Cases: headers and payloads that parsers read differently. All validly signed."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.encoding import members, plain_json
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.token_factory import TokenFactory

_UNIQUE = "RFC 7519 section 4, RFC 8725bis"
_UNIQUE_HEADER = "RFC 7515 section 4"
_JSON = "RFC 8259"
_UTF8 = "RFC 7519 section 7.2, RFC 8725 section 3.7"
_DEPTH = "RFC 8725bis, RFC 8259 section 9"


def _pairs(w: TokenFactory) -> list[tuple[str, str]]:
    return [(name, json.dumps(value)) for name, value in w.claims().items()]


def _extra(*more: tuple[str, str], first: bool = False) -> Callable[[TokenFactory], Presentation]:
    """Add members as raw JSON after (or before) a valid payload's own."""

    def build(w: TokenFactory) -> Presentation:
        sound = _pairs(w)
        return w.with_payload(members([*more, *sound] if first else [*sound, *more]))

    return build


def _header_extra(*more: tuple[str, str], first: bool = False) -> Callable[[TokenFactory], Presentation]:
    """Add members as raw JSON after (or before) a valid header's own."""

    def build(w: TokenFactory) -> Presentation:
        sound = [(name, json.dumps(value)) for name, value in w.header().items()]
        return w.present(w.token(header=members([*more, *sound] if first else [*sound, *more])))

    return build


def _payload(change: Callable[[bytes], bytes]) -> Callable[[TokenFactory], Presentation]:
    return lambda w: w.with_payload(change(plain_json(w.claims())))


def _header(change: Callable[[bytes], bytes]) -> Callable[[TokenFactory], Presentation]:
    return lambda w: w.present(w.token(header=change(plain_json(w.header()))))


def _encode(encoding: str, mark: bytes = b"") -> Callable[[bytes], bytes]:
    return lambda data: mark + data.decode().encode(encoding)


def _nest(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def _inside(raw: bytes) -> Callable[[bytes], bytes]:
    """Add one member `x` with a raw value."""
    return lambda data: data[:-1] + b',"x":' + raw + b"}"


def _two_algorithms(w: TokenFactory) -> Presentation:
    header = members([("alg", '"none"'), *((n, json.dumps(v)) for n, v in w.header().items())])
    return w.present(w.token(w.claims(sub="administrator"), header, sign=lambda _: b""))


def _members(count: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:-1] + b"".join(b',"m%d":0' % number for number in range(count)) + b"}"


_CASES: tuple[Case, ...] = (
    control("json-blanks", "blanks and line ends between the members, as JSON allows", _JSON,
            _payload(lambda data: json.dumps(json.loads(data), indent=2).encode() + b"\n")),
    control("json-unknown-members", "claims and header members that nobody knows", "RFC 7519 section 4.3, RFC 7515 section 4",
            lambda w: w.present(w.token(w.claims(**{"https://x.example/role": ["a", 1, None, {"b": 1.5}]}),
            w.header(foo="bar")))),
    control("json-unicode", "a name in other letters, in UTF-8 and escaped", _JSON,
            _payload(lambda data: data[:-1] + ',"name":"Zoë 山田","pair":"\\ud83d\\ude00"}'.encode())),
    hostile("duplicate-alg", "two `alg`, the first `none`, without a signature", _UNIQUE_HEADER, "json-duplicate-member",
            "forgery", _two_algorithms),
    hostile("duplicate-alg-same", "two `alg` that say the same", _UNIQUE_HEADER, "json-duplicate-member", "laxity",
            _header_extra(("alg", '"RS256"'))),
    hostile("duplicate-kid", "two `kid`, the first an attacker's", _UNIQUE_HEADER, "json-duplicate-member", "laxity",
            _header_extra(("kid", '"attacker"'), first=True)),
    hostile("duplicate-typ", "two `typ`, the first another kind of token", _UNIQUE_HEADER, "json-duplicate-member", "laxity",
            _header_extra(("typ", '"logout+jwt"'), first=True)),
    hostile("duplicate-header-nested", "two equal members in an object of the header", _UNIQUE_HEADER, "json-duplicate-member",
            "laxity", _header_extra(("x", '{"a":1,"a":2}'))),
    *(hostile(f"duplicate-{name}", f"two `{name}`: a front door reads the first, the service the last", _UNIQUE,
              "json-duplicate-member", "laxity", _extra((name, json.dumps(value)), first=True))
      for name, value in {"iss": "https://evil.example", "sub": "administrator", "aud": "https://other.example", "exp": 1,
      "client_id": "x",
                          "scope": "admin"}.items()),
    hostile("duplicate-sub-last", "two `sub`: the service reads the first, the audit log the last", _UNIQUE,
            "json-duplicate-member", "laxity", _extra(("sub", '"somebody else"'))),
    hostile("duplicate-escaped", "two `exp`, one of them spelt `\\u0065xp`", _UNIQUE, "json-duplicate-member", "laxity",
            lambda w: w.with_payload(plain_json(w.claims())[:-1] + b',"\\u0065xp":9999999999}')),
    hostile("duplicate-nested", "two `jkt` within `cnf`: the token is bound to two keys", _UNIQUE, "json-duplicate-member",
            "laxity", _extra(("cnf", '{"jkt":"a","jkt":"b"}'))),
    hostile("duplicate-deep", "two equal members three objects down", _UNIQUE, "json-duplicate-member", "laxity",
            _extra(("x", '{"y":[{"z":{"a":1,"a":1}}]}'))),
    *(hostile(f"payload-{name}", f"the payload is {words}", "RFC 7519 section 7.2", "claims-not-object payload-not-json",
            "laxity",
              lambda w, raw=raw: w.with_payload(raw))  # type: ignore[misc]
      for name, words, raw in (("list", "a list", b"[]"), ("text", "a text", b'"sub"'), ("number", "a number", b"1"),
                               ("null", "null", b"null"), ("true", "true", b"true"))),
    *(hostile(f"header-{name}", f"the header is {words}", "RFC 7515 section 4", "header-not-json header-malformed", "laxity",
              lambda w, raw=raw: w.present(w.token(header=raw)))  # type: ignore[misc]
      for name, words, raw in (("list", "a list", b'["alg","RS256"]'), ("text", "a text", b'"RS256"'), ("null", "null",
      b"null"))),
    hostile("json-nan", "NaN, which compares as false with everything, as `x`", _JSON, "json-number-invalid payload-not-json",
            "laxity", _payload(_inside(b"NaN"))),
    hostile("json-infinity", "Infinity as `x`", _JSON, "json-number-invalid payload-not-json", "laxity",
            _payload(_inside(b"-Infinity"))),
    hostile("json-number-overflow", "1e999, which becomes infinity", _JSON, "json-number-invalid payload-not-json", "laxity",
            _payload(_inside(b"1e999"))),
    hostile("json-number-long", "an integer of 20,000 digits: converting it costs the square of that", "CVE-2020-10735",
            "token-too-large json-number-invalid payload-not-json", "exhaustion", _payload(_inside(b"9" * 20_000))),
    hostile("json-number-zero-led", "a number with a leading zero, octal to some", _JSON, "payload-not-json", "laxity",
            _payload(_inside(b"0123"))),
    hostile("json-number-hexadecimal", "a hexadecimal number", _JSON, "payload-not-json", "laxity", _payload(_inside(b"0x10"))),
    hostile("json-number-plus", "a number with a plus sign", _JSON, "payload-not-json", "laxity", _payload(_inside(b"+1"))),
    hostile("json-number-bare-point", "a number without digits after its point", _JSON, "payload-not-json", "laxity",
            _payload(_inside(b"1."))),
    hostile("json-bom", "a byte order mark before the payload", "RFC 8259 section 8.1", "payload-not-json", "laxity",
            _payload(lambda data: codecs.BOM_UTF8 + data)),
    hostile("json-bom-header", "a byte order mark before the header", "RFC 8259 section 8.1", "header-not-json", "laxity",
            _header(lambda data: codecs.BOM_UTF8 + data)),
    hostile("json-utf-16", "the payload in UTF-16", _UTF8, "payload-not-json", "laxity",
            _payload(_encode("utf-16-le", codecs.BOM_UTF16_LE))),
    hostile("json-utf-16-bare", "the payload in UTF-16 without a mark", _UTF8, "payload-not-json", "laxity",
            _payload(_encode("utf-16-be"))),
    hostile("json-utf-32", "the payload in UTF-32", _UTF8, "payload-not-json", "laxity", _payload(_encode("utf-32-le"))),
    hostile("json-utf-16-header", "the header in UTF-16: a gateway that reads UTF-8 sees no `alg`", _UTF8, "header-not-json",
            "laxity", _header(_encode("utf-16-le"))),
    hostile("json-latin-1", "a name in Latin-1: invalid UTF-8", _UTF8, "payload-not-json", "laxity",
            _payload(_inside(b'"Zo\xeb"'))),
    hostile("json-overlong", "an overlong encoding of a slash", _UTF8, "payload-not-json", "laxity",
            _payload(_inside(b'"\xc0\xaf"'))),
    hostile("json-surrogate-bytes", "half a surrogate pair in UTF-8", _UTF8, "payload-not-json", "laxity",
            _payload(_inside(b'"\xed\xa0\x80"'))),
    hostile("json-surrogate-escape", "half a surrogate pair, escaped: a text that no log can write", "RFC 8259 section 8.2",
            "payload-not-json", "laxity", _payload(_inside(b'"\\ud800"'))),
    hostile("json-surrogate-name", "half a surrogate pair in a member's name", "RFC 8259 section 8.2", "payload-not-json",
            "laxity", lambda w: w.with_payload(plain_json(w.claims())[:-1] + b',"\\udfff":1}')),
    hostile("json-nul-before", "a NUL before the payload", _JSON, "payload-not-json", "laxity",
            _payload(lambda data: b"\0" + data)),
    hostile("json-nul-after", "a NUL and other claims after the payload, where C strings stop", _JSON, "payload-not-json",
            "laxity", _payload(lambda data: data + b'\0{"sub":"administrator"}')),
    hostile("json-two-documents", "a second object after the first", _JSON, "payload-not-json", "laxity",
            _payload(lambda data: data + data)),
    hostile("json-two-headers", "a second object after the header", _JSON, "header-not-json", "laxity",
            _header(lambda data: data + b'{"alg":"none"}')),
    hostile("json-trailing-comma", "a comma after the last member", _JSON, "payload-not-json", "laxity",
            _payload(lambda data: data[:-1] + b",}")),
    hostile("json-comment", "a comment", _JSON, "payload-not-json", "laxity", _payload(lambda data: data[:-1] + b"/* x */}")),
    hostile("json-single-quotes", "single quotes, as `eval` would take them", _JSON, "payload-not-json", "laxity",
            _payload(lambda data: data.replace(b'"', b"'"))),
    hostile("json-bare-names", "names without quotes", _JSON, "payload-not-json", "laxity",
            _payload(lambda data: b"{x:1," + data[1:])),
    hostile("json-raw-newline", "a raw line end within a text: two lines in a log", _JSON, "payload-not-json", "laxity",
            _payload(_inside(b'"a\nb"'))),
    hostile("json-escape-unknown", "an escape that JSON does not have", _JSON, "payload-not-json", "laxity",
            _payload(_inside(b'"\\x41"'))),
    hostile("json-cut", "the payload's last brace is missing", _JSON, "payload-not-json", "laxity",
            _payload(lambda data: data[:-1])),
    hostile("json-python", "Python's True and None", _JSON, "payload-not-json", "laxity", _payload(_inside(b"[True,None]"))),
    hostile("json-deep", "objects 500 deep, which some parsers of the same estate read and others do not", _DEPTH,
            "json-too-deep", "exhaustion", _payload(_inside(b'{"a":' * 500 + b"1" + b"}" * 500))),
    hostile("json-abyss", "lists 5,000 deep: a recursive parser runs out of stack", _DEPTH, "json-too-deep token-too-large",
            "exhaustion", _payload(_inside(_nest(5_000)))),
    hostile("json-abyss-open", "5,000 lists that are never closed", _DEPTH, "json-too-deep token-too-large payload-not-json",
            "exhaustion", lambda w: w.with_payload(b"[" * 5_000)),
    hostile("json-abyss-header", "the header 5,000 deep, parsed before anything is verified", _DEPTH,
            "token-too-large json-too-deep", "exhaustion", _header(_inside(_nest(5_000)))),
    hostile("json-many-members", "200,000 members", "CWE-400", "token-too-large", "exhaustion", _payload(_members(200_000))),
)  # fmt: skip

FAMILY = Family.build("documents", "a header or payload that is no strict JSON object", *_CASES)
