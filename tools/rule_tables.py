"""Generate the tables of docs/reference/rule-pack.md and rule-coverage.md: `python -m tools.rule_tables` (or `--check`)."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from seawall.detection.rules.sigma.load import load_rules
from seawall.detection.rules.sigma.model import RuleDescription
from tools import generated_tables, rule_coverage

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "rule-pack.md"

TECHNIQUES = {
    "T1003": "OS Credential Dumping", "T1056.003": "Web Portal Capture", "T1069.003": "Cloud Groups",
    "T1070": "Indicator Removal", "T1070.008": "Clear Mailbox Data", "T1078": "Valid Accounts", "T1078.004": "Cloud Accounts",
    "T1080": "Taint Shared Content", "T1087.004": "Cloud Account Discovery", "T1090.003": "Multi-hop Proxy",
    "T1098": "Account Manipulation", "T1098.001": "Additional Cloud Credentials",
    "T1098.002": "Additional Email Delegate Permissions", "T1098.003": "Additional Cloud Roles",
    "T1098.005": "Device Registration", "T1110": "Brute Force", "T1110.001": "Password Guessing",
    "T1110.003": "Password Spraying", "T1110.004": "Credential Stuffing", "T1114": "Email Collection",
    "T1114.002": "Remote Email Collection", "T1114.003": "Email Forwarding Rule", "T1119": "Automated Collection",
    "T1136.003": "Create Cloud Account", "T1199": "Trusted Relationship", "T1213": "Data from Information Repositories",
    "T1213.002": "Sharepoint", "T1213.005": "Messaging Applications", "T1484": "Domain or Tenant Policy Modification",
    "T1484.002": "Trust Modification", "T1485": "Data Destruction", "T1486": "Data Encrypted for Impact",
    "T1490": "Inhibit System Recovery", "T1499": "Endpoint Denial of Service", "T1526": "Cloud Service Discovery",
    "T1528": "Steal Application Access Token", "T1530": "Data from Cloud Storage", "T1531": "Account Access Removal",
    "T1534": "Internal Spearphishing", "T1537": "Transfer Data to Cloud Account", "T1539": "Steal Web Session Cookie",
    "T1550": "Use Alternate Authentication Material", "T1550.001": "Application Access Token",
    "T1550.004": "Web Session Cookie", "T1552": "Unsecured Credentials", "T1552.001": "Credentials In Files",
    "T1555": "Credentials from Password Stores", "T1556": "Modify Authentication Process",
    "T1556.006": "Multi-Factor Authentication", "T1556.007": "Hybrid Identity", "T1556.009": "Conditional Access Policies",
    "T1557": "Adversary-in-the-Middle", "T1562.001": "Disable or Modify Tools", "T1562.007": "Disable or Modify Cloud Firewall",
    "T1562.008": "Disable or Modify Cloud Logs", "T1564.008": "Email Hiding Rules", "T1566": "Phishing",
    "T1566.001": "Spearphishing Attachment", "T1566.002": "Spearphishing Link", "T1566.003": "Spearphishing via Service",
    "T1567": "Exfiltration Over Web Service", "T1567.002": "Exfiltration to Cloud Storage",
    "T1589.001": "Gather Victim Identity Information: Credentials", "T1606": "Forge Web Credentials", "T1606.002": "SAML Tokens",
    "T1621": "Multi-Factor Authentication Request Generation", "T1648": "Serverless Execution", "T1656": "Impersonation",
    "T1671": "Cloud Application Integration", "T1672": "Email Spoofing",
}  # fmt: skip
"""Names of techniques in ATT&CK version 18."""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def told() -> list[RuleDescription]:
    """Return the descriptions of the built-in rules, without those that are only parts of other rules."""
    rules = load_rules(())
    parts = {rule.about.id for rule in rules.rules if rule.is_silent}
    return [about for about in rules.abouts if about.id not in parts]


def rules_table() -> str:
    """Return a table for each technique with a row for each rule; a rule of several techniques is in the first one's table."""
    by_technique: dict[str, list[RuleDescription]] = defaultdict(list)
    for about in told():
        by_technique[about.techniques[0]].append(about)
    lines = []
    for technique in sorted(by_technique):
        lines += [
            f"### {technique} {TECHNIQUES[technique]}",
            "",
            "| rule | level | also | what it misses | false positives |",
            "|---|---|---|---|---|",
        ]
        for about in sorted(by_technique[technique], key=lambda one: one.file):
            name = about.file.removeprefix("pack/").removesuffix(".yml")
            cells = (
                f"**{about.title}**. {about.description} (`{name}`)",
                about.level,
                ", ".join(about.techniques[1:]),
                " ".join(about.misses),
                "; ".join(about.false_positives),
            )
            lines.append("| " + " | ".join(map(_cell, cells)) + " |")
        lines.append("")
    return "\n".join(lines).rstrip()


def tables() -> dict[str, str]:
    """Return every generated table by the name in its markers."""
    return {"rules": rules_table()}


def rewritten(page: str) -> str:
    """Return the page with its table replaced."""
    return generated_tables.rewritten(page, tables(), PAGE.name)


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` only report whether they would change."""
    coverage = rule_coverage.PAGE.read_text("utf-8")
    pages = {
        PAGE: rewritten(PAGE.read_text("utf-8")),
        rule_coverage.PAGE: rule_coverage.rewritten(coverage, told(), TECHNIQUES),
    }
    return generated_tables.write_or_check(pages, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
