"""Settings are read with names and lines, and nonsense stops the gate before it listens."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from seawall.gate.errors import GateInvalid
from seawall.gate.listen import prepare
from seawall.gate.loaded_policy import load_gate_policy as load_file
from seawall.gate.settings import GateSettings
from seawall.gate.settings_file import load_settings
from seawall.web.peers import LOOPBACK, Peers
from seawall_base.errors import PolicyInvalid
from seawall_base.toml_lines import toml_lines
from seawall_tokens.verify.claim_conditions import Conditions
from tests.gate.gates import Issuer, policy_text

URI = 'jwks_uri = "https://issuer.example/keys"'


def load(folder: Path, text: str) -> GateSettings:
    """Settings of a policy file in a folder."""
    return load_settings(folder / "policy.toml", tomllib.loads(text).get("gate", {}), toml_lines(text))


def test_no_table_is_the_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, "[[issuer]]\nname = 'x'\n")
    assert settings == GateSettings()
    assert settings.trusted_proxies == LOOPBACK


def test_everything_is_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
[gate]
trusted_proxies = ["10.0.0.0/8", "unix"]
origins = ["https://app.example"]
header_seconds = 2
[gate.admin]
enabled = true
token_sha256 = "%s"
[gate.risk]
incidents = "out/incidents.jsonl"
severity = "critical"
[[gate.path]]
prefix = "/admin"
methods = ["POST"]
acr_values = ["strong"]
max_authentication_age = 300
[[gate.path]]
exact = "/health"
public = true
"""
        % ("a" * 64),
    )
    assert settings.trusted_proxies == Peers(["10.0.0.0/8", "unix"])
    assert settings.header_seconds == 2
    assert settings.admin.enabled
    assert settings.risk.incidents == tmp_path / "out/incidents.jsonl"
    assert [rule.prefix or rule.exact for rule in settings.paths] == ["/admin", "/health"]
    assert settings.paths[0].max_authentication_age == 300


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[gate]\n\ntrusted = []\n", "policy.toml:3: trusted: is not a setting; did you mean trusted_proxies?"),
        ("[gate]\ntrusted_proxies = []\n", "policy.toml:2: trusted_proxies: nobody could ask"),
        ("[gate]\ntrusted_proxies = ['10.0.0.1/8']\n", "policy.toml:2: trusted_proxies: 10.0.0.1/8 has host bits set"),
        ("[gate]\ntrusted_proxies = 'unix'\n", "policy.toml:2: trusted_proxies: is a text where an array is needed; write"),
        ("[gate]\nopenapi = 1\n", "policy.toml:2: openapi: is a number where true or false is needed; write true or false"),
        ("[gate]\nbody_bytes = true\n", "policy.toml:2: body_bytes: is true or false where a whole number is needed; write"),
        ("[gate]\nbody_bytes = 1\n", "policy.toml:2: body_bytes: 1 does not lie between 1024 and 1048576; write a whole number"),
        ("[gate]\norigins = ['app.example']\n", "policy.toml:2: origins: 'app.example' is none"),
        ("[gate]\ncertificate_header = 'a b'\n", "policy.toml:2: certificate_header: has the wrong form"),
        ("[gate]\nadmin = 3\n", "policy.toml:2: admin: is a number where a table is needed; write [gate.admin]"),
        ("[gate.admin]\ntoken_sha256 = 'abc'\n", "policy.toml:2: token_sha256: has the wrong form"),
        ("[gate.risk]\nincidents = 'i'\nseverity = 'grave'\n",
         "policy.toml:3: severity: 'grave' is not possible; write one of: low, medium, high, critical"),
        ("[gate.path]\nprefix = '/a'\n", "policy.toml:1: path: is one table where there may be several; write [[gate.path]]"),
        ("[[gate.path]]\nprefix = '/a'\n[[gate.path]]\npublic = true\n", "policy.toml:3: path: a path needs prefix or exact"),
        ("[[gate.path]]\nprefix = '/a'\nexact = '/a'\n", "policy.toml:1: path: a path needs prefix or exact"),
        ("[[gate.path]]\nprefix = '/a/../b'\n", "policy.toml:1: path: a path begins with / and is written plainly"),
        ("[[gate.path]]\nexact = '/a'\nmethods = ['get']\n", "policy.toml:1: path: methods are written in capital letters"),
        ("[[gate.path]]\nexact = '/a'\npublic = true\nscopes = ['x']\n", "policy.toml:1: path: a public path cannot ask"),
        ("[[gate.path]]\nexact = '/a'\n[[gate.path]]\nexact = '/a'\n", "policy.toml:3: path: a second rule for the same path"),
        ("[gate]\norigins = ['https://app.example:443']\n", "policy.toml:2: origins: write 'https://app.example:443' without"),
        ("[gate.risk]\nseverity = 'low'\n", "policy.toml:1: risk: [gate.risk] does nothing without incidents"),
        ("gate = 1\n", "policy.toml:1: gate: is a number where a table is needed; write [gate]"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(GateInvalid) as refused:
        load(tmp_path, text)
    assert refused.value.message.startswith(f"{tmp_path}/{message}")
    assert refused.value.fix


@pytest.mark.parametrize("sender", ["optional", "mtls", "dpop", "required"])
def test_proofs_of_an_origin_need_a_list_of_origins(tmp_path: Path, sender: str) -> None:
    path = tmp_path / "policy.toml"
    text = policy_text(Issuer(), keys=URI, more=f'sender = "{sender}"')
    path.write_text(text)
    if sender in {"dpop", "required"}:
        with pytest.raises(
            GateInvalid, match=r"policy\.toml:7: sender: proofs name the application's origin"
        ):
            load_file(path)
        path.write_text(text + '[gate]\norigins = ["https://app.example"]\n')
    assert load_file(path).document.issuers[0].sender == sender


def test_a_path_for_an_issuer_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(policy_text(Issuer(), '[[gate.path]]\nprefix = "/a"\nissuers = ["mian"]\n', keys=URI))
    with pytest.raises(
        GateInvalid, match=r"policy\.toml:10: issuers: 'mian' is no issuer's name; the names are: main"
    ):
        load_file(path)


MANY = """[gate]
body_bytes = 1
origins = ["app.example"]
[gate.admin]
token_sha256 = "eyJhbGciOiJSUzI1NiJ9"
enabled = "yes"
[gate.risk]
severity = "grave"
[[gate.path]]
prefix = "/a"
public = 1
[[gate.path]]
prefix = "/b"
exact = "/b"
[[gate.path]]
prefix = "/c"
issuers = ["mian"]
[[gate.transmitter]]
audience = ["a"]
"""


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(MANY + policy_text(Issuer(), keys=URI))
    with pytest.raises(GateInvalid) as refused:
        load_file(path)
    told = [text.removeprefix(f"{path}:").split(":")[:2] for text in refused.value.details]
    assert [(int(line), name.strip()) for line, name in told] == [
        (2, "body_bytes"),
        (3, "origins"),
        (5, "token_sha256"),
        (6, "enabled"),
        (7, "risk"),
        (8, "severity"),
        (11, "public"),
        (12, "path"),
        (17, "issuers"),
        (18, "speaks_for"),
        (18, "issuer"),
        (18, "audiences"),
        (18, "jwks_uri"),
        (19, "audience"),
    ]
    assert all("; " in text for text in refused.value.details), "each with what to do"
    assert "eyJ" not in str(refused.value), "it may be the token itself"


def test_faults_of_policy_and_gate_are_told_together(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(policy_text(Issuer(), "[gate]\nopenapi = 1\n", keys="algorithms = ['none']\n" + URI))
    with pytest.raises(PolicyInvalid) as refused:
        load_file(path)
    assert ["algorithms" in refused.value.details[0], "openapi" in refused.value.details[1]] == [True, True]
    assert len(refused.value.details) == 2


def test_a_second_transmitter_of_one_issuer_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    one = """
[[gate.transmitter]]
issuer = "https://signals.example"
audiences = ["https://gate.example/events"]
jwks_uri = "https://signals.example/keys"
speaks_for = ["https://issuer.example"]
"""
    path.write_text(one + one + policy_text(Issuer(), keys=URI))
    with pytest.raises(
        GateInvalid, match=r"policy\.toml:9: issuer: '.*' is also that of .* line 2; keep one"
    ):
        load_file(path)


SHOWN = "a-throw-away-token"


@pytest.mark.parametrize(
    ("mode", "text", "words", "fix"),
    [
        (None, "", "No such file", "check the path and its owner"),
        (0o640, SHOWN, "others can read the token", "chmod 600"),
        (0o600, f"{SHOWN} {SHOWN}", "one line of visible ASCII", "write the transmitter's token"),
        (0o600, "", "one line of visible ASCII", "write the transmitter's token"),
    ],
    ids=["missing", "open", "no-token", "empty"],
)
def test_a_polling_token_says_what_is_wrong_and_how_to_mend_that(
    tmp_path: Path, mode: int | None, text: str, words: str, fix: str
) -> None:
    if mode is not None:
        (tmp_path / "poll-token").write_text(text)
        (tmp_path / "poll-token").chmod(mode)
    path = tmp_path / "policy.toml"
    polling = """[[gate.transmitter]]
issuer = "https://signals.example"
audiences = ["https://gate.example/events"]
jwks_uri = "https://signals.example/keys"
speaks_for = ["https://issuer.example"]
poll = "https://signals.example/poll"
poll_token_file = "poll-token"
"""
    path.write_text(polling + policy_text(Issuer(), keys=URI))
    with pytest.raises(GateInvalid) as refused:
        load_file(path)
    (fault,) = (one for one in refused.value.details if "poll_token_file" in one)
    assert fault.startswith(f"{path}:7:")
    assert words in fault
    assert fix in fault
    assert fault.count("chmod") == fix.count("chmod"), "a mode mends nothing else"
    assert SHOWN not in fault


def test_only_the_start_makes_stores(tmp_path: Path) -> None:
    """A check may be run by root, and a store of root's is none that the gate could use afterwards."""
    path = tmp_path / "policy.toml"
    step_up = '[gate]\norigins = ["https://app.example"]\n[gate.step_up]\nenabled = true\nrelying_party = "app.example"\n'
    path.write_text(policy_text(Issuer(), step_up, keys=URI))
    stores = (tmp_path / "revocations.db", tmp_path / "step-up.db")
    assert prepare(path, dry_run=False, make=False).made == stores
    assert [file.name for file in tmp_path.iterdir()] == ["policy.toml"]
    assert prepare(path, dry_run=False).made == stores
    assert all(store.exists() for store in stores)
    assert prepare(path, dry_run=False).made == ()
    key = (tmp_path / "step-up.db.key").read_bytes()
    stores[1].unlink()  # its key is left, and is no reason not to start
    assert prepare(path, dry_run=False).made == stores[1:]
    assert (tmp_path / "step-up.db.key").read_bytes() == key


@pytest.mark.parametrize(
    ("networks", "address", "inside"),
    [
        (["10.0.0.0/8"], "10.1.2.3", True),
        (["10.0.0.0/8"], "::ffff:10.1.2.3", True),
        (["10.0.0.0/8"], "11.0.0.1", False),
        (["10.0.0.0/8"], "", False),
        (["unix"], "", True),
        (["unix"], "127.0.0.1", False),
        (["::1"], "::1", True),
        (["::1"], "127.0.0.1", False),
        (["0.0.0.0/0"], "example", False),
        (["0.0.0.0/0"], "10.0.0.1, 10.0.0.2", False),
        ([], "127.0.0.1", False),
    ],
)
def test_peers_are_known_by_their_address(networks: list[str], address: str, inside: bool) -> None:
    peers = Peers(networks)
    assert (address in peers) is inside
    assert (address in peers) is inside  # the second time from memory
    assert None not in peers


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("claims.hd = []", "claims: hd: has no value"),
        ("claims.hd = 1.5", "claims: hd: 1.5 is a number and no value to compare with"),
        ("claims = {}", "claims: is empty"),
        ("public = true\nclaims.hd = 'a'", "a public path cannot ask for anything of a token"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(GateInvalid) as refused:
        load(tmp_path, f"[[gate.path]]\nprefix = '/a'\n{line}\n")
    assert words in str(refused.value)


def test_conditions_of_a_path_are_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path, "[[gate.path]]\nprefix = '/a'\nclaims.hd = ['a', 'b']\nclaims.verified = true\n"
    )
    assert settings.paths[0].claims == Conditions.of({"hd": ["a", "b"], "verified": [True]})


def test_faults_of_polling_are_told_beside_those_of_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        """[[gate.transmitter]]
issuer = "https://signals.example"
jwks_uri = "https://signals.example/keys"
speaks_for = ["https://issuer.example"]
poll = "http://127.0.0.1/poll"
poll_token_file = "absent"
"""
        + policy_text(Issuer(), keys=URI)
    )
    with pytest.raises(GateInvalid) as refused:
        load_file(path)
    assert [
        line.removeprefix(f"{path}:").split(";")[0].split(": /")[0] for line in refused.value.details
    ] == [
        "1: audiences: is missing",
        "5: poll: the URL is not https://",
        "6: poll_token_file",
    ]
