"""Choose which attacks are staged, on whom and when."""

from __future__ import annotations

from seawall.lab.worlds.acts import ActivityLog
from seawall.lab.worlds.attacks import BROAD, FAMILIES, families_of
from seawall.lab.worlds.attacks.manner import draw_manner
from seawall.lab.worlds.attacks.stage import StagedAttack
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.world_settings import WorldSettings
from seawall_base.errors import UsageError


def plan_attacks(
    settings: WorldSettings, diaries: list[ActivityLog], dice: SeededRandom
) -> list[StagedAttack]:
    """Draw the attacks of a world; no two share an account."""
    known = [families_of(diary.tenant.systems) for diary in diaries]
    possible = [name for name in FAMILIES if any(name in families for families in known)]
    usual = possible if settings.habits == "broad" else [name for name in possible if name not in BROAD]
    names = list(settings.families or usual)
    unknown = sorted(set(names) - set(possible))
    if unknown:
        raise UsageError(
            f"no such attack family here: {', '.join(unknown)}",
            fix=f"choose from {', '.join(sorted(possible))}",
        )
    order: list[str] = []
    while len(order) < int(settings.attacks):
        order += dice.sample(names, len(names))
    # at midnight UTC it is already morning for some: their first day would begin before the quiet ends
    first = settings.quiet() + (settings.habits == "broad")
    used: set[int] = set()
    episodes = []
    for number, name in enumerate(order[: int(settings.attacks)]):
        diary = dice.pick([diary for place, diary in enumerate(diaries) if name in known[place]])
        day = min(settings.days - 1, dice.count(first, max(first, settings.days - 2)))
        difficulty = settings.difficulty
        if difficulty == "mixed":
            difficulty = dice.pick_weighted([("easy", 0.3), ("medium", 0.4), ("hard", 0.3)])
        episode = StagedAttack(
            number, name, difficulty, diary, SeededRandom(settings.seed, 4, number), day, settings.days - 1
        )
        if settings.habits == "broad":
            episode.manner = draw_manner(difficulty, episode.dice)
        if _choose(episode, FAMILIES[name].target, used, dice):
            episodes.append(episode)
    return episodes


def _choose(episode: StagedAttack, target: str, used: set[int], dice: SeededRandom) -> bool:
    tenant = episode.diary.tenant
    if target == "app":
        own = [app for app in tenant.apps if not app.is_delegated and id(app) not in used]
        if not own:
            return False
        episode.app = dice.pick(own)
        used.add(id(episode.app))
        episode.victims, episode.subjects = [dice.pick(tenant.admins())], [episode.app.app]
        return True
    pool: list[LabAccount] = [
        person
        for person in (tenant.admins() if target == "admin" else tenant.people)
        if id(person) not in used
        and not person.is_service
        and person.first_day <= max(0, episode.day - 7)
        and person.last_day > episode.last_day
    ]
    if episode.diary.tenant.habits.unaudited and dice.chance(0.8):
        pool = _keep_audited(episode, pool)
    episode.victims = dice.sample(pool, dice.count(3, 8) if target == "many" else 1)
    used.update(id(person) for person in episode.victims)
    episode.subjects = [person.upn for person in episode.victims]
    return bool(episode.victims)


def _keep_audited(episode: StagedAttack, pool: list[LabAccount]) -> list[LabAccount]:
    """Return the people whose reading is logged, if there are any: most attacks should leave something to find."""
    unaudited = episode.diary.tenant.habits.unaudited
    return [person for person in pool if person.upn not in unaudited] or pool
