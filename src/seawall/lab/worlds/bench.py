"""Write very many audit records for benchmarks: realistic in format and mix, but without coherent behaviour."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from seawall.lab.worlds.acts import Act, ActivityLog, Held, cmdlet, read, sign_in, touch
from seawall.lab.worlds.clients import LabClient, LabSession
from seawall.lab.worlds.export import Record
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.organisation_maker import make_tenant
from seawall.lab.worlds.records import changes, mail, sign_ins
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.style import draw_style
from seawall.lab.worlds.world_settings import WorldSettings

DAYS = 30
_CHUNK = 16_384
_TIME, _ID, _SESSION, _TOKEN, _HOST = "@@time@@", "@@id@@", "@@session@@", "@@token@@", "@@host@@"
_SLOTS = {_TIME: b"time", _ID: b"id", _SESSION: b"session", _TOKEN: b"token", _HOST: b"host"}
_TEMPLATES_PER_ACCOUNT = 6


def write_bench_records(path: Path, records: int, seed: int) -> None:
    """Write exactly `records` audit records as JSON lines: 30 days, roughly by time, one account for each thousand.

    A record has about 1.4 KB. Each account has a few templates, made by the lab's usual writers. Times, ids, sessions,
    tokens, addresses and messages are filled in for each record.
    """
    dice = SeededRandom(seed, 7)
    templates = _templates(max(3, records // 1000), seed, dice)
    start = WorldSettings(seed).first_day()
    with path.open("wb") as out:
        for first in range(0, records, _CHUNK):
            _write_chunk(out, templates, dice, start, first, min(_CHUNK, records - first), records)


def _write_chunk(
    out: BinaryIO, templates: list[bytes], dice: SeededRandom, start: float, first: int, size: int, total: int
) -> None:
    generator = dice.generator
    spread = start + (np.arange(first, first + size) + generator.random(size)) * (DAYS * 86400.0 / total)
    late = np.where(generator.random(size) < 0.02, generator.exponential(7200.0, size), 0.0)
    times = np.datetime_as_string(np.maximum(start, spread - late).astype("int64").astype("datetime64[s]"))
    chosen: list[int] = generator.integers(0, len(templates), size).tolist()
    digits = generator.bytes(26 * size).hex()
    # Providers change a household's address about weekly, and a session lasts for a day.
    day_of: npt.NDArray[np.int64] = spread.astype("int64") // 86_400
    last_bytes: list[int] = (1 + (np.array(chosen) * 37 + day_of // 7 * 101) % 254).tolist()
    lines = []
    for row, (template, time, last, day) in enumerate(
        zip(chosen, times.tolist(), last_bytes, day_of.tolist(), strict=True)
    ):
        h = digits[52 * row : 52 * row + 52]
        lines.append(
            templates[template]
            % {
                b"time": time.encode(),
                b"id": f"{h[:8]}-{h[8:12]}-4{h[12:15]}-a{h[15:18]}-{h[18:30]}".encode(),
                b"session": b"%08x-%04x-4000-8000-%012x" % (template, day & 0xFFFF, day),
                b"token": h[30:52].encode(),
                b"host": b"%d" % last,
            }
        )
    out.write(b"".join(lines))


def _templates(accounts: int, seed: int, dice: SeededRandom) -> list[bytes]:
    settings = WorldSettings(seed, accounts=accounts, mess=False)
    style = draw_style(settings, dice)
    style.identifiers, style.identifier_share = "full", dict.fromkeys(style.identifier_share, 1.0)
    style.session_share, style.client_app_share = 1.0, dict.fromkeys(style.client_app_share, 1.0)
    diary = ActivityLog(make_tenant(0, accounts, DAYS, style, dice), dice, settings.first_day(), DAYS)
    return [
        _template(diary, person, dice.pick(person.desks + person.phones), number) + b"\n"
        for person in diary.tenant.people
        for number in range(_TEMPLATES_PER_ACCOUNT)
    ]


def _template(diary: ActivityLog, person: LabAccount, client: LabClient, number: int) -> bytes:
    """Return one record as bytes with a placeholder for each slot."""
    dice, tenant = diary.dice, diary.tenant
    client_address = f"{person.home.network.v4_address(dice).rpartition('.')[0]}.{_HOST}"
    held: Held = (_SESSION, _TOKEN, diary.start)
    kinds = ("read", "read", "sync", "item", "file", "sign_in", "cmdlet")
    kind = kinds[number] if dice.chance(0.9) else dice.pick(kinds)
    record: Record
    act: Act
    if kind in ("read", "sync"):
        act = read(
            diary,
            person,
            client,
            client_address,
            diary.start,
            held,
            None,
            1 + dice.poisson(0.8),
            sync=kind == "sync",
        )
        record = mail.mailbox_record(act, _ID, tenant, dice, 0)
    elif kind == "item":
        act = touch(diary, "Send", person, client, client_address, diary.start, held)
        record = mail.mailbox_record(act, _ID, tenant, dice, 0)
    elif kind == "file":
        act = diary.add(Act(diary.start, "file", "FileAccessed", person, client, client_address))
        record = mail.file_record(act, _ID, tenant, dice, 0)
    elif kind == "sign_in":
        sign_in(
            diary,
            person,
            client,
            client_address,
            diary.start,
            session=LabSession(_SESSION, 0.0, client_address, "mfa"),
        )
        record = sign_ins.audit_sign_in(diary.acts[-1], _ID, tenant, dice, 0)
    else:
        act = cmdlet(
            diary, "Set-Mailbox", None, None, "", diary.start, person, "", RecoverableItemsQuota="30 GB"
        )
        record = changes.cmdlet_record(act, _ID, tenant, dice, 0)
    record = {
        "CreationTime": _TIME,
        "Id": _ID,
        **{k: v for k, v in record.items() if k not in ("CreationTime", "Id")},
    }
    text = msgspec.json.encode(record).replace(b"%", b"%%")
    for mark, slot in _SLOTS.items():
        text = text.replace(mark.encode(), b"%%(%s)b" % slot)
    return text
