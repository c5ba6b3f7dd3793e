"""Stage attacks with lasting or borrowed rights: dormant consents, developers' clients, tokens of servers that act for people."""

from __future__ import annotations

from seawall.lab.worlds.acts import NOBODY, Held
from seawall.lab.worlds.attacks.stage import AttackFamily, StagedAttack
from seawall.lab.worlds.clients import script
from seawall.lab.worlds.first_party import DEVELOPER_APPS
from seawall.lab.worlds.routine.accounts import SCOPES, grant
from seawall.lab.worlds.routine.broad_chores import relay_client
from seawall.lab.worlds.routine.people import find_address
from seawall.lab.worlds.services import THIRD_PARTY, make_application


def developer_client(episode: StagedAttack) -> None:
    """Stage phishing for a code: the victim signs in to a developer's client, and the intruder redeems the code."""
    dice, victim, diary = episode.dice, episode.victim, episode.diary
    client, place, time = script(dice, dice.pick(DEVELOPER_APPS)), episode.place(), episode.moment()
    entered = find_address(diary, victim, episode.day) if dice.chance(0.7) else None
    session = episode.sign_in_from(victim, client, entered or place.address(episode.day, dice), time)
    first = time + episode.wait(20, 3600, time)
    for visit in [first, *(later for later in episode.visits()[1:] if later > first)]:
        held = episode.come_back(victim, client, place, session, visit)
        episode.read_some(victim, client, place, visit, held)


def dormant_grant(episode: StagedAttack) -> None:
    """Stage a consent that sleeps: an application that the victim allowed weeks ago begins to read."""
    dice, victim, diary = episode.dice, episode.victim, episode.diary
    app = make_application(*dice.pick(THIRD_PARTY), dice, is_delegated=True)
    day = episode.day - dice.count(3, 45)
    attack, diary.attack = diary.attack, NOBODY  # until it reads, nothing but a consent has happened
    time = episode.moment(day=day)
    scope = dice.pick([scope for scope in SCOPES if "Mail" in scope])
    client = grant(diary, victim, app, find_address(diary, victim, max(0, day)), time, scope)
    diary.attack = attack
    session = client.sessions[-1]
    place = app.place if dice.chance(0.5) else episode.place()
    for visit in episode.visits():
        held = episode.come_back(victim, client, place, session, visit)
        episode.read_some(victim, client, place, visit, held)


def actor_token(episode: StagedAttack) -> None:
    """Stage impersonation by a server's token: mail of several people is read as them, without any sign-in."""
    dice = episode.dice
    client, place = relay_client(episode.diary), episode.place()
    for victim in episode.victims:
        time = episode.moment(victim, min(episode.last_day, episode.day + dice.below(4)))
        held: Held = ("", dice.token(), time - dice.between(1, 3000))
        episode.read_some(victim, client, place, time, held)


FAMILIES = {
    "developer_client": AttackFamily(developer_client),
    "dormant_grant": AttackFamily(dormant_grant),
    "actor_token": AttackFamily(actor_token, target="many"),
}
