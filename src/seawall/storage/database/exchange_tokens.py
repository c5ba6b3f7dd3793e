"""Tokens of other organisations for the console's TAXII server. Each is a setting of its own; only its digest is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from seawall.storage.database.live_models import SettingRow
from seawall.storage.database.users import Role
from seawall_base.errors import UsageError

MOST_TOKENS: Final = 200
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PREFIX: Final = "exchange token "


@dataclass(frozen=True, slots=True)
class ExchangeToken:
    """A token: who uses it, the role, who made it, and when (microseconds)."""

    name: str
    role: Role
    by: str
    at: int


class ExchangeTokens:
    """Tokens within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, name: str, token: bytes, *, role: Role, by: str, at: int) -> None:
        """Keep a token. Raises `UsageError` for a name that is taken or cannot be a user name."""
        if not _NAME.fullmatch(name):
            raise UsageError(
                "a name has 1 to 64 letters, digits, dots, hyphens and underscores", fix="choose another name"
            )
        known = self.all()
        if any(one.name == name for one in known):
            raise UsageError("this name has a token already", fix="revoke it first, or choose another name")
        if len(known) >= MOST_TOKENS:
            raise UsageError(f"there are {MOST_TOKENS} tokens already", fix="revoke one first")
        document = {
            "name": name,
            "digest": hashlib.sha256(token).hexdigest(),
            "role": role,
            "by": by,
            "at": at,
        }
        self._session.add(SettingRow(name=_PREFIX + name, document=document))
        self._session.flush()

    def find(self, token: bytes, name: str | None = None) -> ExchangeToken | None:
        """Return the token of these bytes, of this name if one is given; None if there is none."""
        digest = hashlib.sha256(token).hexdigest()
        for document in self._documents():
            is_same = hmac.compare_digest(str(document["digest"]), digest)
            if is_same and name in (None, document["name"]):
                return _read(document)
        return None

    def all(self) -> list[ExchangeToken]:
        """Return the tokens by name."""
        return sorted(map(_read, self._documents()), key=lambda one: one.name)

    def revoke(self, name: str) -> bool:
        """Delete a token; return False if there is none of this name."""
        gone = delete(SettingRow).where(SettingRow.name == _PREFIX + name).returning(SettingRow.name)
        return bool(self._session.execute(gone).all())

    def _documents(self) -> list[dict[str, Any]]:
        query = select(SettingRow).where(SettingRow.name.startswith(_PREFIX, autoescape=True))
        return [row.document for row in self._session.execute(query).scalars()]


def _read(document: dict[str, Any]) -> ExchangeToken:
    return ExchangeToken(document["name"], document["role"], document["by"], document["at"])
