"""Stage attacks with tokens: forged, stolen, replayed, foreign, or used after revocation."""

from __future__ import annotations

from seawall.lab.worlds.acts import Held, place_in_hours, read, sign_in
from seawall.lab.worlds.attacks.stage import AttackFamily, StagedAttack
from seawall.lab.worlds.clients import LabSession
from seawall.lab.worlds.networks import ConnectionPoint, microsoft_address
from seawall.lab.worlds.routine.accounts import reset
from seawall.lab.worlds.routine.people import find_address, working_time

CONSUMER_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"


def forged_token(episode: StagedAttack) -> None:
    """Stage a forged token as in Storm-0558: a validly signed token that was never issued; no sign-in, only mail access."""
    _forge(episode, "")


def foreign_token(episode: StagedAttack) -> None:
    """Stage a foreign token: a token of the consumer tenant (or another) is accepted for an organisation's mailbox."""
    _forge(episode, CONSUMER_TENANT if episode.dice.chance(0.8) else episode.dice.guid())


def _forge(episode: StagedAttack, issuer: str) -> None:
    dice, victim = episode.dice, episode.victim
    client, place = (
        episode.client(style=dice.pick_weighted([("owa", 0.55), ("graph", 0.35), ("ews", 0.1)])),
        episode.place(),
    )
    session, keeps_session = dice.guid() if dice.chance(0.8) else "", dice.chance(0.5)
    for time in episode.visits():
        if session and not keeps_session:
            session = dice.guid()
        held: Held = (session, dice.token(), time - dice.between(1, 3000))
        before = len(episode.diary.acts)
        episode.read_some(victim, client, place, time, held)
        for act in episode.diary.acts[before:]:
            if issuer:
                act.details["issuer"] = issuer


def token_replay(episode: StagedAttack) -> None:
    """Stage a stolen session used from another network, without a sign-in."""
    dice, victim = episode.dice, episode.victim
    time = episode.moment()
    taken = episode.pick_stolen_session(victim, time)
    if taken is None:
        return
    own, session = taken
    place = episode.place()
    client = (
        own.twin()
        if episode.difficulty != "easy" or dice.chance(0.4)
        else episode.client(style="owa" if own.used == "Browser" else "graph")
    )
    for visit in [time, *episode.visits()[1:]]:
        if visit < time or (session.ended and visit > session.ended):
            continue
        held = (
            episode.come_back(victim, client, place, session, visit)
            if dice.chance(0.5)
            else place_in_hours(session, visit)
        )
        episode.read_some(victim, client, place, visit, held)


def same_network(episode: StagedAttack) -> None:
    """Stage a stolen token used from the victim's own address with the victim's kind of client."""
    victim, time = episode.victim, working_time(episode.diary, episode.victim, episode.day)
    taken = episode.pick_stolen_session(victim, time)
    if taken is None:
        return
    client, session = taken
    own = [
        act.client_address
        for act in episode.diary.acts
        if act.client is client and act.client_address and abs(act.time - time) < 86400
    ]
    client_address = own[-1] if own else find_address(episode.diary, victim, episode.day)
    episode.read_some(
        victim,
        client,
        ConnectionPoint(victim.home.network, fixed=(client_address,)),
        time,
        place_in_hours(session, time),
    )


def own_device(episode: StagedAttack) -> None:
    """Stage reading by an insider or malware on the victim's own device and network."""
    same_network(episode)


def prepare_revocation(episode: StagedAttack) -> None:
    """Reset the victim's password on the day before the attacker returns."""
    diary, victim = episode.diary, episode.victim
    admin = diary.dice.pick(diary.tenant.admins())
    reset(
        diary,
        admin,
        victim,
        working_time(diary, victim, max(0, episode.day - 1)),
        microsoft_address(diary.dice),
    )


def after_revocation(episode: StagedAttack) -> None:
    """Stage use of a token after the password was reset and sessions were revoked."""
    dice, victim = episode.dice, episode.victim
    revoked = max(
        (moment for moment in victim.resets if moment < episode.diary.start + 86400 * (episode.day + 1)),
        default=0.0,
    )
    if not revoked:
        return
    old = [
        (client, session)
        for client in victim.desks + victim.phones
        for session in client.sessions
        if session.tokens and session.tokens[0][0] < revoked
    ]
    if old:
        own, session = dice.pick(old[-3:])
    else:
        own, session = (
            episode.client(),
            LabSession(dice.guid(), revoked - 86400, "", "mfa", [(revoked - 86400, dice.token())]),
        )
    client, place = (own.twin() if dice.chance(0.6) else episode.client()), episode.place()
    time = max(revoked + dice.between(1200, 30000), episode.moment())
    for visit in [time, *episode.visits()[1:]]:
        if visit >= time:
            if dice.chance(0.4):
                sign_in(
                    episode.diary,
                    victim,
                    client,
                    place.address(episode.day, dice),
                    visit - 9,
                    interactive=False,
                    session=session,
                    error=50173,
                )
            episode.read_some(victim, client, place, visit, place_in_hours(session, revoked))


def slow_drip(episode: StagedAttack) -> None:
    """Stage slow reading: a few messages a day from one proxy for weeks, with a stolen or forged session."""
    dice, victim, diary = episode.dice, episode.victim, episode.diary
    time = episode.moment()
    taken = episode.pick_stolen_session(victim, time)
    client = taken[0].twin() if taken and episode.difficulty != "easy" else episode.client()
    place = episode.place()
    client_address = place.address(episode.day, dice)
    session = (
        taken[1]
        if taken and dice.chance(0.6)
        else LabSession(dice.guid(), time, client_address, "mfa", [(time - 5, dice.token())])
    )
    for day in range(episode.day, episode.last_day + 1):
        if day != episode.day and dice.chance(0.3):
            continue
        visit = episode.moment(day=day)
        if episode.manner:
            client_address = place.address(day, dice)
        for _ in range(dice.count(1, 3)):
            read(
                diary,
                victim,
                client,
                client_address,
                visit,
                place_in_hours(session, max(visit, session.born)),
                None,
                dice.count(1, 3),
                victim.folders[0],
            )
            visit += dice.between(130, 1500)


def shared_keys(episode: StagedAttack) -> None:
    """Stage one actor with one rare network on several accounts over some days."""
    dice = episode.dice
    place, style = episode.place(), dice.pick(("owa", "owa", "graph"))
    client = episode.client(style=style)
    forged = dice.chance(0.5)
    for victim in episode.victims:
        time = episode.moment(victim, min(episode.last_day, episode.day + dice.below(4)))
        hands = client.twin()
        if forged:
            held: Held = (dice.guid(), dice.token(), time - dice.between(1, 2000))
        else:
            session = episode.sign_in(victim, hands, place, time)
            held = place_in_hours(session, time + 1)
        episode.read_some(victim, hands, place, time + 20, held)


FAMILIES = {
    "forged_token": AttackFamily(forged_token),
    "foreign_token": AttackFamily(foreign_token),
    "token_replay": AttackFamily(token_replay),
    "after_revocation": AttackFamily(after_revocation, prepare=prepare_revocation),
    "slow_drip": AttackFamily(slow_drip),
    "campaign": AttackFamily(shared_keys, target="many"),
    "same_network_theft": AttackFamily(same_network, near_impossible=True),
    "own_device": AttackFamily(own_device, near_impossible=True),
}
