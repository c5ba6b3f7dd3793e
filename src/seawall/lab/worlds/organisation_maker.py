"""Draw organisations and people at random."""

from __future__ import annotations

from seawall.lab.worlds import clients as programs
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.networks import ConnectionPoint, countries_with, networks_of
from seawall.lab.worlds.organisation import UTC_OFFSETS, LabAccount, Tenant
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.style import OrganisationStyle

HOME_COUNTRIES = (
    "US",
    "GB",
    "DE",
    "NL",
    "FR",
    "CA",
    "AU",
    "SE",
    "CH",
    "IT",
    "ES",
    "PL",
    "JP",
    "SG",
    "BR",
    "IN",
    "ZA",
)


DEPARTMENTS = (
    "finance",
    "sales",
    "engineering",
    "legal",
    "people",
    "marketing",
    "support",
    "research",
    "board",
    "it",
    "procurement",
    "logistics",
)


_FIRST = [
    "anna",
    "ben",
    "carla",
    "david",
    "elena",
    "felix",
    "grace",
    "hugo",
    "ines",
    "jonas",
    "kira",
    "liam",
    "maria",
    "noah",
    "olga",
    "paul",
    "quinn",
    "rosa",
    "sam",
    "tara",
    "umar",
    "vera",
    "will",
    "xenia",
    "yusuf",
    "zoe",
    "akira",
    "bianca",
    "chen",
    "dario",
    "emil",
    "fatima",
    "george",
    "hana",
    "ivan",
    "julia",
    "kofi",
    "lena",
    "marco",
    "nadia",
    "omar",
    "petra",
]


_LAST = [
    "adler",
    "bakker",
    "costa",
    "dubois",
    "evans",
    "fischer",
    "garcia",
    "haas",
    "ito",
    "jensen",
    "kowalski",
    "lang",
    "moreau",
    "novak",
    "okafor",
    "petrov",
    "quist",
    "rossi",
    "santos",
    "tanaka",
    "ueda",
    "vogel",
    "weber",
    "xu",
    "young",
    "zimmer",
    "abbas",
    "brandt",
    "cohen",
    "dietz",
    "eriksen",
    "fontaine",
    "gupta",
    "hansen",
    "ibrahim",
]


_WORDS = [
    "northwind",
    "harbour",
    "alder",
    "cobalt",
    "lumen",
    "granite",
    "meadow",
    "orchard",
    "falcon",
    "tidewater",
    "summit",
    "beacon",
    "cedar",
    "ember",
    "fjord",
    "heron",
    "juniper",
    "kestrel",
    "larch",
    "mistral",
    "nimbus",
    "opal",
    "prairie",
    "quartz",
    "ridge",
    "sable",
    "thistle",
    "umber",
    "valley",
    "willow",
]


def make_tenant(
    number: int, accounts: int, days: int, style: OrganisationStyle, dice: SeededRandom
) -> Tenant:
    """Draw an organisation with a number of accounts."""
    country = dice.pick(HOME_COUNTRIES)
    word = f"{dice.pick(_WORDS)}{dice.pick(('', '-group', 'works', '-labs', 'bank', '-health', 'media'))}"
    domain = f"{word}{number or ''}.{dice.pick(('example', 'test', 'onmicrosoft.com'))}"
    tenant = Tenant(number, dice.guid(), domain, country, style)
    tenant.developer_app, tenant.partner = dice.guid(), dice.guid()
    tenant.server = f"{dice.pick(('DB8PR04', 'VI1PR09', 'BN6PR12', 'SJ0PR11', 'AM9PR07', 'TY2PR01'))}MB"
    countries = [country] + [dice.pick(HOME_COUNTRIES) for _ in range(style.countries - 1)]
    for site in countries:
        network = dice.pick(
            networks_of(("residential", "campus") if dice.chance(0.15) else ("residential",), site)
        )
        fixed = tuple(network.v4_address(dice, 0) for _ in range(1 + dice.below(4)))
        tenant.offices.setdefault(site, ConnectionPoint(network, fixed=fixed))
    tenant.vpn_network = dice.pick(networks_of((style.vpn_network,), country))
    tenant.holidays = {day for day in range(days) if dice.chance(0.012)}
    names = _names(accounts, dice)
    for place, name in enumerate(names):
        site = countries[0] if dice.chance(0.6) else dice.pick(countries)
        tenant.people.append(make_person(tenant, name, site, dice, is_admin=place < max(2, accounts // 60)))
    for place in range(style.shared_mailboxes):
        shared = _bare(
            tenant,
            f"{dice.pick(('info', 'sales', 'invoices', 'support', 'jobs', 'press', 'orders'))}{place}",
            country,
            dice,
        )
        shared.is_shared = True
        tenant.shared.append(shared)
        for person in dice.sample(tenant.people, 1 + dice.below(5)):
            person.guests.append((shared, 0))
    for boss in dice.sample(tenant.people, max(1, accounts // 40)):
        assistant = dice.pick(tenant.people)
        if assistant is not boss:
            assistant.guests.append((boss, 0))
    for person in tenant.people:
        if person.is_admin and dice.chance(0.5):
            person.tools.append(
                programs.browser_client(
                    dice.pick(("chrome", "edge")),
                    "windows",
                    dice,
                    "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
                    "none",
                    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
                )
            )
    return tenant


def rename(tenant: Tenant, domain: str) -> None:
    """Give an organisation another domain, also in its people's addresses."""
    for person in (*tenant.people, *tenant.shared):
        person.upn = person.upn.replace(tenant.domain, domain)
        person.spelling = person.spelling.replace(tenant.domain, domain)
    tenant.domain = domain


def _names(size: int, dice: SeededRandom) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < size:
        name = f"{dice.pick(_FIRST)}.{dice.pick(_LAST)}"
        found.setdefault(name if name not in found else f"{name}{len(found)}")
    return list(found)


def _bare(tenant: Tenant, name: str, country: str, dice: SeededRandom) -> LabAccount:
    key = "1003" + dice.hexadecimal(12).upper()
    sid = (
        f"S-1-5-21-{1000000000 + dice.below(999999999)}-{3565232716 + tenant.number}-1187618197-"
        f"{20000000 + dice.below(9999999)}"
    )
    upn = f"{name}@{tenant.domain}"
    odd = dice.chance(tenant.style.odd_case_share)
    return LabAccount(
        upn,
        name.replace(".", " ").title(),
        dice.guid(),
        key,
        sid,
        dice.guid(),
        dice.pick(DEPARTMENTS),
        country,
        UTC_OFFSETS.get(country, 0),
        spelling=f"{name.title()}@{tenant.domain}" if odd else upn,
    )


def make_person(
    tenant: Tenant, name: str, country: str, dice: SeededRandom, *, is_admin: bool = False
) -> LabAccount:
    """Draw an account owner in a country."""
    style = tenant.style
    person = _bare(tenant, name, country, dice)
    person.is_admin = is_admin
    person.is_developer = dice.chance(style.developer_share)
    person.starts = dice.normal(8.6, 0.8)
    person.ends = person.starts + dice.normal(8.7, 0.7)
    if dice.chance(style.shift_share):
        person.starts = dice.between(0, 24)
        person.ends = person.starts + 8
        person.workdays = tuple(sorted(dice.sample(range(7), 4 + dice.below(2))))
    elif dice.chance(0.15):
        person.workdays = tuple(sorted(dice.sample(range(5), 2 + dice.below(3))))
    person.activity = min(6.0, dice.log_between(0.25, 3.0))
    person.remote = style.remote_share if dice.chance(0.7) else dice.pick((0.0, 1.0))
    person.evening, person.weekend = (
        style.evening_share * 2 * dice.uniform(),
        style.weekend_share * 2 * dice.uniform(),
    )
    person.night = style.night_share if dice.chance(0.3) else 0.0
    person.uses_mfa = dice.chance(style.mfa_share)
    house = dice.pick(networks_of(("residential",), country))
    person.home = ConnectionPoint(
        house, dice.log_between(0.01, 1.0), style.v6_share if dice.chance(0.6) else 0.0
    )
    person.office = tenant.offices.get(country) or next(iter(tenant.offices.values()))
    person.mobile = mobile_place(country, dice)
    if style.vpn == "all" or (style.vpn == "some" and dice.chance(0.4)):
        give_vpn(tenant, person, 0, dice)
    elif dice.chance(style.private_vpn_share):
        kind = dice.pick_weighted([(("vpn",), 0.65), (("hosting",), 0.22), (("anonymiser",), 0.13)])
        person.vpn = ConnectionPoint(dice.pick(networks_of(kind)), dice.between(0.3, 1.0))
        person.vpn_share, person.vpn_from = dice.between(0.1, 1.0), 0
    person.folders = (
        "Inbox",
        *dice.sample(
            (
                "Sent Items",
                "Archive",
                "Projects",
                "Clients",
                "Invoices",
                "Newsletters",
                "Drafts",
                "Deleted Items",
            ),
            dice.count(2, 6),
        ),
    )
    give_devices(person, style, dice)
    return person


def mobile_place(country: str, dice: SeededRandom) -> ConnectionPoint:
    """Return a phone's place: a mobile carrier of the country, else a fixed-line provider."""
    kinds = ("mobile",) if country in countries_with("mobile") else ("residential",)
    return ConnectionPoint(dice.pick(networks_of(kinds, country)), 1.0, 0.3 if dice.chance(0.3) else 0.0)


def give_vpn(tenant: Tenant, person: LabAccount, day: int, dice: SeededRandom) -> None:
    """Let a person work through the organisation's VPN from a day on."""
    network = tenant.vpn_network or dice.pick(networks_of(("sase",)))
    pool = tuple(network.v4_address(dice, dice.below(3)) for _ in range(6))
    person.vpn, person.vpn_from = ConnectionPoint(network, fixed=pool), day
    person.vpn_share, person.vpn_mobile = dice.between(0.6, 1.0), dice.chance(0.2)


def give_devices(
    person: LabAccount, style: OrganisationStyle, dice: SeededRandom, day: int = -10_000
) -> None:
    """Give a person programs on a computer and on a phone, from a day on."""
    system = "mac" if dice.chance(style.mac_share) else dice.pick(("windows", "windows11"))
    desks: list[LabClient] = []
    if dice.chance(style.desktop_share):
        desks.append(programs.outlook_desktop(system, dice))
    if dice.chance(style.web_share) or not desks:
        desks.append(programs.browser_client(pick_browser(system, dice), system, dice))
    if dice.chance(style.teams_share):
        desks.append(programs.teams(system, dice))
    if dice.chance(style.thunderbird_share):
        desks.append(programs.thunderbird(dice.pick(("windows", "linux")), dice))
    phones: list[LabClient] = []
    if dice.chance(style.phone_share):
        phone = "iphone" if dice.chance(0.55) else "android"
        apple = phone == "iphone" and dice.chance(style.apple_mail_share)
        phones.append(programs.apple_mail(dice) if apple else programs.outlook_mobile(phone, dice))
        if dice.chance(0.1):
            phones.append(programs.browser_client("safari" if phone == "iphone" else "chrome", phone, dice))
    if dice.chance(0.01):
        desks.append(programs.legacy_imap(dice, dice.pick(("IMAP4", "POP3"))))
    for client in (*desks, *phones):
        client.first_day = day
    person.desks, person.phones = desks, phones


def pick_browser(system: str, dice: SeededRandom) -> str:
    """Draw a browser that is common on a system."""
    if system == "mac":
        return dice.pick_weighted([("chrome", 0.5), ("safari", 0.35), ("firefox", 0.15)])
    return dice.pick_weighted([("edge", 0.45), ("chrome", 0.42), ("firefox", 0.13)])
