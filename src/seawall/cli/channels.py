"""`seawall channels`: list and test the channels that get messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli import output
from seawall.cli.settings_file import NewFile, write_new_file

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

ChannelsFileArgument = Annotated[
    Path, typer.Option("--channels", metavar="FILE", help="File of the channels.", show_default=True)
]
DEFAULT_FILE = Path("channels.toml")


@app.callback()
def channels() -> None:
    """List and test the channels that get messages: mail, chat, pagers, tickets, case managers, log stores.

    \b
    Examples:
      seawall channels list
      seawall channels test soc-chat
      seawall watch logs/ --channels channels.toml
    """


_HEAD = """\
Channels that get messages, for --channels of `seawall watch` and `seawall serve`.
Take away the # before a table and its settings to use it; a table may stand several times. Secrets stand in files of their own
that only you can read (chmod 600). Every setting: seawall help settings."""


@app.command(short_help="Write the file of the channels, with comments.")
def begin(file: NewFile = DEFAULT_FILE) -> None:
    """Write a file of channels in which each setting is explained. Nothing is sent until you fill it in.

    \b
    Examples:
      seawall channels begin
      seawall channels begin /etc/seawall/channels.toml
    """
    from seawall.response.channels.settings import ChannelsFile
    from seawall_base.settings_template import write_template

    name = output.quote_path(file)
    write_new_file(
        file,
        write_template(ChannelsFile, _HEAD),
        f"fill in {name}, then seawall channels list --channels {name}",
    )


@app.command("list", short_help="List the channels and what each gets.")
def list_channels(
    file: ChannelsFileArgument = DEFAULT_FILE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the channels of a file, their filters and the kinds of messages that each gets. Nothing is sent."""
    from seawall.response.channels.settings import kind_of_channel, load_channels

    rows = [
        {
            "name": one.name,
            "channel": kind_of_channel(one),
            "severity": one.severity,
            "organisations": list(one.organisations),
            "kinds": list(one.kinds or one.DEFAULT_KINDS),
        }
        for one in load_channels(file).channels()
    ]
    if as_json:
        output.answer_json({"channels": rows})
        return
    for row in rows:
        whose = ", ".join(row["organisations"]) or "all organisations"
        kinds = ", ".join(kind for kind in row["kinds"] if kind != "channel.test")
        output.write(
            f"{row['name']}  {row['channel']}  incidents from {row['severity']} on  {whose}  {kinds}\n"
        )


@app.command("test", short_help="Send a test message to a channel.")
def send_test(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the channel; all tests every one.")],
    file: ChannelsFileArgument = DEFAULT_FILE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Send a test message, whatever the channel's filters, and say what the receiver answered.

    \b
    Examples:
      seawall channels test soc-chat
      seawall channels test all --channels /etc/seawall/channels.toml

    The exit code is 1 if a receiver did not accept the message. Nothing is tried again.
    """
    from seawall.response.channels.settings import load_channels
    from seawall.response.channels.testing import try_channel
    from seawall_base.clock import Clock

    found = load_channels(file)
    chosen = found.channels() if name == "all" else (found.channel(name),)
    results = [result for one in chosen for result in try_channel(one, found.console_url, Clock())]
    if as_json:
        rows = [{"target": one.target, "accepted": one.is_accepted, "reason": one.reason} for one in results]
        output.answer_json({"channels": rows})
    else:
        for one in results:
            output.write(f"{one.target}: {'accepted' if one.is_accepted else one.reason}\n")
    if not all(one.is_accepted for one in results):
        raise typer.Exit(1)
