"""Map English country names in logs to ISO 3166 alpha-2 codes."""

from __future__ import annotations

_NAMES = """
AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania|AM Armenia|AO Angola
AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|AX Aland Islands|AX Åland Islands|AZ Azerbaijan
BA Bosnia and Herzegovina|BA Bosnia|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi
BJ Benin|BL Saint Barthélemy|BM Bermuda|BN Brunei|BN Brunei Darussalam|BO Bolivia|BO Bolivia, Plurinational State of
BQ Bonaire, Sint Eustatius and Saba|BR Brazil|BS Bahamas|BS The Bahamas|BT Bhutan|BV Bouvet Island|BW Botswana|BY Belarus
BZ Belize|CA Canada|CC Cocos (Keeling) Islands|CD Democratic Republic of the Congo|CD Congo, The Democratic Republic of the
CD DR Congo|CD Congo (Kinshasa)|CF Central African Republic|CG Congo|CG Republic of the Congo|CG Congo (Brazzaville)
CH Switzerland|CI Côte d'Ivoire|CI Cote d'Ivoire|CI Ivory Coast|CK Cook Islands|CL Chile|CM Cameroon|CN China
CN People's Republic of China|CO Colombia|CR Costa Rica|CU Cuba|CV Cape Verde|CV Cabo Verde|CW Curaçao|CW Curacao
CX Christmas Island|CY Cyprus|CZ Czech Republic|CZ Czechia|DE Germany|DJ Djibouti|DK Denmark|DM Dominica
DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|EG Egypt|EH Western Sahara|ER Eritrea|ES Spain|ET Ethiopia|FI Finland
FJ Fiji|FK Falkland Islands|FK Falkland Islands (Malvinas)|FM Micronesia|FM Micronesia, Federated States of|FO Faroe Islands
FR France|GA Gabon|GB United Kingdom|GB Great Britain|GB UK|GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana
GI Gibraltar|GL Greenland|GM Gambia|GM The Gambia|GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece
GS South Georgia and the South Sandwich Islands|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|HK Hong Kong
HM Heard Island and McDonald Islands|HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel
IM Isle of Man|IN India|IO British Indian Ocean Territory|IQ Iraq|IR Iran|IR Iran, Islamic Republic of|IS Iceland|IT Italy
JE Jersey|JM Jamaica|JO Jordan|JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN Saint Kitts and Nevis
KP North Korea|KP Korea, Democratic People's Republic of|KR South Korea|KR Korea, Republic of|KR Republic of Korea
KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LA Lao People's Democratic Republic|LB Lebanon|LC Saint Lucia
LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|LY Libya|MA Morocco|MC Monaco
MD Moldova|MD Moldova, Republic of|MD Republic of Moldova|ME Montenegro|MF Saint Martin|MG Madagascar|MH Marshall Islands
MK North Macedonia|MK Macedonia|ML Mali|MM Myanmar|MM Burma|MN Mongolia|MO Macao|MO Macau|MP Northern Mariana Islands
MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|MV Maldives|MW Malawi|MX Mexico|MY Malaysia|MZ Mozambique
NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|NG Nigeria|NI Nicaragua|NL Netherlands|NL The Netherlands|NO Norway
NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea|PH Philippines
PK Pakistan|PL Poland|PM Saint Pierre and Miquelon|PN Pitcairn|PR Puerto Rico|PS Palestine|PS Palestine, State of
PS Palestinian Territory|PT Portugal|PW Palau|PY Paraguay|QA Qatar|RE Réunion|RE Reunion|RO Romania|RS Serbia|RU Russia
RU Russian Federation|RW Rwanda|SA Saudi Arabia|SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore
SH Saint Helena|SI Slovenia|SJ Svalbard and Jan Mayen|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia
SR Suriname|SS South Sudan|ST Sao Tome and Principe|ST São Tomé and Príncipe|SV El Salvador|SX Sint Maarten|SY Syria
SY Syrian Arab Republic|SZ Eswatini|SZ Swaziland|TC Turks and Caicos Islands|TD Chad|TF French Southern Territories|TG Togo
TH Thailand|TJ Tajikistan|TK Tokelau|TL Timor-Leste|TL East Timor|TM Turkmenistan|TN Tunisia|TO Tonga|TR Turkey|TR Türkiye
TT Trinidad and Tobago|TV Tuvalu|TW Taiwan|TW Taiwan, Province of China|TZ Tanzania|TZ Tanzania, United Republic of
UA Ukraine|UG Uganda|UM United States Minor Outlying Islands|US United States|US United States of America|US USA|UY Uruguay
UZ Uzbekistan|VA Vatican City|VA Holy See|VC Saint Vincent and the Grenadines|VE Venezuela
VE Venezuela, Bolivarian Republic of|VG British Virgin Islands|VI U.S. Virgin Islands|VI US Virgin Islands|VN Vietnam
VN Viet Nam|VU Vanuatu|WF Wallis and Futuna|WS Samoa|XK Kosovo|YE Yemen|YT Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe
"""
_CODES = {
    name.lower(): code
    for code, _, name in (part.partition(" ") for part in _NAMES.strip().replace("\n", "|").split("|"))
}


def country_code(text: str | None) -> str | None:
    """Return the ISO code of a country given by its code or its English name; None for anything else."""
    name = (text or "").strip()
    if len(name) == 2 and name.isascii() and name.isalpha() and name.lower() != "uk":
        return name.upper()
    return _CODES.get(name.lower())
