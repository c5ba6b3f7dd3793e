"""The root of the image, made by `deploy/container/build_root.sh`, and commands in it as the image's user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
READY = "SEAWALL_IMAGE_ROOT"
"""Variable that names a root that was made before."""

_ENTER = """set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount -t tmpfs tmpfs "$1/tmp"
mount -t proc proc "$1/proc"
mount --bind "$2" "$1/var/lib/seawall"
cd /
exec chroot --userspec=10001:10001 "$1" /usr/bin/env -i -C /var/lib/seawall \\
    PATH=/opt/seawall/bin:/usr/bin:/bin HOME=/var/lib/seawall "${@:3}"
"""


@dataclass(frozen=True)
class ImageRoot:
    """A root that is mounted read-only for each command; `state` is the image's volume, the home of its user."""

    root: Path
    state: Path

    def command(self, *words: str) -> list[str]:
        """The command line that runs words in the root, in a mount namespace of its own."""
        return [
            "unshare",
            "--mount",
            "--fork",
            "--kill-child",
            "bash",
            "-c",
            _ENTER,
            "enter",
            str(self.root),
            str(self.state),
            *words,
        ]

    def run(self, *words: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=seconds, check=False
        )


def find_missing_tool() -> str:
    """What is missing to make a root here, "" if nothing."""
    if os.geteuid() != 0:
        return "root"
    return next((tool for tool in ("mmdebstrap", "unshare", "chroot") if shutil.which(tool) is None), "")


def build_root(folder: Path, environment: Mapping[str, str]) -> Path:
    """Build wheels and root as the guide says. Raises CalledProcessError."""
    ready = environment.get(READY)
    if ready:
        return Path(ready)
    wheels, root = folder / "wheels", folder / "root"
    for source in (PROJECT / "packages/seawall-base", PROJECT / "packages/seawall-tokens", PROJECT):
        _call([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(wheels), str(source)])
    _call(["bash", str(PROJECT / "deploy/container/build_root.sh"), str(wheels), str(root)])
    return root


def _call(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, env=os.environ | {"CA_FILE": os.environ.get("PIP_CERT", "")})
