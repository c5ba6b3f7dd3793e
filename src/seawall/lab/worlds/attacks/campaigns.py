"""Stage campaigns: one actor attacks several organisations with the same addresses, application and key."""

from __future__ import annotations

from collections.abc import Callable

from seawall.lab.worlds.acts import ActivityLog, Held, app_sign_in, place_in_hours, read
from seawall.lab.worlds.attacks.campaign_actor import CampaignActor
from seawall.lab.worlds.attacks.stage import StagedAttack
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.networks import ConnectionPoint, networks_of
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.services import THIRD_PARTY, client_of, key_at, make_application
from seawall.lab.worlds.world_settings import WorldSettings

FAMILY = "actor"
"""Family of each part of a campaign in the truth; no model is trained on it."""

_KINDS = {
    "easy": (("hosting",), ("hosting",), ("anonymiser",)),
    "medium": (("hosting",), ("vpn",), ("residential",)),
    "hard": (("residential",), ("mobile",), ("vpn",)),
}


def plan_campaigns(settings: WorldSettings, diaries: list[ActivityLog], first: int) -> list[StagedAttack]:
    """Draw the actor of each campaign, and an attack on each of its organisations, at least two if there are."""
    episodes: list[StagedAttack] = []
    for number in range(settings.campaigns):
        dice = SeededRandom(settings.seed, 12, number)
        difficulty = settings.difficulty
        if difficulty == "mixed":
            difficulty = dice.pick_weighted([("easy", 0.3), ("medium", 0.4), ("hard", 0.3)])
        actor = _actor(f"campaign-{number:02d}", difficulty, diaries, dice)
        day = dice.count(settings.quiet(), max(settings.quiet(), settings.days - 4))
        visited = dice.sample(diaries, max(2, dice.count(2, len(diaries))))
        for diary in sorted(visited, key=lambda one: one.tenant.number):
            place = first + len(episodes)
            episode = StagedAttack(
                place,
                FAMILY,
                difficulty,
                diary,
                SeededRandom(settings.seed, 13, place),
                min(settings.days - 1, day + dice.below(3)),
                settings.days - 1,
                actor=actor,
            )
            people = [
                person
                for person in diary.tenant.people
                if person.first_day <= max(0, episode.day - 7) and person.last_day > episode.last_day
            ]
            episode.victims = dice.sample(people, dice.count(1, 6))
            episode.subjects = [person.upn for person in episode.victims]
            if episode.victims:
                episodes.append(episode)
    return episodes


def _actor(name: str, difficulty: str, diaries: list[ActivityLog], dice: SeededRandom) -> CampaignActor:
    kinds = dice.pick(_KINDS[difficulty])
    country = dice.pick(diaries).tenant.country if difficulty != "easy" else None
    network = dice.pick(networks_of(kinds, country))
    pool = tuple(network.v4_address(dice) for _ in range(dice.pick((1, 2, 3, 5))))
    application = make_application(*dice.pick(THIRD_PARTY), dice, is_delegated=False)
    ways = tuple(dice.sample(("forged", "signed_in", "stolen", "application"), dice.count(1, 3)))
    return CampaignActor(name, ConnectionPoint(network, fixed=pool), application, ways)


def stage_actor(episode: StagedAttack) -> None:
    """Read each victim's mail in one of the actor's ways, on one day or on several."""
    actor = episode.actor
    if actor is None:
        raise LookupError("an episode of a campaign has an actor")
    before = len(episode.diary.acts)
    for victim in episode.victims:
        way = episode.dice.pick(actor.ways)
        if way == "application" and not episode.diary.tenant.systems.only_microsoft:
            way = "signed_in"
        _WAYS[way](episode, actor, victim)
    actor.used |= {act.client_address for act in episode.diary.acts[before:] if act.client_address}


def _forge(episode: StagedAttack, actor: CampaignActor, victim: LabAccount) -> None:
    dice = episode.dice
    client = episode.client(victim, dice.pick(("owa", "graph")))
    session = dice.guid() if dice.chance(0.8) else ""
    for time in _visits(episode, victim):
        held: Held = (session, dice.token(), time - dice.between(1, 3000))
        episode.read_some(victim, client, actor.place, time, held)


def _sign_in(episode: StagedAttack, actor: CampaignActor, victim: LabAccount) -> None:
    client = episode.client(victim, "owa")
    times = _visits(episode, victim)
    session = episode.sign_in(victim, client, actor.place, times[0])
    for time in times:
        episode.read_some(victim, client, actor.place, time + 20, place_in_hours(session, time + 1))


def _steal(episode: StagedAttack, actor: CampaignActor, victim: LabAccount) -> None:
    times = _visits(episode, victim)
    taken = episode.pick_stolen_session(victim, times[0])
    if taken is None:
        _sign_in(episode, actor, victim)
        return
    own, session = taken
    client: LabClient = own.twin()
    for time in times:
        if not (session.ended and time > session.ended):
            episode.read_some(victim, client, actor.place, time, place_in_hours(session, time))


def _by_application(episode: StagedAttack, actor: CampaignActor, victim: LabAccount) -> None:
    dice, diary, app = episode.dice, episode.diary, actor.application
    client = client_of(app)
    for time in _visits(episode, victim):
        client_address = actor.place.address(diary.day_of(time), dice)
        held = app_sign_in(diary, app, client_address, time, key_at(app, episode.day))
        for _ in range(episode.amount((2, 12), (1, 8), (1, 4))):
            time += dice.between(2, 300)
            read(
                diary,
                app,
                client,
                client_address,
                time,
                held,
                victim,
                episode.amount((3, 50), (1, 20), (1, 8)),
                dice.pick(victim.folders),
            )


def _visits(episode: StagedAttack, victim: LabAccount) -> list[float]:
    days = {min(episode.last_day, episode.day + episode.dice.below(4))}
    for _ in range(episode.dice.pick((0, 0, 1, 3))):
        days.add(min(episode.last_day, episode.day + episode.dice.count(0, 9)))
    return [episode.moment(victim, day) for day in sorted(days)]


_WAYS: dict[str, Callable[[StagedAttack, CampaignActor, LabAccount], None]] = {
    "forged": _forge,
    "signed_in": _sign_in,
    "stolen": _steal,
    "application": _by_application,
}
