"""What `seawall connect` has to know of each vendor, and how it asks."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from seawall_base.errors import UsageError

if TYPE_CHECKING:
    from seawall.collection.settings import Vendor


@dataclass(frozen=True, slots=True)
class Question:
    """One setting: its name in the file and as an option, and the words that ask for it. `is_file` asks for a secret file."""

    name: str
    words: str
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class VendorQuestions:
    """What one vendor needs, for which tables of the file. One secret file is needed, the first that is given."""

    vendors: tuple[Vendor, ...]
    needed: tuple[Question, ...]
    secrets: tuple[Question, ...]


_MICROSOFT: Final = (
    Question("tenant", "Directory (tenant) id"),
    Question("client_id", "Application (client) id"),
)
QUESTIONS: Final[Mapping[str, VendorQuestions]] = {
    "microsoft": VendorQuestions(
        ("m365", "entra"),
        _MICROSOFT,
        (
            Question(
                "certificate", "PEM file with private key and certificate (empty for a client secret)", True
            ),
            Question("secret_file", "Client secret", True),
        ),
    ),
    "google": VendorQuestions(
        ("google",),
        (
            Question("customer", "Customer id, which begins with C"),
            Question("administrator", "Administrator on whose behalf the service account reads"),
        ),
        (Question("key_file", "File with the service account's JSON key", True),),
    ),
    "okta": VendorQuestions(
        ("okta",),
        (
            Question("domain", "Domain of the organisation, such as acme.okta.com"),
            Question("client_id", "Client id of the service application"),
            Question("key_id", "Id (kid) of the key at Okta"),
        ),
        (Question("key_file", "File with the application's private key", True),),
    ),
}
ASKED_HIDDEN: Final = frozenset({"secret_file"})
"""Secrets that are short enough to be typed; they are not echoed."""


def ask_vendor(vendor: str | None) -> str:
    """Return the vendor that was given, or ask for one. Raises `UsageError`."""
    names = ", ".join(QUESTIONS)
    found = (vendor or _ask(f"Vendor ({names})", "--vendor")).strip().lower()
    if found not in QUESTIONS:
        raise UsageError(f"--vendor {found!r} is none of {names}", fix="give one of these")
    return found


def ask_settings(questions: VendorQuestions, given: Mapping[str, str | None]) -> dict[str, str]:
    """Return the value of every needed setting: given, or asked for. Raises `UsageError`."""
    return {
        question.name: (given.get(question.name) or _ask(question.words, _option(question.name))).strip()
        for question in questions.needed
    }


def ask_secret(questions: VendorQuestions, given: Mapping[str, Path | None]) -> tuple[str, str]:
    """Return the setting that names the secret file, and the secret itself: of a given file, or asked for.

    Raises `UsageError` and `CollectInvalid`.
    """
    from seawall_base.secret_file import read_secret

    for question in questions.secrets:
        path = given.get(question.name)
        if path is not None:
            return question.name, read_secret(path, may_be_shared=True)
    for number, question in enumerate(questions.secrets):
        is_last = number == len(questions.secrets) - 1
        is_hidden = question.name in ASKED_HIDDEN
        answer = _ask(question.words, _option(question.name), hidden=is_hidden, may_be_empty=not is_last)
        if answer.strip():
            name = question.name
            return name, answer.strip() if is_hidden else read_secret(
                Path(answer.strip()), may_be_shared=True
            )
    raise UsageError("no secret was given", fix="give a secret file")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _ask(words: str, option: str, *, hidden: bool = False, may_be_empty: bool = False) -> str:
    """Ask on the terminal. Without one, raise `UsageError` with the option to give."""
    if not sys.stdin.isatty():
        raise UsageError(
            f"{option} is missing: {words}", fix="give it, or run this on a terminal to be asked"
        )
    answer: str = typer.prompt(
        words, default="" if may_be_empty else None, hide_input=hidden, show_default=False, err=True
    )
    return answer
