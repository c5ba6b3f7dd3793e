"""The acts of stages, by the name that an incident's file gives them: each adds its records to the organisation's."""

from __future__ import annotations

from collections.abc import Callable

from seawall.lab.replay import applications, sign_ins
from seawall.lab.replay.incident_file import IncidentStage
from seawall.lab.replay.scene import ReplayScene
from seawall.lab.worlds.acts import Held
from seawall.lab.worlds.attacks.tokens import CONSUMER_TENANT
from seawall_base.errors import UsageError

StageAct = Callable[[ReplayScene, IncidentStage], None]


def read_with_forged_token(scene: ReplayScene, stage: IncidentStage) -> None:
    """Read mail with tokens that nobody issued: there is no sign-in. `foreign` states the tenant of personal accounts."""
    dice, attack = scene.dice, scene.attack
    style = str(stage.options.get("style", "owa"))
    for place, victim in enumerate(scene.victims):
        client = attack.client(victim, style)
        later = 0.0 if not place else 86_400.0 * dice.between(0.0, float(stage.options.get("spread", 0.2)))
        for time in scene.draw_times(stage, int(stage.options.get("visits", 3)), later):
            held: Held = (dice.guid(), dice.token(), time - dice.between(1, 3000))
            before = len(scene.diary.acts)
            attack.read_some(victim, client, scene.place, time, held)
            if stage.options.get("foreign"):
                for act in scene.diary.acts[before:]:
                    act.details["issuer"] = CONSUMER_TENANT


STAGE_ACTS: dict[str, StageAct] = {
    "read_with_forged_token": read_with_forged_token,
    **sign_ins.STAGE_ACTS,
    **applications.STAGE_ACTS,
}
"""Every act by its name."""


def stage_incident(scene: ReplayScene) -> None:
    """Add the acts of all stages that have one, in their order.

    Raises `UsageError` if a stage goes on with a session, a grant or an application that no earlier stage gave.
    """
    for stage in scene.incident.stages:
        if not stage.act:
            continue
        try:
            STAGE_ACTS[stage.act](scene, stage)
        except LookupError:
            raise UsageError(
                f"{scene.incident.name}: the stage {stage.id} ({stage.act}) needs what no earlier stage gave",
                fix="begin with a stage that signs in, takes a session, or gets an application",
            ) from None
