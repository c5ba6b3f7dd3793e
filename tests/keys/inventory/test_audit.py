"""Audits over time: what is new, gone, back, shared, too old, and whose."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import gmpy2
import pytest

from seawall.keys.inventory.issuers import CONSUMER_TENANT
from seawall.keys.inventory.relations import common_divisors
from seawall_base.errors import InputUnreadable, UsageError
from seawall_tokens.refusals import claims, signing_key, written_form
from seawall_tokens.verify.decision import decide
from tests.tokens.jose.keys import certificate, ec_key, jwk, number_text, rsa_key

from .audits import DAY, NOW, Served, codes, run, write

TENANT = "5c2d7f9e-0b1a-4c3d-8e4f-112233445566"
ENTRA = "https://login.microsoftonline.com/{tenantid}/v2.0"
ORGANISATION = ENTRA.replace("{tenantid}", TENANT)
PERSONAL = ENTRA.replace("{tenantid}", CONSUMER_TENANT)
OLD, NEW = jwk(rsa_key(), kid="old"), jwk(rsa_key(1), kid="new")


class Clocked:
    """One set in a file, audited again and again with one ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def at(self, days: float, *keys: Any, **settings: Any) -> list[str]:
        source = write(self.folder / "set.json", *keys)
        self.last = run(source, store=self.folder / "keys.db", now=NOW + days * DAY, **settings)
        return codes(self.last.findings)


@pytest.fixture
def clocked(tmp_path: Path) -> Clocked:
    return Clocked(tmp_path)


def test_a_rotation_is_noticed_and_is_no_alarm(clocked: Clocked) -> None:
    first = clocked.at(0, OLD)
    assert (first, clocked.last.fresh) == ([], True)
    assert clocked.at(1, OLD, NEW) == ["new-key"]
    assert clocked.at(2, NEW) == ["vanished"]
    third = clocked.at(3, NEW)
    assert (third, clocked.last.fresh) == ([], False)
    gone = [key for key in clocked.last.sets[0].keys if key.gone_since is not None]
    assert [(key.kid, key.first_seen, key.last_seen, key.gone_since) for key in gone] == [
        ("old", NOW, NOW + DAY, NOW + 2 * DAY)
    ]


def test_a_dead_key_that_came_back_is_critical_as_long_as_it_is_listed(clocked: Clocked) -> None:
    clocked.at(0, OLD, NEW)
    clocked.at(1, NEW)
    assert clocked.at(31, OLD, NEW) == ["returned"]
    (finding,) = (f for f in clocked.last.findings if f.kind.code == "returned")
    assert (finding.kind.severity, finding.kid, finding.detail) == (
        "critical",
        "old",
        "away for 30 days, back 1 time",
    )
    assert clocked.at(32, OLD, NEW) == ["returned"]
    assert clocked.at(33, NEW) == ["vanished"]
    assert clocked.at(40, OLD, NEW) == ["returned"]


def test_a_dead_key_that_came_back_under_another_name_is_found_too(clocked: Clocked) -> None:
    clocked.at(0, OLD, NEW)
    clocked.at(1, NEW)
    assert clocked.at(40, {**OLD, "kid": "fresh"}, NEW) == ["returned"]


def test_a_return_after_a_week_or_more_is_said_and_no_alarm(clocked: Clocked) -> None:
    clocked.at(0, OLD, NEW)
    clocked.at(1, NEW)
    assert clocked.at(9, OLD, NEW) == ["returned-early"]
    assert clocked.last.findings[0].kind.severity == "medium"


def test_a_history_like_entras_has_no_critical(clocked: Clocked) -> None:
    """Entra's set for organisations lost and regained keys 45 times in two months: that was 27 critical findings."""
    listed = [jwk(ec_key(n), kid=f"k{n}") for n in range(5)]
    absences = 0
    missing: set[int] = set()
    for day in range(63):
        # Each day one key goes for one to three days, so that at the end each was away nine times.
        back = {n for n in missing if (day + n) % 3 == 0}
        missing = (missing - back) | ({day % 5} if day % 4 else set())
        absences += len(back)
        found = clocked.at(day, *(key for n, key in enumerate(listed) if n not in missing))
        assert not {"returned", "returned-early"} & set(found), day
        assert {f.kind.severity for f in clocked.last.findings} <= {"low"}
    assert absences >= 45
    clocked.at(63, *listed[1:])
    assert clocked.at(63 + 90, *listed).count("returned") == 1, "after months it is dead"


def test_servers_that_differ_for_a_moment_are_no_alarm(clocked: Clocked) -> None:
    clocked.at(0, OLD, NEW)
    clocked.at(0.1, NEW)
    assert clocked.at(0.2, OLD, NEW) == ["flapping"]


def test_a_kid_that_names_another_key_than_before(clocked: Clocked) -> None:
    clocked.at(0, OLD)
    assert sorted(clocked.at(1, {**NEW, "kid": "old"})) == ["kid-changed-key", "new-key", "vanished"]


def test_nothing_is_gone_from_a_set_that_was_not_read_whole(clocked: Clocked) -> None:
    clocked.at(0, OLD)
    found = clocked.at(1, *[{"kty": "AKP", "n": str(n)} for n in range(1001)])
    assert "set-too-large" in found
    assert "vanished" not in found
    assert clocked.last.partial
    assert clocked.at(2, OLD) == []


def test_a_ledger_does_not_grow_without_end(clocked: Clocked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.keys.inventory.audit.MOST_REMEMBERED", 3)
    keys = [jwk(ec_key(n), kid=f"k{n}") for n in range(6)]
    assert clocked.at(0, *keys[:2]) == []
    assert clocked.at(1, *keys[2:5]).count("set-restless") == 1
    assert len(clocked.last.sets[0].keys) == 3
    assert clocked.at(2, keys[5]).count("set-restless") == 1
    # What was remembered stays remembered: its return is noticed.
    assert clocked.at(40, keys[0]) == ["returned"]


def test_a_source_that_does_not_answer_makes_nothing_vanish(clocked: Clocked) -> None:
    clocked.at(0, OLD)
    other = write(clocked.folder / "other.json", NEW)
    missing = str(clocked.folder / "set.json")
    Path(missing).unlink()
    result = run(missing, other, store=clocked.folder / "keys.db", now=NOW + DAY)
    assert codes(result.findings) == []
    assert result.partial


def test_the_same_file_by_two_names_is_one_set(clocked: Clocked, monkeypatch: pytest.MonkeyPatch) -> None:
    clocked.at(0, OLD)
    monkeypatch.chdir(clocked.folder)
    result = run("set.json", "./set.json", str(clocked.folder), store=Path("keys.db"), now=NOW + DAY)
    assert len(result.sets) == 1
    assert codes(result.findings) == []


def test_a_clock_that_went_back_is_said(clocked: Clocked) -> None:
    clocked.at(10, OLD)
    assert clocked.at(0, OLD) == []
    assert "clocks" in clocked.last.notes[0]
    assert clocked.last.partial
    assert clocked.last.sets[0].keys[0].last_seen == NOW + 10 * DAY


def test_age_by_the_ledger_and_by_the_certificate(clocked: Clocked) -> None:
    assert clocked.at(0, OLD) == []
    assert clocked.at(400, OLD) == []
    assert clocked.at(401, OLD) == ["too-old"]
    assert clocked.at(401, OLD, max_age_days=500) == []
    der = base64.b64encode(certificate(rsa_key(1), NOW - 800 * DAY, NOW + 900 * DAY)).decode()
    assert clocked.at(401, {**NEW, "x5c": [der]}, max_age_days=500)[0] == "too-old"
    # Without its certificate it is no younger.
    assert "too-old" in clocked.at(402, NEW, max_age_days=500)


@pytest.mark.parametrize(
    ("begins", "ends", "code"), [(-9, -1, "expired-still-served"), (1, 9, "not-yet-valid"), (-9, 9, None)]
)
def test_dates_of_certificates(tmp_path: Path, begins: int, ends: int, code: str | None) -> None:
    der = base64.b64encode(certificate(rsa_key(), NOW + begins * DAY, NOW + ends * DAY)).decode()
    found = codes(run(write(tmp_path / "s.json", {**OLD, "x5c": [der]})).findings)
    assert found == ([code] if code else [])


@pytest.mark.parametrize(
    ("set_issuer", "key_issuers", "expected"),
    [
        (None, [None], []),
        (None, [ENTRA, ENTRA], []),
        (None, [ENTRA, None], ["issuer-unbound-key"]),
        (None, [ENTRA, PERSONAL], ["consumer-key-in-shared-set"]),
        (None, [ORGANISATION, PERSONAL], ["consumer-key-in-shared-set"]),
        (None, [PERSONAL, PERSONAL], []),
        (ENTRA, [ENTRA, PERSONAL], ["consumer-key-in-shared-set"]),
        (ENTRA, [ENTRA, ORGANISATION], []),
        (ENTRA, [None], ["issuer-unbound-key"]),
        (ORGANISATION, [ORGANISATION], []),
        (ORGANISATION, [ENTRA], []),
        (ORGANISATION, [None], []),
        (ORGANISATION, [ORGANISATION, PERSONAL], ["consumer-key-in-organisation-set"]),
        (ORGANISATION, [PERSONAL], ["consumer-key-in-organisation-set"]),
        (ORGANISATION, ["https://evil.example.com"], ["issuer-mismatch"]),
        (ORGANISATION, [ORGANISATION, None], ["issuer-unbound-key"]),
        (PERSONAL, [PERSONAL], []),
        (PERSONAL, [ORGANISATION], ["issuer-mismatch"]),
        ("https://a.example.com", [PERSONAL], ["issuer-mismatch"]),
        ("https://a.example.com", ["https://a.example.com"], []),
        ("https://a.example.com", ["https://b.example.com"], ["issuer-mismatch"]),
    ],
)
def test_whose_key_it_is(
    tmp_path: Path, set_issuer: str | None, key_issuers: list[str | None], expected: list[str]
) -> None:
    keys = [
        jwk(rsa_key(n), kid=str(n), **({"issuer": issuer} if issuer else {}))
        for n, issuer in enumerate(key_issuers)
    ]
    result = run(write(tmp_path / "s.json", *keys), issuer=set_issuer)
    assert codes(result.findings) == expected


def test_a_consumer_key_under_the_address_of_organisations() -> None:
    base = "https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration"
    served = Served(
        {
            base: {"issuer": ENTRA, "jwks_uri": "https://k"},
            "https://k": {"keys": [{**OLD, "issuer": PERSONAL}]},
        }
    )
    result = run(base, fetch=served)
    assert codes(result.findings) == ["consumer-key-in-organisation-set"]
    assert result.findings[0].kind.severity == "critical"


def test_a_discovery_document_of_another_issuer() -> None:
    url = "https://a.example.com/.well-known/openid-configuration"
    served = Served(
        {url: {"issuer": "https://b.example.com", "jwks_uri": "https://k"}, "https://k": {"keys": [OLD]}}
    )
    assert codes(run(url, fetch=served).findings) == ["discovery-mismatch"]


def test_doubles_within_a_set(tmp_path: Path) -> None:
    twice = codes(run(write(tmp_path / "a.json", OLD, {**NEW, "kid": "old"})).findings)
    assert twice == ["duplicate-kid", "duplicate-kid"]
    renamed = run(write(tmp_path / "b.json", OLD, {**OLD, "kid": "other"}))
    assert codes(renamed.findings) == ["same-key-two-kids"]
    same_modulus = run(write(tmp_path / "c.json", OLD, {**OLD, "kid": "other", "e": number_text(65539)}))
    assert codes(same_modulus.findings) == ["same-key-two-kids"]


def test_one_key_of_two_issuers_also_after_it_is_gone_from_the_first(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a.json", OLD), write(tmp_path / "b.json", NEW)
    store = tmp_path / "keys.db"
    run(one, store=store, issuer="https://a.example.com")
    assert codes(run(other, store=store, issuer="https://b.example.com").findings) == []
    write(tmp_path / "a.json", jwk(ec_key(), kid="c"))
    run(one, store=store, issuer="https://a.example.com", now=NOW + DAY)
    write(tmp_path / "b.json", NEW, {**OLD, "kid": "x"})
    result = run(other, store=store, issuer="https://b.example.com", now=NOW + 2 * DAY)
    assert sorted(codes(result.findings)) == ["new-key", "same-key-two-issuers"]
    assert "where it is gone" in next(
        f.detail for f in result.findings if f.kind.code == "same-key-two-issuers"
    )


def test_entra_signs_for_all_its_organisations_with_one_key(tmp_path: Path) -> None:
    other = ENTRA.replace("{tenantid}", "77777777-0b1a-4c3d-8e4f-112233445566")
    first = "https://sts.windows.net/{tenantid}/".replace("{tenantid}", TENANT)
    keys = [{**OLD, "issuer": issuer} for issuer in (ORGANISATION, other, ENTRA, first)]
    sources = [write(tmp_path / f"{n}.json", key) for n, key in enumerate(keys)]
    assert codes(run(*sources).findings) == []
    personal = write(tmp_path / "p.json", {**OLD, "issuer": PERSONAL})
    assert codes(run(*sources, personal).findings) == ["same-key-two-issuers"]


def test_one_key_in_two_sets_of_unknown_issuers(tmp_path: Path) -> None:
    sources = [write(tmp_path / name, OLD) for name in ("a.json", "b.json")]
    assert codes(run(*sources).findings) == ["same-key-two-sets"]


def test_two_keys_that_share_a_prime(tmp_path: Path) -> None:
    numbers = [rsa_key(n).private_numbers() for n in range(3)]
    moduli = [numbers[0].p * numbers[0].q, numbers[0].p * numbers[1].q, numbers[2].p * numbers[2].q]
    keys = [{"kty": "RSA", "n": number_text(n), "e": "AQAB", "kid": str(i)} for i, n in enumerate(moduli)]
    result = run(write(tmp_path / "s.json", *keys))
    found = [f for f in result.findings if f.kind.code == "shared-prime"]
    assert sorted(str(f.kid) for f in found) == ["0", "1"]
    assert all(f.detail.startswith("with ") for f in found)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 16, 17])
def test_batch_divisors_are_those_of_each_pair(count: int) -> None:
    primes = [int(gmpy2.next_prime(10**6 + 977 * n)) for n in range(40)]
    numbers = [primes[n] * primes[(n * 7 + 3) % 40] for n in range(count)]
    expected = []
    for i, number in enumerate(numbers):
        rest = 1
        for j, other in enumerate(numbers):
            rest *= other if i != j else 1
        expected.append(int(gmpy2.gcd(number, rest)) if count > 1 else 1)
    assert common_divisors(numbers) == expected


def test_published_secrets_are_critical_and_nowhere_in_the_ledger(tmp_path: Path) -> None:
    secret = "c2VjcmV0LXRoaW5nLXRoYXQtbm9ib2R5LW1heS1zZWU"
    source = write(tmp_path / "s.json", {"kty": "oct", "k": secret, "kid": "s"}, {**OLD, "d": secret})
    result = run(source, store=tmp_path / "keys.db")
    assert sorted(codes(result.findings)) == ["private-key-published", "symmetric-key-published"]
    assert secret.encode() not in (tmp_path / "keys.db").read_bytes()
    assert secret not in repr(result.findings) + repr(result.sets[0].listing) + repr(result.sets[0].keys)
    assert result.sets[0].verifier == "mixed"


def test_an_empty_set(tmp_path: Path) -> None:
    assert codes(run(write(tmp_path / "s.json")).findings) == ["set-empty"]


def test_nothing_could_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputUnreadable, match=r"absent\.json"):
        run(str(tmp_path / "absent.json"), store=tmp_path / "keys.db")
    assert not (tmp_path / "keys.db").exists()


def test_some_sources_could_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"keys": [], "keys": []}')
    result = run(str(tmp_path / "bad.json"), write(tmp_path / "s.json", OLD))
    assert codes(result.findings) == ["set-malformed"]
    assert result.partial


def test_an_issuer_for_two_sets_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        run(write(tmp_path / "a.json", OLD), write(tmp_path / "b.json", NEW), issuer="https://a")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["old", "# note", ""], []),
        (["gone"], ["unlisted-still-used"]),
        (["https://a.example.com old"], []),
        (["https://a.example.com\tgone"], ["unlisted-still-used"]),
        ([json.dumps({"iss": "https://a.example.com", "kid": "gone"})], ["unlisted-still-used"]),
    ],
)  # fmt: skip
def test_keys_in_use_that_nobody_lists(tmp_path: Path, lines: list[str], expected: list[str]) -> None:
    used = tmp_path / "used"
    used.write_text("\n".join(lines))
    result = run(write(tmp_path / "s.json", OLD), issuer="https://a.example.com", used=used)
    assert codes(result.findings) == expected
    assert not result.partial


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (None, ["unlisted-still-used"]),
        (claims.Expired(), ["unlisted-still-used"]),
        (signing_key.KeyUnknown(), []),
        (written_form.SignatureInvalid(), []),
    ],
    ids=["accepted", "expired", "unknown key", "forged"],
)
def test_a_real_line_of_the_decision_log(tmp_path: Path, refusal: Any, expected: list[str]) -> None:
    decision = decide(
        refusal, header={"kid": "gone"}, claims={"iss": "https://a.example.com"}, thumbprint=None, now=NOW
    )
    (tmp_path / "used").write_text(decision.line() + "\n")
    result = run(write(tmp_path / "s.json", OLD), issuer="https://a.example.com", used=tmp_path / "used")
    assert codes(result.findings) == expected
    assert result.notes == ()


def test_when_a_key_in_use_was_last_listed(tmp_path: Path) -> None:
    source, store, used = write(tmp_path / "s.json", OLD, NEW), tmp_path / "keys.db", tmp_path / "used"
    run(source, store=store)
    write(tmp_path / "s.json", NEW)
    used.write_text("old\nold\nnew\n")
    result = run(source, store=store, used=used, now=NOW + DAY)
    (finding,) = (f for f in result.findings if f.kind.code == "unlisted-still-used")
    assert finding.detail == "used 2 times, listed until 2026-09-21"
    assert finding.kind.severity == "critical"


def test_a_key_of_another_issuer_in_the_same_set_is_not_listed_for_this_one(tmp_path: Path) -> None:
    """Storm-0558: tokens of an organisation, accepted under the consumer key of the common set."""
    used = tmp_path / "used"
    used.write_text(f"{ORGANISATION} consumer\n{ORGANISATION} organisation\n")
    source = write(tmp_path / "s.json", {**OLD, "kid": "organisation", "issuer": ENTRA},
                   {**NEW, "kid": "consumer", "issuer": PERSONAL})  # fmt: skip
    result = run(source, used=used)
    assert codes(result.findings) == ["unlisted-still-used", "consumer-key-in-shared-set"]
    assert result.findings[0].kid == "consumer"


@pytest.mark.parametrize(
    "line", [b"a b c", b"{", b'{"iss": "x"}', b'{"kid": 5}', b"\xff\xfe", b"x" * 70_000, b"y" * 300]
)
def test_lines_that_are_not_understood_are_counted(tmp_path: Path, line: bytes) -> None:
    used = tmp_path / "used"
    used.write_bytes(line + b"\nold\n")
    result = run(write(tmp_path / "s.json", OLD), used=used)
    assert result.notes == (f"not understood: 1 line of {used}",)
    assert result.partial


def test_use_of_an_issuer_that_was_not_audited_is_said(tmp_path: Path) -> None:
    used = tmp_path / "used"
    used.write_text("https://other.example.com k\n")
    result = run(write(tmp_path / "s.json", OLD), used=used, issuer="https://a.example.com")
    assert codes(result.findings) == []
    assert "https://other.example.com" in result.notes[0]


def test_used_that_is_absent(tmp_path: Path) -> None:
    with pytest.raises(InputUnreadable):
        run(write(tmp_path / "s.json", OLD), used=tmp_path / "absent")


def test_what_was_looked_at_no_longer_counts(tmp_path: Path) -> None:
    source = write(
        tmp_path / "s.json", jwk(rsa_key(0, 1024), kid="small"), jwk(rsa_key(1, 1024), kid="other")
    )
    for name in ("small", run(source).findings[0].thumbprint or ""):
        result = run(source, accepted=(("rsa-small", name), ("too-old", "other")))
        assert codes(result.findings) == ["rsa-small"]
        assert codes(result.accepted) == ["rsa-small"]
    empty = write(tmp_path / "empty.json")
    assert codes(run(empty, accepted=(("set-empty", empty),)).findings) == []
    with pytest.raises(UsageError, match="rsa-smell"):
        run(source, accepted=(("rsa-smell", "small"),))


def test_a_set_does_not_say_itself_whose_it_is(tmp_path: Path) -> None:
    """A word beside `keys` that no standard knows: who writes the set could write there what he likes."""
    source = write(tmp_path / "s.json", {**OLD, "issuer": PERSONAL}, issuer=PERSONAL)
    assert codes(run(source, issuer=ORGANISATION).findings) == ["consumer-key-in-organisation-set"]
    (tmp_path / "key.json").write_text(json.dumps({**OLD, "issuer": PERSONAL}))
    result = run(str(tmp_path / "key.json"), issuer=ORGANISATION)
    assert codes(result.findings) == ["consumer-key-in-organisation-set"]
