"""The class of a network, from its AS number and the name of its holder.

An AS of `known_systems` has the class written there. Otherwise the words of the name decide, by `RULES`:

1. A word of an anonymiser, then one of a public body, school, bank or hospital, decides alone.
2. Of hosting, mobile and residential exactly one may be named; a name with two of them says nothing.
3. Failing that, a weak word that access providers like ("communications", "internet") decides.

Everything else is unknown. The words are matched at word borders: `vpn` is not in "VPNet", `host` not in
"Ghost". Limits are in docs/networks.md.
"""

from __future__ import annotations

import re
from typing import Literal

from seawall.enrich.known_systems import BY_CLASS

NetworkClass = Literal["hosting", "residential", "mobile", "corporate", "anonymiser", "microsoft"]
CLASSES: tuple[NetworkClass, ...] = ("hosting", "residential", "mobile", "corporate", "anonymiser", "microsoft")

ANONYMISER_WORDS = (
    r"vpns?", r"proxy", r"proxies", r"anonym\w*", r"private relay", r"tor (?:exits?|relays?|servers|project)",
)  # fmt: skip

CORPORATE_WORDS = (
    # education and research
    r"universi\w*", r"uniwersytet\w*", r"college", r"colegio", r"schools?", r"school district", r"academy", r"academia",
    r"academic", r"hochschule\w*", r"fachhochschule", r"polytechnic\w*", r"politec\w*", r"politechnika", r"ecole",
    r"escola", r"institute of", r"institut", r"instituto", r"research", r"education\w*", r"campus", r"library",
    # money
    r"bank", r"banks", r"banc[oa]", r"banque", r"banka\w*", r"bankasi", r"sparkasse\w*", r"raiffeisen\w*", r"credit union",
    r"insurance", r"assurances?", r"versicherung\w*", r"seguros", r"securities", r"financial",
    # health
    r"hospitals?", r"clinic", r"klinik\w*", r"clinica", r"healthcare", r"health", r"medical",
    # state
    r"government", r"ministry", r"ministerio", r"ministere", r"ministerstvo", r"parliament", r"senate", r"department of",
    r"dept of", r"city of", r"county of", r"state of", r"province of", r"town of", r"tribunal", r"courts?", r"police",
    r"army", r"navy", r"military", r"defen[cs]e", r"embassy", r"municipality", r"municipal", r"prefeitura", r"governo",
    r"gobierno", r"secretaria", r"procuradoria", r"pemerintah", r"dinas", r"kabupaten", r"kementerian", r"council",
    r"kommune", r"gemeente", r"landkreis", r"u s department",
    # industry
    r"airlines?", r"airways", r"airport", r"motors?", r"automotive", r"pharma\w*", r"manufacturing", r"steel", r"chemicals?",
    r"foods", r"law firm", r"attorneys", r"railways?", r"petroleum", r"aerospace",
)  # fmt: skip

HOSTING_WORDS = (
    r"hosting\w*", r"\w{3,}hosting", r"hosters?", r"hostinger", r"hosts?", r"web ?hosts?\w*", r"host(?!el|ess|il|om)\w+",
    r"(?:\w+(?<!g)|\w)host", r"cloud\w*", r"\w{2,}cloud", r"servers?", r"server(?!ic)\w+", r"\w{2,}servers?",
    r"data ?cent(?:er|re|rum)s?", r"datacent\w+", r"rechenzentrum", r"vps", r"\w*vps", r"colo", r"colocation", r"co location",
    r"dedicated", r"cdn", r"iaas", r"bare ?metal", r"vds", r"virtual private", r"domains?",
)  # fmt: skip

MOBILE_WORDS = (
    r"mobiles?", r"mobility", r"mobil", r"cellular", r"celular", r"cell c", r"gsm", r"lte", r"t mobile", r"mobilfunk",
    r"mobiltel\w*", r"moviles?", r"movil", r"telefonia movil", r"personal communications",
)  # fmt: skip

RESIDENTIAL_WORDS = (
    r"broadband", r"cable\w*", r"cablevision", r"kabel\w*", r"fib(?:er|re)\w*", r"fibra\w*", r"fttx?h?", r"\w{2,}fib(?:er|re|ra)",
    r"telecoms?", r"telecom\w+", r"\w{2,}telecom", r"telekom\w*", r"telef\w+", r"telephones?", r"telco", r"wisp", r"isp",
    r"wireless", r"wifi", r"wi fi", r"provedor\w*", r"provider internet", r"banda larga", r"dsl", r"adsl", r"catv", r"stadtwerke",
)  # fmt: skip

WEAK_RESIDENTIAL_WORDS = (
    r"communications?", r"comunicac\w+", r"comunicaciones", r"kommunikation\w*", r"komunikasi", r"iletisim", r"internet",
    r"multimidia", r"svyaz\w*", r"connect", r"conecta?", r"net telecom",
)  # fmt: skip


def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(words) + r")(?!\w)")


_ALONE: tuple[tuple[NetworkClass, re.Pattern[str]], ...] = (
    ("anonymiser", _any_of(ANONYMISER_WORDS)),
    ("corporate", _any_of(CORPORATE_WORDS)),
)
_ONE_OF: tuple[tuple[NetworkClass, re.Pattern[str]], ...] = (
    ("hosting", _any_of(HOSTING_WORDS)),
    ("mobile", _any_of(MOBILE_WORDS)),
    ("residential", _any_of(RESIDENTIAL_WORDS)),
)
_WEAK = _any_of(WEAK_RESIDENTIAL_WORDS)
_KNOWN: dict[int, NetworkClass | None] = {asn: name for name, systems in BY_CLASS.items() for asn in systems}
_SEPARATORS = re.compile(r"[^\w]+|_+")


def class_of(asn: int, name: str | None) -> NetworkClass | None:
    """Return the class of an AS by its number (-1: none) and its holder's name; None: unknown."""
    if asn in _KNOWN:
        return _KNOWN[asn]
    return class_of_name(name) if name else None


def class_of_name(name: str) -> NetworkClass | None:
    """Return the class that the words of a holder's name tell; None when they tell none, or two."""
    words = _SEPARATORS.sub(" ", name.casefold())
    for network_class, pattern in _ALONE:
        if pattern.search(words):
            return network_class
    told: list[NetworkClass] = [network_class for network_class, pattern in _ONE_OF if pattern.search(words)]
    if len(told) == 1:
        return told[0]
    if not told and _WEAK.search(words):
        return "residential"
    return None
