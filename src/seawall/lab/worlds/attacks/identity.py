"""Stage attacks typical of Okta and Google Workspace: factor reset, administration, delegation, forwarding."""

from __future__ import annotations

from seawall.lab.worlds.acts import NOBODY
from seawall.lab.worlds.attacks.stage import AttackFamily, StagedAttack
from seawall.lab.worlds.routine.accounts import register_method, reset
from seawall.lab.worlds.routine.identity import (
    administer_identity,
    delegate_domain,
    grant_role,
    read_as_delegate,
    reset_factors,
)
from seawall.lab.worlds.routine.mailboxes import forward
from seawall.lab.worlds.routine.people import find_address
from seawall.lab.worlds.services import THIRD_PARTY, make_application


def factor_reset(episode: StagedAttack) -> None:
    """Stage a factor reset by the deceived help desk: the attacker enrols a factor and signs in."""
    dice, victim, diary = episode.dice, episode.victim, episode.diary
    client, place, time = episode.client(), episode.place(), episode.moment()
    admin = dice.pick(diary.tenant.admins())
    desk, before = find_address(diary, admin, episode.day), time - dice.between(200, 6000)
    attack, diary.attack = diary.attack, NOBODY
    reset_factors(diary, admin, victim, desk, before)
    if dice.chance(0.5):
        reset(diary, admin, victim, before + 20, desk)
    diary.attack = attack
    session = episode.sign_in(victim, client, place, time, method="password")
    register_method(
        diary,
        victim,
        place.address(episode.day, dice),
        time + dice.between(30, 300),
        dice.pick(("app", "sms")),
    )
    for visit in [time + 400, *(later for later in episode.visits()[1:] if later > time + 9000)]:
        held = episode.come_back(victim, client, place, session, visit)
        episode.read_some(victim, client, place, visit, held)


def identity_admin(episode: StagedAttack) -> None:
    """Stage takeover of an Okta administrator: create an API token, role or provider, or weaken a policy."""
    dice, admin, diary = episode.dice, episode.victim, episode.diary
    client, place, time = episode.client(), episode.place(), episode.moment()
    session = episode.sign_in(admin, client, place, time)
    client_address = place.address(episode.day, dice)
    end = administer_identity(
        diary, admin, client, client_address, time + 40, session.id, episode.amount((2, 5), (1, 3), (1, 2))
    )
    if dice.chance(0.6):
        grant_role(diary, admin, client, client_address, end + 60, session.id, dice.pick(diary.tenant.people))


def domain_wide_delegation(episode: StagedAttack) -> None:
    """Stage domain-wide delegation by a compromised administrator: an application reads many mailboxes."""
    dice, admin, diary = episode.dice, episode.victim, episode.diary
    client, place, time = episode.client(), episode.place(), episode.moment()
    session = episode.sign_in(admin, client, place, time)
    client_address = place.address(episode.day, dice)
    app = make_application(*dice.pick(THIRD_PARTY), dice, is_delegated=False)
    delegate_domain(diary, admin, client, client_address, time + 90, session.id, app)
    servers = app.place if dice.chance(0.5) else place
    for visit in [time + 600, *(later for later in episode.visits()[1:] if later > time + 9000)]:
        owners = dice.sample(diary.tenant.people, episode.amount((5, 40), (3, 12), (1, 4)))
        items = episode.amount((5, 40), (2, 15), (1, 6))
        read_as_delegate(diary, app, servers.address(diary.day_of(visit), dice), visit, owners, items)


def mail_forwarding(episode: StagedAttack) -> None:
    """Stage mail forwarding: the attacker signs in once, forwards mail outside and hardly returns."""
    dice, victim, diary = episode.dice, episode.victim, episode.diary
    client, place, time = episode.client(), episode.place(), episode.moment()
    session = episode.sign_in(victim, client, place, time)
    client_address = place.address(episode.day, dice)
    held = episode.come_back(victim, client, place, session, time + 20)
    if dice.chance(0.5):
        time = episode.read_some(victim, client, place, time + 30, held)
    to = f"{victim.name.split()[0].lower()}{dice.below(99)}@gmail.com"
    forward(diary, victim, client, client_address, time + 60, to)


FAMILIES = {
    "factor_reset": AttackFamily(factor_reset),
    "identity_admin": AttackFamily(identity_admin, target="admin"),
    "domain_wide_delegation": AttackFamily(domain_wide_delegation, target="admin"),
    "mail_forwarding": AttackFamily(mail_forwarding),
}
