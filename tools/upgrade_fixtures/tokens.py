"""Make fixtures of the token kit, the gate, step-up and the key inventory."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

from tools.upgrade_fixtures.running import ISSUER, MOMENT, at_commit, held, old, seawall

BEFORE_SPELLING: Final = "d96686b^"
"""The last commit that writes revocation stores of version 1."""


def make_tokens(origin: Path) -> None:
    """Make revocation stores of both versions, first sightings of keys, used proofs, and a policy with all tables of a
    gate.
    """
    revoke = ("token", "revoke", "--store", "revocations.db")
    why = ("--reason", "leaked key")
    seawall(*revoke, "--create-store")
    seawall(*revoke, "--kid", "k1", *why)
    seawall(*revoke, "--issuer", ISSUER, "--subject", "Alice", *why)
    seawall(*revoke, "--session", "s1", "--for", "24h", *why)
    seawall(*revoke, "--client", "c1", *why)
    seawall(*revoke, "--lift", 4, "--reason", "the wrong client")
    verbs = "import sys; from seawall.cli.main import main; sys.exit(main(sys.argv[1:]))"
    first = ("token", "revoke", "--store", "revocations-1.db")
    for words in (
        ("--create-store",),
        ("--kid", "k1", *why),
        ("--issuer", "HTTPS://Login.Example.com", "--subject", "Alice", *why),
        ("--client", "c1", *why),
        ("--lift", 3, "--reason", "the wrong client"),
    ):
        at_commit(origin, BEFORE_SPELLING, Path("../commits").resolve(), verbs, *first, *words)
    seen = old("seawall.tokens.first_seen").FirstSeen(Path("keys-seen.json"))
    seen.note(frozenset({"thumbprint-of-the-first", "thumbprint-of-the-second"}), float(MOMENT))
    seen.note(frozenset({"thumbprint-of-the-first", "thumbprint-of-the-third"}), MOMENT + 86_400.0)
    guard = old("seawall.tokens.replay").SharedReplayGuard(Path("proofs.db"))
    guard.use("thumbprint-of-a-client", "proof-1", until=MOMENT + 600.0, now=float(MOMENT))
    guard.close()


def make_gate(_: Path) -> None:
    """Make a policy with tables of a gate, the gate's files and log, and a token that it accepted."""
    gates = old("tests.gate.gates")
    Path("gate").mkdir()
    shutil.copy(Path("../results/out/incidents.jsonl"), "gate/incidents.jsonl")
    seawall("token", "revoke", "--store", "gate/revocations.db", "--create-store")
    signals = gates.Issuer("https://signals.example", "s1")
    Path("gate/signals.json").write_text(json.dumps(signals.jwks()), "utf-8")
    with gates.running(Path("gate").resolve(), _GATE) as gate:
        token = gate.issuer.token(sub="ann@example.org", scope="read")
        answers = [gate.ask(token, path).status_code for path in ("/mail", "/admin/users", "/public")]
        answers.append(gate.ask(gate.issuer.token(sub="ben.garcia@thistle-labs.test")).status_code)
        answers.append(gate.ask(None, "/public").status_code)
        gate.logged()
    if answers != [204, 403, 204, 403, 204]:
        raise SystemExit(f"the gate answered {answers}")
    lines = Path("gate/output.log").read_text("utf-8").splitlines()
    Path("gate/output.log").unlink()
    decisions = [line for line in lines if line.startswith("{")]
    Path("gate/decisions.jsonl").write_text("\n".join(decisions) + "\n", "utf-8")
    Path("token.txt").write_text(token + "\n", "utf-8")


_GATE: Final = """
[revocations]
store = "revocations.db"
[gate]
dpop_nonces = false
[gate.admin]
enabled = true
token_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
[gate.metrics]
enabled = true
[gate.risk]
incidents = "incidents.jsonl"
severity = "low"
then = "refuse"
[[gate.path]]
prefix = "/public"
public = true
[[gate.path]]
prefix = "/admin"
methods = ["GET"]
scopes = ["write"]
[[gate.transmitter]]
name = "idp"
issuer = "https://signals.example"
audiences = ["https://gate.example"]
jwks_file = "signals.json"
speaks_for = ["https://issuer.example"]
"""


def make_step_up(_: Path) -> None:
    """Make a gate's step-up store: Ann has a passkey, one-time codes and an elevation, Bob has an invitation."""
    steps, device_ = old("tests.gate.step_up.test_service"), old("tests.gate.step_up.device")
    store, settings = old("seawall.server.step_up.store"), old("seawall.server.settings")
    seawall("step-up", "create", "--store", "step-up.db")
    opened = store.StepUpStore(Path("step-up.db"))
    relying = settings.StepUpSettings(enabled=True, relying_party="app.example")
    service = old("seawall.server.step_up.service").StepUpService(relying, (steps.ORIGIN,), opened)
    device = steps.registered(service, device_.Device("app.example"))
    steps.confirmed(service, device)
    maker = steps.with_codes(service)
    opened.close()
    bob = ("--issuer", "https://issuer.example", "--subject", "bob", "--hours", 720)
    invitation = seawall("step-up", "invite", "--store", "step-up.db", *bob, "--json")
    kept = {"secret": maker.secret, "device": held(device)}
    Path("enrolled.json").write_text(json.dumps({**kept, "bob": json.loads(invitation)}, indent=1) + "\n")


def make_keys(_: Path) -> None:
    """Make the inventory of two audits, the second without a key of the first, and sketches of a key."""
    keys, audits = old("tests.tokens.jose.keys"), old("tests.keys.ledger.audits")
    good = keys.jwk(keys.rsa_key(), kid="good", use="sig", alg="RS256")
    small = keys.jwk(keys.rsa_key(0, 1024), kid="small", use="sig", alg="RS256")
    Path("sets.json").write_text(json.dumps({"both": [good, small], "one": [good]}))
    for day, listed in enumerate(([good, small], [good])):
        documents = {
            f"{ISSUER}/.well-known/openid-configuration": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"},
            f"{ISSUER}/keys": {"keys": listed},
        }
        source = f"{ISSUER}/.well-known/openid-configuration"
        now = MOMENT + 86_400 * day
        audits.run(source, fetch=audits.Served(documents), now=now, store=Path("keys.db"))
    serialization = old("cryptography.hazmat.primitives.serialization")
    pem = keys.rsa_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    Path("key.pem").write_bytes(pem)
    seawall("keys", "sketch", "key.pem", "--out", "sketches.json")
    seawall("keys", "scan", "key.pem", "--write-baseline", "accepted.json", "--quiet", codes=(0, 10))
