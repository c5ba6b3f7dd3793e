"""Stage attacks through applications and permissions: consent, credentials, delegates, administrators."""

from __future__ import annotations

from seawall.lab.worlds.acts import NOBODY, app_sign_in, directory, place_in_hours, read
from seawall.lab.worlds.attacks.stage import AttackFamily, StagedAttack
from seawall.lab.worlds.clients import LabClient, admin_shell
from seawall.lab.worlds.networks import ConnectionPoint, microsoft_address
from seawall.lab.worlds.routine.accounts import SCOPES, add_key, grant
from seawall.lab.worlds.routine.administration import ROLES, administer_oddly
from seawall.lab.worlds.routine.mailboxes import give_access, share_folder
from seawall.lab.worlds.routine.people import find_address, shell_of, web_of
from seawall.lab.worlds.services import THIRD_PARTY, client_of, key_at, make_application


def consent_phishing(episode: StagedAttack) -> None:
    """Stage consent phishing: the victim grants an application access to mail, which then reads from rented servers."""
    dice, victim, diary = episode.dice, episode.victim, episode.diary
    app = make_application(*dice.pick(THIRD_PARTY), dice, is_delegated=True)
    time = episode.moment()
    client = grant(
        diary,
        victim,
        app,
        find_address(diary, victim, episode.day),
        time,
        dice.pick([scope for scope in SCOPES if "Mail" in scope]),
    )
    session = client.sessions[-1]
    place = app.place if dice.chance(0.5) else episode.place()
    for visit in [
        time + episode.wait(30, 9000, time),
        *(later for later in episode.visits()[1:] if later > time + 9000),
    ]:
        held = episode.come_back(victim, client, place, session, visit)
        episode.read_some(victim, client, place, visit, held)


def service_credential(episode: StagedAttack) -> None:
    """Stage theft or addition of an application's secret: many mailboxes are read from a new network."""
    dice, diary, app = episode.dice, episode.diary, episode.application
    time, place = episode.moment(), episode.place()
    key = key_at(app, episode.day)
    if dice.chance(0.6):
        key = dice.guid()
        add_key(
            diary,
            dice.pick(diary.tenant.admins()),
            app,
            key,
            microsoft_address(dice) if dice.chance(0.7) else place.address(episode.day, dice),
            time - dice.between(60, 40000),
        )
    client = client_of(app)
    everyone = [*diary.tenant.people, *diary.tenant.shared]
    known = [person for person, _, _ in app.readers]
    pool = known if known and (episode.difficulty == "hard" or dice.chance(0.3)) else everyone
    for visit in [time, *(later for later in episode.visits()[1:] if later > time)]:
        client_address = place.address(diary.day_of(visit), dice)
        held = app_sign_in(diary, app, client_address, visit, key)
        for owner in dice.sample(pool, episode.amount((5, 40), (2, 12), (1, 4))):
            visit += dice.between(2, 300)
            read(
                diary,
                app,
                client,
                client_address,
                visit,
                held,
                owner,
                episode.amount((3, 50), (1, 20), (1, 8)),
                dice.pick(owner.folders),
            )


def delegate_abuse(episode: StagedAttack) -> None:
    """Stage abuse of delegation: a compromised account is granted access to others' mailboxes and reads them."""
    dice, diary = episode.dice, episode.diary
    reader = episode.victim
    client, place, time = episode.client(reader), episode.place(reader), episode.moment()
    session = episode.sign_in(reader, client, place, time)
    owners = dice.sample(
        [person for person in diary.tenant.people if person is not reader],
        episode.amount((2, 6), (1, 3), (1, 1)),
    )
    for owner in owners:
        client_address = place.address(diary.day_of(time), dice)
        if dice.chance(0.5):
            admin = dice.pick(diary.tenant.admins()) if dice.chance(0.5) else reader
            from_where = client_address if admin is reader else find_address(diary, admin, episode.day)
            attack, diary.attack = diary.attack, (diary.attack if admin is reader else NOBODY)
            give_access(diary, admin, shell_of(diary, admin), from_where, time + 60, owner, reader)
            diary.attack = attack
        else:
            attack, diary.attack = diary.attack, NOBODY
            share_folder(
                diary,
                owner,
                web_of(diary, owner),
                find_address(diary, owner, episode.day),
                time + 60,
                "Inbox",
                reader.upn,
            )
            diary.attack = attack
        time = episode.read_some(
            reader, client, place, time + dice.between(300, 9000), place_in_hours(session, time), owner
        )


def admin_takeover(episode: StagedAttack) -> None:
    """Stage takeover of an administrator's account: weaken auditing, search and export mail, grant roles."""
    dice, admin, diary = episode.dice, episode.victim, episode.diary
    place, time = episode.place(), episode.moment()
    shell: LabClient = shell_of(diary, admin).twin() if episode.difficulty == "hard" else admin_shell(dice)
    session = episode.sign_in(admin, shell, place, time)
    client_address = place.address(episode.day, dice)
    end = administer_oddly(
        diary, admin, shell, client_address, time + 30, episode.amount((3, 7), (2, 4), (1, 2))
    )
    if dice.chance(0.3):
        directory(
            diary,
            "Add member to role.",
            admin,
            client_address,
            end,
            dice.pick(diary.tenant.people),
            **{"Role.DisplayName": dice.pick(ROLES)},
        )
    if dice.chance(0.6):
        reading = episode.client(admin)
        owner = dice.pick(diary.tenant.people)
        give_access(diary, admin, shell, client_address, end + 40, owner, admin)
        episode.read_some(
            admin,
            reading,
            ConnectionPoint(place.network, fixed=(client_address,)),
            end + 400,
            place_in_hours(session, end),
            owner,
        )


FAMILIES = {
    "consent_phishing": AttackFamily(consent_phishing),
    "service_credential": AttackFamily(service_credential, target="app"),
    "delegate_abuse": AttackFamily(delegate_abuse),
    "admin_takeover": AttackFamily(admin_takeover, target="admin"),
}
