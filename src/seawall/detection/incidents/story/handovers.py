"""Find what an account's acts hand over to others, or share with them: applications, accounts and outside addresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from seawall.detection.incidents.story.act import StoryAct

HandoverKind = Literal["application", "account", "address"]

_MAKES_APPLICATION: Final = frozenset(
    {"app_made", "app_owner", "app_permission", "app_trusted", "credential", "credential_changed"}
)
"""Acts of who rules an application. Others let it in, as many do on the day that it is rolled out."""

_OBJECT_IS_APPLICATION: Final = frozenset(
    {
        "consent",
        "consent_for_all",
        "app_trusted",
        "app_made",
        "app_added",
        "app_assigned",
        "app_owner",
        "credential",
        "credential_changed",
    }
)
_GIVES_TO: Final = frozenset(
    {
        "role",
        "method",
        "recovery",
        "password",
        "account_made",
        "app_owner",
        "mailbox_access",
        "mailbox_right",
        "send_as",
        "on_behalf",
        "folder_access",
        "forwarding",
        "transfer",
    }
)
_OPENS: Final = frozenset(
    {"mailbox_access", "mailbox_right", "send_as", "on_behalf", "folder_access", "forwarding"}
)


class Handover(NamedTuple):
    """Name what an act hands over, in lower case: the name of an application, an account, or an outside mail address.

    An account is named by its local part: change records often have no more of it. `is_weak` says that ordinary people do
    the same on one day, such as letting in an application that is rolled out.
    """

    kind: HandoverKind
    name: str
    is_weak: bool = False


def list_handovers(acts: Iterable[StoryAct], account: str) -> tuple[Handover, ...]:
    """Return what the acts of an account hand over, each once, in order. The account itself is not among them.

    Applications are known by their names alone, because that is what the records of all vendors have.
    """
    own = name_account(account, account)
    found = dict.fromkeys(one for act in acts for one in _read_handovers(act, account))
    return tuple(one for one in found if one != own and one.name not in ("", "itself"))


def name_account(name: str, account: str) -> Handover:
    """Return an account as a handover; an address of another domain than the account's own is an outside address."""
    local, at, domain = name.strip().lower().partition("@")
    is_own = not at or domain == account.lower().partition("@")[2]
    return Handover("account", local) if is_own else Handover("address", f"{local}@{domain}")


def _read_handovers(act: StoryAct, account: str) -> Iterable[Handover]:
    is_weak = act.act not in _MAKES_APPLICATION
    if act.act in _OBJECT_IS_APPLICATION:
        yield Handover("application", act.object.strip().lower(), is_weak)
    if act.act == "app_permission":
        yield Handover("application", act.whom.strip().lower(), is_weak)
    if act.act in _GIVES_TO:
        yield name_account(act.whom, account)
    if act.act in _OPENS:
        yield name_account(act.place, account)
