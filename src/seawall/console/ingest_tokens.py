"""`/api/ingest-tokens`: manage the bearer tokens of collectors, for admins."""

from __future__ import annotations

import secrets
from typing import Final

import msgspec

from seawall.console.api_error import conflict, invalid, not_found
from seawall.console.endpoint import ApiCall, Endpoint
from seawall_base.times import rfc3339
from seawall_tokens.jose import base64url

PREFIX: Final = "seawall_"
"""Prefix of every token, so that secret scanners recognise a leaked one."""

LONGEST_NAME: Final = 100


class IngestTokenRow(msgspec.Struct, frozen=True):
    """One token's metadata, without the token."""

    name: str
    created_by: str
    created_at: str
    revoked_at: str | None
    last_used_at: str | None


class IngestTokenList(msgspec.Struct, frozen=True):
    """All tokens' metadata, by name."""

    items: list[IngestTokenRow]


class NewIngestToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name of a new token: the collector that uses it."""

    name: str


class IngestTokenOnce(msgspec.Struct, frozen=True):
    """A new token, shown only this once."""

    name: str
    token: str


def list_ingest_tokens(call: ApiCall) -> IngestTokenList:
    """List all tokens, revoked ones too."""
    with call.context.database.reading() as work:
        return IngestTokenList(
            [
                IngestTokenRow(
                    one.name,
                    one.created_by,
                    rfc3339(one.created_at),
                    None if one.revoked_at is None else rfc3339(one.revoked_at),
                    None if one.last_used_at is None else rfc3339(one.last_used_at),
                )
                for one in work.ingest_tokens.all()
            ]
        )


def add_ingest_token(call: ApiCall) -> IngestTokenOnce:
    """Create a token."""
    asked: NewIngestToken = call.body
    name = " ".join(asked.name.split())
    if not name.strip(".") or len(name) > LONGEST_NAME or not name.isprintable() or "/" in name:
        raise invalid(f"a token's name has 1 to {LONGEST_NAME} printable characters, no slash", field="name")
    token = PREFIX + base64url.encode(secrets.token_bytes(32))
    with call.context.database.writing() as work:
        if any(one.name == name and one.revoked_at is None for one in work.ingest_tokens.all()):
            raise conflict(
                "a token with this name exists", field="name", fix="revoke it, or choose another name"
            )
        work.ingest_tokens.add(name, token.encode("ascii"), by=call.who.name, at=call.now)
        call.note(work, "ingest-token-added", name)
    return IngestTokenOnce(name, token)


def revoke_ingest_token(call: ApiCall) -> None:
    """Revoke a token."""
    name = call.path["name"]
    with call.context.database.writing() as work:
        if not work.ingest_tokens.revoke(name, at=call.now):
            raise not_found("token of this name in use")
        call.note(work, "ingest-token-revoked", name)


ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/api/ingest-tokens", handle=list_ingest_tokens, role="admin", group="ingest",
        tenants="all", summary="Every token of a collector", answer=IngestTokenList,
    ),
    Endpoint(
        method="POST", path="/api/ingest-tokens", handle=add_ingest_token, role="admin", group="ingest", status=201,
        tenants="all", summary="Make a token; it is shown this once", body=NewIngestToken, answer=IngestTokenOnce,
        codes=((409, "conflict"),),
    ),
    Endpoint(
        method="DELETE", path="/api/ingest-tokens/{name}", handle=revoke_ingest_token, role="admin", group="ingest",
        tenants="all", summary="Revoke a token", codes=((404, "not-found"),),
    ),
)  # fmt: skip
