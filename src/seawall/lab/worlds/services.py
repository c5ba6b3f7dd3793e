"""Applications that read mail by consent or as themselves: CRM, archive, backup, assistants, scripts."""

from __future__ import annotations

from seawall.lab.worlds.acts import ActivityLog, app_sign_in, place_in_hours, read, sign_in
from seawall.lab.worlds.clients import LabClient, LabSession
from seawall.lab.worlds.first_party import GRAPH
from seawall.lab.worlds.networks import ConnectionPoint, networks_of
from seawall.lab.worlds.organisation import LabAccount, LabApplication, Tenant
from seawall.lab.worlds.seeded_random import SeededRandom

THIRD_PARTY = (
    ("crm", "Salesloop CRM Sync"),
    ("calendar", "MeetWhen Scheduler"),
    ("signature", "SignRight"),
    ("notes", "Minutewise Notetaker"),
    ("travel", "TripFolder"),
    ("tasks", "Tasklane"),
    ("newsletter", "Mailtide"),
    ("expenses", "ReceiptBox"),
)
OWN_SERVICES = (
    ("archive", "Mail Archive"),
    ("backup", "CloudKeep Backup"),
    ("ticketing", "Ticket Intake"),
    ("invoices", "Invoice Robot"),
    ("security", "Phish Review"),
    ("script", "automation-prod"),
)
_AGENTS = (
    "python-requests/2.31.0",
    "Java/17.0.9",
    "axios/1.6.2",
    "Go-http-client/1.1",
    "RestSharp/110.2.0",
    "",
)


def make_applications(tenant: Tenant, dice: SeededRandom) -> None:
    """Draw the organisation's applications and the mailboxes that each reads."""
    for kind, name in dice.sample(THIRD_PARTY, tenant.style.third_party_apps):
        app = make_application(kind, name, dice, is_delegated=True)
        share = dice.log_between(0.01, 0.3)
        app.readers = [(person, 0, 10_000) for person in tenant.people if dice.chance(share)]
        tenant.apps.append(app)
    for kind, name in dice.sample(OWN_SERVICES, tenant.style.services):
        app = make_application(kind, name, dice, is_delegated=False)
        everyone = [*tenant.people, *tenant.shared]
        if kind in ("archive", "backup"):
            app.night_only = dice.chance(0.6)
            share = dice.between(0.3, 1.0)
            app.readers = [(person, 0, 10_000) for person in everyone if dice.chance(share)]
        else:
            app.readers = [
                (person, 0, 10_000) for person in dice.sample(tenant.shared or everyone, 1 + dice.below(4))
            ]
        tenant.apps.append(app)


def make_application(kind: str, name: str, dice: SeededRandom, *, is_delegated: bool) -> LabApplication:
    """Draw an application: where it runs, how often and how much it reads."""
    network = dice.pick(networks_of(("hosting",)))
    pool = tuple(network.v4_address(dice, dice.below(3)) for _ in range(1 + dice.below(12)))
    return LabApplication(
        dice.guid(),
        dice.guid(),
        name,
        kind,
        ConnectionPoint(network, fixed=pool),
        dice.pick(_AGENTS),
        is_delegated,
        dice.log_between(2.0, 30.0) if kind not in ("archive", "backup") else 24.0,
        dice.log_between(1.0, 12.0),
        keys=[(-1000, dice.guid())],
    )


def client_of(app: LabApplication) -> LabClient:
    """Return the application as a client."""
    return LabClient(
        "app",
        "graph",
        app.app,
        GRAPH,
        lambda _week: app.agent,
        lambda _week: "Client=REST;Client=RESTSystem;;",
        "Mobile Apps and Desktop clients",
        "",
        token_hours=1.1,
        name=app.name,
    )


def key_at(app: LabApplication, day: int) -> str:
    """Return the newest credential key of an application by a day."""
    return max((pair for pair in app.keys if pair[0] <= day), key=lambda pair: pair[0])[1]


def serve(diary: ActivityLog, app: LabApplication, day: int, density: float) -> None:
    """Add an application's acts of a day."""
    if day < app.first_day:
        return
    dice = diary.dice
    readers = [
        person
        for person, since, until in app.readers
        if since <= day < until and person.first_day <= day < person.last_day
    ]
    if not readers:
        return
    rounds = max(0.05, min(12.0, 24.0 / app.interval_hours)) * min(1.0, density + 0.2)
    if app.is_delegated:
        for person in readers:
            _delegate_round(diary, app, person, day, dice.poisson(rounds * 0.35))
        return
    client = app.clients.setdefault("", client_of(app))
    base = diary.start + 86400 * day
    for _ in range(max(1, min(6, dice.poisson(rounds)))):
        start = base + (dice.between(0, 5) if app.night_only else dice.between(0, 23)) * 3600
        client_address = app.place.address(day, dice)
        held = app_sign_in(diary, app, client_address, start, key_at(app, day))
        share = 1.0 if len(readers) < 8 else min(1.0, 0.25 * density + 0.1)
        for person in readers:
            if dice.chance(share):
                time = start + dice.between(1, 3000)
                read(
                    diary,
                    app,
                    client,
                    client_address,
                    time,
                    held,
                    person,
                    1 + dice.poisson(app.items),
                    dice.pick(person.folders),
                    throttled=app.items > 8 and dice.chance(0.02),
                )


def _delegate_round(
    diary: ActivityLog, app: LabApplication, person: LabAccount, day: int, rounds: int
) -> None:
    dice = diary.dice
    client = app.clients.get(person.upn)
    if client is None:
        client = app.clients[person.upn] = client_of(app)
    if not client.sessions:
        born = diary.start + 86400 * day - dice.between(0, 40) * 86400
        session = LabSession(dice.guid(), born, app.place.address(day, dice), "mfa_claim")
        session.tokens.append((born, dice.token()))
        client.sessions.append(session)
    session = client.sessions[-1]
    for _ in range(rounds):
        time = diary.start + 86400 * (day + dice.uniform())
        client_address = app.place.address(day, dice)
        held = place_in_hours(session, time)
        if not 0 <= time - held[2] < 4000:
            sign_in(
                diary,
                person,
                client,
                client_address,
                time - 1.5,
                interactive=False,
                session=session,
                method="mfa_claim",
            )
            held = place_in_hours(session, time)
        read(diary, person, client, client_address, time, held, None, 1 + dice.poisson(app.items))
