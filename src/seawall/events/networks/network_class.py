"""Classify a network by its AS number and the name of its holder.

An AS in `known_systems` has the class listed there. Otherwise the words of the name decide:

1. A word for an anonymiser decides alone, then one for a public body, school, bank or hospital.
2. Of hosting, mobile and residential, exactly one may be named. A name with two of them gives no class.
3. Otherwise a weak word that access providers often use ("communications", "internet") decides.

Everything else is unknown. Words are whole words: `vpn` is not in "VPNet", `host` not in "Ghost". In the lists, `*` stands
for any letters and `_` for a blank. Arrow matches them over all names at once, because a large table of events has tens of
thousands of holders. Limits are in docs/reference/networks.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.networks.known_systems import BY_CLASS, NetworkClass

CLASSES: tuple[NetworkClass, ...] = (
    "hosting",
    "residential",
    "mobile",
    "corporate",
    "anonymiser",
    "microsoft",
)
UNKNOWN = -1
"""Stands in arrays for an unknown class. Other values are indices of `CLASSES`."""

ANONYMISER_WORDS = """
    vpn vpns proxy proxies anonymizer anonymiser private_relay tor_exit tor_exits tor_relay tor_relays
    torservers
"""

CORPORATE_WORDS = """
    universi* uniwersytet* college colegio school schools academy academia academic hochschule*
    fachhochschule* polytechnic* politec* politechnika ecole escola institute_of institut instituto
    research renater education* campus library

    bank banks banco banca banque banka bankasi sparkasse* raiffeisen* credit_union insurance assurance
    assurances versicherung* seguros securities financial

    hospital hospitals clinic klinik* clinica healthcare health medical

    government ministry ministerio ministere ministerstvo parliament senate department_of dept_of city_of
    county_of state_of province_of town_of u_s_department tribunal court courts police army navy military
    defence defense embassy municipality municipal prefeitura governo gobierno secretaria procuradoria
    pemerintah dinas kabupaten kementerian council kommune gemeente landkreis
    dod_network_information_center headquarters_usaisc

    airline airlines airways airport motor motors automotive pharma* manufacturing steel chemical chemicals
    foods law_firm attorneys railway railways petroleum aerospace
"""

HOSTING_WORDS = """
    host* *host *hosts *hosting *hoster cloud* *cloud server* *server *servers datacent* *datacenter
    data_center data_centers data_centre data_centres rechenzentrum vps* *vps vds colo colocation co_location
    dedicated cdn iaas baremetal bare_metal virtual_private domains
"""

NOT_HOSTING_WORDS = "ghost ghosts hostel hostels hostess* hostomel hostil*"

MOBILE_WORDS = """
    mobile mobiles mobil mobiltel* mobilfunk movil movile moviles cellular celular cell_c gsm lte
    t_mobile personal_communications
"""

RESIDENTIAL_WORDS = """
    broadband banda_larga cable* kabel* catv fiber* fibre* fibra* *fiber *fibre *fibra fttx ftth dsl adsl
    telecom* *telecom telekom* *telekom telef* telephone* telco isp wisp wireless wifi wi_fi provedor*
    stadtwerke
"""

WEAK_RESIDENTIAL_WORDS = """
    communication communications comunicac* comunicaciones kommunikation* komunikasi iletisim internet
    multimidia svyaz* connect conect*
"""


def _pattern(words: str) -> str:
    """Return a regular expression (RE2) that matches any of the listed words between blanks."""
    alternatives = (word.replace("_", " ").replace("*", "[^ ]*") for word in words.split())
    return f" (?:{'|'.join(alternatives)}) "


_ANONYMISER, _CORPORATE, _WEAK = map(_pattern, (ANONYMISER_WORDS, CORPORATE_WORDS, WEAK_RESIDENTIAL_WORDS))
_NOT_HOSTING = _pattern(NOT_HOSTING_WORDS)
_ONE_OF: dict[NetworkClass, str] = {
    "hosting": _pattern(HOSTING_WORDS),
    "mobile": _pattern(MOBILE_WORDS),
    "residential": _pattern(RESIDENTIAL_WORDS),
}
_KNOWN: dict[int, NetworkClass | None] = {asn: name for name, systems in BY_CLASS.items() for asn in systems}


def classify_network(asn: int, name: str | None) -> NetworkClass | None:
    """Return the class of an AS by its number (-1: none) and its holder's name, or None if unknown."""
    row = int(classify(np.array([asn]), pa.array([name], pa.string()))[0])
    return None if row == UNKNOWN else CLASSES[row]


def classify(asn: npt.NDArray[np.int64], names: pa.StringArray) -> npt.NDArray[np.int8]:
    """Return the class of each AS as an index of `CLASSES`, int8 (n,), UNKNOWN if unknown."""
    found = _by_name(names)
    for at, number in enumerate(asn.tolist()):
        if number in _KNOWN:
            found[at] = _row(_KNOWN[number])
    return found


def _by_name(names: pa.StringArray) -> npt.NDArray[np.int8]:
    """Return the class by the words of each name, following rules 1 to 3."""
    words = _space_words(names)
    told = {name: _has(words, pattern) for name, pattern in _ONE_OF.items()}
    times = np.sum(list(told.values()), axis=0)
    found = np.full(len(names), UNKNOWN, np.int8)
    # 3.
    found[_has(words, _WEAK) & (times == 0)] = _row("residential")
    # 2.
    for name, has in told.items():
        found[has & (times == 1)] = _row(name)
    # 1. assigned last, because it takes precedence
    found[_has(words, _CORPORATE)] = _row("corporate")
    found[_has(words, _ANONYMISER)] = _row("anonymiser")
    return found


def _space_words(names: pa.StringArray) -> pa.StringArray:
    """Return the words of each name in lower case between blanks, without NOT_HOSTING_WORDS."""
    words = pc.replace_substring_regex(pc.utf8_lower(names.fill_null("")), r"[^\pL\pN]+", " ")
    return pc.replace_substring_regex(pc.binary_join_element_wise("", words, "", " "), _NOT_HOSTING, " ")


def _has(words: pa.StringArray, pattern: str) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.match_substring_regex(words, pattern).to_numpy(zero_copy_only=False)
    return found


def _row(name: NetworkClass | None) -> int:
    return UNKNOWN if name is None else CLASSES.index(name)
