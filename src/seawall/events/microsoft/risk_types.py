"""Name the risks of Microsoft Entra ID Protection in words. Source: Microsoft's "What are risk detections?" (2026)."""

from __future__ import annotations

from seawall.events.vendor_alerts import spell_out

RISKS = {
    "adminconfirmedusercompromised": "an administrator confirmed that the account is compromised",
    "adminconfirmedserviceprincipalcompromised": "an administrator confirmed that the application is compromised",
    "anomaloustoken": "anomalous token",
    "anomaloususeractivity": "anomalous activity of the user",
    "anomalousserviceprincipalactivity": "anomalous activity of the application",
    "anonymizedipaddress": "anonymised address",
    "attackerinthemiddle": "attacker in the middle",
    "attemptedprtaccess": "attempt to take the primary refresh token",
    "generic": "risk that Microsoft does not describe",
    "impossibletravel": "impossible travel",
    "investigationsthreatintelligence": "pattern of a known attack",
    "investigationsthreatintelligencesigninlinked": "pattern of a known attack at this sign-in",
    "leakedcredentials": "leaked credentials",
    "maliciousapplication": "malicious application",
    "maliciousipaddress": "malicious address",
    "maliciousipaddressvalidcredentialsblockedip": "right password from a blocked malicious address",
    "malwareinfectedipaddress": "address with malware",
    "mcasfinsuspiciousfileaccess": "mass access to sensitive files",
    "mcasimpossibletravel": "impossible travel",
    "mcassuspiciousinboxmanipulationrules": "suspicious inbox rules",
    "nationstateip": "address of a known group",
    "newcountry": "new country",
    "passwordspray": "password spray",
    "riskyipaddress": "activity from an anonymous address",
    "suspiciousapitraffic": "suspicious traffic to Graph",
    "suspiciousapplication": "suspicious application",
    "suspiciousbrowser": "suspicious browser",
    "suspiciousinboxforwarding": "suspicious forwarding",
    "suspiciousipaddress": "suspicious address",
    "suspicioussendingpatterns": "suspicious sending",
    "suspicioussignins": "suspicious sign-ins",
    "tokenissueranomaly": "anomalous issuer of the token",
    "unfamiliarfeatures": "unfamiliar sign-in properties",
    "unlikelytravel": "atypical travel",
    "userreportedsuspiciousactivity": "the user reported a prompt as suspicious",
}
"""Words by the type in lower case."""


def name_risk(kind: str) -> str:
    """Return a type of risk in words; one that is not listed is spelt out."""
    return RISKS.get(kind.lower()) or spell_out(kind)
