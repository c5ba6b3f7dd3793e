"""Laws by which broadly made organisations differ: work, roaming, sessions, reading, chores, and losses of logs.

Each is chosen anew for each organisation among independent ways of living, so that no single habit can be learnt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from seawall.lab.worlds.seeded_random import SeededRandom

Rhythm = Literal["office", "spells", "polling"]
Sessions = Literal["clients", "devices", "daily"]
Chores = Literal["steady", "clustered", "scripted"]
MOST_ACTIVE = 8.0
"""No account is more active than this many times the mean, so that a heavy tail stays affordable."""
CHORES = (
    "failed_sign_in",
    "denied_prompt",
    "mailbox_rule",
    "forwarding",
    "delegate",
    "password_reset",
    "method_change",
    "administer",
    "provider_noise",
    "own_script",
    "folder_permission",
    "rotate_key",
    "odd_administration",
    "device_code",
    "guest_access",
    "legacy_use",
)
"""The ordinary chores whose frequency each organisation draws anew."""


@dataclass(slots=True)
class SignInLoss:
    """Which sign-ins no log shows: a share at random, whole applications, and hours or days (`gaps`, seconds since 1970).

    `silent_share` is the chance that an application's sign-ins are lost altogether.
    """

    dice: SeededRandom
    share: float = 0.0
    silent_share: float = 0.0
    gaps: list[tuple[float, float]] = field(default_factory=list)
    by_app: dict[str, bool] = field(default_factory=dict)

    def is_lost(self, app: str, time: float) -> bool:
        """Return whether a sign-in by an application at a time is missing from the log."""
        if self.silent_share:
            if app not in self.by_app:
                self.by_app[app] = self.dice.chance(self.silent_share)
            if self.by_app[app]:
                return True
        return any(start <= time < end for start, end in self.gaps) or self.dice.chance(self.share)


@dataclass(slots=True)
class OrganisationHabits:
    """The laws of one organisation; the defaults are those of a plainly made one. Shares and chances are in [0, 1].

    `reading` gives the way of reading of each mail style (none: the usual one). `day_spread` is the deviation of the logarithm
    of an account's activity between days. `unaudited` are mailboxes whose licence logs no reading, nor the operations
    `licensed`. `item_identifiers` is the share of records of items that have a token, where records of reading have one.
    `direct_styles` are the mail styles that pass by the gateway. `background_tokens` is the share of reads by the provider with
    a token that no sign-in shows. Rates are per account and day, except that of scripts (per day). `calm` is the share of
    the kinds of benign changes that do not happen, `calm_logs` the chance that no source is interrupted.
    """

    is_broad: bool = False
    rhythm: Rhythm = "office"
    sessions: Sessions = "clients"
    chores: Chores = "steady"
    reading: dict[str, str] = field(default_factory=dict)
    sync_share: float = 0.3
    day_spread: float = 0.0
    loss: SignInLoss | None = None
    unaudited: set[str] = field(default_factory=set)
    licensed: tuple[str, ...] = ()
    item_identifiers: float = 1.0
    direct_styles: tuple[str, ...] = ()
    background_tokens: float = 0.0
    chore_scale: dict[str, float] = field(default_factory=dict)
    chores_at_weekends: float = 1.0
    hybrid_rate: float = 0.0
    program_rate: float = 0.0
    developer_consents: float = 0.0
    trial_rate: float = 0.0
    script_rate: float = 0.0
    tool_rate: float = 0.0
    calm: float = 0.25
    calm_logs: float = 0.0


WAYS_OF_READING = ("", "singly", "sweeps", "peeks")


def draw_habits(styles: tuple[str, ...], dice: SeededRandom) -> OrganisationHabits:
    """Draw the laws of a broadly made organisation for its mail styles."""
    shared_way = dice.pick(WAYS_OF_READING)
    return OrganisationHabits(
        is_broad=True,
        rhythm=dice.pick_weighted([("office", 0.4), ("spells", 0.35), ("polling", 0.25)]),
        sessions=dice.pick_weighted([("clients", 0.55), ("devices", 0.33), ("daily", 0.12)]),
        chores=dice.pick_weighted([("steady", 0.4), ("clustered", 0.35), ("scripted", 0.25)]),
        reading={
            style: way
            for style in styles
            if (way := shared_way if dice.chance(0.6) else dice.pick(WAYS_OF_READING))
        },
        sync_share=dice.between(0.0, 0.7),
        day_spread=dice.pick((0.0, dice.between(0.1, 0.5), dice.between(0.5, 1.1))),
        item_identifiers=dice.pick((1.0, 1.0, 0.0, dice.uniform())),
        licensed=("Send", "SendAs", "SendOnBehalf") if dice.chance(0.5) else (),
        background_tokens=dice.pick((0.0, 1.0, dice.uniform())),
        chore_scale={name: dice.log_between(0.25, 4.0) for name in CHORES},
        chores_at_weekends=dice.between(0.02, 1.0),
        hybrid_rate=dice.log_between(0.002, 0.3) if dice.chance(0.35) else 0.0,
        program_rate=dice.log_between(0.0001, 0.006),
        developer_consents=dice.log_between(0.0005, 0.03),
        trial_rate=dice.log_between(0.000002, 0.0003),
        script_rate=dice.log_between(0.003, 0.3),
        tool_rate=dice.log_between(0.001, 0.05),
        calm=dice.between(0.1, 0.7),
        calm_logs=0.8,
    )


def draw_loss(days: int, start: float, dice: SeededRandom, losses: SeededRandom) -> SignInLoss:
    """Draw which sign-ins the logs of an organisation lose; most organisations' logs are nearly complete.

    `losses` is the stream of random numbers by which single sign-ins are lost.
    """
    loss = SignInLoss(losses, dice.log_between(0.0003, 0.01))
    kind = dice.pick_weighted([("complete", 0.76), ("gaps", 0.1), ("silent", 0.09), ("lossy", 0.05)])
    if kind == "gaps":
        for _ in range(dice.count(1, 4)):
            begin = start + 86400 * days * dice.uniform()
            loss.gaps.append((begin, begin + 3600 * dice.log_between(1, 120)))
    elif kind == "silent":
        loss.silent_share = dice.between(0.05, 0.5)
    elif kind == "lossy":
        loss.share = dice.log_between(0.02, 0.4)
    return loss


def draw_activity_law(dice: SeededRandom) -> Callable[[], float]:
    """Draw the law of accounts' activity, about 1 in the mean: log-normal, gamma, Pareto, or nearly uniform.

    Under each some accounts may act a few times a month only. Returns a function that draws an account's activity.
    """
    name = dice.pick(("lognormal", "gamma", "pareto", "uniform"))
    shape = {
        "lognormal": dice.between(0.3, 1.3),
        "gamma": dice.between(0.4, 4.0),
        "pareto": dice.between(1.2, 3.0),
        "uniform": dice.between(0.1, 0.7),
    }[name]
    idle = dice.pick((0.0, 0.0, dice.between(0.02, 0.45)))

    def draw() -> float:
        if idle and dice.chance(idle):
            return dice.log_between(0.004, 0.08)
        return min(MOST_ACTIVE, _LAWS[name](shape, dice))

    return draw


def _draw_lognormal(shape: float, dice: SeededRandom) -> float:
    return float(dice.generator.lognormal(-shape * shape / 2, shape))


def _draw_gamma(shape: float, dice: SeededRandom) -> float:
    return max(0.01, float(dice.generator.gamma(shape, 1 / shape)))


def _draw_pareto(shape: float, dice: SeededRandom) -> float:
    least = (shape - 1) / shape
    return float(least * (1 - dice.uniform()) ** (-1 / shape))


def _draw_uniform(shape: float, dice: SeededRandom) -> float:
    return dice.between(1 - shape, 1 + shape)


_LAWS: dict[str, Callable[[float, SeededRandom], float]] = {
    "lognormal": _draw_lognormal,
    "gamma": _draw_gamma,
    "pareto": _draw_pareto,
    "uniform": _draw_uniform,
}
