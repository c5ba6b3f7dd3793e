"""Make fixtures of response: plans and journals, notification cases, signals, and collectors' files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools.upgrade_fixtures.running import ISSUER, WHO, old, seawall


def make_containment(_: Path) -> None:
    """Make an Okta plan with one applied step and its inputs, and an applied Microsoft plan."""
    samples, event = old("tests.response.containment.samples"), old("tests.cli.test_respond")
    okta, serving = old("tests.response.containment.okta_api"), old("tests.response.containment.serving")
    Path("out").mkdir()
    old("seawall.report.documents").write_incidents(
        Path("out/incidents.jsonl"), [samples.incident("record-1")]
    )
    evil = {"app_uid": "evil-app", "client": "python/rest"}
    rows = [
        samples.row("system.idp.lifecycle.create", 1, source="okta", resource_uid="0oa1", **evil),
        samples.row("user.session.start", 2, source="okta", kind="sign_in"),
    ]
    event.write_events(Path("out/events.parquet"), rows)
    seawall("respond", "plan", 1, "--out", "out", "--to", "plan.json")
    vendor = okta.Okta()
    vendor.add_user(samples.ANN)
    vendor.providers["0oa1"] = {"id": "0oa1", "status": "ACTIVE"}
    Path("token").write_text("token-1\n")
    Path("token").chmod(0o600)
    with serving.served(vendor):
        Path("respond.toml").write_text(f'[okta]\nbase_url = "{vendor.base}"\ntoken_file = "token"\n')
        applied = ("respond", "apply", "plan.json", "--apply", "--approver", WHO, "--config", "respond.toml")
        seawall(*applied, "--steps", "block-renewal,reset-password")
    _contain_at_microsoft(samples, serving)


def _contain_at_microsoft(samples: Any, serving: Any) -> None:
    graph, running = (
        old("tests.response.containment.graph").Graph(),
        old("tests.response.containment.running"),
    )
    graph.add_user(samples.ANN)
    row = samples.row("New-InboxRule", mailbox=samples.ANN, kind="mail_rule", parameters={"Name": "r"})
    plan = old("seawall.respond.contain.planning").plan(
        samples.evidence(row), incident=samples.incident("record-1")
    )
    with serving.served(graph):
        running.run(plan, Path("microsoft.journal.jsonl"), running.asking({"microsoft": graph}))


def make_notification(_: Path) -> None:
    """Make a notification case whose letters were sent except one; one is acknowledged, one person was informed by phone."""
    cases, mail = old("tests.response.cases"), old("tests.response.notification.mail_server")
    with mail.serving() as server:
        smtp = f'[smtp]\nhost = "127.0.0.1"\nsecurity = "none"\nport = {server.port}'
        recipients = {name: cases.RECIPIENTS[name] for name in ("anna", "ben", "carla")}
        cases.folder(Path("case"), cases.SHORT, cases.case_text(recipients, more=smtp))
        first = _draft_letters()
        server.refused["carla@private.example"] = "550 5.1.1 no such mailbox"
        send = (
            "respond",
            "notify",
            "send",
            "case/case.toml",
            "--draft",
            first,
            "--approved-by",
            "Eva Muster",
        )
        seawall(*send, codes=(0, 1))
        text = next(
            str(one.get_payload(0)) for one in server.messages if "ben@private.example" in str(one["To"])
        )
    code = old("re").search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", text)[0]
    notify = ("respond", "notify")
    seawall(*notify, "acknowledge", "case/case.toml", "--code", code, "--by", "Ben")
    seawall(*notify, "tell", "case/case.toml", "--recipient", "carla", "--way", "telephone", "--by", "Eva")
    told = json.loads(seawall(*notify, "register", "case/case.toml", "--json"))
    old("seawall.report.scope_document").write_scope(
        Path("case/scope.json"),
        cases.scope(
            [cases.mailbox(cases.ANNA), cases.mailbox(cases.BEN), cases.SHORT.mailboxes[2]],
            cases.messages(cases.ANNA, 2),
            cases.SHORT.organisations,
        ),
    )
    kept = {"draft": _draft_letters(), "code": code, **told}
    Path("register.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def _draft_letters() -> str:
    """Draft all letters; return the digest by which a person approves them."""
    seawall("respond", "notify", "draft", "case/case.toml", "--json")
    digest: str = old("seawall.respond.notify.drafts").read_draft(Path("case")).digest
    return digest[:12]


def make_signals(_: Path) -> None:
    """Make a signing key, settings with one pushed and one polling receiver, and an outbox with two events."""
    Path("signals.toml").write_text(
        '[transmitter]\nissuer = "https://seawall.example.com"\nkey = "signing.pem"\noutbox = "signals.db"\n'
        '[[stream]]\nname = "gate"\naudience = "https://gate.example.com/events"\n'
        'push = "https://127.0.0.1:9/events"\ntoken_file = "gate-token"\n'
        '[[stream]]\nname = "shop"\naudience = "https://shop.example.com"\npoll = true\ntoken_file = "shop-token"\n',
        "utf-8",
    )
    for name in ("gate", "shop"):
        token = Path(f"{name}-token")
        token.write_text(f"an-invented-token-of-{name}-0123456789abcdef\n", "utf-8")
        token.chmod(0o600)
    seawall("respond", "signals", "key", "signing.pem")
    told = ("--issuer", ISSUER, "--account", "4f2e", "--at", "2024-09-30T10:00:00Z", "--send")
    for event in ("session-revoked", "account-disabled"):
        seawall("respond", "signals", "tell", event, *told, codes=(0, 1))


def make_collected(_: Path) -> None:
    """Make collectors' files: sixty records of Microsoft 365, and seven messages of two Kafka partitions."""
    management, commands = old("tests.collection.management"), old("tests.collection.test_command")
    serving = old("tests.collection.serving")
    commands.secret_file(Path())
    api = commands.management()
    now = max(one.created for one in api.blobs)
    with serving.serving(api) as server:
        api.base = server.url
        Path("collect.toml").write_text(
            f'[m365]\ntenant = "{management.TENANT}"\nclient_id = "{management.CLIENT}"\nsecret_file = "secret"\n'
            'content_types = ["Audit.Exchange"]\n',
            "utf-8",
        )
        words = ("collect", "m365", "--config", "collect.toml", "--once", "--quiet", "--out", "logs")
        seawall(*words, "--base-url", server.url)
    partitions = old("tests.collection.test_partitions")
    Path("kafka").mkdir()
    with partitions.opened(Path("kafka")) as (book, ask):
        partitions.store(book, ask, partitions.stretch(None, 5), partitions.stretch(None, 2, 1))
        book.lose(partitions.stretch(2, 2, 1), ask.feed, 4, "messages-expired", partitions.NOW)
    Path("newest").write_text(f"{now}\n")
