"""Generate the tables of all settings files from the code: `python -m tools.settings_tables` (or `--check`).

They are in docs/reference/settings.md, policy.md and gate.md; the last two have separate commands for further tables.
"""

from __future__ import annotations

import sys
from pathlib import Path

from seawall.cli.configuration import tables as configuration
from seawall.collection import settings as collection
from seawall.console.sign_in.oidc_settings import ConsoleTable
from seawall.response.automatic import settings as automatic
from seawall.response.channels.channel import ChannelTable, HttpChannelTable
from seawall.response.channels.settings import ChannelsFile
from seawall.response.containment import settings as containment
from seawall.response.notification import case_file
from seawall.response.signals import settings as signals
from seawall_base.settings_table import settings_of
from tools import gate_tables, generated_tables, policy_tables
from tools.setting_rows import class_table, rows_table

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"


def tables() -> dict[str, str]:
    """Return every generated table of settings.md by the name in its markers."""
    return {
        **{f"seawall {name}": class_table(kind) for name, kind in configuration.TABLES.items()},
        "seawall collect": class_table(configuration.CollectTable),
        **{f"collect {vendor}": rows_table(rows) for vendor, rows in collection.SETTINGS.items()},
        "respond microsoft": class_table(containment.MicrosoftSettings),
        "respond google": class_table(containment.GoogleSettings),
        "respond okta": class_table(containment.OktaSettings),
        "respond gate": class_table(containment.GateAccessSettings),
        "respond automatic": class_table(automatic.AutomaticSettings),
        "respond kind": class_table(automatic.KindThresholds),
        "case case": class_table(case_file.CaseFacts),
        "case sender": class_table(case_file.LetterSender),
        "case smtp": class_table(case_file.MailServer),
        "case texts": class_table(case_file.OperatorTexts),
        "case recipients": class_table(case_file.Recipient),
        "signals transmitter": class_table(signals.TransmitterTable),
        "signals stream": class_table(signals.StreamTable),
        "console": class_table(ConsoleTable),
        **_channel_tables(),
    }


def _channel_tables() -> dict[str, str]:
    """Return a table for each kind of channel, and those of the settings that they share."""
    kinds = {one.name: one.hint for one in settings_of(ChannelsFile) if one.shape == "tables"}
    return {
        "channels file": class_table(ChannelsFile),
        "channels every": class_table(ChannelTable),
        "channels http": class_table(HttpChannelTable, ChannelTable),
        **{f"channels {name}": class_table(kind, _shared_by(kind)) for name, kind in kinds.items()},
    }


def _shared_by(kind: type) -> type:
    return HttpChannelTable if issubclass(kind, HttpChannelTable) else ChannelTable


def rewritten(page: str) -> str:
    """Return the page with every table replaced. Raises `ValueError` if a marker is missing."""
    return generated_tables.rewritten(page, tables(), PAGE.name)


def main(arguments: list[str]) -> int:
    """Write all pages of settings, or with `--check` only report whether one would change."""
    pages = {
        PAGE: rewritten(PAGE.read_text("utf-8")),
        policy_tables.PAGE: policy_tables.rewritten(policy_tables.PAGE.read_text("utf-8")),
        gate_tables.PAGE: gate_tables.rewritten(gate_tables.PAGE.read_text("utf-8")),
    }
    return generated_tables.write_or_check(pages, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
