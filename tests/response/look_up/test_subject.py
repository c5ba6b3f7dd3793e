"""What may be looked up: every kind, its spelling, and that everything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.response.look_up import KINDS, guess_subjects, parse_subject
from seawall_base.errors import UsageError


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("ip:203.0.113.7", "ip:203.0.113.7"),
        ("IP: [2001:DB8::1]", "ip:2001:db8::1"),
        ("ip:::ffff:203.0.113.7", "ip:203.0.113.7"),
        ("ip:203.0.113.0/24", "cidr:203.0.113.0/24"),
        ("cidr:203.0.113.9/24", "cidr:203.0.113.0/24"),
        ("cidr:203.0.113.9/32", "ip:203.0.113.9"),
        ("cidr:::ffff:203.0.113.0/120", "cidr:203.0.113.0/24"),
        ("network:64501", "network:AS64501"),
        ("network:AS64501 Example Hosting", "network:AS64501"),
        ('network:"Example Hosting"', "network:Example Hosting"),
        ("network:198.51.100.0/24", "cidr:198.51.100.0/24"),
        ("app:OWA", "app:owa"),
        ("session:Aa-1", "session:Aa-1"),
        ("message:<a:b@x.example>", "message:<a:b@x.example>"),
        ("day:2026-03-02T11:00:00Z", "day:2026-03-02"),
        ("account:Ann@X.example", "account:ann@x.example"),
    ],
)
def test_values_are_spelt_as_events_spell_them(text: str, spelt: str) -> None:
    found = parse_subject(text)
    assert str(found) == spelt
    assert parse_subject(str(found)) == found


@pytest.mark.parametrize(
    "text",
    ["", "203.0.113.7", "nothing:x", "ip:", "ip:hosting", "ip:203.0.113.7.9", "cidr:203.0.113.0/99",
     "cidr:fe80::%eth0/64",
     "cidr:<script>", "day:yesterday", "day:1969-12-31", "day:9999-12-31", "rule:ab", "message:<", "network:x",
     "session:" + "x" * 1001,
     'session:""'],
)  # fmt: skip
def test_what_says_nothing_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_subject(text)
    assert caught.value.fix
    assert len(caught.value.message) < 200


@given(kind=st.sampled_from(KINDS), value=st.text(max_size=60))
def test_any_text_is_a_subject_or_refused(kind: str, value: str) -> None:
    try:
        found = parse_subject(f"{kind}:{value}")
    except UsageError:
        return
    assert found.kind in KINDS
    assert found.value.strip()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("62.149.20.10", "ip:62.149.20.10"),
        ("2001:db8::1", "ip:2001:db8::1"),
        ("203.0.113.0/24", "cidr:203.0.113.0/24"),
        ("2021-04-16", "day:2021-04-16"),
        ("AS64500", "network:AS64500"),
        ("<a@b.example>", "message:<a@b.example>"),
        ("Joey@X.example", "account:joey@x.example"),
        ("joey", "account:joey"),
        ("account:joey@x.example", "account:joey@x.example"),
        ("IP:203.0.113.7", "ip:203.0.113.7"),
    ],
)
def test_what_a_person_types_is_taken(text: str, first: str) -> None:
    assert str(guess_subjects(text)[0]) == first


@pytest.mark.parametrize("text", ["", " ", ":", "ip:", "ip:nobody"])
def test_what_can_be_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        guess_subjects(text)
