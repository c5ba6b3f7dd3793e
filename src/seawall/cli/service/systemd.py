"""The few commands of systemd that install, remove and inspect the service."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

SYSTEMCTL: Final = Path("/usr/bin/systemctl")
BOOTED: Final = Path("/run/systemd/system")
MOST_SECONDS: Final = 120.0


def is_running() -> bool:
    """Return whether systemd manages this machine: containers and other systems have none."""
    return BOOTED.is_dir() and SYSTEMCTL.is_file()


def start_commands(*, for_user: bool) -> list[str]:
    """Return what makes systemd know and start the service, as a person would type it."""
    if for_user:
        return ["systemctl --user daemon-reload", "systemctl --user enable --now seawall.service"]
    return [
        "systemd-sysusers seawall.conf",
        "systemd-tmpfiles --create seawall.conf",
        "systemctl daemon-reload",
        "systemctl enable --now seawall.service",
    ]


def prepare(*, for_user: bool) -> bool:
    """Make the account and the folder of the service, and let systemd read its units; return whether that succeeded."""
    if for_user:
        done = [
            subprocess.run(
                ["/usr/bin/systemctl", "--user", "daemon-reload"], check=False, timeout=MOST_SECONDS
            )
        ]
    else:
        done = [
            subprocess.run(["/usr/bin/systemd-sysusers", "seawall.conf"], check=False, timeout=MOST_SECONDS),
            subprocess.run(
                ["/usr/bin/systemd-tmpfiles", "--create", "seawall.conf"], check=False, timeout=MOST_SECONDS
            ),
            subprocess.run(["/usr/bin/systemctl", "daemon-reload"], check=False, timeout=MOST_SECONDS),
        ]
    return all(one.returncode == 0 for one in done)


def reload_units() -> None:
    """Let systemd forget the units that are gone."""
    subprocess.run(["/usr/bin/systemctl", "daemon-reload"], check=False, timeout=MOST_SECONDS)


def start(*, for_user: bool) -> bool:
    """Start the service now and at every start of the machine; return whether that succeeded."""
    if for_user:
        done = subprocess.run(
            ["/usr/bin/systemctl", "--user", "enable", "--now", "seawall.service"],
            check=False,
            timeout=MOST_SECONDS,
        )
    else:
        done = subprocess.run(
            ["/usr/bin/systemctl", "enable", "--now", "seawall.service"], check=False, timeout=MOST_SECONDS
        )
    return done.returncode == 0


def stop(*, for_user: bool) -> bool:
    """Stop the service, and start it no more; return whether that succeeded."""
    if for_user:
        done = subprocess.run(
            ["/usr/bin/systemctl", "--user", "disable", "--now", "seawall.service"],
            check=False,
            timeout=MOST_SECONDS,
        )
    else:
        done = subprocess.run(
            ["/usr/bin/systemctl", "disable", "--now", "seawall.service"], check=False, timeout=MOST_SECONDS
        )
    return done.returncode == 0
