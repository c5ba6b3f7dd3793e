"""The options of detection as it runs, and the settings of a running watch made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall_base.errors import InputUnreadable, UsageError

if TYPE_CHECKING:
    from seawall.pipeline.live.settings import LiveSettings
    from seawall.pipeline.tail import TailTiming
    from seawall_base.webhook import Webhook

AlertBudget = Annotated[
    float | None,
    typer.Option(
        "--budget",
        metavar="N",
        min=0.0,
        help="Alert budget: incidents a day for each organisation. Default: 2 for every 1,000 active accounts.",
    ),
]
LeastScoreText = Annotated[
    str | None,
    typer.Option(
        "--min-score",
        metavar="N",
        help="Threshold: raise no incident with a lower score (log-odds); off raises all that the budget allows.",
    ),
]
LeastChance = Annotated[
    float | None,
    typer.Option(
        "--min-chance",
        metavar="P",
        min=0.0,
        max=1.0,
        help="The same threshold as a chance from 0 to 1: raise no incident that is real less often.",
    ),
]
WebhookUrls = Annotated[
    list[str] | None,
    typer.Option("--webhook", metavar="URL", help="Webhook URL for incidents. May be repeated."),
]
WebhookSecretFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File with the secret that signs all webhook messages.")
]
ChannelsFilePath = Annotated[
    Path | None,
    typer.Option(
        "--channels",
        metavar="FILE",
        help="File of the channels that get messages: mail, chat, pagers, tickets, log stores.",
    ),
]
ContainmentFile = Annotated[
    Path | None,
    typer.Option(
        "--respond",
        metavar="FILE",
        help="Settings of containment (respond.toml), whose table [automatic] allows to contain without a person.",
    ),
]
RetentionDays = Annotated[
    int | None,
    typer.Option(
        "--retention", metavar="DAYS", min=1, help="Delete data older than this many days. Default: never."
    ),
]
NetworkDatabases = Annotated[
    list[Path] | None,
    typer.Option(
        "--mmdb", metavar="FILE", help="Your own network database (MaxMind format). May be repeated."
    ),
]
RuleFolders = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules",
        metavar="DIR",
        help="Folder of Sigma rules, in addition to the built-in ones. May be repeated.",
    ),
]


def choose_least_score(score: str | None, chance: float | None) -> float | None:
    """Return the least score for raising of `--min-score` or `--min-chance`, None if neither is given. Raises `UsageError`."""
    from seawall.detection.incidents.alert_budget import LEAST_SCORE

    if score is not None and chance is not None:
        raise UsageError("--min-score and --min-chance exclude each other", fix="give one of them")
    if chance is not None:
        return _score_of_chance(chance)
    if score is None or score == "off":
        return None if score is None else LEAST_SCORE
    try:
        least = float(score)
    except ValueError:
        least = math.nan
    if not math.isfinite(least):
        raise UsageError(f"--min-score {score!r} is no number", fix="give a score such as -1.5, or off")
    return max(least, LEAST_SCORE)


def _score_of_chance(chance: float) -> float:
    from seawall.detection.incidents.alert_budget import LEAST_SCORE
    from seawall.detection.ranking.chance import load_chance

    curve = load_chance()
    least = curve.least_score(chance)
    if least == math.inf:
        raise UsageError(
            f"no score has a chance of {chance:g}",
            fix=f"give at most {curve.chances[-1]:g}, or use --min-score",
        )
    return max(least, LEAST_SCORE)


def live_settings(
    folders: Sequence[Path],
    store: Path,
    database: str | None,
    budget: float | None,
    webhooks: tuple[Webhook, ...],
    retention: int | None,
    mmdb: Sequence[Path],
    patience: TailTiming | None = None,
    rules: Sequence[Path] = (),
    least_score: float | None = None,
    channels: Path | None = None,
    respond: Path | None = None,
) -> LiveSettings:
    """Settings that make sense together. Raises `InputUnreadable`, `UsageError`, `ChannelsInvalid` and
    `RespondInvalid`.
    """
    from seawall.pipeline.live.settings import LiveSettings
    from seawall.pipeline.tail import TailTiming

    missing = [path for path in (*folders, *rules) if not path.exists()]
    if missing:
        raise InputUnreadable(f"no such file or folder: {missing[0]}", fix="check the path")
    around = (store.resolve(), *store.resolve().parents)
    inside = [path for path in folders if path.resolve() in around]
    if inside:
        raise UsageError(
            f"the store {store} lies in {inside[0]}, a folder that this command tails",
            fix="choose another folder with --store",
        )
    if channels is not None:
        from seawall.response.channels.settings import load_channels

        load_channels(channels)
        channels = channels.absolute()
    if respond is not None:
        from seawall.response.containment.settings import read_settings

        read_settings(respond)
        respond = respond.absolute()
    return LiveSettings(
        store,
        database,
        tuple(folders),
        budget,
        least_score,
        retention,
        webhooks,
        mmdb=tuple(mmdb),
        channels=channels,
        respond=respond,
        rules=tuple(rules),
        patience=patience or TailTiming(),
    )


def webhooks_of(urls: Sequence[str], secret_file: Path | None) -> tuple[Webhook, ...]:
    """The webhooks, all with the secret of one file. Raises `InputUnreadable` and `UsageError`."""
    from seawall_base.secret_file import read_secret
    from seawall_base.webhook import Webhook

    secret = ""
    if secret_file is not None:
        if not urls:
            raise UsageError("--webhook-secret-file needs --webhook", fix="give --webhook too")
        secret = read_secret(
            secret_file, InputUnreadable, fix="check its permissions", may_be_empty=True, may_be_shared=True
        )
        if not secret:
            raise UsageError(
                f"{secret_file} is empty", fix="write a random secret into it: openssl rand -hex 32"
            )
    return tuple(Webhook(url, secret) for url in urls)
