"""Acts of administrators at Okta and in Google's console: factors, API tokens, policies, delegation."""

from __future__ import annotations

from seawall.lab.worlds.acts import ActivityLog, identity, read, token_for
from seawall.lab.worlds.clients import LabClient, browser_client
from seawall.lab.worlds.organisation import LabAccount, LabApplication
from seawall.lab.worlds.routine.accounts import SCOPES, register_method
from seawall.lab.worlds.routine.administration import ROLES
from seawall.lab.worlds.routine.people import find_address, somebody, web_of, working_time
from seawall.lab.worlds.services import client_of

ADMINISTRATION = (
    ("Create API token.", ("reporting", "provisioning", "automation", "siem", "test")),
    ("Change sign-on rule.", ("Default Rule", "Catch-all Rule", "Administrators", "Legacy clients")),
    ("Change network zone.", ("Offices", "BlockedIpZone", "LegacyIpZone")),
    ("Change application.", ("Slack", "Salesforce.com", "Zoom")),
    ("Add identity provider.", ("Partner", "SAML", "Acquired company")),
    ("Revoke API token.", ("reporting", "test")),
)
"""Changes by administrators, and by attackers with an administrator's account, with the names they use."""
MAIL_SCOPES = tuple(scope for scope in SCOPES if "Mail" in scope or "IMAP" in scope)


def reset_factors(
    diary: ActivityLog, admin: LabAccount, person: LabAccount, client_address: str, time: float
) -> None:
    """Add the removal of all factors of a person, so that new ones can be enrolled."""
    client = web_of(diary, admin)
    session, _, _ = token_for(diary, admin, client, client_address, time)
    identity(diary, "Reset authentication methods.", admin, client, client_address, time, person, session)


def administer_identity(
    diary: ActivityLog,
    admin: LabAccount,
    client: LabClient,
    client_address: str,
    time: float,
    session: str,
    steps: int,
) -> float:
    """Add a visit to the administration console with changes; return the time after the last."""
    dice = diary.dice
    identity(
        diary,
        "Open administration.",
        admin,
        client,
        client_address,
        time,
        "",
        session,
        name="Okta Admin Console",
    )
    for operation, names in dice.sample(ADMINISTRATION, steps):
        time += dice.between(10, 400)
        identity(diary, operation, admin, client, client_address, time, "", session, name=dice.pick(names))
    return time


def grant_role(
    diary: ActivityLog,
    admin: LabAccount,
    client: LabClient,
    client_address: str,
    time: float,
    session: str,
    to: LabAccount,
) -> None:
    """Add the grant of an administrator's role."""
    identity(
        diary,
        "Add member to role.",
        admin,
        client,
        client_address,
        time,
        to,
        session,
        modified={"Role.DisplayName": diary.dice.pick(ROLES)},
    )


def delegate_domain(
    diary: ActivityLog,
    admin: LabAccount,
    client: LabClient,
    client_address: str,
    time: float,
    session: str,
    app: LabApplication,
) -> None:
    """Add domain-wide delegation: an application may act as any account of the organisation."""
    scope = diary.dice.pick(MAIL_SCOPES)
    identity(diary, "Authorise delegation.", admin, client, client_address, time, app, session, scope=scope)


def read_as_delegate(
    diary: ActivityLog,
    app: LabApplication,
    client_address: str,
    time: float,
    owners: list[LabAccount],
    items: float,
) -> None:
    """Add reading of mailboxes by an application with domain-wide delegation."""
    dice, client = diary.dice, client_of(app)
    for owner in owners:
        time += dice.between(2, 200)
        read(
            diary,
            app,
            client,
            client_address,
            time,
            ("", dice.token(), time - 60),
            owner,
            1 + dice.poisson(items),
        )


def _admin_at_work(diary: ActivityLog, day: int) -> tuple[LabAccount, LabClient, str, float, str]:
    admin = diary.dice.pick(diary.tenant.admins())
    client, client_address = web_of(diary, admin), find_address(diary, admin, day)
    time = working_time(diary, admin, day)
    session, _, _ = token_for(diary, admin, client, client_address, time)
    return admin, client, client_address, time, session


def factor_reset(diary: ActivityLog, day: int) -> None:
    """Add a factor reset by the help desk for a new phone, and the enrolment of a new factor."""
    dice, person = diary.dice, somebody(diary, day)
    admin = dice.pick(diary.tenant.admins())
    time = working_time(diary, person, day)
    reset_factors(diary, admin, person, find_address(diary, admin, day), time)
    if dice.chance(0.8):
        register_method(
            diary,
            person,
            find_address(diary, person, day),
            time + dice.between(60, 5000),
            dice.pick(("app", "sms", "key")),
        )


def identity_work(diary: ActivityLog, day: int) -> None:
    """Add an administrator's visit to Okta's console, mostly without changes."""
    admin, client, client_address, time, session = _admin_at_work(diary, day)
    steps = diary.dice.pick_weighted([(0, 0.8), (1, 0.14), (2, 0.04), (3, 0.02)])
    end = administer_identity(diary, admin, client, client_address, time, session, steps)
    if diary.dice.chance(0.06):
        grant_role(diary, admin, client, client_address, end + 30, session, somebody(diary, day))


def application_assignment(diary: ActivityLog, day: int) -> None:
    """Add the assignment of an application to a person."""
    admin, client, client_address, time, session = _admin_at_work(diary, day)
    name, _ = diary.dice.pick(diary.tenant.systems.applications)
    identity(diary, "Assign application.", admin, client, client_address, time, "", session, name=name)


def domain_delegation(diary: ActivityLog, day: int) -> None:
    """Add domain-wide delegation to an own service."""
    own = [app for app in diary.tenant.apps if not app.is_delegated]
    if own:
        let_act_as_anybody(diary, day, diary.dice.pick(own))


def let_act_as_anybody(diary: ActivityLog, day: int, app: LabApplication) -> None:
    """Add domain-wide delegation to an application by an administrator at work."""
    admin, client, client_address, time, session = _admin_at_work(diary, day)
    delegate_domain(diary, admin, client, client_address, time, session, app)


def borrowed_computer(diary: ActivityLog, day: int) -> None:
    """Add reading of mail on a borrowed computer, with its browser."""
    dice, person = diary.dice, somebody(diary, day)
    system = dice.pick(("linux", "windows", "mac", "windows11"))
    client = browser_client(dice.pick(("chrome", "firefox", "edge")), system, dice)
    time, client_address = working_time(diary, person, day), find_address(diary, person, day)
    held = token_for(diary, person, client, client_address, time)
    for _ in range(1 + dice.poisson(1.5)):
        read(diary, person, client, client_address, time, held, None, 1 + dice.poisson(2))
        time += dice.between(60, 900)


def do_more_chores(diary: ActivityLog, day: int) -> None:
    """Add a day's rarer acts that only organisations with Google or Okta have."""
    systems, size, dice = diary.tenant.systems, len(diary.tenant.people), diary.dice
    for _ in range(dice.poisson(0.002 * size)):
        borrowed_computer(diary, day)
    if systems.is_federated:
        for rate, chore in ((0.0015, factor_reset), (0.008, identity_work), (0.003, application_assignment)):
            for _ in range(dice.poisson(rate * size)):
                chore(diary, day)
    if "google" in systems.collected and dice.chance(min(0.3, 0.0003 * size)):
        domain_delegation(diary, day)
