"""Simulate an ordinary day of a person: places, devices, and work with mail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seawall.lab.worlds.acts import Act, ActivityLog, Held, read, token_for, touch
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.networks import ConnectionPoint, microsoft_address
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.routine.reading import read_by_habit
from seawall.lab.worlds.routine.rhythms import RHYTHMS, Segment, pick_direct, vary_day

BURSTS_A_DAY = 5.0


def live(diary: ActivityLog, person: LabAccount, day: int, density: float) -> None:
    """Add the acts of a person's day. Days count from the world's first day, which starts at midnight UTC."""
    if not person.first_day <= day < person.last_day or person.is_shared:
        return
    habits = diary.tenant.habits
    segments = RHYTHMS.get(habits.rhythm, _segments)
    mood = vary_day(habits, diary.dice)
    for place, start, end, device, weight in segments(diary, person, day):
        pool = [
            c
            for c in (person.desks if device == "desk" else person.phones)
            if c.first_day <= day <= c.last_day
        ]
        for client in pool:
            mean = (
                BURSTS_A_DAY
                * weight
                * mood
                * person.activity
                * density
                / max(1.0, len(pool) ** 0.5)
                * _appetite(client)
            )
            bursts = diary.dice.poisson(mean)
            if not bursts:
                continue
            times = sorted(diary.dice.between(start, end) for _ in range(bursts))
            for time in times:
                chosen = pick_direct(habits, person, client, place, day)
                _burst(diary, person, client, chosen.address(day, diary.dice), time)
    if diary.tenant.style.background_rate:
        _background(diary, person, day, density)


def _appetite(client: LabClient) -> float:
    return 0.6 if client.style == "rest" else 1.0


def _segments(diary: ActivityLog, person: LabAccount, day: int) -> Iterator[Segment]:
    """Yield (place, start, end, device, weight) in order; start and end are in seconds since 1970."""
    dice, style = diary.dice, diary.tenant.style
    midnight = diary.start + day * 86400 - person.offset * 3600
    weekday = (int(diary.start // 86400) + 3 + day) % 7
    at_work = weekday in person.workdays and day not in person.off and day not in diary.tenant.holidays
    home, mobile, office = person.home, person.mobile, person.office
    away = person.away.get(day)
    base = away or home
    tunnel = person.vpn if person.vpn and day >= person.vpn_from else None

    def through(place: ConnectionPoint) -> ConnectionPoint:
        return tunnel if tunnel and dice.chance(person.vpn_share) else place

    phone_tunnel = through if person.vpn_mobile else (lambda place: place)
    starts = midnight + 3600 * (person.starts + dice.normal(0, 0.4))
    ends = midnight + 3600 * (person.ends + dice.normal(0, 0.7))
    if at_work:
        desk = base if away or dice.chance(person.remote) else office
        if desk is not office or tunnel is None or dice.chance(0.5):
            desk = through(desk)
        yield phone_tunnel(base if dice.chance(0.6) else mobile), starts - 5400, starts, "phone", 0.12
        noon = starts + (ends - starts) * dice.between(0.4, 0.55)
        yield desk, starts, noon, "desk", 0.55
        yield (mobile if not away or dice.chance(0.4) else base), noon, noon + 2400, "phone", 0.15
        yield desk, noon + 2400, max(ends, noon + 3600), "desk", 0.55
        yield phone_tunnel(mobile if dice.chance(0.5) else base), ends, ends + 5400, "phone", 0.15
    elif dice.chance(person.weekend):
        yield through(base), starts + 3600, ends, "desk", 0.25
    yield (
        phone_tunnel(base if dice.chance(0.75) else mobile),
        midnight + 10 * 3600,
        midnight + 21 * 3600,
        "phone",
        0.15,
    )
    if dice.chance(person.evening):
        yield through(base), midnight + 19.5 * 3600, midnight + 22.8 * 3600, "desk", 0.18
    if day in person.busy_nights or (person.night and dice.chance(person.night)):
        yield through(base), midnight + 24.3 * 3600, midnight + 28 * 3600, dice.pick(("desk", "phone")), 0.3
    if style.night_share and dice.chance(style.night_share * 0.3):
        yield base, midnight + 23 * 3600, midnight + 25 * 3600, "phone", 0.15


def _burst(
    diary: ActivityLog, person: LabAccount, client: LabClient, client_address: str, time: float
) -> None:
    dice = diary.dice
    held = token_for(diary, person, client, client_address, time)
    style = client.style
    if style == "rest":
        if dice.chance(0.5):
            read(
                diary,
                person,
                client,
                microsoft_address(dice) if dice.chance(0.7) else client_address,
                time + 4,
                held,
                count=1 + dice.below(3),
            )
        elif dice.chance(min(0.8, diary.tenant.style.file_rate / 3)):
            _file(diary, person, client, client_address, time)
        return
    owner: LabAccount | None = None
    if person.guests and style in ("mapi", "owa", "ews") and dice.chance(0.15):
        guest, since = dice.pick(person.guests)
        if diary.day_of(time) >= since:
            owner = guest
    if way := diary.tenant.habits.reading.get(style):
        time = read_by_habit(way, diary, person, client, client_address, time, held, owner)
    elif style in ("mapi", "imap", "activesync", "ews") and dice.chance(0.55):
        for folder in person.folders[: 1 + dice.below(2)]:
            read(diary, person, client, client_address, time, held, owner, 0, folder, sync=True)
            time += dice.between(0.3, 8)
    else:
        for _ in range(1 + dice.poisson(0.6)):
            folder = person.folders[0] if dice.chance(0.8) else dice.pick(person.folders)
            read(
                diary,
                person,
                client,
                client_address,
                time,
                held,
                owner,
                1 + (dice.poisson(1.5) if dice.chance(0.98) else dice.below(50)),
                folder,
            )
            time += dice.between(120, 400)
    if dice.chance(0.35) and style in ("mapi", "owa", "mobile", "ews"):
        _handle(diary, person, client, client_address, time, held, owner)
    if dice.chance(min(0.9, diary.tenant.style.file_rate / 8)) and client.used == "Browser":
        _file(diary, person, client, client_address, time + 30)


_HANDLING = (
    ("Send", 0.32),
    ("MoveToDeletedItems", 0.22),
    ("SoftDelete", 0.12),
    ("Move", 0.14),
    ("Create", 0.08),
    ("Update", 0.09),
    ("HardDelete", 0.03),
)


def _handle(
    diary: ActivityLog,
    person: LabAccount,
    client: LabClient,
    client_address: str,
    time: float,
    held: Held,
    owner: LabAccount | None,
) -> None:
    dice = diary.dice
    for _ in range(1 + dice.poisson(0.4)):
        operation = dice.pick_weighted(_HANDLING)
        if owner and operation == "Send":
            operation = dice.pick(("SendAs", "SendOnBehalf"))
        touch(diary, operation, person, client, client_address, time, held, owner, person.folders[0])
        time += dice.between(5, 300)


_FILE_WORK = ("FileAccessed", "FileModified", "FileDownloaded", "FilePreviewed", "PageViewed", "FileUploaded")


def _file(
    diary: ActivityLog, person: LabAccount, client: LabClient, client_address: str, time: float
) -> None:
    diary.add(Act(time, "file", diary.dice.pick(_FILE_WORK), person, client, client_address, owner=person))


BACKGROUND_APPS = (
    ("8a18aa92-0a1e-4e06-abd0-e118fa4787b1", "3c8e478f-21ca-493a-b87c-c7366d664d54"),
    ("b6e65498-8dce-4d57-8de9-1269fcfcf6ce", "3c8e478f-21ca-493a-b87c-c7366d664d54"),
    ("13937bba-652e-4c46-b222-3003f4d1ff97", "00000003-0000-0ff1-ce00-000000000000"),
    ("cc15fd57-2c6c-4117-a88c-83b1d56b4bbe", "1fec8e78-bce4-4aaf-ab1b-5451cc387264"),
)


def lend_token(diary: ActivityLog, time: float) -> dict[str, Any]:
    """Return the token of a process of the provider, which no sign-in shows, where the organisation's log has such."""
    habits, dice = diary.tenant.habits, diary.dice
    if not habits.background_tokens or not dice.chance(habits.background_tokens):
        return {}
    return {"token": dice.token(), "issued": time - dice.between(1, 3500)}


def _background(diary: ActivityLog, person: LabAccount, day: int, density: float) -> None:
    """Add mail access by the provider's own processes, from its own addresses and without sessions."""
    dice = diary.dice
    for _ in range(dice.poisson(diary.tenant.style.background_rate * density * 0.8)):
        time = diary.start + 86400 * (day + dice.uniform())
        api, client_app = dice.pick(BACKGROUND_APPS)
        diary.add(
            Act(
                time,
                "read",
                "MailItemsAccessed",
                person,
                None,
                microsoft_address(dice),
                owner=person,
                count=1 + dice.poisson(dice.pick((0.5, 1.0, 1.0, 6.0))),
                folder="Inbox",
                details={"api": api, "app": client_app},
                **lend_token(diary, time),
            )
        )
