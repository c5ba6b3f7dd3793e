"""Acts: things that people, attackers and programs do in an organisation, before they become log records.

Attackers use the same functions as account owners. Only the number `attack` on an act tells them apart, and it appears in
the truth alone.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from seawall.lab.worlds.clients import LabClient, LabSession
from seawall.lab.worlds.organisation import LabAccount, LabApplication, Tenant
from seawall.lab.worlds.seeded_random import SeededRandom

NOBODY = -1
Held = tuple[str, str, float]
"""Credentials of a request: session id, unique token id, time of issue."""


@dataclass(slots=True, eq=False)
class Act:
    """One act. `time` is in seconds since 1970; `count` is a number of items; `attack` is the number of the staged attack.

    `kind` is sign_in, read, item, cmdlet, directory, file, other, app_sign_in, sso or identity. `operation` is the vendor's
    name. `who` acts on the mailbox of `owner`. `token` and `issued` describe the token used.
    """

    time: float
    kind: str
    operation: str
    who: LabAccount | LabApplication | None
    client: LabClient | None = None
    client_address: str = ""
    session: str = ""
    token: str = ""
    issued: float = 0.0
    owner: LabAccount | None = None
    count: int = 0
    folder: str = ""
    attack: int = NOBODY
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def person(self) -> LabAccount:
        """The person who acted. Raises `TypeError` for an application or nobody."""
        if not isinstance(self.who, LabAccount):
            raise TypeError(f"no person did this: {self.operation}")
        return self.who

    @property
    def program(self) -> LabClient:
        """The client used. Raises `TypeError` if there is none."""
        if self.client is None:
            raise TypeError(f"no client did this: {self.operation}")
        return self.client

    @property
    def mailbox(self) -> LabAccount:
        """The mailbox touched. Raises `TypeError` if there is none."""
        if self.owner is None:
            raise TypeError(f"no mailbox was touched: {self.operation}")
        return self.owner


@dataclass(slots=True)
class ActivityLog:
    """All acts in one organisation, the random numbers of their author, and functions planned for days."""

    tenant: Tenant
    dice: SeededRandom
    start: float
    days: int
    acts: list[Act] = field(default_factory=list)
    attack: int = NOBODY
    spans: list[dict[str, Any]] = field(default_factory=list)
    plans: dict[int, list[Callable[[ActivityLog, int], None]]] = field(default_factory=dict)

    def day_of(self, time: float) -> int:
        """Return the number of the day of a time."""
        return int((time - self.start) // 86400)

    def plan(self, day: int, what: Callable[[ActivityLog, int], None]) -> None:
        """Schedule a function for a day, before that day's ordinary acts."""
        self.plans.setdefault(day, []).append(what)

    def add(self, act: Act) -> Act:
        """Add an act, as part of the attack being staged, if any."""
        act.attack = self.attack
        self.acts.append(act)
        return act


def sign_in(
    diary: ActivityLog,
    who: LabAccount,
    client: LabClient,
    client_address: str,
    time: float,
    *,
    method: str = "",
    error: int = 0,
    interactive: bool = True,
    session: LabSession | None = None,
    protocol: str = "",
) -> LabSession:
    """Add a sign-in; on success return its session with a first token. With `session`, refresh that session instead."""
    dice = diary.dice
    if not method and session is None:
        method = "password"
        if who.uses_mfa:
            method = "mfa_claim" if dice.chance(diary.tenant.style.claim_share) else "mfa"
    if session is None:
        session = LabSession(dice.guid(), time, client_address, method)
    token = dice.token()
    diary.add(
        Act(
            time,
            "sign_in",
            "SignIn",
            who,
            client,
            client_address,
            session.id,
            token,
            time,
            details={
                "method": method or session.method,
                "error": error,
                "interactive": interactive,
                "protocol": protocol or client.protocol,
            },
        )
    )
    if not error:
        bisect.insort(session.tokens, (time, token))
    return session


def place_in_hours(session: LabSession, time: float) -> Held:
    """Return session id, token id and issue time of the newest token of a session at a time."""
    for issued, token in reversed(session.tokens):
        if issued <= time:
            return session.id, token, issued
    issued, token = session.tokens[0]
    return session.id, token, issued


def token_for(
    diary: ActivityLog, who: LabAccount, client: LabClient, client_address: str, time: float
) -> Held:
    """Return the session and token that a client has at a time, after a sign-in or refresh if needed."""
    dice = diary.dice
    session = client.session_at(time)
    if session is not None:
        for reset in who.resets:
            if session.born < reset <= time and not session.ended:
                session.ended = reset + dice.exponential(900)
                if session.ended <= time and dice.chance(0.6):
                    sign_in(
                        diary,
                        who,
                        client,
                        client_address,
                        time - dice.between(20, 40),
                        interactive=False,
                        session=session,
                        error=50173,
                    )
        if not session.ended and time - session.born > client.session_days * 86400:
            session.ended = time
        if session.ended and session.ended <= time:
            session = None
    if session is None:
        if dice.chance(0.04) and client.used != "Mobile Apps and Desktop clients":
            sign_in(diary, who, client, client_address, time - dice.between(25, 60), error=50126)
        session = _begin_session(diary, who, client, client_address, time - dice.between(2, 20))
        bisect.insort(client.sessions, session, key=lambda known: known.born)
    held = place_in_hours(session, time)
    if time - held[2] > client.token_hours * 3600:
        method = "mfa_claim" if session.method.startswith("mfa") else session.method
        sign_in(
            diary,
            who,
            client,
            client_address,
            time - dice.between(0.5, 5),
            interactive=False,
            session=session,
            method=method,
        )
        held = place_in_hours(session, time)
    return held


def _begin_session(
    diary: ActivityLog, who: LabAccount, client: LabClient, client_address: str, time: float
) -> LabSession:
    """Sign in, silently in the session of another program on the device where devices keep one session."""
    if diary.tenant.habits.sessions == "devices" and client in who.desks:
        for sibling in who.desks:
            known = sibling.session_at(time) if sibling is not client else None
            if known is not None and known.tokens[0][0] <= time:
                method = "mfa_claim" if known.method.startswith("mfa") else known.method
                session = LabSession(known.id, time, client_address, method)
                return sign_in(diary, who, client, client_address, time, interactive=False, session=session)
    return sign_in(diary, who, client, client_address, time)


def read(
    diary: ActivityLog,
    who: LabAccount | LabApplication,
    client: LabClient,
    client_address: str,
    time: float,
    held: Held,
    owner: LabAccount | None = None,
    count: int = 1,
    folder: str = "Inbox",
    *,
    sync: bool = False,
    throttled: bool = False,
) -> Act:
    """Add reading of messages in a folder (bind), or synchronisation of the whole folder (sync).

    `held` is the session id, token id and issue time.
    """
    mailbox = owner if owner is not None else who
    if not isinstance(mailbox, LabAccount):
        raise TypeError("an application reads somebody's mailbox: name the owner")
    return diary.add(
        Act(
            time,
            "read",
            "MailItemsAccessed",
            who,
            client,
            client_address,
            *held,
            owner=mailbox,
            count=count,
            folder=folder,
            details={"sync": sync, "throttled": throttled} if sync or throttled else {},
        )
    )


def touch(
    diary: ActivityLog,
    operation: str,
    who: LabAccount,
    client: LabClient,
    client_address: str,
    time: float,
    held: Held,
    owner: LabAccount | None = None,
    folder: str = "Inbox",
    **details: Any,
) -> Act:
    """Add an operation on an item: Send, Create, Update, Move, MoveToDeletedItems, SoftDelete, HardDelete."""
    return diary.add(
        Act(
            time,
            "item",
            operation,
            who,
            client,
            client_address,
            *held,
            owner=owner or who,
            count=1,
            folder=folder,
            details=details,
        )
    )


def cmdlet(
    diary: ActivityLog,
    operation: str,
    who: LabAccount | None,
    client: LabClient | None,
    client_address: str,
    time: float,
    target: LabAccount | str,
    session: str = "",
    **parameters: Any,
) -> Act:
    """Add an Exchange cmdlet; `target` is its Identity. `who` is None for the provider itself."""
    return diary.add(
        Act(
            time,
            "cmdlet",
            operation,
            who,
            client,
            client_address,
            session,
            owner=target if isinstance(target, LabAccount) else None,
            details={
                "target": target.upn if isinstance(target, LabAccount) else target,
                "parameters": parameters,
            },
        )
    )


def directory(
    diary: ActivityLog,
    operation: str,
    who: LabAccount | LabApplication | None,
    client_address: str,
    time: float,
    target: LabAccount | LabApplication | str,
    agent: str = "",
    kind: str = "User",
    **modified: Any,
) -> Act:
    """Add a change of the directory: consent, credential, method, role, password, revocation. `modified` has new values."""
    return diary.add(
        Act(
            time,
            "directory",
            operation,
            who,
            None,
            client_address,
            details={"target": target, "kind": kind, "modified": modified, "agent": agent},
        )
    )


def app_sign_in(diary: ActivityLog, app: LabApplication, client_address: str, time: float, key: str) -> Held:
    """Add an application's own sign-in; return the credentials for `read`: no session, token id, issue time."""
    token = diary.dice.token()
    diary.add(
        Act(time, "app_sign_in", "SignIn", app, None, client_address, "", token, time, details={"key": key})
    )
    return "", token, time


def identity(
    diary: ActivityLog,
    operation: str,
    who: LabAccount,
    client: LabClient | None,
    client_address: str,
    time: float,
    target: LabAccount | LabApplication | str = "",
    session: str = "",
    **details: Any,
) -> Act:
    """Add an act at an identity provider or in Google's console: factors, API tokens, policies, delegation."""
    return diary.add(
        Act(
            time,
            "identity",
            operation,
            who,
            client,
            client_address,
            session,
            details={"target": target, **details},
        )
    )
