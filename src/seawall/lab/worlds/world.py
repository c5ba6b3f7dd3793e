"""Make a world: organisations, ordinary days, benign changes, attacks, raw logs, and the truth."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from seawall.lab.worlds.acts import NOBODY, Act, ActivityLog
from seawall.lab.worlds.attacks import FAMILIES
from seawall.lab.worlds.attacks.campaigns import FAMILY, plan_campaigns, stage_actor
from seawall.lab.worlds.attacks.plan import plan_attacks
from seawall.lab.worlds.attacks.stage import StagedAttack
from seawall.lab.worlds.benign_changes import CONFUSERS, MORE_CONFUSERS, confusers_of
from seawall.lab.worlds.broaden import broaden
from seawall.lab.worlds.days import live
from seawall.lab.worlds.export import ExportResult, mailboxes_of, write_logs
from seawall.lab.worlds.habits import OrganisationHabits
from seawall.lab.worlds.organisation_maker import make_tenant, rename
from seawall.lab.worlds.routine.daily import do_chores
from seawall.lab.worlds.routine.identity import do_more_chores
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.services import make_applications, serve
from seawall.lab.worlds.single_sign_on import open_applications
from seawall.lab.worlds.style import OrganisationStyle, draw_style
from seawall.lab.worlds.systems import draw_systems
from seawall.lab.worlds.world_settings import WorldSettings
from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.errors import OutputUnwritable, UsageError


@dataclass(frozen=True)
class World:
    """A made world: its folder, the truth document, and the number of records, repeats included."""

    folder: Path
    truth: dict[str, Any]
    records: int

    def __str__(self) -> str:
        return f"{self.records:,} records, {len(self.truth['attacks'])} attacks, {len(self.truth['confusers'])} confusers"


StyleDrawer = Callable[[WorldSettings, SeededRandom], OrganisationStyle]
"""Draws the parameters of an organisation."""


def make_world(settings: WorldSettings, out: Path, draw: StyleDrawer = draw_style) -> World:
    """Write `out/logs/**` and `out/truth.json`. Equal settings and `draw` give equal bytes."""
    logs = out / "logs"
    collects = gc.isenabled()
    gc.disable()  # millions of live values without cycles: garbage collection would only cost time
    try:
        return _make(settings, out, logs, draw)
    finally:
        if collects:
            gc.enable()


def _make(settings: WorldSettings, out: Path, logs: Path, draw: StyleDrawer) -> World:
    if logs.exists() and any(logs.iterdir()):
        raise OutputUnwritable(f"{logs} holds files already", fix="choose another folder or empty it")
    diaries = [_make_organisations(settings, number, draw) for number in range(settings.tenants)]
    for diary in diaries:
        _confuse(settings, diary)
    episodes = plan_attacks(settings, diaries, SeededRandom(settings.seed, 6))
    for episode in episodes:
        if prepare := FAMILIES[episode.family].prepare:
            prepare(episode)
    for diary in diaries:
        _simulate_days(settings, diary)
    for episode in episodes:
        episode.diary.attack = episode.number
        FAMILIES[episode.family].stage(episode)
        episode.diary.attack = NOBODY
    for part in plan_campaigns(settings, diaries, len(episodes)):
        part.diary.attack = part.number
        stage_actor(part)
        part.diary.attack = NOBODY
        episodes.append(part)
    for diary in diaries:
        if diary.tenant.systems.is_federated:
            open_applications(diary, SeededRandom(settings.seed, 11, diary.tenant.number))
    exported = [write_logs(diary, logs, settings.seed) for diary in diaries]
    truth = _truth(settings, diaries, episodes, exported)
    (out / "truth.json").write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=1))
    return World(out, truth, sum(part.records for part in exported))


def live_honestly(settings: WorldSettings, draw: StyleDrawer = draw_style) -> ActivityLog:
    """Return the acts of the honest people of one organisation, with harmless anomalies and without any attack."""
    collects = gc.isenabled()
    gc.disable()
    try:
        diary = _make_organisations(settings, 0, draw)
        _confuse(settings, diary)
        _simulate_days(settings, diary)
    finally:
        if collects:
            gc.enable()
    return diary


def _simulate_days(settings: WorldSettings, diary: ActivityLog) -> None:
    for day in range(-1, settings.days):
        for planned in diary.plans.get(day, ()):
            planned(diary, day)
        for person in diary.tenant.people:
            live(diary, person, day, settings.density)
        for app in diary.tenant.apps:
            serve(diary, app, day, settings.density)
        if day >= 0:
            do_chores(diary, day)
            if not diary.tenant.systems.only_microsoft:
                do_more_chores(diary, day)


def _make_organisations(settings: WorldSettings, number: int, draw: StyleDrawer) -> ActivityLog:
    dice = SeededRandom(settings.seed, 1, number)
    tenant = make_tenant(number, settings.accounts, settings.days, draw(settings, dice), dice)
    make_applications(tenant, dice)
    if settings.systems != "microsoft":
        rename(tenant, tenant.domain.replace("onmicrosoft.com", "example"))
        tenant.systems = draw_systems(
            settings.systems, tenant.domain, SeededRandom(settings.seed, 10, number)
        )
    diary = ActivityLog(tenant, SeededRandom(settings.seed, 3, number), settings.first_day(), settings.days)
    if settings.habits == "broad":
        broaden(diary, SeededRandom(settings.seed, 21, number))
    return diary


def _confuse(settings: WorldSettings, diary: ActivityLog) -> None:
    possible = confusers_of(diary.tenant.systems)
    names: Sequence[str] = settings.confusers if settings.confusers is not None else tuple(possible)
    unknown = sorted(set(names) - CONFUSERS.keys() - MORE_CONFUSERS.keys())
    if unknown:
        raise UsageError(
            f"no such confuser: {', '.join(unknown)}", fix=f"choose from {', '.join(sorted(possible))}"
        )
    for place, name in enumerate(possible):
        dice = SeededRandom(settings.seed, 2, diary.tenant.number, place)
        habits = diary.tenant.habits
        if name not in names or (settings.confusers is None and dice.chance(habits.calm)):
            continue
        if name == "log_gap" and _spare_logs(settings, habits, dice):
            continue
        for accounts, first, last in possible[name](diary, dice):
            diary.spans.append(
                {
                    "kind": name,
                    "tenant": diary.tenant.id,
                    "accounts": accounts,
                    "start": _text(diary.start + 86400 * first),
                    "end": _text(diary.start + 86400 * last),
                }
            )


def _spare_logs(settings: WorldSettings, habits: OrganisationHabits, dice: SeededRandom) -> bool:
    """Draw whether the sources of an organisation are never interrupted."""
    return settings.confusers is None and habits.calm_logs > 0 and dice.chance(habits.calm_logs)


def _text(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _truth(
    settings: WorldSettings,
    diaries: list[ActivityLog],
    episodes: list[StagedAttack],
    exported: list[ExportResult],
) -> dict[str, Any]:
    attacks = []
    for episode in episodes:
        part = exported[diaries.index(episode.diary)]
        ids = part.ids.get(episode.number)
        if not ids:
            continue
        first, last = part.spans[episode.number]
        end = episode.diary.start + 86400 * episode.diary.days
        acts: list[Act] = [
            act for act in episode.diary.acts if act.attack == episode.number and act.time < end
        ]
        attacks.append(
            {
                "id": f"attack-{episode.number:03d}",
                "family": episode.family,
                "difficulty": episode.difficulty,
                "near_impossible": episode.family != FAMILY and FAMILIES[episode.family].near_impossible,
                "tenant": episode.diary.tenant.id,
                "accounts": episode.subjects,
                "first_event": _text(first),
                "last_event": _text(last),
                "events": ids,
                "mailboxes": mailboxes_of(acts),
                "items_read": sum(act.count for act in acts if act.kind == "read"),
                "taken": {
                    mailbox: taken.document()
                    for mailbox, taken in sorted(part.taken.get(episode.number, {}).items())
                },
            }
            | ({"campaign": episode.actor.name} if episode.actor else {})
        )
    start = settings.first_day()
    return {
        "schema_version": SCHEMA_VERSION,
        "settings": settings.document(),
        "tenants": [
            {
                "id": d.tenant.id,
                "domain": d.tenant.domain,
                "accounts": len(d.tenant.people) + len(d.tenant.shared),
            }
            | ({} if d.tenant.systems.only_microsoft else {"systems": list(d.tenant.systems.collected)})
            for d in diaries
        ],
        "first_time": _text(start),
        "last_time": _text(start + 86400 * settings.days),
        "quiet_until": _text(start + 86400 * settings.quiet()),
        "attacks": attacks,
        **({"campaigns": _campaigns(episodes)} if settings.campaigns else {}),
        "confusers": [span for diary in diaries for span in diary.spans],
    }


def _campaigns(episodes: list[StagedAttack]) -> list[dict[str, Any]]:
    """Return the indicators of each actor: addresses, application, keys, ways in and organisations."""
    actors = {episode.actor.name: episode.actor for episode in episodes if episode.actor}
    return [
        {
            "id": name,
            "addresses": sorted(actor.used),
            "application": actor.application.app,
            "keys": [key for _, key in actor.application.keys],
            "ways": list(actor.ways),
            "tenants": sorted({one.diary.tenant.id for one in episodes if one.actor is actor}),
        }
        for name, actor in sorted(actors.items())
    ]
