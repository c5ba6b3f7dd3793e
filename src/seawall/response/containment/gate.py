"""Build steps at Seawall's own gate and at the issuer: block a stolen key, stop renewal of an account's tokens. Pure.

A vendor's account settings do not stop a forged token; these steps do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from seawall.response.containment.steps import StepSubject, make_account_step
from seawall.response.containment.values import (
    ChangeCheck,
    ContainmentStep,
    StateRead,
    TargetCondition,
    VendorCall,
)

PATH: Final = "/admin/revocations"
DOCS: Final = "docs/reference/revocation.md"
FORGED: Final = frozenset({"forged-or-stolen-token"})
"""Incident kinds in which somebody may hold a token signing key."""


def entra_issuer(tenant: str) -> str:
    """Return the issuer (`iss`) of Entra's v2.0 access tokens for a tenant."""
    return f"https://login.microsoftonline.com/{tenant.lower()}/v2.0"


def make_steps(
    subject: StepSubject, *, kind: str, gate: bool, thumbprints: Sequence[str] = ()
) -> Iterator[ContainmentStep]:
    """Yield the steps that block the given keys, have a person find an unknown key, and block the account's tokens.

    The manual step is for incidents of a kind in `FORGED` without a known key. The account's tokens need `gate`.
    """
    for thumbprint in thumbprints:
        yield _revocation(
            subject, "block_key", "thumbprint", "*", thumbprint,
            title=f"Refuse everything that the key {thumbprint} signed",
            reason="Whoever holds a signing key makes tokens for any account; only the key itself can be refused.",
        )  # fmt: skip
    if kind in FORGED and not thumbprints:
        yield make_account_step(
            subject,
            vendor="gate",
            kind="block_key",
            title="Find the key that signed the tokens, and block it",
            reason="A token was used that no sign-in gave birth to. If its key was stolen, whoever holds it makes "
            "tokens for any account, and nothing that is done to accounts ends them.",
            by_hand="Ask the provider, by its emergency line, which key signed the tokens of these sessions and to revoke "
            "it: only the issuer can. At your own gate, refuse the key with `seawall token revoke --gate URL "
            "--thumbprint JKT --reason …`, or plan again with --gate and --thumbprint.",
            irreversible="Every token under a blocked key is refused, those of honest users too.",
        )
    if gate and subject.object_id and not subject.is_application:
        yield _revocation(
            subject, "block_renewal", "subject", entra_issuer(subject.tenant), subject.object_id,
            title=f"Refuse all tokens of {subject.account} at the gate, and their renewal",
            reason="A forged token can state any time of issue; the account is refused as a whole until this is undone.",
        )  # fmt: skip


def _revocation(
    subject: StepSubject, action: str, kind: str, issuer: str, value: str, *, title: str, reason: str
) -> ContainmentStep:
    body = {
        "kind": kind,
        "issuer": issuer,
        "value": value,
        "reason": "containment of an incident",
        "who": {"$given": "approver"},
    }
    return make_account_step(
        subject,
        vendor="gate",
        kind=action,
        title=title,
        reason=reason,
        before=(
            StateRead(
                "revocation",
                VendorCall("GET", PATH, documentation=DOCS),
                ("id", "kind", "issuer", "value"),
                items="revocations",
                where=(
                    TargetCondition("kind", "equal", kind),
                    TargetCondition("issuer", "equal", issuer),
                    TargetCondition("value", "equal", value),
                ),
            ),
        ),
        calls=(VendorCall("POST", PATH, body, expect=(201,), documentation=DOCS),),
        done=ChangeCheck("revocation", "present", ("id",)),
        undo=(
            VendorCall(
                "DELETE",
                PATH + "/{made.id}?reason=containment%20undone&who=seawall",
                expect=(200,),
                documentation=DOCS,
            ),
        ),
        undone=ChangeCheck("revocation", "absent", ("id",)),
    )
