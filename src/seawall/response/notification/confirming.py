"""Record what people report: a letter arrived, a recipient was told by other means, an authority was notified."""

from __future__ import annotations

import hmac
from typing import Final

from seawall.response.errors import CaseInvalid
from seawall.response.notification.case_file import NotificationCase
from seawall.response.notification.deadlines import DUTIES
from seawall.response.notification.letter_ids import make_code, normalise_code
from seawall.response.notification.register import NotificationRegister, RegisterEntry
from seawall.response.notification.tracking import list_versions
from seawall_base.accountable_person import require_person
from seawall_base.errors import UsageError
from seawall_base.safe_text import visible

LONGEST: Final = 1_000


def record_acknowledgement(
    register: NotificationRegister,
    case: NotificationCase,
    key: bytes,
    code: str,
    *,
    by: str,
    note: str,
    at: int,
) -> RegisterEntry:
    """Record that somebody has the letter with this code. Raises CaseInvalid if no letter has the code."""
    typed = normalise_code(code)
    for version in list_versions(register.entries):
        expected = make_code(key, case.case.id, version.recipient, version.version)
        if hmac.compare_digest(expected.encode(), typed.encode()):
            return register.append(
                "acknowledged",
                at=at,
                recipient=version.recipient,
                version=version.version,
                by=_accountable(by),
                details={"note": _line(note)},
            )
    raise CaseInvalid("no sent letter of this case has this code", fix="compare it with the letter")


def record_notification(
    register: NotificationRegister,
    case: NotificationCase,
    recipient: str,
    *,
    way: str,
    by: str,
    note: str,
    when: int,
    at: int,
) -> RegisterEntry:
    """Record that a person notified a recipient by other means, for example by telephone. Raises CaseInvalid.

    The entry counts for the newest final version.
    """
    recipient = case.find_recipient(recipient).id
    newest = max(
        (one.version for one in list_versions(register.entries) if one.recipient == recipient), default=0
    )
    details = {"note": _line(note), "when": when}
    return register.append(
        "told",
        at=at,
        recipient=recipient,
        version=newest,
        way=_line(way),
        by=_accountable(by),
        details=details,
    )


def record_report(
    register: NotificationRegister, duty: str, *, by: str, note: str, when: int, at: int
) -> RegisterEntry:
    """Record that an authority was notified as a duty demands. Raises UsageError."""
    known = [one.id for one in DUTIES]
    if duty not in known:
        raise UsageError(
            f"there is no notification duty {visible(duty, 60)!r}", fix=f"one of {', '.join(known)}"
        )
    return register.append(
        "reported", at=at, target=duty, by=_accountable(by), details={"note": _line(note), "when": when}
    )


def _accountable(by: str) -> str:
    """Return the name of who reports something. Raises UsageError for a placeholder."""
    return _line(require_person(" ".join(by.split()), "--by"))


def _line(text: str) -> str:
    return visible(" ".join(text.split()), LONGEST)
