"""Common parts of all staged attacks: victim, network, client, time, and reading of mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seawall.lab.worlds.acts import ActivityLog, Held, place_in_hours, read, sign_in
from seawall.lab.worlds.attacks.manner import AttackManner, find_place
from seawall.lab.worlds.clients import LabClient, LabSession, browser_client, outlook_desktop, script
from seawall.lab.worlds.networks import ConnectionPoint, Network, networks_of
from seawall.lab.worlds.organisation import LabAccount, LabApplication
from seawall.lab.worlds.routine.people import web_of, working_time
from seawall.lab.worlds.seeded_random import SeededRandom

if TYPE_CHECKING:
    from seawall.lab.worlds.attacks.campaign_actor import CampaignActor


@dataclass(slots=True)
class StagedAttack:
    """One attack being staged. `subjects` are the accounts (UPN or application id) that the truth names.

    `difficulty` easy: foreign hosting network, unusual client, much mail at once. hard: a residential network of the
    victim's country, the victim's kind of client, little mail, in working hours. medium lies between. A `manner` gives each
    part a difficulty of its own.
    """

    number: int
    family: str
    difficulty: str
    diary: ActivityLog
    dice: SeededRandom
    day: int
    last_day: int
    victims: list[LabAccount] = field(default_factory=list)
    app: LabApplication | None = None
    actor: CampaignActor | None = None
    subjects: list[str] = field(default_factory=list)
    manner: AttackManner | None = None

    def level(self, part: str) -> str:
        """Return the difficulty of a part: place, client, hours or amount."""
        return self.manner.levels[part] if self.manner else self.difficulty

    @property
    def victim(self) -> LabAccount:
        """The first person attacked."""
        return self.victims[0]

    @property
    def application(self) -> LabApplication:
        """The application attacked. Raises `LookupError` if the family attacks people."""
        if self.app is None:
            raise LookupError(f"{self.family} attacks no application")
        return self.app

    def place(self, victim: LabAccount | None = None) -> ConnectionPoint:
        """Draw the attacker's network."""
        dice, victim = self.dice, victim or self.victim
        if self.manner and (found := find_place(self.manner, self.diary.tenant, victim, dice)):
            return found
        if self.level("place") == "hard":
            if dice.chance(0.35):
                return ConnectionPoint(victim.home.network, dice.between(0.0, 1.0))
            return ConnectionPoint(
                dice.pick(
                    networks_of(
                        dice.pick((("residential",), ("residential",), ("mobile",), ("sase", "vpn"))),
                        victim.country,
                    )
                ),
                dice.between(0.0, 1.0),
            )
        if self.level("place") == "medium":
            kind = dice.pick_weighted(
                [(("hosting",), 0.45), (("vpn",), 0.2), (("residential",), 0.25), (("mobile",), 0.1)]
            )
            return self._at(dice.pick(networks_of(kind, victim.country if dice.chance(0.5) else None)))
        kind = dice.pick_weighted(
            [(("hosting",), 0.6), (("anonymiser",), 0.15), (("vpn",), 0.15), (("residential",), 0.1)]
        )
        return self._at(dice.pick(networks_of(kind)))

    def _at(self, network: Network) -> ConnectionPoint:
        pool = tuple(network.v4_address(self.dice) for _ in range(self.dice.pick((1, 1, 1, 2, 5))))
        return ConnectionPoint(network, fixed=pool)

    def client(self, victim: LabAccount | None = None, style: str = "owa") -> LabClient:
        """Draw the attacker's client: owa (a browser), graph, ews (scripts) or mapi (Outlook)."""
        dice, victim = self.dice, victim or self.victim
        level = self.level("client")
        if style == "owa":
            if level == "hard" or (level == "medium" and dice.chance(0.25)):
                return web_of(self.diary, victim).twin()
            if level == "easy" and dice.chance(0.4):
                return script(dice, dice.pick(SCRIPT_APPS), style="owa")
            system = dice.pick(("linux", "windows", "mac", "windows11"))
            return browser_client(dice.pick(("chrome", "firefox", "edge")), system, dice)
        if style == "mapi":
            for own in victim.desks:
                if own.style == "mapi" and level == "hard":
                    return own.twin()
            return outlook_desktop("windows", dice)
        for own in (*victim.tools, *victim.desks):
            if own.style == style and level == "hard":
                return own.twin()
        return script(dice, dice.pick(SCRIPT_APPS), style=style)

    def moment(self, victim: LabAccount | None = None, day: int | None = None) -> float:
        """Draw a time on a day, by default the attack's first day."""
        day = self.day if day is None else day
        level = self.level("hours")
        if level == "hard" or (level == "medium" and self.dice.chance(0.5)):
            return working_time(self.diary, victim or self.victim, day)
        return self.diary.start + 86400 * (day + self.dice.uniform())

    def amount(self, easy: tuple[int, int], medium: tuple[int, int], hard: tuple[int, int]) -> int:
        """Draw an integer from the range of the difficulty."""
        low, high = {"easy": easy, "medium": medium, "hard": hard}[self.level("amount")]
        if self.manner is None:
            return self.dice.count(low, high)
        return max(low, round(self.dice.count(low, high) * self.manner.volume))

    def wait(self, low: float, high: float, after: float) -> float:
        """Draw the seconds between an entry at the time `after` and its first use: usually between two bounds."""
        if self.manner is None:
            return self.dice.between(low, high)
        end = self.diary.start + 86400 * (self.last_day + 1)
        left = end - after
        return self.manner.wait if self.manner.wait < left else left * self.dice.between(0.0, 0.9)

    def visits(self) -> list[float]:
        """Draw the times of the attacker's visits, the first on the attack's first day."""
        days = {self.day}
        returns, span = self.dice.pick((0, 0, 1, 2, 4, 7)), 12
        if self.manner:
            returns, span = self.manner.returns, self.manner.span
        for _ in range(returns):
            days.add(min(self.last_day, self.day + self.dice.count(0, span)))
        return sorted(self.moment(day=day) for day in sorted(days))

    def read_some(
        self,
        who: LabAccount | LabApplication,
        client: LabClient,
        place: ConnectionPoint,
        time: float,
        held: Held,
        owner: LabAccount | None = None,
    ) -> float:
        """Add reading of mail for a while; return the time after the last record."""
        dice = self.dice
        folders = owner.folders if owner else who.folders if isinstance(who, LabAccount) else ("Inbox",)
        client_address = place.address(self.diary.day_of(time), dice)
        takes_all = client.style in ("imap", "mapi", "ews", "graph") and dice.chance(0.3)
        size, pace = self._pace()
        rotates = self.manner is not None and self.manner.network == "rotating"
        for number in range(size):
            if number and rotates:
                client_address = place.address(self.diary.day_of(time), dice)
            if takes_all:
                read(
                    self.diary,
                    who,
                    client,
                    client_address,
                    time,
                    held,
                    owner,
                    dice.count(20, 900),
                    dice.pick(folders),
                    sync=True,
                )
                time += dice.between(1, 40)
            else:
                read(
                    self.diary,
                    who,
                    client,
                    client_address,
                    time,
                    held,
                    owner,
                    self.amount((1, 40), (1, 12), (1, 4)),
                    dice.pick(folders),
                )
                time += dice.between(*pace)
        return time

    def _pace(self) -> tuple[int, tuple[float, float]]:
        """Draw the number of reads of a visit and the seconds between them, so that a visit ends within a token's life."""
        size = self.amount((6, 60), (4, 25), (1, 8))
        if self.manner is None:
            return size, (120.0, 150.0 if self.difficulty == "easy" else 900.0)
        size = max(1, size // (1 + self.manner.returns // 3))
        least, most = self.manner.pace
        longest = _TOKEN_LIFE / size
        return size, (min(least, longest / 2), min(most, longest))

    def sign_in(
        self,
        victim: LabAccount,
        client: LabClient,
        place: ConnectionPoint,
        time: float,
        method: str = "",
        protocol: str = "",
    ) -> LabSession:
        """Add a sign-in as the victim with the right credentials; return the session."""
        client_address = place.address(self.diary.day_of(time), self.dice)
        return self.sign_in_from(victim, client, client_address, time, method, protocol)

    def sign_in_from(
        self,
        victim: LabAccount,
        client: LabClient,
        client_address: str,
        time: float,
        method: str = "",
        protocol: str = "",
    ) -> LabSession:
        """Add a sign-in as the victim from an address; return the session."""
        session = sign_in(self.diary, victim, client, client_address, time, method=method, protocol=protocol)
        client.sessions.append(session)
        return session

    def come_back(
        self, victim: LabAccount, client: LabClient, place: ConnectionPoint, session: LabSession, time: float
    ) -> Held:
        """Return the credentials of an earlier session, after a refresh if its token has expired."""
        held = place_in_hours(session, time)
        if time - held[2] > client.token_hours * 3600:
            method = "mfa_claim" if session.method.startswith("mfa") else session.method
            sign_in(
                self.diary,
                victim,
                client,
                place.address(self.diary.day_of(time), self.dice),
                time - 2,
                interactive=False,
                session=session,
                method=method,
            )
            held = place_in_hours(session, time)
        return held

    def pick_stolen_session(self, victim: LabAccount, time: float) -> tuple[LabClient, LabSession] | None:
        """Return a session of the victim at a time, and its client, preferably a browser; None if there is none."""
        held = [
            (client, session)
            for client in (*victim.desks, *victim.phones)
            if client.style != "rest"
            and (session := client.session_at(time))
            and session.tokens[0][0] <= time
        ]
        browsers = [pair for pair in held if pair[0].used == "Browser"]
        return self.dice.pick(browsers or held) if held else None


_TOKEN_LIFE = 6 * 3600.0
"""Seconds within which a visit of the intruder ends."""
SCRIPT_APPS = (
    "d3590ed6-52b3-4102-aeff-aad2292ab01c",
    "14d82eec-204b-4c2f-b7e8-296a70dab67e",
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "de8bc8b5-d9f9-48b1-a8ad-b748da725064",
    "1950a258-227b-4e31-a9cf-717495945fc2",
    "27922004-5251-4030-b22d-91ecd9a37ea4",
)


@dataclass(frozen=True, slots=True)
class AttackFamily:
    """A family of attacks. `stage` adds its acts after the ordinary days; `prepare` may arrange something before them.

    `target` is person, admin, many (several people) or app. `near_impossible`: these logs cannot show the attack.
    """

    stage: Callable[[StagedAttack], None]
    target: str = "person"
    prepare: Callable[[StagedAttack], None] | None = None
    near_impossible: bool = False
