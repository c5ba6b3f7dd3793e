"""The options of detection as it runs, and the settings of a running watch made of them."""

from __future__ import annotations

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
WebhookUrls = Annotated[
    list[str] | None,
    typer.Option("--webhook", metavar="URL", help="Webhook URL for incidents. May be repeated."),
]
WebhookSecretFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File with the secret that signs all webhook messages.")
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
) -> LiveSettings:
    """Settings that make sense together. Raises `InputUnreadable` and `UsageError`."""
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
    return LiveSettings(
        store,
        database,
        tuple(folders),
        budget,
        retention,
        webhooks,
        mmdb=tuple(mmdb),
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
