"""Made-up secrets in every form that a record may hold them in: names of fields times shapes of values."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

NAMES = (
    *(f"{first}{last}" for first in ("", "new", "user_", "App") for last in ("Password", "Secret", "AccessToken")),
    *(f"{of}Code" for of in ("recovery", "enrollment", "mfa", "sms", "verification")),
    *(f"Password{more}" for more in ("Hash", "Plain", "2", "_new", "Value")),
    "backupCodes", "credential", "pass", "psk", "ntlmHash", "tempPass", "tokenValue", "secret1", "KeyValue", "LogonKey",
    "id_token_hint", "ESTSAUTHPERSISTENT", "apiKey", "AccountKey", "client_assertion", "sessionCookie", "otp", "userPin",
)  # fmt: skip
"""Names of fields that hold a secret."""

Shape = Callable[[str, str], Any]

NAMED: dict[str, Shape] = {
    "member": lambda name, value: {name: value},
    "list": lambda name, value: {name: [value, {"deep": value}]},
    "pair": lambda name, value: [{"Name": name, "Value": value}],
    "pair reversed": lambda name, value: [{"NewValue": f'["{value}"]', "Name": name}],
    "text of JSON": lambda name, value: json.dumps({"a": json.dumps({name: value})}),
    "label": lambda name, value: f"{name}={value}; next=1",
    "header": lambda name, value: f"Host: x\r\n{name}: {value}\r\nAccept: */*",
    "query": lambda name, value: f"https://x.example/a?b=1&{name}={value}&c=2",
    "encoded query": lambda name, value: f"r=https%3A%2F%2Fx.example%2F%3F{name}%3D{value}%26c%3D2",
    "encoded JSON": lambda name, value: f"%7B%22{name}%22%3A%22{value}%22%7D",
    "switch": lambda name, value: f"Set-Thing -Identity ann -{name} {value} -Force",
    "element": lambda name, value: f"<a><{name}>{value}</{name}></a>",
    "attribute": lambda name, value: f'<add key="{name}" value="{value}"/>',
    "base64": lambda name, value: base64.b64encode(json.dumps({"u": 1, name: value}).encode()).decode(),
    "base64 of UTF-16": lambda name, value: base64.b64encode(
        f"do -{name} {value}".encode("utf-16-le")
    ).decode(),
    "compressed": lambda name, value: base64.b64encode(
        gzip.compress(json.dumps({name: value}).encode(), mtime=0)
    ).decode(),
    "cut": lambda name, value: f'{{"a": 1, "{name}": "{value}", "b": ',
}
"""Ways of writing a name and a secret value."""

UNNAMED: dict[str, Callable[[str], Any]] = {
    "PEM": lambda value: f"-----BEGIN PRIVATE KEY-----\n{value}\n-----END PRIVATE KEY-----",
    "web token": lambda value: f"x eyJhbGciOiJub25lIn0.{value}.{value}",
    "bearer": lambda value: f"Bearer {value}",
    "cookie header": lambda value: f"Cookie: a={value}; b={value}",
    "code": lambda value: f"https://x.example/back?code={value}&state=1",
    "shared access signature": lambda value: f"https://x.blob.example/c?sv=1&sig={value}",
    "address with password": lambda value: f"imaps://ann:{value}@mail.example/",
    "login token": lambda value: f"https://acme.okta.com/login/token/{value}{value}",
    "reset link": lambda value: f"https://x.example/reset-password/{value}{value}",
    "invitation": lambda value: f"https://x.example/invite/{value}{value}",
    "Slack hook": lambda value: f"https://hooks.slack.com/services/T0AAAAAA1/B0AAAAAA1/{value}",
    "Teams hook": lambda value: f"https://acme.webhook.office.com/webhookb2/{value}/IncomingWebhook/{value}",
    "GitHub": lambda value: f"ghp_{value}{value}{value}",
    "Slack": lambda value: f"xoxb-1234567890-{value}",
    "secure string": lambda value: f'New-X -Password (ConvertTo-SecureString "{value}" -AsPlainText -Force)',
    "net user": lambda value: f"net user bob {value} /add",
    "connection string": lambda value: (
        f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={value}==;E=x"
    ),
    "resetLink": lambda value: {"resetLink": f"https://x.example/r/{value}"},
}
"""Texts in which a secret is known by itself."""


def list_planted() -> Iterator[tuple[str, str, Any]]:
    """Yield (description, secret, value that holds it). Each secret occurs once."""
    number = 0
    for shape, write in NAMED.items():
        for name in NAMES:
            number += 1
            secret = f"qZ{number:05d}wXv7Kd"
            yield f"{name} as {shape}", secret, write(name, secret)
    for shape, put in UNNAMED.items():
        number += 1
        secret = f"qZ{number:05d}wXv7Kd"
        yield shape, secret, put(secret)
