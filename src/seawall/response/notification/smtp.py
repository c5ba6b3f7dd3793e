"""Deliver one message to one recipient by SMTP, and return what is certain about the outcome.

The server's certificate and name are always verified. A server without TLS gets neither message nor password, unless
the case file says `security = "none"`. The message is accepted once the server answers the end of the data. Before
the end of the data was sent it certainly was not; after that, without an answer, nobody knows.
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
"""Maximum duration of one delivery, as a multiple of the time limit of one answer."""

LONGEST_ANSWER: Final = 300

_OTHER_MECHANISM: Final = frozenset({504, 534, 538})
"""Status codes that refuse the authentication mechanism, not the credentials (RFC 4954, section 6)."""

_LINE_ENDS: Final = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The outcome of one attempt. `is_final`: a retry is useless. `stops`: every other letter would fail too.

    `acknowledged_by` is set if the receiver confirmed that somebody has the letter.
    """

    state: Literal["sent", "failed", "unsure"]
    reason: str = ""
    is_final: bool = False
    stops: bool = False
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingLetter:
    """The bytes to send, the recipient, and the id that stays the same over attempts."""

    recipient: str
    target: str
    key: str
    content: bytes
    at: int


class LetterTransport(Protocol):
    """One way of delivery."""

    def deliver(self, outgoing: OutgoingLetter) -> DeliveryOutcome:
        """Make one attempt. Network failures are outcomes, not exceptions."""


@dataclass(frozen=True, slots=True)
class MailTransport:
    """Deliver by SMTP. `password` is never shown. `step` lets tests end the process at a chosen point."""

    settings: MailServer
    sender: str
    password: str = ""
    step: Callable[[str], None] = lambda _: None

    def __repr__(self) -> str:
        return f"MailTransport({self.settings.host})"

    def deliver(self, outgoing: OutgoingLetter) -> DeliveryOutcome:
        """Send the message to the server."""
        progress = _Progress()
        try:
            server = self._connect(progress)
            try:
                return self._hand_over(server, outgoing, progress)
            finally:
                with suppress(smtplib.SMTPException, OSError):  # the answer counts even if QUIT fails
                    server.docmd("QUIT")
                server.close()
        except smtplib.SMTPResponseException as error:
            if progress.is_handed_over:  # smtplib could not parse the server's answer
                return DeliveryOutcome("unsure", f"{progress.doing}: {_show(error.smtp_error)}")
            return _interpret_answer(error.smtp_code, error.smtp_error, progress)
        except (smtplib.SMTPException, OSError, FetchError, ValueError) as error:
            reason = f"{progress.doing}: {_describe_error(error)}"
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
                    # TLS protects the password, and servers that store only hashes refuse CRAM-MD5
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
            return _interpret_answer(code, answer, progress)
        wishes = ["NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{_xtext(outgoing.target)}"] if has_dsn else []
        code, answer = server.rcpt(outgoing.target, wishes)
        if code not in (250, 251):
            return _interpret_answer(code, answer, progress)
        progress.doing = "sending the message"
        code, answer = server.docmd("DATA")
        if code != 354:
            return _interpret_answer(code, answer, progress)
        lines = _LINE_ENDS.sub(b"\r\n", outgoing.content)
        server.send(re.sub(rb"(?m)^\.", b"..", lines.removesuffix(b"\r\n")) + b"\r\n")
        self.step("body")
        progress.is_handed_over = True
        server.send(b".\r\n")
        self.step("handed over")
        code, answer = server.getreply()
        if code != 250:
            return _interpret_answer(code, answer, progress)
        return DeliveryOutcome("sent", _show(answer))


class _Limited(smtplib.SMTP):
    """An SMTP connection that is cut after a total time. smtplib's `timeout` bounds one wait, not their sum."""

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
        """Close the connection and cancel the timer."""
        self._watch.cancel()
        super().close()

    def auth(self, mechanism: str, authobject: Any, *, initial_response_ok: bool = True) -> tuple[int, bytes]:
        """Authenticate with the first mechanism that the server accepts.

        smtplib retries a refused password with every other mechanism, which may lock the account. Here only an
        unsupported mechanism leads to the next one.
        """
        try:
            return super().auth(mechanism, authobject, initial_response_ok=initial_response_ok)
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code in _OTHER_MECHANISM:
                raise
            raise smtplib.SMTPResponseException(error.smtp_code, error.smtp_error) from None


class _Smtp(_Limited):
    """A plain connection, until STARTTLS."""


class _SmtpTls(_Limited, smtplib.SMTP_SSL):
    """A connection with TLS from the first byte."""


@dataclass(slots=True)
class _Progress:
    """The progress of one delivery attempt, which decides what is certain after a failure."""

    doing: str = "preparing"
    is_connected: bool = False
    is_handed_over: bool = False


def _xtext(text: str) -> str:
    """Encode a DSN parameter as xtext (RFC 3461, section 4)."""
    return re.sub(r"[^!-*,-<>-~]", lambda found: f"+{ord(found.group()):02X}", text)


def _interpret_answer(code: int, answer: bytes | str, progress: _Progress) -> DeliveryOutcome:
    """Interpret an unexpected server answer. Only 4xx and 5xx mean that the message was not accepted."""
    reason = f"{progress.doing}: the server answered {code} {_show(answer)}"
    if not 400 <= code < 600:
        return DeliveryOutcome("unsure" if progress.is_handed_over else "failed", reason)
    return DeliveryOutcome(
        "failed", reason, is_final=code >= 500 and progress.is_connected, stops=not progress.is_connected
    )


def _show(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return visible(" ".join(text.split()), LONGEST_ANSWER)


def _describe_error(error: Exception) -> str:
    """Describe an error in one line, without anything that was sent."""
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
    """Refuse unencrypted delivery to another machine. Raises CaseInvalid."""
    if settings.security == "none" and settings.host not in {"localhost", "127.0.0.1", "::1"}:
        raise CaseInvalid(
            "smtp.security none is for a server on this machine",
            fix='security = "starttls", or "tls" (port 465)',
        )
