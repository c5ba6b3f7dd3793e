"""Parameters in which made-up organisations differ, drawn from wide ranges so that worlds differ much."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.world_settings import WorldSettings

AUDIT_SHAPES = ("purview_csv", "search_csv", "jsonl", "wrapped_jsonl", "management")
SIGN_IN_SHAPES = ("graph", "log_analytics", "diagnostic")
MAIL_STYLES = ("mapi", "owa", "rest", "mobile", "activesync", "imap", "ews", "graph")


@dataclass(slots=True)
class OrganisationStyle:
    """The parameters of one organisation. Shares and chances are in [0, 1]; rates are per account and day."""

    audit_shape: str
    sign_in_shape: str
    directory_in: str  # one of audit, entra, both
    has_sign_ins: bool
    has_non_interactive: bool
    has_audit_sign_ins: bool
    file_hours: int
    zipped_share: float
    duplicates: float
    late_share: float
    late_hours: float
    broken_share: float
    odd_case_share: float
    port_share: float
    mapped_share: float
    empty_share: float
    identifiers: str  # one of full, partial, absent
    identifier_share: dict[str, float]
    births_found: dict[str, float]
    session_share: float
    claim_share: float
    client_app_share: dict[str, float]
    remote_share: float
    office_share: float
    vpn: str  # one of none, some, all
    vpn_network: str
    private_vpn_share: float
    v6_share: float
    mac_share: float
    desktop_share: float
    web_share: float
    phone_share: float
    apple_mail_share: float
    thunderbird_share: float
    teams_share: float
    developer_share: float
    weekend_share: float
    evening_share: float
    night_share: float
    shift_share: float
    countries: int
    failure_rate: float
    spray_rate: float
    prompt_denial_rate: float
    rule_rate: float
    forwarding_rate: float
    consent_rate: float
    delegate_rate: float
    helpdesk_rate: float
    mfa_change_rate: float
    background_rate: float
    file_rate: float
    noise_rate: float
    third_party_apps: int
    services: int
    shared_mailboxes: int
    mfa_share: float
    confuser_scale: float


def draw_style(settings: WorldSettings, dice: SeededRandom) -> OrganisationStyle:
    """Draw the parameters of an organisation."""
    mess = settings.mess
    identifiers = dice.pick_weighted([("full", 0.45), ("partial", 0.33), ("absent", 0.22)])
    low, high = {"full": (0.9, 1.0), "partial": (0.2, 0.95), "absent": (0.0, 0.0)}[identifiers]
    size = settings.accounts
    return OrganisationStyle(
        audit_shape=dice.pick(AUDIT_SHAPES),
        sign_in_shape=dice.pick(SIGN_IN_SHAPES),
        directory_in=dice.pick_weighted([("audit", 0.5), ("both", 0.25), ("entra", 0.25)]),
        has_sign_ins=dice.chance(0.92),
        has_non_interactive=dice.chance(0.65),
        has_audit_sign_ins=dice.chance(0.6),
        file_hours=dice.pick((6, 24, 24, 24, 168)),
        zipped_share=dice.pick((0.0, 0.0, 0.3, 1.0)) if mess else 0.0,
        duplicates=dice.pick_weighted(
            [(0.0, 0.3), (dice.between(0.0, 0.06), 0.5), (dice.between(0.06, 0.4), 0.2)]
        )
        if mess
        else 0.0,
        late_share=dice.log_between(0.002, 0.2) if mess else 0.0,
        late_hours=dice.log_between(0.5, 30.0),
        broken_share=dice.log_between(0.00002, 0.001) if mess else 0.0,
        odd_case_share=dice.pick((0.0, 0.1, 0.5)) if mess else 0.0,
        port_share=dice.between(0.0, 0.7) if mess else 0.0,
        mapped_share=dice.log_between(0.001, 0.06) if mess else 0.0,
        empty_share=dice.log_between(0.001, 0.02) if mess else 0.0,
        identifiers=identifiers,
        identifier_share={style: dice.between(low, high) for style in MAIL_STYLES},
        births_found={style: min(1.0, dice.between(0.6, 1.08)) for style in (*MAIL_STYLES, "none")},
        session_share=dice.pick((1.0, 1.0, dice.between(0.5, 1.0))),
        claim_share=dice.between(0.1, 0.8),
        client_app_share={
            style: dice.pick_weighted([(0.0, 0.25), (dice.between(0.3, 1.0), 0.25), (1.0, 0.5)])
            for style in MAIL_STYLES
        },
        remote_share=dice.between(0.05, 0.7),
        office_share=dice.between(0.4, 1.0),
        vpn=dice.pick_weighted([("none", 0.5), ("some", 0.3), ("all", 0.2)]),
        vpn_network=dice.pick_weighted([("sase", 0.6), ("hosting", 0.4)]),
        private_vpn_share=dice.log_between(0.005, 0.08),
        v6_share=dice.between(0.0, 0.6),
        mac_share=dice.between(0.02, 0.5),
        desktop_share=dice.between(0.3, 0.95),
        web_share=dice.between(0.25, 0.9),
        phone_share=dice.between(0.3, 0.95),
        apple_mail_share=dice.between(0.05, 0.6),
        thunderbird_share=dice.log_between(0.004, 0.1),
        teams_share=dice.between(0.1, 0.8),
        developer_share=dice.log_between(0.01, 0.12),
        weekend_share=dice.between(0.03, 0.35),
        evening_share=dice.between(0.1, 0.6),
        night_share=dice.log_between(0.002, 0.05),
        shift_share=dice.log_between(0.005, 0.2),
        countries=dice.pick_weighted([(1, 0.5), (2, 0.2), (4, 0.3)]),
        failure_rate=dice.log_between(0.01, 0.15),
        spray_rate=dice.log_between(0.002, 0.25),
        prompt_denial_rate=dice.log_between(0.0005, 0.01),
        rule_rate=dice.log_between(0.0008, 0.008),
        forwarding_rate=dice.log_between(0.0001, 0.001),
        consent_rate=dice.log_between(0.0004, 0.006),
        delegate_rate=dice.log_between(0.0003, 0.003),
        helpdesk_rate=dice.log_between(0.001, 0.008),
        mfa_change_rate=dice.log_between(0.0005, 0.006),
        background_rate=dice.between(0.2, 4.0),
        file_rate=dice.between(0.2, 3.0),
        noise_rate=dice.between(0.05, 1.0),
        third_party_apps=2 + dice.below(6),
        services=2 + dice.below(5),
        shared_mailboxes=max(1, round(size * dice.between(0.02, 0.1))),
        mfa_share=dice.between(0.4, 1.0),
        confuser_scale=dice.log_between(0.4, 2.2),
    )
