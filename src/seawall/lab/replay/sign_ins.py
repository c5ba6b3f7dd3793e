"""Acts of stages that begin with a sign-in or a stolen session: phishing, device codes, developers' clients, spraying."""

from __future__ import annotations

from collections.abc import Callable

from seawall.lab.replay.incident_file import IncidentStage
from seawall.lab.replay.scene import ReplayScene
from seawall.lab.worlds.acts import NOBODY, Act, place_in_hours, sign_in, token_for, touch
from seawall.lab.worlds.clients import browser_client, legacy_imap, script
from seawall.lab.worlds.networks import ConnectionPoint
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.routine.accounts import register_method
from seawall.lab.worlds.routine.identity import administer_identity, grant_role
from seawall.lab.worlds.routine.mailboxes import filing_rule, forward, make_rule
from seawall.lab.worlds.routine.people import find_address, web_of
from seawall.lab.worlds.routine.signing_in import spray_failures

BROKER = "29d9ed98-a469-4536-ade2-f981bc1d605e"
"""Microsoft Authentication Broker."""


SOONEST = 840.0
"""Seconds after an entry before which no further act follows: fourteen minutes."""


def phish_sign_in(scene: ReplayScene, stage: IncidentStage) -> None:
    """Sign in through a phishing site that relays the second factor: the site's server is what the log shows."""
    for place, victim in enumerate(scene.victims):
        client = scene.attack.client(victim)
        time = scene.find_time(stage.day) + 900.0 * place
        session = scene.attack.sign_in(victim, client, scene.place, time, method="mfa")
        scene.held[victim.upn] = client, session


def return_by_phishing(scene: ReplayScene, stage: IncidentStage) -> None:
    """Come back after a containment: phish two of the accounts from the network that was used before, and read."""
    for place, victim in enumerate(scene.victims[:2]):
        time = scene.find_time(stage.day + 0.3) + 7000.0 * place
        client = browser_client("firefox", "linux", scene.dice)
        session = scene.attack.sign_in(victim, client, scene.place, time, method="mfa")
        scene.attack.read_some(victim, client, scene.place, time + 300, place_in_hours(session, time + 1))


def return_with_method(scene: ReplayScene, stage: IncidentStage) -> None:
    """Come back after a containment with the sign-in method that was registered before, and read."""
    victim = scene.victims[0]
    client = browser_client("firefox", "linux", scene.dice)
    time = scene.find_time(stage.day)
    session = scene.attack.sign_in(victim, client, scene.other_place, time, method="mfa")
    scene.attack.read_some(victim, client, scene.other_place, time + 300, place_in_hours(session, time + 1))


def return_by_code(scene: ReplayScene, stage: IncidentStage) -> None:
    """Come back after a containment: a victim enters another device code, asked for from new addresses of the same network."""
    network, dice, victim = scene.place.network, scene.dice, scene.victims[0]
    place = ConnectionPoint(network, fixed=tuple(network.v4_address(dice) for _ in range(3)))
    client, time = script(dice, str(stage.options.get("app", BROKER))), scene.find_time(stage.day)
    session = scene.attack.sign_in(victim, client, place, time, protocol="deviceCode")
    scene.attack.read_some(victim, client, place, time + 300, place_in_hours(session, time + 1))


def enter_device_code(scene: ReplayScene, stage: IncidentStage) -> None:
    """Let the victims enter the intruder's device code; `app` is the client that it is for."""
    app = str(stage.options.get("app", BROKER))
    for place, victim in enumerate(scene.victims):
        client = script(scene.dice, app)
        time = scene.find_time(stage.day) + 600.0 * place
        session = scene.attack.sign_in(victim, client, scene.place, time, protocol="deviceCode")
        scene.held[victim.upn] = client, session


def hand_over_code(scene: ReplayScene, stage: IncidentStage) -> None:
    """Let the victims sign in to a developer's client at home and hand over the code, which the intruder redeems."""
    app = str(stage.options["app"])
    for place, victim in enumerate(scene.victims):
        client = script(scene.dice, app)
        time = scene.find_time(stage.day) + 1200.0 * place
        own = find_address(scene.diary, victim, scene.diary.day_of(time))
        session = scene.attack.sign_in_from(victim, client, own, time)
        redeemed = time + scene.dice.between(60, 600)
        address = scene.find_address(redeemed)
        sign_in(scene.diary, victim, client, address, redeemed, interactive=False, session=session)
        scene.held[victim.upn] = client, session


def take_session(scene: ReplayScene, stage: IncidentStage) -> None:
    """Take a running session of each victim, with its tokens: no sign-in is recorded."""
    for victim in scene.victims:
        time = scene.find_time(stage.day)
        taken = scene.attack.pick_stolen_session(victim, time)
        if taken is None:
            attack, scene.diary.attack = scene.diary.attack, NOBODY  # the victim's own sign-in
            own = web_of(scene.diary, victim)
            token_for(
                scene.diary,
                victim,
                own,
                find_address(scene.diary, victim, scene.diary.day_of(time)),
                time - 60,
            )
            scene.diary.attack = attack
            taken = scene.attack.pick_stolen_session(victim, time) or (own, own.sessions[-1])
        scene.held[victim.upn] = taken[0].twin(), taken[1]


def spray_password(scene: ReplayScene, stage: IncidentStage) -> None:
    """Try a few passwords on many accounts over days; one account without a second factor gives way."""
    dice, diary, victim = scene.dice, scene.diary, scene.victims[0]
    targets = dice.sample(diary.tenant.people, int(stage.options.get("targets", 12)))
    addresses = [scene.find_address(scene.find_time(stage.day)) for _ in range(4)]
    tool = legacy_imap(dice)
    for day in range(int(stage.options.get("days", 3))):
        spray_failures(diary, targets, tool, addresses, scene.find_time(stage.day + day))
    time = scene.find_time(stage.day + int(stage.options.get("days", 3)))
    victim.uses_mfa = False
    client = scene.attack.client(victim)
    session = scene.attack.sign_in(victim, client, scene.place, time, method="password")
    scene.held[victim.upn] = client, session


def read_mail(scene: ReplayScene, stage: IncidentStage) -> None:
    """Read the victims' mail with what an earlier stage gave, from the intruder's network. `visits` are days."""
    place = scene.other_place if stage.options.get("moves") else scene.place
    for victim in scene.victims[: int(stage.options.get("victims", len(scene.victims)))]:
        client, session = scene.held[victim.upn]
        for time in scene.draw_times(stage, int(stage.options.get("visits", 1))):
            held = scene.attack.come_back(victim, client, place, session, time)
            scene.attack.read_some(victim, client, place, time, held)


def hide_mail(scene: ReplayScene, stage: IncidentStage) -> None:
    """Make an inbox rule that hides replies, and with `forwards` send copies outside."""
    for victim in scene.victims[: int(stage.options.get("victims", len(scene.victims)))]:
        client, session = scene.held[victim.upn]
        time = max(scene.find_time(stage.day), session.born + SOONEST)
        address = scene.find_address(time)
        make_rule(scene.diary, victim, client, address, time, ".", filing_rule(scene.dice))
        if stage.options.get("forwards"):
            to = f"{victim.name.split()[0].lower()}{scene.dice.below(99)}@gmail.com"
            forward(scene.diary, victim, client, address, time + 90, to)


def send_mail(scene: ReplayScene, stage: IncidentStage) -> None:
    """Send fraudulent mail from the victims' mailboxes."""
    for victim in scene.victims[: int(stage.options.get("victims", len(scene.victims)))]:
        client, session = scene.held[victim.upn]
        time = scene.find_time(stage.day)
        held = scene.attack.come_back(victim, client, scene.place, session, time)
        for _ in range(int(stage.options.get("messages", 6))):
            time += scene.dice.between(20, 300)
            address = scene.find_address(time)
            touch(scene.diary, "Send", victim, client, address, time, held, folder="Sent Items")


def add_method(scene: ReplayScene, stage: IncidentStage) -> None:
    """Register a sign-in method of the intruder's."""
    for victim in scene.victims[: int(stage.options.get("victims", len(scene.victims)))]:
        time = max(scene.find_time(stage.day), scene.held[victim.upn][1].born + SOONEST)
        register_method(scene.diary, victim, scene.find_address(time), time, "app")


def administer_provider(scene: ReplayScene, stage: IncidentStage) -> None:
    """Change settings of the identity provider in an administrator's stolen session, and give somebody a role."""
    admin = scene.victims[0]
    client, session = scene.held[admin.upn]
    time = scene.find_time(stage.day)
    address = scene.find_address(time)
    end = administer_identity(scene.diary, admin, client, address, time, session.id, 3)
    helper: LabAccount = scene.dice.pick(scene.diary.tenant.people)
    grant_role(scene.diary, admin, client, address, end + 60, session.id, helper)


def use_session_elsewhere(scene: ReplayScene, stage: IncidentStage) -> None:
    """Open applications in a stolen session from the intruder's network: what an identity provider logs of its use."""
    applications = scene.diary.tenant.systems.applications
    for victim in scene.victims:
        client, session = scene.held[victim.upn]
        for time in scene.draw_times(stage, int(stage.options.get("visits", 2))):
            scene.diary.add(
                Act(
                    time,
                    "sso",
                    "Open application.",
                    victim,
                    client,
                    scene.find_address(time),
                    session.id,
                    details={"application": scene.dice.pick(applications)},
                )
            )


STAGE_ACTS: dict[str, Callable[[ReplayScene, IncidentStage], None]] = {
    one.__name__: one
    for one in (
        phish_sign_in,
        return_by_phishing,
        return_with_method,
        return_by_code,
        enter_device_code,
        hand_over_code,
        take_session,
        spray_password,
        read_mail,
        hide_mail,
        send_mail,
        add_method,
        administer_provider,
        use_session_elsewhere,
    )
}
