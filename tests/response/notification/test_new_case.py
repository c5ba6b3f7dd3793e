"""A new case file lists people, and says with a code who gets no letter."""

from __future__ import annotations

import pytest

from seawall.response.notification.new_case import choose_recipients, write_case_file
from seawall.response.scope_values import Scope, ScopeSubject, SubjectAct

TENANT = "0873ee4d-d342-44f2-8961-74c442a2fad2"


def _mailbox(name: str) -> ScopeSubject:
    return ScopeSubject("mailbox", TENANT, name, "touched", ("x",))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (TENANT, "object-id"),
        (f"{TENANT}@x.example", "object-id"),
        ("Exchange Security", "no-person"),
        ("SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@x.example", "no-person"),
        ("DiscoverySearchMailbox{D919BA05}@x.example", "no-person"),
        ("helper@x.example", "made-by-intruder"),
    ],
)
def test_who_gets_no_letter(name: str, code: str) -> None:
    made = ScopeSubject(
        "account", TENANT, "helper@x.example", "touched", ("x",), acts=(SubjectAct("account_made", 1, 1),)
    )
    scope = Scope(0, 1, (), (), (made,), (_mailbox("ann@x.example"), _mailbox(name)), ())
    chosen, left_out = choose_recipients(scope)
    assert [one.name for one in chosen] == ["ann@x.example"]
    assert [(one.name, one.code) for one in left_out] == [(name, code)]
    text = write_case_file("case", "now", variable="X", subjects=chosen, left_out=left_out)
    assert text.count("[[recipients]]  ") == 1
    assert f"# No letter to {name}: {code}" in text
