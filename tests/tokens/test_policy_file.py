"""A policy file makes sense as a whole, or every fault in it is said with its line and the fix."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import pytest

from seawall.cli.main import main
from seawall_base.errors import PolicyInvalid
from seawall_tokens.jose.key_set import read_key_set
from seawall_tokens.keys.cache import KeyCache
from seawall_tokens.policy.file import load_document, load_policy
from seawall_tokens.policy.issuer_policy import ABSENT_TYPE, ANY_TENANT, CONSUMER_TENANT, IssuerPolicy
from seawall_tokens.policy.settings import ISSUER_SETTINGS
from seawall_tokens.revocation.snapshot import Revocations
from tests.base.https_server import make_authority
from tests.tokens.key_sets import jwk, jwks

TENANT = "b1f0e8c2-6d0a-4a7e-9a55-0c1d2e3f4a5b"
OTHER = "0d6f7e11-5a77-4d0e-8a4c-5b6a7c8d9e0f"
ENTRA = "https://login.microsoftonline.com"
MINIMAL = """
[[issuer]]
issuer = "https://issuer.example"
audiences = ["https://api.example"]
jwks_uri = "https://issuer.example/keys"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text, "utf-8")
    return path


def loaded(folder: Path, text: str) -> IssuerPolicy:
    """The only issuer of a policy."""
    (issuer,) = load_policy(write(folder, text)).issuers
    return issuer


def faults(folder: Path, text: str) -> list[str]:
    """What is said, without the path."""
    with pytest.raises(PolicyInvalid) as invalid:
        load_policy(write(folder, text))
    assert invalid.value.exit_code == 2
    assert str(invalid.value).split("\n") == list(invalid.value.details or [str(invalid.value)])
    return [said.replace(f"{folder}/", "") for said in str(invalid.value).split("\n")]


def fault(folder: Path, text: str) -> str:
    said = faults(folder, text)
    assert len(said) == 1, said
    return said[0]


def test_defaults_are_those_of_the_policy_itself(tmp_path: Path) -> None:
    issuer = loaded(tmp_path, MINIMAL)
    expected = IssuerPolicy(
        name="https://issuer.example",
        issuer="https://issuer.example",
        audiences=frozenset({"https://api.example"}),
        keys=issuer.keys,
    )
    assert issuer == expected


def test_every_setting_is_read(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(jwks(jwk("a")))
    issuer = loaded(
        tmp_path,
        f"""
        [[issuer]]
        name = "ours"
        profile = "rfc9068"
        issuer = "https://issuer.example/{{tenantid}}/"
        audiences = ["a", "b"]
        tenants = ["{TENANT.upper()}", "{OTHER}"]
        jwks_file = "keys.json"
        key_issuer = "required"
        algorithms = ["ES256", "EdDSA"]
        token_types = ["application/AT+JWT", "absent"]
        required_claims = ["sub", "client_id|azp"]
        max_lifetime = "90m"
        clock_skew = 0
        max_key_age = "400d"
        quarantine = "1h"
        key_memory = "seen.json"
        approved_keys = ["x"]
        denied_keys = ["bad"]
        stale_limit = 600
        fetch_timeout = "3s"
        sender = "dpop"
        acr_values = ["urn:a"]
        required_amr = ["mfa"]
        max_authentication_age = "8h"
        max_chain_age = "2d"
        """,
    )
    assert isinstance(issuer.keys, KeyCache)
    assert issuer == IssuerPolicy(
        name="ours",
        issuer="https://issuer.example/{tenantid}/",
        audiences=frozenset({"a", "b"}),
        keys=issuer.keys,
        tenants=frozenset({TENANT, OTHER}),
        key_issuer="required",
        algorithms=frozenset({"ES256", "EdDSA"}),
        token_types=frozenset({"at+jwt", ABSENT_TYPE}),
        required_claims=("sub", "client_id|azp"),
        max_lifetime=5400,
        clock_skew=0,
        max_key_age=400 * 86_400,
        quarantine=3600,
        sender="dpop",
        acr_values=("urn:a",),
        required_amr=frozenset({"mfa"}),
        max_authentication_age=8 * 3600,
        max_chain_age=2 * 86_400,
    )
    settings = issuer.keys.settings
    assert (settings.quarantine, settings.stale_limit) == (3600, 600)
    assert (settings.denied, settings.approved) == (frozenset({"bad"}), frozenset({"x"}))
    assert issuer.keys.lookup(f"https://issuer.example/{TENANT}/", "a", 0.0).state == "active"
    assert (tmp_path / "seen.json").is_file()


def test_a_store_of_revocations_that_nobody_follows_is_refused(tmp_path: Path) -> None:
    """What was revoked there would be accepted, and nothing would show it."""
    path = tmp_path / "policy.toml"
    write(tmp_path, MINIMAL + '[revocations]\nstore = "revocations.db"\n')
    with pytest.raises(PolicyInvalid, match=r"policy\.toml:\d+: names a revocation store") as raised:
        load_policy(path)
    assert "Follower" in raised.value.fix
    given = Revocations()
    assert load_policy(path, revocations=given).revocations is given
    assert load_document(path).revocation_store == tmp_path / "revocations.db"


def test_issuers_do_not_share_what_they_know_of_keys(tmp_path: Path) -> None:
    """A key that one issuer lists would be no news at the other, and its quarantine would hold nothing."""
    tables = [
        f'[[issuer]]\nissuer = "https://{name}.example"\naudiences = ["x"]\njwks_uri = "https://{name}.example/k"\n'
        f'quarantine = "1h"\nkey_memory = "{memory}"\n'
        for name, memory in (("a", "seen.json"), ("b", "./seen.json"))
    ]
    (tmp_path / "policy.toml").write_text("\n".join(tables))
    with pytest.raises(PolicyInvalid, match=r"policy\.toml:13: key_memory: .* a file of its own"):
        load_policy(tmp_path / "policy.toml")


def test_a_quarantine_that_a_restart_would_forget_is_refused(tmp_path: Path) -> None:
    text = (
        '[[issuer]]\nissuer = "https://a.example"\naudiences = ["x"]\njwks_uri = "https://a.example/k"\n'
        'quarantine = "1h"\n'
    )
    (tmp_path / "policy.toml").write_text(text)
    with pytest.raises(PolicyInvalid, match=r"policy\.toml:5: quarantine: would be forgotten"):
        load_policy(tmp_path / "policy.toml")
    (tmp_path / "policy.toml").write_text(text.replace("1h", "0s"))
    load_policy(tmp_path / "policy.toml")
    (tmp_path / "policy.toml").write_text(text + 'key_memory = "seen.json"\n')
    load_policy(tmp_path / "policy.toml")


def test_a_set_in_the_file_itself(tmp_path: Path) -> None:
    key = jwk("a")
    inline = ", ".join(f"{name} = {json.dumps(value)}" for name, value in key.items())
    text = f'[[issuer]]\nissuer = "https://i.example"\naudiences = ["x"]\njwks = {{ keys = [ {{ {inline} }} ] }}\n'
    issuer = loaded(tmp_path, text)
    held = issuer.keys.lookup("https://i.example", "a", 0.0)
    assert held.key.thumbprint == read_key_set(jwks(key)).keys[0].thumbprint


@pytest.mark.parametrize(
    ("profile", "extra", "issuer", "jwks_uri"),
    [
        ("entra", f'tenants = ["{TENANT}"]', f"{ENTRA}/{TENANT}/v2.0", f"{ENTRA}/{TENANT}/discovery/v2.0/keys"),
        ("entra-v1", f'tenants = ["{TENANT}"]', f"https://sts.windows.net/{TENANT}/", f"{ENTRA}/{TENANT}/discovery/keys"),
        ("entra-multi-tenant", 'tenants = "any"', f"{ENTRA}/{{tenantid}}/v2.0", f"{ENTRA}/organizations/discovery/v2.0/keys"),
        ("entra-personal", "", f"{ENTRA}/{CONSUMER_TENANT}/v2.0", f"{ENTRA}/consumers/discovery/v2.0/keys"),
        ("google", "", "https://accounts.google.com", "https://www.googleapis.com/oauth2/v3/certs"),
        ("okta", 'issuer = "https://o.okta.com/oauth2/default"', "https://o.okta.com/oauth2/default", "https://o.okta.com/oauth2/default/v1/keys"),
    ],
)  # fmt: skip
def test_profiles_know_their_issuers(
    tmp_path: Path, profile: str, extra: str, issuer: str, jwks_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def from_url(url: str, _: object) -> object:
        asked.append(url)
        return read_key_set

    monkeypatch.setattr("seawall_tokens.policy.issuer_table.from_url", from_url)
    policy = loaded(tmp_path, f'[[issuer]]\nprofile = "{profile}"\naudiences = ["x"]\n{extra}\n')
    assert (policy.issuer, asked) == (issuer, [jwks_uri])


def test_entra_profiles_bind_keys_tenants_and_kinds(tmp_path: Path) -> None:
    several = loaded(
        tmp_path, '[[issuer]]\nprofile = "entra-multi-tenant"\naudiences = ["x"]\ntenants = "any"\n'
    )
    assert (several.key_issuer, several.tenants, several.consumer_issuer) == ("required", ANY_TENANT, False)
    assert several.token_types == {"jwt"}
    single = loaded(tmp_path, f'[[issuer]]\nprofile = "entra"\naudiences = ["x"]\ntenants = ["{TENANT}"]\n')
    assert (single.key_issuer, single.tenants, single.max_lifetime) == ("required", frozenset({TENANT}), 7200)
    personal = loaded(tmp_path, '[[issuer]]\nprofile = "entra-personal"\naudiences = ["x"]\n')
    assert (personal.consumer_issuer, personal.tenants) == (True, frozenset({CONSUMER_TENANT}))


def test_what_the_file_says_goes_before_its_profile(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(jwks(jwk("a")))
    cloud = f"https://login.microsoftonline.us/{TENANT}/v2.0"
    issuer = loaded(
        tmp_path,
        f'[[issuer]]\nprofile = "entra"\naudiences = ["x"]\ntenants = ["{TENANT}"]\nissuer = "{cloud}"\n'
        'jwks_file = "keys.json"\nmax_lifetime = "28h"\n',
    )
    assert (issuer.issuer, issuer.max_lifetime) == (cloud, 28 * 3600)
    assert issuer.keys.lookup(cloud, "a", 0.0).state == "active"


def test_other_tables_are_handed_on(tmp_path: Path) -> None:
    text = MINIMAL + '[revocations]\nstore = "revoked.db"\n[gate]\nlisten = "x"\n[gate.admin]\nodd = [1]\n'
    document = load_document(write(tmp_path, text))
    assert document.tables == {"gate": {"listen": "x", "admin": {"odd": [1]}}}
    assert document.lines["gate", "admin", "odd"] == 11
    assert document.revocation_store == tmp_path / "revoked.db"
    assert document.policy().issuers == document.issuers
    assert load_document(write(tmp_path, MINIMAL)).revocation_store is None


def test_all_faults_are_said_at_once_in_order(tmp_path: Path) -> None:
    text = """# a comment
[[issuer]]
issuer = "https://a.example"
audiences = [
  "one",
  "one",     # twice
]
algorithms = ["RS256", "HS256"]
jwks_uri = "http://a.example/keys"
clock_skw = 5

[[issuer]]
profile = "entra-multi-tenant"
issuer = "https://login.microsoftonline.com/common/v2.0"
audiences = []
key_issuer = "single"
tenants = "some"

[issuer.extra]
x = 1

[revocation]
"""
    assert faults(tmp_path, text) == [
        "policy.toml:6: audiences: 'one' is listed twice; list it once",
        "policy.toml:8: algorithms: 'HS256' proves nothing here; name an algorithm with a public key, such as RS256",
        "policy.toml:9: jwks_uri: 'http://a.example/keys': the URL is not https://; write an https:// URL",
        "policy.toml:10: clock_skw: is not a setting; did you mean clock_skew?",
        (
            "policy.toml:14: issuer: 'https://login.microsoftonline.com/common/v2.0' does not hold {tenantid}, which "
            "profile entra-multi-tenant needs; write {tenantid} for the tenant, or use profile entra"
        ),
        "policy.toml:15: audiences: is an empty array; list at least one, or leave the setting out",
        "policy.toml:17: tenants: 'some' is not possible; write an array of GUIDs, or \"any\" to serve every tenant",
        "policy.toml:19: extra: is not a setting; known here: "
        + ", ".join(sorted(setting.name for setting in ISSUER_SETTINGS)),
        "policy.toml:22: revocation: is not a setting; did you mean revocations?",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('audience = ["x"]', "audience: is not a setting; did you mean audiences?"),
        ('profile = "azure"', "profile: 'azure' is not possible; write one of: rfc9068, entra"),
        ("profile = 1", "profile: 1 is not possible"),
        ('issuer = "https://a.example?x=1"', "issuer: 'https://a.example?x=1' has a query"),
        (
            'issuer = "https://{tenantid}.example/"',
            "issuer: 'https://{tenantid}.example/' has a query, or {tenantid} in the host",
        ),
        (
            'issuer = "https://a.example/{tenantId}"',
            "issuer: 'https://a.example/{tenantId}' holds another placeholder",
        ),
        (
            'issuer = "https://a.example/{tenantid}/{tenantid}"',
            "holds another placeholder than one {tenantid}",
        ),
        ('issuer = "https://u:p@a.example/"', "issuer: 'https://u:p@a.example/': the URL holds a user name"),
        ('issuer = "a.example"', "issuer: 'a.example': the URL is not https://"),
        ("issuer = 1", "issuer: is a number where a text is needed"),
        ('issuer = ""', "issuer: is empty"),
        ('issuer = " https://a.example"', "is too long, or holds control characters or outer spaces"),
        ('audiences = "x"', 'audiences: is a text where an array is needed; write ["..."]'),
        ("audiences = [1]", "audiences: is a number where a text is needed"),
        ("audiences = [[]]", "audiences: is an array where a text is needed"),
        ("audiences = 2026-01-01", "audiences: is a date or time where an array is needed"),
        ('audiences = ["a\\u001b"]', "audiences: 'a\\x1b' is too long, or holds control characters"),
        ('jwks_uri = "ftp://a.example/"', "jwks_uri: 'ftp://a.example/': the URL is not https://"),
        (
            'jwks_uri = "https://a.example/{tenantid}"',
            "jwks_uri: 'https://a.example/{tenantid}' holds a placeholder",
        ),
        ('jwks_uri = "http://localhost/keys"', "jwks_uri: 'http://localhost/keys': the URL is not https://"),
        ('discovery = "https://a.example/d"', "discovery: contradicts jwks_uri"),
        ('key_hosts = ["b.example"]', "key_hosts: goes only with discovery"),
        ('trust_file = "absent.pem"', "trust_file: the file of trusted certificates cannot be read"),
        ("allow_loopback_http = 1", "allow_loopback_http: is a number where true or false is needed"),
        ('tenants = "any"', 'tenants: "any" goes only with an issuer that holds {tenantid}'),
        ('tenants = ["contoso.com"]', "tenants: 'contoso.com' is no tenant; write the tenant's GUID"),
        ("tenants = []", "tenants: is an empty array"),
        (f'tenants = ["{CONSUMER_TENANT}"]', "tenants: is the tenant of personal Microsoft accounts"),
        (
            f'issuer = "https://a.example/{CONSUMER_TENANT}/v2.0"',
            "issuer: is the tenant of personal Microsoft accounts",
        ),
        (
            f'consumer_issuer = true\ntenants = ["{TENANT}"]',
            "consumer_issuer: contradicts an issuer of organisations",
        ),
        ('key_issuer = "maybe"', "key_issuer: 'maybe' is not possible; write one of: required, single"),
        ('algorithms = ["none"]', "algorithms: 'none' proves nothing here"),
        ('algorithms = ["hs256"]', "algorithms: 'hs256' proves nothing here"),
        ('algorithms = ["rs256"]', "algorithms: 'rs256' is no known algorithm"),
        ("algorithms = []", "algorithms: is an empty array"),
        ("token_types = []", "token_types: is an empty array"),
        ('token_types = ["a b"]', "token_types: 'a b' is no type"),
        ('required_claims = ["a||b"]', "required_claims: 'a||b' is no name of a claim"),
        ("max_lifetime = 0", "max_lifetime: 0 seconds are out of range; write seconds or a text such as"),
        ("max_lifetime = -1", "max_lifetime: -1 seconds are out of range"),
        ("max_lifetime = 1.5", "max_lifetime: 1.5 is no duration"),
        ("max_lifetime = true", "max_lifetime: True is no duration"),
        ('max_lifetime = "1y"', "max_lifetime: '1y' is no duration"),
        ('max_lifetime = "10000d"', "max_lifetime: 864000000 seconds are out of range"),
        ("clock_skew = 601", "clock_skew: 601 seconds are out of range"),
        ('key_memory = "absent/seen.json"', "is not a folder; make the folder first"),
        ('sender = "DPoP"', "sender: 'DPoP' is not possible"),
        ("acr_values = [1]", "acr_values: is a number where a text is needed"),
    ],
)
def test_each_fault_is_said_on_its_line(tmp_path: Path, line: str, said: str) -> None:
    setting = line.split(" ", 1)[0]
    kept = [row for row in MINIMAL.strip().splitlines() if not row.startswith(f"{setting} =")]
    text = "\n".join([*kept, line]) + "\n"
    told = fault(tmp_path, text)
    assert said in told
    number = re.match(r"policy\.toml:(\d+): (\w+):", told)
    assert number
    assert text.splitlines()[int(number[1]) - 1].startswith(number[2])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "policy.toml:1: issuer: is missing; add an [[issuer]] table: without one nobody's tokens are accepted"),
        ("[gate]\n", "policy.toml:1: issuer: is missing; add an [[issuer]] table: without one nobody's tokens are accepted"),
        ("\n[issuer]\n", "policy.toml:2: issuer: is one table where there may be several; write [[issuer]]"),
        ("issuer = 1\n", "policy.toml:1: issuer: is a number where tables are needed; write [[issuer]]"),
        ("issuer = [\n1]\n", "policy.toml:2: issuer: is a number where a table is needed; write [[issuer]]"),
        (MINIMAL + "[[gate]]\n", "policy.toml:6: gate: is an array where a table is needed; write [gate]"),
        ("revocations = 1\n" + MINIMAL, "policy.toml:1: revocations: is a number where a table is needed; write [revocations]"),
        (MINIMAL + "[revocations]\nstore = 1\n",
         'policy.toml:7: store: is a number where a text is needed; write it in quotes: "..."'),
        (MINIMAL + "[revocations]\nstor = 'x'\n", "policy.toml:7: stor: is not a setting; did you mean store?"),
        (MINIMAL + MINIMAL,
         "policy.toml:8: issuer: 'https://issuer.example' is also that of the table on line 2; keep one of them"),
        ("x = \n", "policy.toml:1: Invalid value"),
        ("\n\nx = 1\nx = 2\n", "policy.toml:4: Cannot overwrite a value"),
        ("a = 1\n[b\n", "policy.toml:2: Expected ']' at the end of a table declaration"),
        ("x = " + "[" * 5000, "policy.toml:1: is nested too deep"),
        ("x = " + "1" * 5000, "policy.toml:1: is not TOML"),
        ("\x00", "policy.toml:1: Invalid statement"),
        ("\ufeff[[issuer]]", "policy.toml:1: Invalid statement"),
    ],
)  # fmt: skip
def test_files_that_are_wrong_as_a_whole(tmp_path: Path, text: str, said: str) -> None:
    assert fault(tmp_path, text) == said


def test_inline_tables_and_one_line_have_places_too(tmp_path: Path) -> None:
    one = '{ issuer = "https://a.example", audiences = ["x"], jwks_uri = "https://a.example/k" }'
    assert len(load_policy(write(tmp_path, f"issuer = [{one}]")).issuers) == 1
    assert "policy.toml:1: issuer: 'https://a.example' is also that" in fault(
        tmp_path, f"issuer = [{one}, {one}]"
    )
    assert "policy.toml:2: extra: is not a setting" in fault(
        tmp_path, f"issuer = [\n{one[:-1]}, extra = 1 }}]"
    )


def test_two_issuers_need_two_names(tmp_path: Path) -> None:
    text = MINIMAL + 'name = "a"\n' + MINIMAL.replace("issuer.example", "other.example") + 'name = "a"\n'
    assert (
        fault(tmp_path, text)
        == "policy.toml:12: name: 'a' is also that of the table on line 2; keep one of them"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('profile = "entra"', "tenants: profile entra is for one tenant; list exactly one GUID"),
        ('profile = "entra"\ntenants = "any"', "tenants: profile entra is for one tenant"),
        (f'profile = "entra"\ntenants = ["{TENANT}", "{OTHER}"]', "tenants: profile entra is for one tenant"),
        (f'profile = "entra"\ntenants = ["{TENANT}"]\nissuer = "{ENTRA}/{OTHER}/v2.0"',
         "issuer: does not hold the tenant that is listed"),
        (f'profile = "entra"\ntenants = ["{TENANT}"]\nissuer = "{ENTRA}/{{tenantid}}/v2.0"',
         "holds {tenantid}, and profile entra is for one issuer"),
        (f'profile = "entra"\ntenants = ["{CONSUMER_TENANT}"]', "tenants: is the tenant of personal Microsoft accounts"),
        ('profile = "entra-multi-tenant"', "tenants: is missing, and the issuer holds {tenantid}"),
        ('profile = "entra-multi-tenant"\ntenants = "any"\nkey_issuer = "single"',
         "key_issuer: contradicts an issuer that holds {tenantid}"),
        (f'profile = "entra-multi-tenant"\ntenants = ["{TENANT}", "{CONSUMER_TENANT}"]', "tenants: is the tenant of personal"),
        ('profile = "okta"\nissuer = "https://o.okta.com"', "issuer: is the organisation's own server"),
        ('profile = "google"\nissuer = "https://a.example/{tenantid}"\ntenants = "any"\nkey_issuer = "required"',
         "profile google is for one issuer"),
        ('profile = "oidc"\nissuer = "https://a.example"', "jwks_uri: is missing: nothing says where the keys come from"),
    ],
)  # fmt: skip
def test_profiles_refuse_contradictions(tmp_path: Path, text: str, said: str) -> None:
    told = fault(tmp_path, f'[[issuer]]\naudiences = ["x"]\n{text}\n')
    assert said in told
    assert re.match(r"policy\.toml:[1-7]: \w+: ", told)


def test_very_long_values_are_refused(tmp_path: Path) -> None:
    longest = "a" * 2048
    assert loaded(tmp_path, MINIMAL + f'name = "{longest}"\n').name == longest
    told = fault(tmp_path, MINIMAL + f'name = "{longest}a"\n')
    assert "name: 'aaaaa" in told
    assert "is too long" in told
    assert len(told) < 300
    many = ", ".join(f'"{number}"' for number in range(10_001))
    assert "denied_keys: has 10001 elements" in fault(tmp_path, MINIMAL + f"denied_keys = [{many}]\n")


def test_okta_without_an_issuer_says_just_that(tmp_path: Path) -> None:
    assert "policy.toml:1: issuer: is missing" in fault(
        tmp_path, '[[issuer]]\naudiences = ["x"]\nprofile = "okta"\n'
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "file-unreadable: the file cannot be read"),
        (b"{}", "set-malformed"),
        (b'{"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}', "set-symmetric"),
    ],
)
def test_key_files_are_read_at_the_start(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "keys.json").write_bytes(content)
    text = '[[issuer]]\nissuer = "https://a.example"\naudiences = ["x"]\njwks_file = "keys.json"\n'
    told = fault(tmp_path, text)
    assert told.startswith("policy.toml:4: jwks_file: ")
    assert said in told
    assert "c2VjcmV0" not in told


def test_a_set_in_the_file_is_read_at_the_start(tmp_path: Path) -> None:
    text = '[[issuer]]\nissuer = "https://a.example"\naudiences = ["x"]\n'
    text += 'quarantine = 60\ntrust_file = "ca.pem"\njwks = { keys = [] }\n'
    told = faults(tmp_path, text)
    assert [re.sub(r": .*", "", one.split(": ", 1)[1]) for one in told] == [
        "quarantine",
        "trust_file",
        "jwks",
    ]


def test_a_broken_memory_of_keys_is_said(tmp_path: Path) -> None:
    (tmp_path / "seen.json").write_text("{")
    assert "key_memory" in fault(tmp_path, MINIMAL + 'key_memory = "seen.json"\n')


def test_own_certificates_are_read_at_the_start(tmp_path: Path) -> None:
    make_authority(tmp_path)
    assert loaded(tmp_path, MINIMAL + 'trust_file = "ca.pem"\n').issuer == "https://issuer.example"


def test_plain_http_to_this_machine_on_request(tmp_path: Path) -> None:
    text = MINIMAL.replace("https://issuer.example", "http://localhost:8080") + "allow_loopback_http = true\n"
    assert loaded(tmp_path, text).issuer == "http://localhost:8080"
    elsewhere = MINIMAL.replace("https://issuer.example", "http://i.example") + "allow_loopback_http = true\n"
    assert [one.split(": ")[1] for one in faults(tmp_path, elsewhere)] == ["issuer", "jwks_uri"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin").write_bytes(b"# \n# \xe4\n")
    (tmp_path / "large").write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    for name, said in (
        ("absent", "cannot be read"),
        (".", "cannot be read"),
        ("a\nb", "cannot be read"),
        ("nul\0", "cannot be read"),
        ("pipe", "cannot be read"),
        ("latin", ":2: is not UTF-8"),
        ("large", "is larger than"),
    ):
        with pytest.raises(PolicyInvalid) as invalid:
            load_policy(tmp_path / name)
        assert said in str(invalid.value)
        assert "\n" not in str(invalid.value)


def test_very_many_faults_are_cut(tmp_path: Path) -> None:
    said = faults(tmp_path, MINIMAL + "".join(f"x{number} = 1\n" for number in range(150)))
    assert len(said) == 101
    assert said[-1] == "policy.toml:106: 50 more; correct the faults above first"


def test_the_command_line_says_one_fault_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "x = 1\ny = 2\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"token")))
    assert main(["token", "check", "--policy", str(path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith(f"error: {path}:") for line in lines] == [True, True, False]
    assert lines[-1].startswith("  fix: every setting is described in `")
    assert lines[-1].endswith(" help reference/policy`")


def test_a_program_that_changes_its_folder_keeps_its_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwk("one")]}))
    (tmp_path / "policy.toml").write_text(
        '[[issuer]]\nissuer = "https://issuer.example/"\naudiences = ["a"]\njwks_file = "keys.json"\n'
    )
    monkeypatch.chdir(tmp_path)
    (issuer,) = load_policy("policy.toml").issuers
    monkeypatch.chdir("/")
    assert issuer.keys.lookup(issuer.issuer, "one", 0.0).key.kid == "one"
