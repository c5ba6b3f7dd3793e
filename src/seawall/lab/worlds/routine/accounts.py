"""Ordinary acts on accounts: consents, passwords, authentication methods, credentials of applications."""

from __future__ import annotations

from seawall.lab.worlds.acts import ActivityLog, directory, sign_in
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.networks import microsoft_address
from seawall.lab.worlds.organisation import LabAccount, LabApplication
from seawall.lab.worlds.routine.people import find_address, somebody, working_time
from seawall.lab.worlds.services import THIRD_PARTY, client_of, make_application

SCOPES = (
    "User.Read openid profile",
    "Calendars.Read User.Read",
    "Mail.Read User.Read offline_access",
    "Mail.ReadWrite Mail.Send offline_access",
    "Contacts.Read Mail.Read offline_access",
    "Files.Read.All User.Read",
    "IMAP.AccessAsUser.All offline_access",
    "EWS.AccessAsUser.All offline_access",
)


def grant(
    diary: ActivityLog, who: LabAccount, app: LabApplication, client_address: str, time: float, scope: str
) -> LabClient:
    """Add a consent to an application; return the application as a client of the consenting person."""
    agent = "EvoSTS"
    if diary.dice.chance(0.8):
        directory(
            diary,
            "Add service principal.",
            who,
            client_address,
            time - 2,
            app,
            agent,
            "ServicePrincipal",
            AppPrincipalId=app.app,
            DisplayName=app.name,
        )
    directory(
        diary,
        "Add delegated permission grant.",
        who,
        client_address,
        time - 1,
        app,
        agent,
        "ServicePrincipal",
        **{"DelegatedPermissionGrant.Scope": scope},
    )
    client = client_of(app)
    client.sessions.append(sign_in(diary, who, client, client_address, time + 2))
    app.clients[who.upn] = client
    directory(
        diary,
        "Consent to application.",
        who,
        client_address,
        time,
        app,
        agent,
        "ServicePrincipal",
        **{
            "ConsentContext.IsAdminConsent": str(who.is_admin),
            "ConsentContext.OnBehalfOfAll": "False",
            "ConsentAction.Permissions": f"[] => [[Id: {diary.dice.token(43)}, ClientId: {app.object_id}, "
            f"PrincipalId: {who.object_id},"
            f" ConsentType: Principal, Scope: {scope}]]; ",
        },
    )
    return client


def consent(diary: ActivityLog, day: int) -> None:
    """Add a consent to an application, either in use here already or new."""
    dice, person = diary.dice, somebody(diary, day)
    known = [app for app in diary.tenant.apps if app.is_delegated]
    if known and dice.chance(0.45):
        app = dice.pick(known)
    else:
        app = make_application(*dice.pick(THIRD_PARTY), dice, is_delegated=True)
        app.first_day = day
        diary.tenant.apps.append(app)
    scope = dice.pick(SCOPES)
    grant(diary, person, app, find_address(diary, person, day), working_time(diary, person, day), scope)
    if "Mail" in scope and all(reader is not person for reader, _, _ in app.readers):
        app.readers.append((person, day + 1, 10_000))


def password_reset(diary: ActivityLog, day: int) -> None:
    """Add a password reset by the help desk, or a change by the owner."""
    dice, person = diary.dice, somebody(diary, day)
    admin = dice.pick(diary.tenant.admins())
    reset(
        diary,
        admin if dice.chance(0.6) else person,
        person,
        working_time(diary, person, day),
        microsoft_address(dice),
    )


def reset(diary: ActivityLog, by: LabAccount, person: LabAccount, time: float, client_address: str) -> None:
    """Add a password change and the end of all sessions."""
    operation = "Change user password." if by is person else "Reset user password."
    directory(diary, operation, by, client_address, time, person)
    directory(diary, "Update StsRefreshTokenValidFrom Timestamp.", by, client_address, time + 1, person)
    person.resets.append(time + 1)
    person.resets.sort()


def method_change(diary: ActivityLog, day: int) -> None:
    """Add the registration of a new phone or security key."""
    dice, person = diary.dice, somebody(diary, day)
    register_method(
        diary,
        person,
        find_address(diary, person, day),
        working_time(diary, person, day),
        dice.pick(("app", "sms", "key")),
    )


def register_method(
    diary: ActivityLog, who: LabAccount, client_address: str, time: float, method: str
) -> None:
    """Add an authentication method."""
    operation = {
        "app": "User registered security info",
        "sms": "Update user.",
        "key": "User registered security info",
    }[method]
    modified = {
        "StrongAuthenticationMethod": '[{"MethodType":6,"Default":true},{"MethodType":7,"Default":false}]'
    }
    if method == "sms":
        modified = {
            "StrongAuthenticationUserDetails": '[{"PhoneNumber":"+**********","AlternativePhoneNumber":null}]'
        }
    directory(diary, operation, who, client_address, time, who, **modified)


def rotate_key(diary: ActivityLog, day: int) -> None:
    """Add a new secret of an own application, which uses it from the next day on."""
    dice, own = diary.dice, [app for app in diary.tenant.apps if not app.is_delegated]
    if own:
        app, admin, key = dice.pick(own), dice.pick(diary.tenant.admins()), dice.guid()
        add_key(diary, admin, app, key, microsoft_address(dice), working_time(diary, admin, day))
        app.keys.append((day + 1, key))


def add_key(
    diary: ActivityLog, who: LabAccount, app: LabApplication, key: str, client_address: str, time: float
) -> None:
    """Add a credential of an application."""
    operation, kind = diary.dice.pick(
        (
            ("Update application – Certificates and secrets management ", "Application"),
            ("Add service principal credentials.", "ServicePrincipal"),
        )
    )
    directory(
        diary,
        operation,
        who,
        client_address,
        time,
        app,
        "Mozilla/5.0",
        kind,
        KeyDescription=f'["[KeyIdentifier={key},KeyType=Password,KeyUsage=Verify,DisplayName=secret]"]',
    )
