"""The console's privacy settings, as a document in the database: off until an admin turns pseudonyms on."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from seawall.storage.database import Role, Transaction

SETTING: Final = "privacy"
LONGEST_MINUTES: Final = 480


class PrivacySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`pseudonyms_for`: the roles that see pseudonyms. `reveal_for`: those of them that may reveal a person, for at most
    `reveal_minutes`.
    """

    pseudonyms_for: Annotated[list[Role], Meta(max_length=3)] = []
    reveal_for: Annotated[list[Role], Meta(max_length=3)] = []
    reveal_minutes: Annotated[int, Meta(ge=1, le=LONGEST_MINUTES)] = 60


def load_privacy(work: Transaction) -> PrivacySettings:
    """Return the settings. A document that cannot be read hides names from everybody."""
    found = work.settings.get(SETTING)
    if found is None:
        return PrivacySettings()
    try:
        return msgspec.convert(found, PrivacySettings)
    except msgspec.ValidationError:
        return PrivacySettings(["viewer", "analyst", "admin"])


def save_privacy(work: Transaction, settings: PrivacySettings) -> None:
    """Store the settings."""
    document: dict[str, Any] = msgspec.to_builtins(settings)
    work.settings.put(SETTING, document)
