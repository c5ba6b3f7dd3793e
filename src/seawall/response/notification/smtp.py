"""Gives one message to one mail server for one recipient, and says what is certain about it afterwards.

The server's certificate and name are always verified; a server that offers no TLS gets neither message nor password, unless
the case file says `security = "none"`. The message is taken once the server has answered the end of it. Before the end was sent
it certainly was not; after that, without an answer, nobody knows.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from seawall.response.errors import CaseInvalid
from seawall.response.notification.case_file import MailServer
from seawall_base.http_connection import trust_store
from seawall_base.http_url import FetchError
from seawall_base.safe_text import visible

LONGEST: Final = 10
"""One delivery takes at most so many times the time limit of one answer."""

LONGEST_ANSWER: Final = 300

_OTHER_MECHANISM: Final = frozenset({504, 534, 538})
"""Answers that refuse the way of signing in, not who signs in (RFC 4954, section 6)."""

_LINE_ENDS: Final = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """How one try ended. `is_final`: again is of no use. `stops`: what failed would fail for every other letter too.

    `acknowledged_by` is set where the receiver itself confirmed that somebody has the letter.
    """

    state: Literal["sent", "failed", "unsure"]
    reason: str = ""
    is_final: bool = False
    stops: bool = False
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingLetter:
    """What is sent: the bytes, to whom, and the id that stays."""

    recipient: str
    target: str
    key: str
    content: bytes
    at: int


class LetterTransport(Protocol):
    """One way out."""

    def deliver(self, outgoing: OutgoingLetter) -> DeliveryOutcome:
        """Try once; raises nothing for what a network does."""


@dataclass(frozen=True, slots=True)
class MailTransport:
    """Delivery by SMTP. `password` is shown nowhere; `step` is for tests that end the process at a given point."""

    settings: MailServer
    sender: str
    password: str = ""
    step: Callable[[str], None] = lambda _: None

    def __repr__(self) -> str:
        return f"MailTransport({self.settings.host})"

    def deliver(self, outgoing: OutgoingLetter) -> DeliveryOutcome:
        """Give the message to the server."""
        progress = _Progress()
        try:
            server = self._connect(progress)
            try:
                return self._hand_over(server, outgoing, progress)
            finally:
                with suppress(smtplib.SMTPException, OSError):  # what was answered holds without a farewell
                    server.docmd("QUIT")
                server.close()
        except smtplib.SMTPResponseException as error:
            if progress.is_handed_over:  # smtplib's own: an answer that it could not read
                return DeliveryOutcome("unsure", f"{progress.doing}: {_show(error.smtp_error)}")
            return _answer(error.smtp_code, error.smtp_error, progress)
        except (smtplib.SMTPException, OSError, FetchError, ValueError) as error:
            reason = f"{progress.doing}: {_words(error)}"
            return DeliveryOutcome(
                "unsure" if progress.is_handed_over else "failed", reason, stops=not progress.is_connected
            )

    def _connect(self, progress: _Progress) -> smtplib.SMTP:
        settings = self.settings
        host, port = settings.place
        context = trust_store(Path(settings.ca_file) if settings.ca_file else None)
        progress.doing = f"connecting to {host}:{port}"
        server: smtplib.SMTP
        limit = LONGEST * settings.timeout
        if settings.security == "tls":
            server = _SmtpTls(host, port, timeout=settings.timeout, context=context, limit=limit)
        else:
            server = _Smtp(host, port, timeout=settings.timeout, limit=limit)
        try:
            server.ehlo_or_helo_if_needed()
            if settings.security == "starttls":
                progress.doing = "starting TLS"
                server.starttls(context=context)
                server.ehlo()
            if settings.user:
                progress.doing = "signing in"
                ways = server.esmtp_features.get("auth", "").split()
                if {"PLAIN", "LOGIN"} & set(ways):
                    # TLS hides the password, and who keeps no clear passwords refuses every one that comes by CRAM-MD5.
                    server.esmtp_features["auth"] = " ".join(way for way in ways if way != "CRAM-MD5")
                server.login(settings.user, self.password)
        except BaseException:
            server.close()
            raise
        progress.is_connected = True
        return server

    def _hand_over(
        self, server: smtplib.SMTP, outgoing: OutgoingLetter, progress: _Progress
    ) -> DeliveryOutcome:
        progress.doing = "naming sender and recipient"
        has_dsn = server.has_extn("dsn")
        envelope = self.settings.bounce_address or self.sender
        wishes = ["RET=HDRS", f"ENVID={_xtext(outgoing.key.strip('<>'))}"] if has_dsn else []
        code, answer = server.mail(envelope, wishes)
        if code != 250:
            return _answer(code, answer, progress)
        wishes = ["NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{_xtext(outgoing.target)}"] if has_dsn else []
        code, answer = server.rcpt(outgoing.target, wishes)
        if code not in (250, 251):
            return _answer(code, answer, progress)
        progress.doing = "sending the message"
        code, answer = server.docmd("DATA")
        if code != 354:
            return _answer(code, answer, progress)
        lines = _LINE_ENDS.sub(b"\r\n", outgoing.content)
        server.send(re.sub(rb"(?m)^\.", b"..", lines.removesuffix(b"\r\n")) + b"\r\n")
        self.step("body")
        progress.is_handed_over = True
        server.send(b".\r\n")
        self.step("handed over")
        code, answer = server.getreply()
        if code != 250:
            return _answer(code, answer, progress)
        return DeliveryOutcome("sent", _show(answer))


class _Limited(smtplib.SMTP):
    """A connection that is cut after a time, however slowly its server answers: `timeout` bounds one wait, not their sum."""

    def __init__(self, *values: Any, limit: float, **named: Any) -> None:
        self._watch = threading.Timer(limit, self._cut)
        self._watch.daemon = True
        self._watch.start()
        try:
            super().__init__(*values, **named)
        except BaseException:
            self._watch.cancel()
            raise

    def _cut(self) -> None:
        connection = getattr(self, "sock", None)
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; nothing is left to be cut."""
        self._watch.cancel()
        super().close()

    def auth(self, mechanism: str, authobject: Any, *, initial_response_ok: bool = True) -> tuple[int, bytes]:
        """Sign in. smtplib tries what was refused again by each other mechanism, which may lock the account: here a mechanism
        that the server cannot or will not have is followed by the next, and a password that it refuses by none."""
        try:
            return super().auth(mechanism, authobject, initial_response_ok=initial_response_ok)
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code in _OTHER_MECHANISM:
                raise
            raise smtplib.SMTPResponseException(error.smtp_code, error.smtp_error) from None


class _Smtp(_Limited):
    """In the clear, until TLS is started."""


class _SmtpTls(_Limited, smtplib.SMTP_SSL):
    """TLS from the first byte."""


@dataclass(slots=True)
class _Progress:
    """How far a try came."""

    doing: str = "preparing"
    is_connected: bool = False
    is_handed_over: bool = False


def _xtext(text: str) -> str:
    """A value of a DSN parameter (RFC 3461, section 4)."""
    return re.sub(r"[^!-*,-<>-~]", lambda found: f"+{ord(found.group()):02X}", text)


def _answer(code: int, answer: bytes | str, progress: _Progress) -> DeliveryOutcome:
    """What an answer means that is not the hoped-for one. Only 4xx and 5xx say that the server did not take it."""
    reason = f"{progress.doing}: the server answered {code} {_show(answer)}"
    if not 400 <= code < 600:
        return DeliveryOutcome("unsure" if progress.is_handed_over else "failed", reason)
    return DeliveryOutcome(
        "failed", reason, is_final=code >= 500 and progress.is_connected, stops=not progress.is_connected
    )


def _show(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return visible(" ".join(text.split()), LONGEST_ANSWER)


def _words(error: Exception) -> str:
    """What went wrong; never more than a line, and never what was sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted ({_show(error.verify_message)})"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the server does not offer what is needed (TLS, or a way to sign in)"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the server went away"
    if isinstance(error, OSError) and error.strerror:
        return _show(error.strerror)
    return _show(str(error) or type(error).__name__)


def check_security(settings: MailServer) -> None:
    """Refuse to send letters in the clear over a network. Raises CaseInvalid."""
    if settings.security == "none" and settings.host not in {"localhost", "127.0.0.1", "::1"}:
        raise CaseInvalid(
            "smtp.security none is for a server on this machine",
            fix='security = "starttls", or "tls" (port 465)',
        )
