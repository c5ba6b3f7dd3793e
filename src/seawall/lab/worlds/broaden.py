"""Make an organisation broad: redraw its style and its people from wide families of laws, independent of the usual ones."""

from __future__ import annotations

from collections.abc import Callable

from seawall.lab.worlds.acts import ActivityLog
from seawall.lab.worlds.broad_roaming import roam
from seawall.lab.worlds.clients import LabClient, browser_client, script
from seawall.lab.worlds.first_party import EXCHANGE
from seawall.lab.worlds.habits import draw_activity_law, draw_habits, draw_loss
from seawall.lab.worlds.networks import ConnectionPoint, networks_of
from seawall.lab.worlds.organisation import LabAccount, Tenant
from seawall.lab.worlds.organisation_maker import make_person
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.style import MAIL_STYLES, OrganisationStyle


def broaden(diary: ActivityLog, dice: SeededRandom) -> None:
    """Redraw an organisation's style, habits, people, gaps and losses, before anything happens in it."""
    tenant = diary.tenant
    tenant.habits = draw_habits(MAIL_STYLES, dice)
    _redraw_style(tenant.style, dice)
    tenant.habits.loss = draw_loss(diary.days, diary.start, dice, SeededRandom(dice.below(1 << 30), 22))
    tenant.habits.direct_styles = tuple(dice.sample(MAIL_STYLES, dice.below(5))) if dice.chance(0.4) else ()
    tenant.relay = ConnectionPoint(
        dice.pick(networks_of(dice.pick((("hosting",), ("residential",), ("campus",))), tenant.country)), 0.01
    )
    _cut_exports(diary, dice)
    _redraw_people(tenant, dice)
    _share_accounts(tenant, dice)
    _add_service_accounts(tenant, dice)
    _leave_unaudited(tenant, dice)
    roam(diary, dice)
    _plan_absences(diary, dice)


def _redraw_style(style: OrganisationStyle, dice: SeededRandom) -> None:
    """Redraw what the usual style draws from a narrow range. Losses of sign-ins are the habits' alone."""
    style.births_found = dict.fromkeys(style.births_found, 1.0)
    style.has_non_interactive = dice.chance(0.9)
    style.has_sign_ins = dice.chance(0.96)
    style.identifiers = dice.pick_weighted([("full", 0.65), ("partial", 0.22), ("absent", 0.13)])
    style.identifier_share = {name: _draw_identifier_share(style.identifiers, dice) for name in MAIL_STYLES}
    style.session_share = dice.pick((1.0, 1.0, dice.between(0.2, 1.0)))
    style.claim_share = dice.between(0.0, 0.95)
    style.failure_rate = dice.log_between(0.003, 0.3)
    style.spray_rate = dice.log_between(0.002, 0.9)
    style.prompt_denial_rate = dice.log_between(0.0001, 0.02)
    style.rule_rate = dice.log_between(0.0002, 0.015)
    style.forwarding_rate = dice.log_between(0.00005, 0.002)
    style.consent_rate = dice.log_between(0.00001, 0.012)
    style.delegate_rate = dice.log_between(0.0001, 0.005)
    style.helpdesk_rate = dice.log_between(0.0003, 0.015)
    style.mfa_change_rate = dice.log_between(0.0001, 0.012)
    style.background_rate = dice.pick((0.0, dice.log_between(0.05, 4.0), dice.log_between(0.05, 4.0)))
    style.file_rate = dice.log_between(0.03, 3.0)
    style.mfa_share = dice.pick((dice.between(0.0, 0.6), dice.between(0.6, 1.0), 1.0))
    style.weekend_share = dice.log_between(0.01, 0.5)
    style.evening_share = dice.between(0.0, 0.8)
    style.confuser_scale = dice.log_between(0.25, 2.5)


def _draw_identifier_share(identifiers: str, dice: SeededRandom) -> float:
    if identifiers == "full":
        return dice.between(0.95, 1.0)
    return dice.pick((0.0, dice.uniform(), 1.0)) if identifiers == "partial" else 0.0


def _cut_exports(diary: ActivityLog, dice: SeededRandom) -> None:
    """Let a source begin late, end early or miss a week, in some organisations."""
    length = diary.days * 86400.0
    for source, chance in (("audit", 0.05), ("signins", 0.12), ("directory", 0.12)):
        if not dice.chance(chance):
            continue
        kind = dice.pick(("late", "early", "week"))
        if kind == "late":
            cut = (0.0, length * dice.between(0.05, 0.5))
        elif kind == "early":
            cut = (length * dice.between(0.6, 0.97), length)
        else:
            begin = length * dice.uniform()
            cut = (begin, begin + 86400 * dice.between(3, 8))
        diary.tenant.gaps.append((source, diary.start + cut[0], diary.start + cut[1]))


def _redraw_people(tenant: Tenant, dice: SeededRandom) -> None:
    draw_activity, busy = draw_activity_law(dice), dice.log_between(0.5, 2.4)
    stretch, hold = dice.log_between(0.3, 5.0), dice.pick((None, 1.1, dice.between(20.0, 30.0)))
    churn = dice.pick((0.0, 1.0, dice.log_between(0.3, 5.0)))
    start, spread = dice.normal(8.8, 0.9), dice.log_between(0.3, 3.0)
    length, renewal = dice.between(6.0, 10.5), dice.pick((None, 0.02, 1.0))
    phones = dice.between(0.02, 0.7)
    for person in tenant.people:
        person.activity = busy * draw_activity()
        person.phone_share = min(0.95, phones * 2 * dice.uniform())
        if person.ends - person.starts != 8:  # shifts stay shifts
            person.starts = dice.normal(start, spread)
            person.ends = person.starts + max(2.0, dice.normal(length, 1.0))
        person.peaks = tuple(
            person.starts + (person.ends - person.starts) * dice.uniform() for _ in range(dice.count(1, 4))
        )
        if renewal is not None and dice.chance(0.8):
            person.home.renewal = renewal
        for client in (*person.desks, *person.phones):
            _redraw_client(client, tenant, stretch, hold, churn, dice)


def _redraw_client(
    client: LabClient, tenant: Tenant, stretch: float, hold: float | None, churn: float, dice: SeededRandom
) -> None:
    """Redraw how long a program's sessions and tokens live, and how often its texts change."""
    client.session_days *= stretch * dice.log_between(0.5, 2.0)
    if tenant.habits.sessions == "daily":
        client.session_days = dice.between(0.3, 1.2)
    if hold is not None:
        client.token_hours = hold
    if churn == 1.0:
        return
    shift = dice.below(4)
    client.agent = _age(client.agent, churn, shift)
    client.info = _age(client.info, churn, shift)
    if client.browser is not None:
        client.browser = _age(client.browser, churn, shift)


def _age(text: Callable[[int], str], churn: float, shift: int) -> Callable[[int], str]:
    """Return a program's text by week, where its versions follow each other `churn` times as fast."""
    return lambda week: text(int(churn * week) + shift)


def _share_accounts(tenant: Tenant, dice: SeededRandom) -> None:
    """Let some accounts be those of counters, wards or vehicles: many devices and hands, little mail, often no MFA."""
    share = dice.pick((0.0, 0.0, dice.log_between(0.01, 0.3)))
    for person in tenant.people:
        if person.is_admin or not dice.chance(share):
            continue
        person.uses_mfa = person.uses_mfa and dice.chance(0.4)
        person.workdays = (0, 1, 2, 3, 4, 5, 6)
        person.starts, person.ends = dice.between(4, 9), dice.between(18, 24)
        person.activity *= dice.log_between(0.1, 1.0)
        person.remote = dice.pick((0.0, 0.0, 0.3))
        for _ in range(dice.count(1, 6)):
            system = dice.pick(("windows", "windows11", "iphone", "android"))
            kind = {"iphone": "safari", "android": "chrome"}.get(system) or dice.pick(("chrome", "edge"))
            client = browser_client(kind, system, dice)
            client.session_days = dice.between(0.2, 2.0)
            person.desks.append(client)


def _add_service_accounts(tenant: Tenant, dice: SeededRandom) -> None:
    """Add accounts of programs that read many mailboxes by delegation, from the office or a rented server."""
    if not dice.chance(0.5):
        return
    plain = [person for person in tenant.people if not person.is_admin]
    for number in range(dice.count(1, 3)):
        country = next(iter(tenant.offices))
        name = f"{dice.pick(('svc-mail', 'scanner', 'crm-sync', 'helpdesk', 'reports', 'fax'))}{number}"
        robot = make_person(tenant, name, country, dice)
        robot.is_service, robot.is_developer, robot.uses_mfa = True, False, False
        robot.activity, robot.vpn, robot.phones = 0.0, None, []
        style = dice.pick(("ews", "graph", "owa"))
        robot.desks = [script(dice, dice.pick((tenant.developer_app, EXCHANGE)), style=style)]
        robot.workdays = (0, 1, 2, 3, 4, 5, 6)
        if dice.chance(0.5):
            network = dice.pick(networks_of(("hosting",)))
            robot.office = ConnectionPoint(
                network, fixed=(network.v4_address(dice), network.v4_address(dice))
            )
            robot.home, robot.mobile = robot.office, robot.office
        everyone = [*plain, *tenant.shared]
        for owner in dice.sample(everyone, 1 + dice.below(max(2, min(60, len(everyone) // 2)))):
            robot.guests.append((owner, 0))
        tenant.people.append(robot)


def _leave_unaudited(tenant: Tenant, dice: SeededRandom) -> None:
    """Leave the mailboxes of some licences without records of reading."""
    share = dice.pick((0.0, 0.0, 0.0, dice.between(0.02, 0.5), dice.between(0.3, 0.9)))
    if share:
        everyone: list[LabAccount] = [*tenant.people, *tenant.shared]
        tenant.habits.unaudited = {person.upn for person in everyone if dice.chance(share)}


def _plan_absences(diary: ActivityLog, dice: SeededRandom) -> None:
    """Let people be on holiday: at random, or most of the organisation in the same weeks; some read mail from there."""
    tenant = diary.tenant
    together = dice.below(diary.days) if dice.chance(0.3) else None
    share, reads_away = dice.log_between(0.02, 0.4), dice.between(0.0, 0.6)
    for person in tenant.people:
        if person.is_service or not dice.chance(share if together is None else max(share, 0.5)):
            continue
        first = dice.below(diary.days) if together is None else max(0, together + dice.count(-4, 4))
        days = range(first, min(diary.days, first + dice.count(2, 21)))
        person.off.update(days)
        if dice.chance(reads_away):
            country = person.country if dice.chance(0.5) else None
            kind = dice.pick((("residential",), ("residential",), ("campus",), ("mobile",)))
            place = ConnectionPoint(dice.pick(networks_of(kind, country)), dice.between(0.1, 1.0))
            for day in days:
                person.away.setdefault(day, place)
