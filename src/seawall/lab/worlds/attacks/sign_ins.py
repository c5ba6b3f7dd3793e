"""Stage attacks that begin with a sign-in: phishing, password spraying, MFA fatigue, device codes, legacy protocols."""

from __future__ import annotations

from seawall.lab.worlds.acts import NOBODY, place_in_hours, read, sign_in, touch
from seawall.lab.worlds.attacks.stage import SCRIPT_APPS, AttackFamily, StagedAttack
from seawall.lab.worlds.clients import LabClient, legacy_imap, script
from seawall.lab.worlds.networks import ConnectionPoint, microsoft_address
from seawall.lab.worlds.routine.accounts import register_method
from seawall.lab.worlds.routine.mailboxes import RULE_NAMES, filing_rule, forward, make_rule
from seawall.lab.worlds.routine.signing_in import spray_failures


def postpone(episode: StagedAttack, visits: list[float]) -> list[float]:
    """Return visits that begin only a while after the entry at the first of them, which may be minutes or weeks."""
    first = visits[0] + episode.wait(0, 0, visits[0])
    return [first, *(later for later in visits[1:] if later > first)]


def aitm_phishing(episode: StagedAttack) -> None:
    """Stage AiTM phishing: a proxy takes the session after MFA; then rules, reading and a method of the attacker's."""
    dice, victim, diary = episode.dice, episode.victim, episode.diary
    client, place = episode.client(), episode.place()
    visits = episode.visits()
    session = episode.sign_in(victim, client, place, visits[0])
    after = place if dice.chance(0.6) else episode.place()
    if episode.manner:
        visits = postpone(episode, visits)
    for time in visits:
        held = episode.come_back(victim, client, after, session, time + 20)
        client_address = after.address(diary.day_of(time), dice)
        if time == visits[0] and dice.chance(0.45):
            make_rule(
                diary,
                victim,
                client,
                client_address,
                time + 60,
                dice.pick(RULE_NAMES),
                filing_rule(dice),
            )
        if time == visits[0] and dice.chance(0.35):
            register_method(
                diary,
                victim,
                client_address if dice.chance(0.6) else microsoft_address(dice),
                time + 200,
                dice.pick(("app", "sms")),
            )
        episode.read_some(victim, client, after, time + 300, held)


def bec_forwarding(episode: StagedAttack) -> None:
    """Stage business email compromise: sign in, hide and forward mail by rules, read, then send."""
    dice, victim, diary = episode.dice, episode.victim, episode.diary
    client, place = episode.client(), episode.place()
    visits = episode.visits()
    session = episode.sign_in(victim, client, place, visits[0])
    if episode.manner:
        visits = postpone(episode, visits)
    for number, time in enumerate(visits):
        held = episode.come_back(victim, client, place, session, time + 20)
        client_address = place.address(diary.day_of(time), dice)
        end = episode.read_some(victim, client, place, time + 60, held)
        if not number:
            make_rule(
                diary,
                victim,
                client,
                client_address,
                end,
                dice.pick(RULE_NAMES),
                filing_rule(dice),
            )
            if dice.chance(0.6):
                forward(
                    diary,
                    victim,
                    client,
                    client_address,
                    end + 90,
                    f"{victim.name.split()[0].lower()}{dice.below(99)}@gmail.com",
                )
        for _ in range(episode.amount((4, 40), (1, 8), (0, 3))):
            end += dice.between(20, 400)
            touch(diary, "Send", victim, client, client_address, end, held, folder="Sent Items")
            if dice.chance(0.3):
                touch(
                    diary,
                    dice.pick(("HardDelete", "SoftDelete", "MoveToDeletedItems")),
                    victim,
                    client,
                    client_address,
                    end + 8,
                    held,
                    folder="Sent Items",
                )


def password_spray(episode: StagedAttack) -> None:
    """Stage password spraying: one of many passwords is right, and a legacy protocol or the web gives access to mail."""
    dice, victim, diary = episode.dice, episode.victim, episode.diary
    place, time = episode.place(), episode.moment()
    tool = script(dice, dice.pick(SCRIPT_APPS)) if dice.chance(0.5) else legacy_imap(dice)
    targets = dice.sample(diary.tenant.people, episode.amount((20, 80), (8, 30), (2, 8)))
    addresses = [place.address(episode.day, dice) for _ in range(episode.amount((1, 2), (1, 10), (4, 30)))]
    attack, diary.attack = diary.attack, NOBODY
    time = spray_failures(diary, targets, tool, addresses, time)
    diary.attack = attack
    client = dice.pick((legacy_imap(dice), episode.client(), script(dice, dice.pick(SCRIPT_APPS))))
    session = episode.sign_in(
        victim,
        client,
        place,
        time,
        method="password",
        protocol="ropc" if client.used != "Browser" else "none",
    )
    use = time + episode.wait(20, 4000, time)
    held = place_in_hours(session, time)
    if episode.manner:
        held = episode.come_back(victim, client, place, session, use)
    episode.read_some(victim, client, place, use, held)


def use_prompts(episode: StagedAttack) -> None:
    """Give the victim's account MFA, without which there are no prompts."""
    episode.victim.uses_mfa = True


def mfa_fatigue(episode: StagedAttack) -> None:
    """Stage MFA fatigue: prompt after prompt is denied, then one is approved."""
    dice, victim, diary = episode.dice, episode.victim, episode.diary
    client, place, time = episode.client(), episode.place(), episode.moment()
    for _ in range(episode.amount((6, 40), (3, 12), (1, 4))):
        sign_in(
            diary,
            victim,
            client,
            place.address(episode.day, dice),
            time,
            error=dice.pick((500121, 50074)),
            method="mfa",
        )
        time += dice.between(25, 400)
    session = episode.sign_in(victim, client, place, time, method="mfa")
    if dice.chance(0.4):
        register_method(diary, victim, place.address(episode.day, dice), time + 100, "app")
    for visit in [time + 200, *(later for later in episode.visits()[1:] if later > time + 9000)]:
        episode.read_some(
            victim, client, place, visit, episode.come_back(victim, client, place, session, visit)
        )


def device_code_phishing(episode: StagedAttack) -> None:
    """Stage device code phishing: the victim signs in with the attacker's device code, and the attacker gets the token."""
    dice, victim = episode.dice, episode.victim
    app = dice.pick((*SCRIPT_APPS[:3], "29d9ed98-a469-4536-ade2-f981bc1d605e"))
    client, place, time = script(dice, app), episode.place(), episode.moment()
    entered = victim.office if dice.chance(0.4) else place
    session = episode.sign_in(victim, client, entered, time, protocol="deviceCode")
    for visit in [
        time + episode.wait(20, 900, time),
        *(later for later in episode.visits()[1:] if later > time + 9000),
    ]:
        episode.read_some(
            victim, client, place, visit, episode.come_back(victim, client, place, session, visit)
        )


def legacy_sync(episode: StagedAttack) -> None:
    """Stage a download of a whole mailbox by IMAP, POP or EWS."""
    dice, victim, diary = episode.dice, episode.victim, episode.diary
    client = dice.pick(
        (legacy_imap(dice), legacy_imap(dice, "POP3"), script(dice, dice.pick(SCRIPT_APPS), style="ews"))
    )
    _take_everything(episode, client, episode.place(), "ropc" if client.style == "imap" else "none")
    if dice.chance(0.2):
        touch(
            diary,
            "Create",
            victim,
            client,
            episode.place().address(episode.day, dice),
            episode.moment() + 80000,
            ("", "", 0.0),
        )


def mass_sync(episode: StagedAttack) -> None:
    """Stage a download of every folder through REST or Graph by an application of the provider."""
    _take_everything(episode, episode.client(style="graph"), episode.place(), "none")


def _take_everything(episode: StagedAttack, client: LabClient, place: ConnectionPoint, protocol: str) -> None:
    dice, victim, diary = episode.dice, episode.victim, episode.diary
    time = episode.moment()
    session = episode.sign_in(
        victim, client, place, time, method="password" if protocol == "ropc" else "", protocol=protocol
    )
    for _ in range(episode.amount((2, 6), (1, 3), (1, 1))):
        for folder in (*victim.folders, *("Sent Items", "Archive", "Drafts", "Contacts")[: dice.below(5)]):
            time += dice.between(1, 90 if episode.difficulty == "easy" else 4000)
            held = episode.come_back(victim, client, place, session, time)
            read(
                diary,
                victim,
                client,
                place.address(diary.day_of(time), dice),
                time,
                held,
                None,
                dice.count(20, 3000),
                folder,
                sync=True,
                throttled=dice.chance(0.1),
            )


FAMILIES = {
    "aitm_phishing": AttackFamily(aitm_phishing),
    "bec_forwarding": AttackFamily(bec_forwarding),
    "password_spray": AttackFamily(password_spray),
    "mfa_fatigue": AttackFamily(mfa_fatigue, prepare=use_prompts),
    "device_code_phishing": AttackFamily(device_code_phishing),
    "legacy_sync": AttackFamily(legacy_sync),
    "mass_sync": AttackFamily(mass_sync),
}
