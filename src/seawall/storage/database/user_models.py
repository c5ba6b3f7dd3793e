"""Tables of sign-in and of saved searches. Times are microseconds since 1970, UTC."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from seawall.storage.database.columns import DocumentColumn, Number
from seawall.storage.database.models import Model

_KEY = String(32)
_DIGEST = String(64)


class PasskeyRow(Model):
    """The public part of a user's passkey."""

    __tablename__ = "passkeys"
    __table_args__ = (Index("ix_passkeys_user", "user"),)

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    user: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    transports: Mapped[list[Any]] = mapped_column(DocumentColumn)
    label: Mapped[str]
    created_at: Mapped[int]
    used_at: Mapped[int | None]


class TotpRow(Model):
    """The TOTP seed of a user. It is valid once `confirmed_at` is set; each time step can be used once."""

    __tablename__ = "totp"

    user: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret: Mapped[bytes]
    created_at: Mapped[int]
    confirmed_at: Mapped[int | None]
    last_step: Mapped[int]


class IdentityRow(Model):
    """The identity of a user at an OpenID provider."""

    __tablename__ = "oidc_identities"
    __table_args__ = (Index("ix_oidc_identities_user", "user"),)

    identity_key: Mapped[str] = mapped_column(_KEY, primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    user: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[int]


class InviteRow(Model):
    """A one-time code, stored as its SHA-256."""

    __tablename__ = "invites"
    __table_args__ = (Index("ix_invites_user", "user"),)

    code_digest: Mapped[str] = mapped_column(_DIGEST, primary_key=True)
    purpose: Mapped[str]
    user: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_by: Mapped[str]
    created_at: Mapped[int]
    expires_at: Mapped[int | None]
    used_at: Mapped[int | None]


class IngestTokenModel(Model):
    """A token with which a collector delivers records, stored as its SHA-256."""

    __tablename__ = "ingest_tokens"

    name_key: Mapped[str] = mapped_column(_KEY, primary_key=True)
    name: Mapped[str]
    token_digest: Mapped[str] = mapped_column(_DIGEST, unique=True)
    created_by: Mapped[str]
    created_at: Mapped[int]
    revoked_at: Mapped[int | None]
    last_used_at: Mapped[int | None]


class ViewRow(Model):
    """A search that a user saved under a name."""

    __tablename__ = "views"

    view_key: Mapped[str] = mapped_column(_KEY, primary_key=True)
    owner_key: Mapped[str] = mapped_column(_KEY, index=True)
    owner: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    created_at: Mapped[int]
