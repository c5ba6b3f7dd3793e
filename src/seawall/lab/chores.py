"""Everything else of an ordinary day: mistakes, help desk, rules, consents, administration, noise from outside."""

from __future__ import annotations

from collections.abc import Callable

from seawall.lab.acts import Act, Diary, app_sign_in, cmdlet, directory, held_by, read, sign_in, token_for
from seawall.lab.clients import Client, admin_shell, browser_client, legacy_imap, script
from seawall.lab.networks import Network, microsoft_address, networks_of
from seawall.lab.organisation import Application, Person
from seawall.lab.services import THIRD_PARTY, make_application


def do_chores(diary: Diary, day: int) -> None:
    """Write down one day of a tenant's odd events."""
    style, size = diary.tenant.style, len(diary.tenant.people)
    rates: tuple[tuple[float, Callable[[Diary, int], None]], ...] = (
        (style.failure_rate, failed_sign_in), (style.prompt_denial_rate, denied_prompt), (style.rule_rate, mailbox_rule),
        (style.forwarding_rate, forwarding), (style.consent_rate, consent), (style.delegate_rate, delegate),
        (style.helpdesk_rate, password_reset), (style.mfa_change_rate, method_change), (style.rule_rate, administer),
        (style.noise_rate, provider_noise), (style.developer_share * 0.05, own_script), (0.0006, folder_permission),
        (0.0003, rotate_key), (0.0003, odd_administration), (0.0008, device_code), (0.0006, guest_access),
        (0.0005, legacy_use),
    )  # fmt: skip
    for rate, chore in rates:
        for _ in range(diary.dice.poisson(rate * size)):
            chore(diary, day)
    if diary.dice.chance(min(0.9, style.spray_rate)):
        spray(diary, day)


def somebody(diary: Diary, day: int) -> Person:
    """Return a person who works here on a day."""
    for _ in range(50):
        person = diary.dice.pick(diary.tenant.people)
        if person.first_day <= day < person.last_day:
            return person
    return diary.tenant.people[0]


def working_time(diary: Diary, person: Person, day: int) -> float:
    """Return a moment of the person's working day."""
    midnight = diary.start + day * 86400 - person.offset * 3600
    return midnight + 3600 * diary.dice.between(person.starts, person.ends)


def whereabouts(diary: Diary, person: Person, day: int) -> str:
    """Return an address at which the person is on a day."""
    dice = diary.dice
    place = person.away.get(day) or (person.home if dice.chance(person.remote) else person.office)
    if person.vpn and day >= person.vpn_from and dice.chance(person.vpn_share):
        place = person.vpn
    assert place is not None
    return place.address(day, dice)


def web_of(diary: Diary, person: Person) -> Client:
    """Return the browser that a person uses, a new one where there is none."""
    for client in person.desks:
        if client.used == "Browser":
            return client
    client = browser_client("edge", "windows", diary.dice)
    person.tools.append(client)
    return client


def shell_of(diary: Diary, person: Person) -> Client:
    """Return an administrator's Exchange shell."""
    for client in person.tools:
        if client.family == "powershell" and client.style == "none":
            return client
    client = admin_shell(diary.dice)
    person.tools.append(client)
    return client


def failed_sign_in(diary: Diary, day: int) -> None:
    """Somebody mistypes, has an expired password, or is interrupted."""
    dice, person = diary.dice, somebody(diary, day)
    clients = person.desks + person.phones
    client, address, time = (
        dice.pick(clients),
        whereabouts(diary, person, day),
        working_time(diary, person, day),
    )
    error = dice.weighted(
        [
            (50126, 0.6),
            (50055, 0.08),
            (50053, 0.05),
            (50140, 0.1),
            (50074, 0.07),
            (65001, 0.03),
            (70043, 0.07),
        ]
    )
    for _ in range(1 + dice.poisson(0.7)):
        sign_in(diary, person, client, address, time, error=error)
        time += dice.between(8, 90)


def denied_prompt(diary: Diary, day: int) -> None:
    """Somebody denies or misses an own MFA prompt, then approves the next."""
    dice, person = diary.dice, somebody(diary, day)
    client, address, time = (
        dice.pick(person.desks),
        whereabouts(diary, person, day),
        working_time(diary, person, day),
    )
    if dice.chance(0.1):
        address = dice.pick(networks_of(("residential", "mobile"))).v4_address(dice)
    for _ in range(1 + dice.poisson(0.5)):
        sign_in(diary, person, client, address, time, error=dice.pick((500121, 50074, 500121)), method="mfa")
        time += dice.between(20, 200)
    if dice.chance(0.8):
        client.sessions.append(sign_in(diary, person, client, address, time, method="mfa"))


_RULES = (
    {"MoveToFolder": "Newsletters", "SubjectContainsWords": "newsletter"}, {"MarkAsRead": "True", "From": "noreply@builds.example"},
    {"MoveToFolder": "Projects", "SubjectContainsWords": "sprint"}, {"DeleteMessage": "True", "From": "ads@shop.example"},
    {"MoveToFolder": "Archive", "StopProcessingRules": "True", "SubjectOrBodyContainsWords": "invoice"},
    {"MoveToFolder": "RSS Feeds", "MarkAsRead": "True"}, {"ApplyCategory": "Clients", "FromAddressContainsWords": "client"},
)  # fmt: skip


def mailbox_rule(diary: Diary, day: int) -> None:
    """Somebody tidies the inbox with a rule."""
    dice, person = diary.dice, somebody(diary, day)
    make_rule(diary, person, web_of(diary, person), whereabouts(diary, person, day), working_time(diary, person, day),
              dice.pick(("filing", "Newsletters", "builds", "x", ".", "archive", "Clients")), dict(dice.pick(_RULES)))  # fmt: skip


def make_rule(
    diary: Diary, who: Person, client: Client, address: str, time: float, name: str, rule: dict[str, str]
) -> None:
    """Create or change an inbox rule."""
    session, _, _ = token_for(diary, who, client, address, time)
    operation = diary.dice.weighted(
        [("New-InboxRule", 0.6), ("Set-InboxRule", 0.25), ("UpdateInboxRules", 0.15)]
    )
    cmdlet(diary, operation, who, client, address, time, f"{who.upn}\\{name}", session,
           AlwaysDeleteOutlookRulesBlob="False", Force="False", Name=name, **rule)  # fmt: skip


def forwarding(diary: Diary, day: int) -> None:
    """Somebody forwards mail: to a colleague, or to an address outside."""
    dice, person = diary.dice, somebody(diary, day)
    client, address, time = (
        web_of(diary, person),
        whereabouts(diary, person, day),
        working_time(diary, person, day),
    )
    to = dice.pick(
        (
            somebody(diary, day).upn,
            f"{person.name.split()[0].lower()}{dice.below(99)}@gmail.com",
            "helpdesk@partner.example",
        )
    )
    forward(diary, person, client, address, time, to)


def forward(diary: Diary, who: Person, client: Client, address: str, time: float, to: str) -> None:
    """Set forwarding on a mailbox or by a rule."""
    dice = diary.dice
    if dice.chance(0.5):
        session, _, _ = token_for(diary, who, client, address, time)
        cmdlet(diary, "Set-Mailbox", who, client, address, time, who, session,
               ForwardingSmtpAddress=f"smtp:{to}", DeliverToMailboxAndForward=dice.pick(("True", "False")))  # fmt: skip
    else:
        make_rule(
            diary, who, client, address, time, dice.pick(("fwd", ".", "copy", "holiday")), {"ForwardTo": to}
        )


SCOPES = (
    "User.Read openid profile", "Calendars.Read User.Read", "Mail.Read User.Read offline_access",
    "Mail.ReadWrite Mail.Send offline_access", "Contacts.Read Mail.Read offline_access", "Files.Read.All User.Read",
    "IMAP.AccessAsUser.All offline_access", "EWS.AccessAsUser.All offline_access",
)  # fmt: skip


def grant(diary: Diary, who: Person, app: Application, address: str, time: float, scope: str) -> None:
    """Consent to an application."""
    agent = "EvoSTS"
    if diary.dice.chance(0.8):
        directory(
            diary,
            "Add service principal.",
            who,
            address,
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
        address,
        time - 1,
        app,
        agent,
        "ServicePrincipal",
        **{"DelegatedPermissionGrant.Scope": scope},
    )
    directory(diary, "Consent to application.", who, address, time, app, agent, "ServicePrincipal", **{
        "ConsentContext.IsAdminConsent": str(who.is_admin), "ConsentContext.OnBehalfOfAll": "False",
        "ConsentAction.Permissions": f"[] => [[Id: {diary.dice.token(43)}, ClientId: {app.object_id}, PrincipalId: {who.object_id},"
        f" ConsentType: Principal, Scope: {scope}]]; ",
    })  # fmt: skip


def consent(diary: Diary, day: int) -> None:
    """Somebody consents to an application: one in use here already, or one that nobody has used before."""
    dice, person = diary.dice, somebody(diary, day)
    known = [app for app in diary.tenant.apps if app.is_delegated]
    if known and dice.chance(0.45):
        app = dice.pick(known)
    else:
        app = make_application(*dice.pick(THIRD_PARTY), dice, is_delegated=True)
        app.first_day = day
        diary.tenant.apps.append(app)
    scope = dice.pick(SCOPES)
    grant(diary, person, app, whereabouts(diary, person, day), working_time(diary, person, day), scope)
    if "Mail" in scope and all(reader is not person for reader, _, _ in app.readers):
        app.readers.append((person, day + 1, 10_000))


def delegate(diary: Diary, day: int) -> None:
    """The help desk, or the holder, lets a colleague into a mailbox."""
    dice, tenant = diary.dice, diary.tenant
    reader = somebody(diary, day)
    owner = dice.pick(tenant.shared) if dice.chance(0.6) else somebody(diary, day)
    admin = dice.pick(tenant.admins())
    give_access(
        diary,
        admin,
        shell_of(diary, admin),
        whereabouts(diary, admin, day),
        working_time(diary, admin, day),
        owner,
        reader,
    )
    if owner is not reader:
        reader.guests.append((owner, day + 1))


def give_access(
    diary: Diary, admin: Person, client: Client, address: str, time: float, owner: Person, reader: Person
) -> None:
    """Grant full access to a mailbox."""
    session, _, _ = token_for(diary, admin, client, address, time)
    cmdlet(diary, "Add-MailboxPermission", admin, client, address, time, owner, session,
           Identity=owner.upn, User=reader.upn, AccessRights="FullAccess", InheritanceType="All",
           AutoMapping=diary.dice.pick(("True", "False")))  # fmt: skip


def folder_permission(diary: Diary, day: int) -> None:
    """Somebody shares a folder or calendar."""
    dice, person = diary.dice, somebody(diary, day)
    client, address, time = (
        web_of(diary, person),
        whereabouts(diary, person, day),
        working_time(diary, person, day),
    )
    share_folder(
        diary,
        person,
        client,
        address,
        time,
        dice.pick(("Calendar", "Inbox", "Projects")),
        somebody(diary, day).upn,
    )


def share_folder(
    diary: Diary, who: Person, client: Client, address: str, time: float, folder: str, reader: str
) -> None:
    """Grant rights on one folder."""
    session, _, _ = token_for(diary, who, client, address, time)
    cmdlet(diary, "Add-MailboxFolderPermission", who, client, address, time, who, session,
           Identity=f"{who.upn}:\\{folder}", User=reader, AccessRights=diary.dice.pick(("Reviewer", "Editor", "Owner")))  # fmt: skip


def password_reset(diary: Diary, day: int) -> None:
    """The help desk resets a password, or the holder changes it."""
    dice, person = diary.dice, somebody(diary, day)
    admin = dice.pick(diary.tenant.admins())
    reset(
        diary,
        admin if dice.chance(0.6) else person,
        person,
        working_time(diary, person, day),
        microsoft_address(dice),
    )


def reset(diary: Diary, by: Person, person: Person, time: float, address: str) -> None:
    """Change a password and end the sessions."""
    operation = "Change user password." if by is person else "Reset user password."
    directory(diary, operation, by, address, time, person)
    directory(diary, "Update StsRefreshTokenValidFrom Timestamp.", by, address, time + 1, person)
    person.resets.append(time + 1)
    person.resets.sort()


def method_change(diary: Diary, day: int) -> None:
    """Somebody registers a new telephone or key."""
    dice, person = diary.dice, somebody(diary, day)
    register_method(
        diary,
        person,
        whereabouts(diary, person, day),
        working_time(diary, person, day),
        dice.pick(("app", "sms", "key")),
    )


def register_method(diary: Diary, who: Person, address: str, time: float, method: str) -> None:
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
    directory(diary, operation, who, address, time, who, **modified)


def administer(diary: Diary, day: int) -> None:
    """An administrator does administration."""
    dice, admin = diary.dice, diary.dice.pick(diary.tenant.admins())
    client, address, time = (
        shell_of(diary, admin),
        whereabouts(diary, admin, day),
        working_time(diary, admin, day),
    )
    target = somebody(diary, day)
    session, _, _ = token_for(diary, admin, client, address, time)
    for operation, parameters in dice.sample(_ADMINISTRATION, 1 + dice.below(3)):
        cmdlet(diary, operation, admin, client, address, time, target, session, **parameters)
        time += dice.between(3, 200)
    if dice.chance(0.4):
        directory(
            diary,
            dice.pick(("Update user.", "Add member to group.", "Update group.", "Add user.")),
            admin,
            microsoft_address(dice),
            time,
            target,
        )


_ADMINISTRATION: tuple[tuple[str, dict[str, str]], ...] = (
    ("Set-Mailbox", {"MaxSendSize": "35 MB"}), ("Set-CASMailbox", {"PopEnabled": "False"}), ("Set-User", {"Office": "3rd floor"}),
    ("Set-Mailbox", {"LitigationHoldEnabled": "True"}), ("Set-DistributionGroup", {"ModerationEnabled": "False"}),
    ("Set-CASMailbox", {"ImapEnabled": "True"}), ("Add-RecipientPermission", {"AccessRights": "SendAs"}),
    ("Set-Mailbox", {"EmailAddresses": "smtp:alias@example"}), ("Remove-MailboxPermission", {"AccessRights": "FullAccess"}),
)  # fmt: skip
ODD_ADMINISTRATION: tuple[tuple[str, dict[str, str]], ...] = (
    ("Set-MailboxAuditBypassAssociation", {"AuditBypassEnabled": "True"}), ("Set-Mailbox", {"AuditEnabled": "False"}),
    ("New-TransportRule", {"BlindCopyTo": "journal@archive.example", "Mode": "Enforce"}),
    ("Set-AdminAuditLogConfig", {"UnifiedAuditLogIngestionEnabled": "True"}),
    ("New-ComplianceSearch", {"ContentMatchQuery": "subject:contract"}), ("New-MailboxExportRequest", {"FilePath": "\\\\files\\export"}),
    ("New-ComplianceSearchAction", {"Export": "True"}), ("New-ManagementRoleAssignment", {"Role": "ApplicationImpersonation"}),
    ("Set-TransportRule", {"Mode": "Audit"}), ("Add-RoleGroupMember", {"Member": "auditor"}),
)  # fmt: skip


def odd_administration(diary: Diary, day: int) -> None:
    """An administrator does, for good reasons, what an intruder would do too."""
    dice, admin = diary.dice, diary.dice.pick(diary.tenant.admins())
    administer_oddly(
        diary,
        admin,
        shell_of(diary, admin),
        whereabouts(diary, admin, day),
        working_time(diary, admin, day),
        1 + dice.below(3),
    )


def administer_oddly(
    diary: Diary, admin: Person, client: Client, address: str, time: float, steps: int
) -> float:
    """Run cmdlets that weaken the audit, search or export mail; returns the time after the last."""
    session, _, _ = token_for(diary, admin, client, address, time)
    target = diary.dice.pick(diary.tenant.people)
    for operation, parameters in diary.dice.sample(ODD_ADMINISTRATION, steps):
        cmdlet(diary, operation, admin, client, address, time, target, session, **parameters)
        time += diary.dice.between(5, 600)
    return time


def rotate_key(diary: Diary, day: int) -> None:
    """An administrator gives an own application a new secret, which it uses from the next day on."""
    dice, own = diary.dice, [app for app in diary.tenant.apps if not app.is_delegated]
    if own:
        app, admin, key = dice.pick(own), dice.pick(diary.tenant.admins()), dice.guid()
        add_key(diary, admin, app, key, microsoft_address(dice), working_time(diary, admin, day))
        app.keys.append((day + 1, key))


def add_key(diary: Diary, who: Person, app: Application, key: str, address: str, time: float) -> None:
    """Add a credential to an application."""
    operation, kind = diary.dice.pick((
        ("Update application – Certificates and secrets management ", "Application"),
        ("Add service principal credentials.", "ServicePrincipal"),
    ))  # fmt: skip
    directory(diary, operation, who, address, time, app, "Mozilla/5.0", kind,
              KeyDescription=f'["[KeyIdentifier={key},KeyType=Password,KeyUsage=Verify,DisplayName=secret]"]')  # fmt: skip


def own_script(diary: Diary, day: int) -> None:
    """A developer runs a script against the own mailbox."""
    developers = [person for person in diary.tenant.people if person.is_developer]
    if developers:
        person = diary.dice.pick(developers)
        run_script(diary, person, day)


def run_script(diary: Diary, person: Person, day: int) -> None:
    """Read the own mailbox by a script, from a desk or a rented server."""
    dice = diary.dice
    tool = next(
        (
            client
            for client in person.tools
            if client.style in ("graph", "owa", "ews") and client.used != "Browser"
        ),
        None,
    )
    if tool is None:
        app = dice.pick((diary.tenant.developer_app, "14d82eec-204b-4c2f-b7e8-296a70dab67e", "de8bc8b5-d9f9-48b1-a8ad-b748da725064",
                         "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "1950a258-227b-4e31-a9cf-717495945fc2"))  # fmt: skip
        tool = script(dice, app, style=dice.weighted([("graph", 0.7), ("ews", 0.2), ("owa", 0.1)]))
        person.tools.append(tool)
    time, address = working_time(diary, person, day), whereabouts(diary, person, day)
    if dice.chance(0.15):
        address = dice.pick(networks_of(("hosting",))).v4_address(dice)
    held = token_for(diary, person, tool, address, time)
    for _ in range(1 + dice.poisson(2)):
        read(diary, person, tool, address, time, held, None, 1 + dice.poisson(dice.pick((2, 8, 30))),
             dice.pick(person.folders), sync=dice.chance(0.2))  # fmt: skip
        time += dice.between(20, 240)


def device_code(diary: Diary, day: int) -> None:
    """A developer or administrator signs a tool in by device code."""
    dice = diary.dice
    pool = [person for person in diary.tenant.people if person.is_admin or person.is_developer]
    person = dice.pick(pool) if dice.chance(0.8) else somebody(diary, day)
    app = dice.pick(
        (
            "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
            "14d82eec-204b-4c2f-b7e8-296a70dab67e",
            "29d9ed98-a469-4536-ade2-f981bc1d605e",
            "d3590ed6-52b3-4102-aeff-aad2292ab01c",
        )
    )
    tool = script(dice, app, dice.pick(("python", "powershell")))
    person.tools.append(tool)
    address = whereabouts(diary, person, day)
    tool.sessions.append(
        sign_in(diary, person, tool, address, working_time(diary, person, day), protocol="deviceCode")
    )


def guest_access(diary: Diary, day: int) -> None:
    """A mailbox or calendar is opened with a token of another tenant: partners, personal accounts."""
    dice, person = diary.dice, somebody(diary, day)
    issuer = dice.pick((diary.tenant.partner, diary.tenant.partner, "9188040d-6c67-4c5b-b112-36a304b66dad"))
    client, address, time = (
        web_of(diary, person).twin(),
        whereabouts(diary, person, day),
        working_time(diary, person, day),
    )
    for _ in range(1 + dice.below(3)):
        act = read(
            diary,
            person,
            client,
            address,
            time,
            (dice.guid(), dice.token(), time - 300),
            dice.pick([person, *diary.tenant.shared]),
            1 + dice.below(3),
        )
        act.details["issuer"] = issuer
        time += dice.between(100, 900)


def legacy_use(diary: Diary, day: int) -> None:
    """Somebody sets up an old IMAP or POP program and synchronises everything once."""
    dice, person = diary.dice, somebody(diary, day)
    client = legacy_imap(dice, dice.pick(("IMAP4", "POP3")))
    address, time = whereabouts(diary, person, day), working_time(diary, person, day)
    session = sign_in(diary, person, client, address, time, method="password", protocol="ropc")
    for folder in person.folders[: 1 + dice.below(5)]:
        time += dice.between(1, 40)
        read(
            diary,
            person,
            client,
            address,
            time,
            held_by(session, time),
            None,
            0,
            folder,
            sync=True,
        )


def spray(diary: Diary, day: int) -> None:
    """Strangers try passwords on many accounts; none fits."""
    dice = diary.dice
    network: Network = dice.pick(networks_of(("hosting", "residential", "anonymiser")))
    time, client = diary.start + 86400 * (day + dice.uniform()), legacy_imap(dice)
    if dice.chance(0.5):
        client = script(dice, "04b07795-8ddb-461a-bbee-02f9e1bf7b46")
    spray_failures(
        diary,
        dice.sample(diary.tenant.people, 3 + dice.poisson(min(40, len(diary.tenant.people) / 6))),
        client,
        [network.v4_address(dice) for _ in range(1 + dice.below(20))],
        time,
    )


def spray_failures(
    diary: Diary, targets: list[Person], client: Client, addresses: list[str], time: float
) -> float:
    """Fail at every target; returns the time after the last."""
    dice = diary.dice
    for person in targets:
        sign_in(
            diary,
            person,
            client,
            dice.pick(addresses),
            time,
            error=dice.weighted([(50126, 0.85), (50053, 0.1), (50034, 0.05)]),
            method="password",
            protocol="ropc",
        )
        time += dice.exponential(15)
    return time


_PROVIDER = (
    ("Set-Mailbox", "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)"),
    ("Set-MailboxPlan", "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)"),
    ("Set-TransportConfig", "NT AUTHORITY\\SYSTEM (w3wp)"), ("Set-User", "NT AUTHORITY\\SYSTEM (w3wp)"),
    ("Add-MailboxPermission", "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)"),
)  # fmt: skip


def provider_noise(diary: Diary, day: int) -> None:
    """The provider's own cmdlets and records of kinds that nobody knows."""
    dice = diary.dice
    time = diary.start + 86400 * (day + dice.uniform())
    if dice.chance(0.6):
        operation, actor = dice.pick(_PROVIDER)
        target = dice.pick(diary.tenant.people)
        act = cmdlet(
            diary,
            operation,
            None,
            None,
            "",
            time,
            target,
            "",
            RecoverableItemsQuota="30 GB (32,212,254,720 bytes)",
            Force="True",
        )
        act.details["system"] = actor
    elif dice.chance(0.15) and diary.tenant.apps:
        app = dice.pick(diary.tenant.apps)
        app_sign_in(diary, app, app.place.address(day, dice), time, app.keys[0][1])
    else:
        diary.add(
            Act(
                time,
                "other",
                dice.pick(_UNKNOWN),
                dice.pick(diary.tenant.people),
                None,
                microsoft_address(dice),
            )
        )


_UNKNOWN = ("SearchMtpStatus", "TIMailData", "MemberAdded", "MessageReadReceiptReceived", "CopilotInteraction", "DlpRuleMatch",
            "MeetingParticipantDetail", "ListViewed", "ViewReport", "QuarantineViewMessageHeader")  # fmt: skip
