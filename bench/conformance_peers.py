"""Run the conformance kit against well-known Python libraries, set up as documented and set up with care.

    python bench/conformance_peers.py [--json] [--write docs/how-to/conformance.md] [--faults LIBRARY]

"As shown" is the shortest way in a library's documentation to verify a token with a key set. Algorithms, issuer or audience
are checked only if the example or the library itself asks for them. "With care" is every check that the library offers by a
documented parameter: algorithms, issuer, audience, required claims, clock skew, types and key lengths.

The cases cover token, key set, issuer, audience, time, and lists of algorithms, types and claims. Not covered are checks
that need state, a second issuer, tenants, revocations, the request or a sign-in policy: no such library claims to have
them.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from seawall_tokens.conformance import CAPABILITIES, Context, Verifier
from seawall_tokens.conformance.battery import cases
from seawall_tokens.conformance.matrix import faulty, totals
from seawall_tokens.conformance.run import CaseResult, run

ASKED = {"skew", "certificates"}
LACKS = tuple(CAPABILITIES.keys() - ASKED)
BEGIN, END = "<!-- peers:start -->", "<!-- peers:end -->"


@dataclass(frozen=True)
class Peer:
    """A library with one set-up, and its verifier."""

    library: str
    settings: str
    verifier: Verifier


def algorithms(context: Context) -> list[str]:
    return sorted(context.issuer.algorithms)


def required(context: Context) -> list[str]:
    """Return the required claims without alternatives, which no library supports."""
    return [name for name in context.issuer.required_claims if "|" not in name]


def pyjwt() -> list[Peer]:
    import jwt

    class Client(jwt.PyJWKClient):
        """PyJWT's key set client with the document in place of a URL."""

        def __init__(self, document: bytes) -> None:
            super().__init__("https://login.example/jwks", cache_jwk_set=False)
            self.document = document

        def fetch_data(self) -> Any:
            return json.loads(self.document)

    def shown(token: str, context: Context) -> Any:
        key = Client(context.issuer.key_set).get_signing_key_from_jwt(token)
        return jwt.decode(token, key, audience=context.audience, algorithms=algorithms(context))

    def careful(token: str, context: Context) -> Any:
        key = Client(context.issuer.key_set).get_signing_key_from_jwt(token)
        return jwt.decode(
            token,
            key,
            algorithms=algorithms(context),
            audience=context.audience,
            issuer=context.issuer.issuer,
            leeway=context.issuer.clock_skew,
            options={"require": required(context), "enforce_minimum_key_length": True},
        )

    return _pair("PyJWT", "pyjwt", shown, careful, (jwt.PyJWTError,), skew=(False, True))


def authlib() -> list[Peer]:
    from authlib.jose import JsonWebKey, JsonWebToken, jwt
    from authlib.jose.errors import JoseError
    from authlib.oauth2.rfc6750.errors import InvalidTokenError
    from authlib.oauth2.rfc9068 import JWTBearerTokenValidator

    class Validator(JWTBearerTokenValidator):  # type: ignore[misc]
        """Authlib's validator for access tokens of RFC 9068."""

        def __init__(self, context: Context) -> None:
            super().__init__(context.issuer.issuer, context.audience)
            self.document = context.issuer.key_set

        def get_jwks(self) -> Any:
            return json.loads(self.document)

    def shown(token: str, context: Context) -> Any:
        claims = jwt.decode(token, JsonWebKey.import_key_set(json.loads(context.issuer.key_set)))
        claims.validate()
        return claims

    def careful(token: str, context: Context) -> Any:
        if "at+jwt" in context.issuer.token_types:
            validator = Validator(context)
            accepted = validator.authenticate_token(token)
            validator.validate_token(accepted, [], None)
            return accepted
        options = {name: {"essential": True} for name in required(context)}
        options["iss"] = {"essential": True, "value": context.issuer.issuer}  # type: ignore[dict-item]
        options["aud"] = {"essential": True, "value": context.audience}  # type: ignore[dict-item]
        keys = JsonWebKey.import_key_set(json.loads(context.issuer.key_set))
        claims = JsonWebToken(algorithms(context)).decode(token, keys, claims_options=options)
        claims.validate(leeway=context.issuer.clock_skew)
        return claims

    from joserfc.errors import JoseError as NewError

    return _pair(
        "Authlib", "authlib", shown, careful, (JoseError, NewError, InvalidTokenError), skew=(False, False)
    )


def python_jose() -> list[Peer]:
    from jose import jwt
    from jose.exceptions import JOSEError

    def shown(token: str, context: Context) -> Any:
        keys = json.loads(context.issuer.key_set)
        return jwt.decode(token, keys, algorithms=algorithms(context), audience=context.audience)

    def careful(token: str, context: Context) -> Any:
        known = {"aud", "iat", "exp", "nbf", "iss", "sub", "jti"}
        options: dict[str, Any] = {f"require_{name}": True for name in required(context) if name in known}
        return jwt.decode(
            token,
            json.loads(context.issuer.key_set),
            algorithms=algorithms(context),
            audience=context.audience,
            issuer=context.issuer.issuer,
            options={**options, "leeway": context.issuer.clock_skew},
        )

    return _pair("python-jose", "python-jose", shown, careful, (JOSEError,), skew=(False, True))


def jwcrypto() -> list[Peer]:
    from jwcrypto.common import JWException
    from jwcrypto.jwk import JWKSet
    from jwcrypto.jwt import JWT

    def shown(token: str, context: Context) -> Any:
        accepted = JWT(key=JWKSet.from_json(context.issuer.key_set.decode()), jwt=token)
        return json.loads(accepted.claims)

    def careful(token: str, context: Context) -> Any:
        wanted: dict[str, Any] = dict.fromkeys(required(context))
        wanted |= {"iss": context.issuer.issuer, "aud": context.audience}
        accepted = JWT(
            key=JWKSet.from_json(context.issuer.key_set.decode()),
            jwt=token,
            algs=algorithms(context),
            check_claims=wanted,
            expected_type="JWS",
            strict_serialization=True,
        )
        return json.loads(accepted.claims)

    return _pair("jwcrypto", "jwcrypto", shown, careful, (JWException, ValueError), skew=(True, True))


def joserfc() -> list[Peer]:
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    def shown(token: str, context: Context) -> Any:
        accepted = jwt.decode(token, KeySet.import_key_set(json.loads(context.issuer.key_set)))
        jwt.JWTClaimsRegistry().validate(accepted.claims)
        return accepted.claims

    def careful(token: str, context: Context) -> Any:
        keys = KeySet.import_key_set(json.loads(context.issuer.key_set))
        accepted = jwt.decode(token, keys, algorithms=algorithms(context))
        options: dict[str, Any] = {name: {"essential": True} for name in required(context)}
        options["iss"] = {"essential": True, "value": context.issuer.issuer}
        options["aud"] = {"essential": True, "value": context.audience}
        jwt.JWTClaimsRegistry(leeway=context.issuer.clock_skew, **options).validate(accepted.claims)
        return accepted.claims

    return _pair("joserfc", "joserfc", shown, careful, (JoseError,), skew=(False, True))


def seawall() -> list[Peer]:
    """Return Seawall with the same checks as the others, and with all checks."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.tokens.conformance.seawall_verifier import verifier

    logging.getLogger("seawall").setLevel(logging.CRITICAL)
    name = f"Seawall {metadata.version('seawall')}"
    return [
        Peer(name, "the same cases", replace(verifier, lacks=LACKS, renew=None)),
        Peer(name, "all cases", verifier),
    ]


def _pair(
    name: str,
    package: str,
    shown: Callable[[str, Context], Any],
    careful: Callable[[str, Context], Any],
    refusals: tuple[type[BaseException], ...],
    *,
    skew: tuple[bool, bool],
) -> list[Peer]:
    library = f"{name} {metadata.version(package)}"
    first, second = (LACKS if has else (*LACKS, "skew") for has in skew)
    return [
        Peer(library, "as shown", Verifier(shown, refusals=refusals, lacks=first)),
        Peer(library, "with care", Verifier(careful, refusals=refusals, lacks=second)),
    ]


PEERS: tuple[Callable[[], list[Peer]], ...] = (pyjwt, authlib, python_jose, jwcrypto, joserfc, seawall)
STORM = ("storm-0558", "storm-0558-expired", "storm-0558-unmarked")


def measure(peer: Peer) -> list[CaseResult]:
    """Return the results of every case for one verifier."""
    with warnings.catch_warnings(record=True):  # Authlib shows its warnings regardless of filters
        warnings.simplefilter("ignore")
        return list(run(peer.verifier, cases()))


def row(peer: Peer, results: list[CaseResult]) -> str:
    total = totals(results)
    asked = [result for result in results if result.outcome != "not-covered"]
    hostile = sum(result.case.is_hostile for result in asked)
    controls = len(asked) - hostile
    storm = sum(result.outcome == "accepted" for result in results if result.case.name in STORM)
    let_in = total["let_in"]
    refused_controls = f"{total['controls_accepted']} of {controls}"
    cells = [
        peer.library,
        peer.settings,
        f"{total['refused']} of {hostile}",
        f"**{let_in['forgery'] + let_in['misuse']}**",
    ]
    cells += [str(let_in[harm]) for harm in ("forgery", "misuse", "laxity", "exhaustion")]
    cells += [str(total["crashed"] + total["timed_out"]), refused_controls, f"{storm} of {len(STORM)}"]
    return f"| {' | '.join(cells)} |"


COLUMNS = (
    *("library", "set up", "refused", "**let in**", "forgery", "misuse", "laxity", "exhaustion", "crashed"),
    *("controls accepted", "Storm-0558 let in"),
)
HEAD = (f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between the marks in FILE")
    parser.add_argument("--faults", metavar="LIBRARY", help="name each fault of one library as well")
    asked = parser.parse_args()
    measured = [(peer, measure(peer)) for make in PEERS for peer in make()]
    if asked.json:
        print(
            json.dumps(
                [{"library": p.library, "settings": p.settings, **totals(r)} for p, r in measured], indent=2
            )
        )
        return
    when = f"Measured {datetime.now(UTC):%d %B %Y} with cryptography {metadata.version('cryptography')}."
    table = "\n".join([*HEAD, *(row(peer, results) for peer, results in measured), "", when])
    print(table)
    if asked.faults:
        for peer, results in measured:
            if peer.library.lower().startswith(asked.faults.lower()):
                print(f"\n{peer.library}, {peer.settings}")
                for result in faulty(results):
                    case = result.case
                    said = ascii(result.detail[:70])
                    print(f"  {result.fault:16}{case.harm or 'control':12}{case.name:32}{said}")
    if asked.write:
        text = asked.write.read_text("utf-8")
        before, _, rest = text.partition(BEGIN)
        asked.write.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    main()
