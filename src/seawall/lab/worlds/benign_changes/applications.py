"""Benign changes of applications: consents, migrations, growing backups, services with new networks or keys."""

from __future__ import annotations

from seawall.lab.worlds.acts import ActivityLog
from seawall.lab.worlds.benign_changes.stage import Confuser, Span, names, some_day, some_people
from seawall.lab.worlds.networks import ConnectionPoint, microsoft_address, networks_of
from seawall.lab.worlds.organisation import LabAccount, LabApplication
from seawall.lab.worlds.routine.accounts import SCOPES, add_key, grant
from seawall.lab.worlds.routine.people import find_address, working_time
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.services import THIRD_PARTY, make_application


def consented_app(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Spread one to four new applications: users consent over some days, then the applications read mail."""
    spans: list[Span] = []
    for _ in range(dice.count(1, 4)):
        app = make_application(*dice.pick(THIRD_PARTY), dice, is_delegated=True)
        people, day, spread = some_people(diary, dice, 0.005, 0.1), some_day(diary, dice), dice.count(1, 12)
        scope = dice.pick([scope for scope in SCOPES if "Mail" in scope])
        diary.tenant.apps.append(app)
        for person in people:
            when = day + dice.below(spread)
            app.readers.append((person, when + dice.below(2), when + dice.pick((2, 10, 10_000, 10_000))))

            def agree(
                diary: ActivityLog,
                day: int,
                person: LabAccount = person,
                app: LabApplication = app,
                scope: str = scope,
            ) -> None:
                grant(
                    diary,
                    person,
                    app,
                    find_address(diary, person, day),
                    working_time(diary, person, day) - 18000,
                    scope,
                )

            diary.plan(when, agree)
        spans.append((names(people), day, min(diary.days, day + spread)))
    return spans


def migration(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have a migration tool read every mailbox within about a week."""
    app, day, length = (
        make_application("migration", "ShiftMail Migrator", dice, is_delegated=False),
        some_day(diary, dice),
        dice.count(2, 9),
    )
    everyone = [*diary.tenant.people, *diary.tenant.shared]
    app.first_day, app.items = day, dice.between(10, 50)
    for person in everyone:
        first = day + dice.below(length)
        app.readers.append((person, first, first + dice.count(1, 3)))
    diary.tenant.apps.append(app)
    return [([app.app], day, min(diary.days, day + length))]


def backup_growth(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Give a backup application more mailboxes."""
    own = [app for app in diary.tenant.apps if not app.is_delegated]
    if not own:
        return []
    app, day = dice.pick(own), some_day(diary, dice)
    app.readers += [(person, day, 10_000) for person in some_people(diary, dice, 0.05, 0.4)]
    return [([app.app], day, diary.days)]


def service_move(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Move applications to other networks, with or without new keys."""
    spans: list[Span] = []
    for app in dice.sample(diary.tenant.apps, dice.count(1, 3)):
        day, network = some_day(diary, dice), dice.pick(networks_of(("hosting",)))
        place = ConnectionPoint(
            network, fixed=tuple(network.v4_address(dice) for _ in range(dice.count(1, 6)))
        )

        def move(
            _diary: ActivityLog, _day: int, app: LabApplication = app, place: ConnectionPoint = place
        ) -> None:
            app.place = place

        diary.plan(day, move)
        spans.append(([app.app], day, diary.days))
    return spans


def key_rotation(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Rotate the keys of the organisation's applications within a few days."""
    spans: list[Span] = []
    day = some_day(diary, dice)
    for app in diary.tenant.apps:
        if app.is_delegated or dice.chance(0.3):
            continue
        when, key = day + dice.below(3), dice.guid()
        app.keys.append((when + dice.below(2), key))

        def rotate(diary: ActivityLog, day: int, app: LabApplication = app, key: str = key) -> None:
            admin = diary.dice.pick(diary.tenant.admins())
            add_key(
                diary,
                admin,
                app,
                key,
                microsoft_address(diary.dice),
                diary.start + 86400 * day - 3600 * diary.dice.between(1, 5),
            )

        diary.plan(when, rotate)
        spans.append(([app.app], when, min(diary.days, when + 2)))
    return spans


def new_service(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Add a new service of the organisation that reads some mailboxes, at once or gradually."""
    app, day = make_application("service", "reporting-job", dice, is_delegated=False), some_day(diary, dice)
    app.first_day = day
    app.readers = [(person, day + dice.below(5), 10_000) for person in some_people(diary, dice, 0.01, 0.3)]
    diary.tenant.apps.append(app)
    return [([app.app], day, diary.days)]


CONFUSERS: dict[str, Confuser] = {
    "consented_app": consented_app,
    "migration": migration,
    "backup_growth": backup_growth,
    "service_move": service_move,
    "key_rotation": key_rotation,
    "new_service": new_service,
}
