"""`seawall respond begin` and `signals begin`: write the settings files for containment and for signals, with comments."""

from __future__ import annotations

from pathlib import Path

from seawall.cli import output
from seawall.cli.settings_file import NewFile, write_new_file

HERE = Path("respond.toml")
SIGNALS_FILE = Path("signals.toml")

_HEAD = """\
Settings of containment, for `seawall respond apply --config`.
Take away the # before a table and its settings to use it. A vendor without a table is never called.
No secret belongs into this file: name a file that only you can read (chmod 600), or set the environment variable
SEAWALL_RESPOND_MICROSOFT_SECRET, SEAWALL_RESPOND_GOOGLE_KEY, SEAWALL_RESPOND_OKTA_SECRET or SEAWALL_GATE_ADMIN_TOKEN.
The permissions that a plan needs stand at its beginning: seawall respond plan INCIDENT."""


def begin(file: NewFile = HERE) -> None:
    """Write a settings file for containment, in which each setting is explained. It changes nothing until you fill it in.

    \\b
    Examples:
      seawall respond begin
      seawall respond begin /etc/seawall/respond.toml
    """
    from seawall.response.containment.settings import ContainmentSettings
    from seawall_base.settings_template import write_template

    text = write_template(ContainmentSettings, _HEAD)
    name = output.quote_path(file)
    write_new_file(file, text, f"fill in {name}, then seawall respond apply PLAN --config {name}")


_SIGNALS_HEAD = """\
Settings of the transmitter of security events, which `seawall respond signals tell` and its neighbours read.
Replace the values of example.com by your own. Take away the # before further settings to use them. The table [[stream]] may stand
several times. Tokens stand in files of their own that only you can read (chmod 600)."""

_SIGNALS_EXAMPLE = {
    "transmitter.issuer": "https://seawall.example.com",
    "transmitter.key": "signing.pem",
    "stream.name": "receiver",
    "stream.audience": "https://receiver.example.com/events",
    "stream.push": "https://receiver.example.com/events",
}
"""What a settings file cannot do without."""


def begin_signals(file: NewFile = SIGNALS_FILE) -> None:
    """Write a settings file in which each setting is explained. Nothing is sent: its receiver is an example.

    \b
    Examples:
      seawall respond signals begin
      seawall respond signals begin /etc/seawall/signals.toml
    """
    from seawall.response.signals.settings import SignalsFile
    from seawall_base.settings_template import write_template

    text = write_template(SignalsFile, _SIGNALS_HEAD, _SIGNALS_EXAMPLE)
    name = output.quote_path(file)
    write_new_file(file, text, f"seawall respond signals key signing.pem, then fill in {name}")
