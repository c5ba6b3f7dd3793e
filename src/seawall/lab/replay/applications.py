"""Acts of stages with applications: consents, secrets, and reading of mailboxes as an application."""

from __future__ import annotations

from collections.abc import Callable

from seawall.lab.replay.incident_file import IncidentStage
from seawall.lab.replay.scene import ReplayScene
from seawall.lab.worlds.acts import NOBODY, app_sign_in, directory, read
from seawall.lab.worlds.organisation import LabApplication
from seawall.lab.worlds.routine.accounts import add_key, grant
from seawall.lab.worlds.routine.broad_chores import relay_client
from seawall.lab.worlds.routine.people import find_address
from seawall.lab.worlds.services import client_of, key_at, make_application


def grant_long_ago(scene: ReplayScene, stage: IncidentStage) -> None:
    """Let the victims consent to a vendor's application before the incident: nothing but a consent has happened."""
    scene.app = make_application("crm", str(stage.options["application"]), scene.dice, is_delegated=True)
    attack, scene.diary.attack = scene.diary.attack, NOBODY
    for place, victim in enumerate(scene.victims):
        time = scene.find_time(stage.day) + 3600.0 * place
        own = find_address(scene.diary, victim, scene.diary.day_of(time))
        client = grant(scene.diary, victim, scene.app, own, time, str(stage.options["scope"]))
        scene.held[victim.upn] = client, client.sessions[-1]
    scene.diary.attack = attack


def read_with_grant(scene: ReplayScene, stage: IncidentStage) -> None:
    """Read with the consented application's stolen tokens, from the intruder's network."""
    for victim in scene.victims:
        client, session = scene.held[victim.upn]
        for time in scene.draw_times(stage, int(stage.options.get("visits", 2))):
            held = scene.attack.come_back(victim, client, scene.place, session, time)
            scene.attack.read_some(victim, client, scene.place, time, held)


def take_secret(scene: ReplayScene, stage: IncidentStage) -> None:
    """Choose the organisation's own application whose secret is stolen at its vendor; no record shows the theft."""
    own = [app for app in scene.diary.tenant.apps if not app.is_delegated and app.readers]
    backups = [app for app in own if app.kind in stage.options.get("kinds", ("backup", "archive"))]
    scene.app = scene.dice.pick(backups or own)


def prepare_application(scene: ReplayScene, stage: IncidentStage) -> None:
    """Take over an old application: add a secret, consent, and give it the role that opens every mailbox."""
    admin, diary = scene.victims[0], scene.diary
    app: LabApplication = make_application(
        "script", str(stage.options["application"]), scene.dice, is_delegated=False
    )
    time = scene.find_time(stage.day)
    address = scene.find_address(time)
    key = scene.dice.guid()
    add_key(diary, admin, app, key, address, time)
    app.keys.append((diary.day_of(time), key))
    directory(diary, "Consent to application.", admin, address, time + 240, app, kind="ServicePrincipal")
    directory(
        diary,
        "Add app role assignment to service principal.",
        admin,
        address,
        time + 300,
        app,
        kind="ServicePrincipal",
        **{"AppRole.Value": "full_access_as_app"},
    )
    scene.app = app


def read_as_application(scene: ReplayScene, stage: IncidentStage) -> None:
    """Read many mailboxes as the application, from the intruder's network. `mailboxes` a visit."""
    app, diary, dice = scene.application, scene.diary, scene.dice
    client = client_of(app)
    known = [person for person, _, _ in app.readers]
    everyone = [*diary.tenant.people, *diary.tenant.shared]
    owners = known if stage.options.get("usual_mailboxes") and known else everyone
    for time in scene.draw_times(stage, int(stage.options.get("visits", 3))):
        address = scene.find_address(time)
        held = app_sign_in(diary, app, address, time, key_at(app, diary.day_of(time)))
        for owner in dice.sample(owners, min(len(owners), int(stage.options.get("mailboxes", 6)))):
            time += dice.between(5, 240)
            read(diary, app, client, address, time, held, owner, dice.count(5, 40), dice.pick(owner.folders))


def read_with_actor_token(scene: ReplayScene, stage: IncidentStage) -> None:
    """Read as other people with a server's token: no sign-in, and no session."""
    client = relay_client(scene.diary)
    for victim in scene.victims:
        for time in scene.draw_times(stage, int(stage.options.get("visits", 2))):
            held = ("", scene.dice.token(), time - scene.dice.between(1, 3000))
            scene.attack.read_some(victim, client, scene.place, time, held)


STAGE_ACTS: dict[str, Callable[[ReplayScene, IncidentStage], None]] = {
    one.__name__: one
    for one in (
        grant_long_ago,
        read_with_grant,
        take_secret,
        prepare_application,
        read_as_application,
        read_with_actor_token,
    )
}
