"""Mistakes and rarities at sign-in, and noise from outside."""

from __future__ import annotations

from seawall.lab.worlds.acts import ActivityLog, place_in_hours, read, sign_in, token_for
from seawall.lab.worlds.clients import LabClient, legacy_imap, script
from seawall.lab.worlds.networks import Network, networks_of
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.routine.people import find_address, somebody, web_of, working_time


def failed_sign_in(diary: ActivityLog, day: int) -> None:
    """Add a failed sign-in: a wrong or expired password, or an interruption."""
    dice, person = diary.dice, somebody(diary, day)
    clients = person.desks + person.phones
    client, client_address, time = (
        dice.pick(clients),
        find_address(diary, person, day),
        working_time(diary, person, day),
    )
    error = dice.pick_weighted(
        [
            (50126, 0.6),
            (50055, 0.08),
            (50053, 0.05),
            (50140, 0.1),
            (50074, 0.07),
            (65001, 0.03),
            (70043, 0.07),
        ]
    )
    for _ in range(1 + dice.poisson(0.7)):
        sign_in(diary, person, client, client_address, time, error=error)
        time += dice.between(8, 90)


def denied_prompt(diary: ActivityLog, day: int) -> None:
    """Add a denied or missed MFA prompt, then an approved one."""
    dice, person = diary.dice, somebody(diary, day)
    client, client_address, time = (
        dice.pick(person.desks),
        find_address(diary, person, day),
        working_time(diary, person, day),
    )
    if dice.chance(0.1):
        client_address = dice.pick(networks_of(("residential", "mobile"))).v4_address(dice)
    if not person.uses_mfa:
        return
    tries = (
        1 + dice.poisson(0.5) if dice.chance(0.94) else 4 + dice.below(20)
    )  # a forgotten device keeps prompting
    for _ in range(tries):
        sign_in(
            diary,
            person,
            client,
            client_address,
            time,
            error=dice.pick((500121, 50074, 500121)),
            method="mfa",
        )
        time += dice.between(20, 200)
    if dice.chance(0.8):
        client.sessions.append(sign_in(diary, person, client, client_address, time, method="mfa"))


def own_script(diary: ActivityLog, day: int) -> None:
    """Add a developer's script on the own mailbox."""
    developers = [person for person in diary.tenant.people if person.is_developer]
    if developers:
        person = diary.dice.pick(developers)
        run_script(diary, person, day)


def run_script(diary: ActivityLog, person: LabAccount, day: int) -> None:
    """Add reading of the own mailbox by script, from a computer or a rented server."""
    dice = diary.dice
    tool = next(
        (
            client
            for client in person.tools
            if client.style in ("graph", "owa", "ews") and client.used != "Browser"
        ),
        None,
    )
    if tool is None:
        app = dice.pick(
            (
                diary.tenant.developer_app,
                "14d82eec-204b-4c2f-b7e8-296a70dab67e",
                "de8bc8b5-d9f9-48b1-a8ad-b748da725064",
                "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
                "1950a258-227b-4e31-a9cf-717495945fc2",
            )
        )
        tool = script(dice, app, style=dice.pick_weighted([("graph", 0.7), ("ews", 0.2), ("owa", 0.1)]))
        person.tools.append(tool)
    time, client_address = working_time(diary, person, day), find_address(diary, person, day)
    if dice.chance(0.15):
        client_address = dice.pick(networks_of(("hosting",))).v4_address(dice)
    if dice.chance(0.1):
        tool.sessions.append(
            sign_in(diary, person, tool, client_address, time - 5, method="password", protocol="ropc")
        )
    held = token_for(diary, person, tool, client_address, time)
    for _ in range(1 + dice.poisson(2)):
        read(
            diary,
            person,
            tool,
            client_address,
            time,
            held,
            None,
            1 + dice.poisson(dice.pick((2, 8, 30))),
            dice.pick(person.folders),
            sync=dice.chance(0.2),
            throttled=dice.chance(0.03),
        )
        time += dice.between(20, 240)


def device_code(diary: ActivityLog, day: int) -> None:
    """Add a developer's or administrator's sign-in by device code."""
    dice = diary.dice
    pool = [person for person in diary.tenant.people if person.is_admin or person.is_developer]
    person = dice.pick(pool) if dice.chance(0.8) else somebody(diary, day)
    app = dice.pick(
        (
            "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
            "14d82eec-204b-4c2f-b7e8-296a70dab67e",
            "29d9ed98-a469-4536-ade2-f981bc1d605e",
            "d3590ed6-52b3-4102-aeff-aad2292ab01c",
        )
    )
    tool = script(dice, app, dice.pick(("python", "powershell")))
    person.tools.append(tool)
    client_address = find_address(diary, person, day)
    tool.sessions.append(
        sign_in(diary, person, tool, client_address, working_time(diary, person, day), protocol="deviceCode")
    )


def guest_access(diary: ActivityLog, day: int) -> None:
    """Add opening of a mailbox or calendar with another tenant's token: partners, personal accounts."""
    dice, person = diary.dice, somebody(diary, day)
    issuer = dice.pick((diary.tenant.partner, diary.tenant.partner, "9188040d-6c67-4c5b-b112-36a304b66dad"))
    client, client_address, time = (
        web_of(diary, person).twin(),
        find_address(diary, person, day),
        working_time(diary, person, day),
    )
    for _ in range(1 + dice.below(3)):
        act = read(
            diary,
            person,
            client,
            client_address,
            time,
            (dice.guid() if dice.chance(0.8) else "", dice.token(), time - dice.between(1, 3000)),
            dice.pick([person, *diary.tenant.shared]),
            1 + dice.below(3),
        )
        act.details["issuer"] = issuer
        time += dice.between(100, 900)


def legacy_use(diary: ActivityLog, day: int) -> None:
    """Add the set-up of an old IMAP or POP program that synchronises everything once."""
    dice, person = diary.dice, somebody(diary, day)
    client = legacy_imap(dice, dice.pick(("IMAP4", "POP3")))
    client_address, time = find_address(diary, person, day), working_time(diary, person, day)
    session = sign_in(diary, person, client, client_address, time, method="password", protocol="ropc")
    for folder in person.folders[: 1 + dice.below(5)]:
        time += dice.between(1, 40)
        read(
            diary,
            person,
            client,
            client_address,
            time,
            place_in_hours(session, time),
            None,
            0,
            folder,
            sync=True,
        )


def spray(diary: ActivityLog, day: int) -> None:
    """Add unsuccessful password spraying by strangers."""
    dice = diary.dice
    network: Network = dice.pick(networks_of(("hosting", "residential", "anonymiser")))
    time, client = diary.start + 86400 * (day + dice.uniform()), legacy_imap(dice)
    if dice.chance(0.5):
        client = script(dice, "04b07795-8ddb-461a-bbee-02f9e1bf7b46")
    spray_failures(
        diary,
        dice.sample(diary.tenant.people, 3 + dice.poisson(min(40, len(diary.tenant.people) / 6))),
        client,
        [network.v4_address(dice) for _ in range(1 + dice.below(20))],
        time,
    )


def spray_failures(
    diary: ActivityLog, targets: list[LabAccount], client: LabClient, addresses: list[str], time: float
) -> float:
    """Add failed sign-ins on every target; return the time after the last."""
    dice = diary.dice
    for person in targets:
        sign_in(
            diary,
            person,
            client,
            dice.pick(addresses),
            time,
            error=dice.pick_weighted([(50126, 0.85), (50053, 0.1), (50034, 0.05)]),
            method="password",
            protocol="ropc",
        )
        time += dice.exponential(15)
    return time
