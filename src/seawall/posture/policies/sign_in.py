"""Policies on sign-in: legacy protocols, risk, second factors, devices, device code flow (MS.AAD.1 to MS.AAD.3, MS.AAD.9)."""

from __future__ import annotations

from seawall.posture.conditional_access import (
    Rule,
    access_rules,
    blocks,
    has_security_defaults,
    judge_rules,
    list_gaps,
    requires_only,
    requires_resistance,
    requires_second_factor,
)
from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, name_of, verdict
from seawall.posture.values import is_hidden, read_fields, read_flag, read_items, read_text, read_texts

_MANAGED = frozenset({"compliantdevice", "domainjoineddevice"})
_ACCESS = ("conditional_access",)
_METHODS = ("authentication_methods",)


def _check_legacy(configuration: Configuration) -> PolicyVerdict:
    if has_security_defaults(configuration):
        return verdict("met", "security defaults block legacy protocols")

    def fits(rule: Rule) -> bool:
        clients = rule.words(rule.conditions, "clientapptypes")
        return blocks(rule) and {"other", "exchangeactivesync"} <= clients

    if not configuration.has("conditional_access"):
        return verdict("cannot say", "security defaults are off", (), ("conditional_access",))
    used = frozenset({"clientapptypes"})
    found = judge_rules(configuration, fits, "blocks legacy protocols for everybody", used=used)
    is_any_enabled = any(rule.state == "enabled" for rule in access_rules(configuration))
    if found.state == "not met" and not is_any_enabled and not configuration.has("security_defaults"):
        return verdict(
            "cannot say", "without policies security defaults may be on", (), ("security_defaults",)
        )
    return found


def _check_user_risk(configuration: Configuration) -> PolicyVerdict:
    def fits(rule: Rule) -> bool:
        return blocks(rule) and "high" in rule.words(rule.conditions, "userrisklevels")

    return judge_rules(
        configuration, fits, "blocks every user at high risk", used=frozenset({"userrisklevels"})
    )


def _check_sign_in_risk(configuration: Configuration) -> PolicyVerdict:
    def fits(rule: Rule) -> bool:
        return blocks(rule) and "high" in rule.words(rule.conditions, "signinrisklevels")

    return judge_rules(
        configuration, fits, "blocks every sign-in at high risk", used=frozenset({"signinrisklevels"})
    )


def _check_resistant(configuration: Configuration) -> PolicyVerdict:
    return judge_rules(configuration, requires_resistance, "requires phishing-resistant methods of everybody")


def _check_second_factor(configuration: Configuration) -> PolicyVerdict:
    return judge_rules(configuration, requires_second_factor, "requires a second factor of everybody")


def _check_privileged(configuration: Configuration) -> PolicyVerdict:
    return judge_rules(
        configuration,
        requires_resistance,
        "requires phishing-resistant methods of every privileged role",
        by_roles=True,
    )


def _check_managed(configuration: Configuration) -> PolicyVerdict:
    return judge_rules(
        configuration, lambda rule: requires_only(rule, _MANAGED), "requires a managed device of everybody"
    )


def _check_registration(configuration: Configuration) -> PolicyVerdict:
    def fits(rule: Rule) -> bool:
        actions = rule.words(rule.apps, "includeuseractions")
        return "urn:user:registersecurityinfo" in actions and requires_only(rule, _MANAGED)

    return judge_rules(
        configuration, fits, "requires a managed device of everybody who registers a method", by_action=True
    )


def _check_device_code(configuration: Configuration) -> PolicyVerdict:
    def fits(rule: Rule) -> bool:
        flows = read_fields(rule.conditions.get("authenticationflows"))
        return blocks(rule) and "devicecodeflow" in rule.words(flows, "transfermethods")

    return judge_rules(
        configuration, fits, "blocks device code flow for everybody", used=frozenset({"authenticationflows"})
    )


def _methods(configuration: Configuration) -> dict[str, dict[str, object]] | None:
    """Return the configuration of each authentication method by its id in lower case; None if the export hides them."""
    found: dict[str, dict[str, object]] = {}
    for policy in configuration.all("authentication_methods"):
        items = read_items(policy.get("authenticationmethodconfigurations"))
        if items is None or any(is_hidden(item) for item in items):
            return None
        found |= {read_text(one.get("id")).lower(): one for item in items if (one := read_fields(item))}
    return found or None


_HIDDEN = "the export hides the methods: export it again with -Depth 10"


def _check_authenticator(configuration: Configuration) -> PolicyVerdict:
    if configuration.has("conditional_access") and _check_resistant(configuration).state == "met":
        return verdict("met", "phishing-resistant methods are required of everybody")
    methods = _methods(configuration)
    if methods is None:
        return verdict("cannot say", _HIDDEN)
    one = methods.get("microsoftauthenticator")
    if one is None:
        return verdict("cannot say", "the export does not list Microsoft Authenticator")
    if read_text(one.get("state")).lower() != "enabled":
        return verdict("met", "Microsoft Authenticator is not enabled")
    settings = read_fields(one.get("featuresettings"))
    wrong = []
    for name, words in (
        ("displayappinformationrequiredstate", "application name"),
        ("displaylocationinformationrequiredstate", "location"),
    ):
        feature = read_fields(settings.get(name))
        target = read_text(read_fields(feature.get("includetarget")).get("id")).lower()
        if read_text(feature.get("state")).lower() != "enabled" or target not in ("", "all_users"):
            wrong.append(f"the prompt does not show everybody the {words}")
    if read_flag(one.get("issoftwareoathenabled")) is True:
        wrong.append("the app also gives one-time codes, which show no context")
    return configuration.judge_offenders(
        "authentication_methods",
        wrong,
        "Microsoft Authenticator hides what a prompt is for",
        "prompts show their context",
    )


def _check_migration(configuration: Configuration) -> PolicyVerdict:
    states = {
        read_text(one.get("policymigrationstate")).lower()
        for one in configuration.all("authentication_methods")
    }
    wrong = [f"state: {state}" for state in sorted(states - {"", "migrationcomplete"})]
    return configuration.judge_offenders(
        "authentication_methods",
        wrong,
        "the old MFA and password reset settings still count",
        "the migration is complete",
    )


def _check_weak_methods(configuration: Configuration) -> PolicyVerdict:
    methods = _methods(configuration)
    if methods is None:
        return verdict("cannot say", _HIDDEN)
    enabled = [
        name
        for name in ("sms", "voice", "email")
        if read_text(methods.get(name, {}).get("state")).lower() != "disabled"
    ]
    unlisted = [name for name in enabled if name not in methods]
    return configuration.judge_offenders(
        "authentication_methods",
        [name for name in enabled if name in methods],
        "methods that anybody can intercept are enabled",
        "text messages, calls and e-mail codes are disabled",
        unlisted,
    )


def _check_agents(configuration: Configuration) -> PolicyVerdict:
    def fits(rule: Rule) -> bool:
        clients = read_fields(rule.conditions.get("clientapplications"))
        agents = rule.words(clients, "includeagentidserviceprincipals")
        return blocks(rule) and "all" in agents and "high" in rule.words(rule.conditions, "agentidrisklevels")

    for rule in access_rules(configuration):
        if fits(rule):
            gaps = [
                gap
                for gap in list_gaps(rule, configuration, used=frozenset({"clientapplications"}))
                if "users" not in gap
            ]
            if not gaps:
                return verdict("met", "a policy blocks agents at high risk", [rule.name])
    return verdict("not met", "no policy blocks agent identities at high risk")


def _check_token_protection(configuration: Configuration) -> PolicyVerdict:
    near, hidden = [], []
    for one in configuration.all("conditional_access"):
        session = one.get("sessioncontrols")
        if is_hidden(session):
            hidden.append(name_of(one, "displayname"))
        control = read_fields(read_fields(session).get("securesigninsession"))
        if read_flag(control.get("isenabled")) is True:
            if read_text(one.get("state")).lower() == "enabled":
                return verdict("met", "a policy requires token protection", [name_of(one, "displayname")])
            near.append(f"{name_of(one, 'displayname')}: it is not enabled")
    if hidden and not near:
        return verdict(
            "cannot say", "the export hides session controls: export the policies with -Depth 10", hidden
        )
    return verdict("not met", "no enabled policy requires token protection", near)


def _check_workloads(configuration: Configuration) -> PolicyVerdict:
    for rule in access_rules(configuration):
        clients = read_fields(rule.conditions.get("clientapplications"))
        if rule.state == "enabled" and blocks(rule) and read_texts(clients.get("includeserviceprincipals")):
            return verdict("met", "a policy limits service principals", [rule.name])
    return verdict("not met", "no enabled policy limits from where service principals sign in")


SIGN_IN = (
    BaselinePolicy(
        "MS.AAD.1.1v1",
        "Legacy protocols are blocked",
        "Nobody may sign in with a protocol that cannot ask for a second factor.",
        "shall",
        (("conditional_access", "security_defaults"),),
        _check_legacy,
        "A sprayed password alone would not have opened the test account.",
        "Create a Conditional Access policy for all users and resources: client types Exchange ActiveSync and other, block.",
        ("midnight-blizzard",),
    ),
    BaselinePolicy(
        "MS.AAD.2.1v1",
        "Users at high risk are blocked",
        "An account that Entra ID Protection rates as high risk cannot sign in until somebody has dealt with it.",
        "shall",
        _ACCESS,
        _check_user_risk,
        "An account with a leaked password or a stolen token is shut before the mail is read.",
        "Create a Conditional Access policy for all users and resources: user risk high, block. It needs Entra ID P2.",
        ("tycoon-2fa", "unc5537"),
    ),
    BaselinePolicy(
        "MS.AAD.2.3v1",
        "Sign-ins at high risk are blocked",
        "A sign-in that Entra ID Protection rates as high risk is refused.",
        "shall",
        _ACCESS,
        _check_sign_in_risk,
        "Sign-ins through known phishing sites and anonymous networks are refused at the door.",
        "Create a Conditional Access policy for all users and resources: sign-in risk high, block. It needs Entra ID P2.",
        ("tycoon-2fa", "code-of-conduct"),
    ),
    BaselinePolicy(
        "MS.AAD.3.1v1",
        "Phishing-resistant methods are required of everybody",
        "Every sign-in needs a passkey, a certificate or Windows Hello for Business.",
        "shall",
        _ACCESS,
        _check_resistant,
        "A site that relays the sign-in gets nothing: the method is bound to the real address.",
        "Create a Conditional Access policy for all users and resources: authentication strength phishing-resistant MFA.",
        ("tycoon-2fa", "code-of-conduct"),
    ),
    BaselinePolicy(
        "MS.AAD.3.2v2",
        "A second factor is required of everybody",
        "Every sign-in needs more than a password.",
        "shall",
        _ACCESS,
        _check_second_factor,
        "A stolen or sprayed password alone would not have sufficed.",
        "Create a Conditional Access policy for all users and resources that requires multifactor authentication.",
        ("midnight-blizzard", "unc5537"),
        ("MS.AAD.3.2v1",),
    ),
    BaselinePolicy(
        "MS.AAD.3.3v2",
        "Prompts of Microsoft Authenticator show their context",
        "A prompt names the application and the place that asks, unless phishing-resistant methods are required.",
        "shall",
        _METHODS,
        _check_authenticator,
        "People deny a prompt that names a place and an application which they do not use.",
        "Enable application name and geographic location for all users in the settings of Microsoft Authenticator.",
        (),
        ("MS.AAD.3.3v1",),
    ),
    BaselinePolicy(
        "MS.AAD.3.4v1",
        "Authentication methods are managed in one place",
        "The migration from the old MFA and password reset settings is complete.",
        "shall",
        _METHODS,
        _check_migration,
        "A weak method cannot stay allowed in a settings page that nobody looks at any more.",
        "Set Manage migration to Migration complete under Authentication methods, Policies.",
    ),
    BaselinePolicy(
        "MS.AAD.3.5v2",
        "Text messages, calls and e-mail codes are disabled",
        "No method is enabled that a third party can read or divert.",
        "shall",
        _METHODS,
        _check_weak_methods,
        "Codes that a relaying site asks for, or that a swapped SIM card receives, do not exist.",
        "Disable SMS, Voice call and Email OTP under Authentication methods, Policies.",
        ("tycoon-2fa",),
        ("MS.AAD.3.5v1",),
    ),
    BaselinePolicy(
        "MS.AAD.3.6v1",
        "Phishing-resistant methods are required of administrators",
        "Every highly privileged role signs in with a passkey, a certificate or Windows Hello for Business.",
        "shall",
        _ACCESS,
        _check_privileged,
        "An administrator's session cannot be phished, so nobody consents for the whole tenant in his name.",
        "Create a Conditional Access policy for the eight privileged roles: authentication strength phishing-resistant MFA.",
        ("tycoon-2fa", "code-of-conduct"),
    ),
    BaselinePolicy(
        "MS.AAD.3.7v1",
        "Managed devices are required",
        "Sign-ins come from compliant or joined devices.",
        "should",
        _ACCESS,
        _check_managed,
        "A stolen password, session or code is useless on a device of the attacker.",
        "Create a Conditional Access policy for all users and resources that requires a compliant or hybrid joined device.",
        ("storm-2372", "uta0352", "tycoon-2fa", "consentfix"),
    ),
    BaselinePolicy(
        "MS.AAD.3.8v1",
        "Managed devices are required to register methods",
        "Nobody registers a second factor from a device that the organisation does not manage.",
        "should",
        _ACCESS,
        _check_registration,
        "The attacker cannot add a method of his own to keep the account.",
        "Create a Conditional Access policy for the user action Register security information that requires a managed device.",
        ("tycoon-2fa",),
    ),
    BaselinePolicy(
        "MS.AAD.3.9v1",
        "Device code flow is blocked",
        "Nobody can sign in by typing a code that another device shows.",
        "should",
        _ACCESS,
        _check_device_code,
        "The code that the victim typed would have given the attacker nothing.",
        "Create a Conditional Access policy for all users and resources: authentication flows device code flow, block.",
        ("storm-2372", "eviltokens"),
    ),
    BaselinePolicy(
        "MS.AAD.9.1v1",
        "Agents at high risk are blocked",
        "An agent identity that Entra ID Protection rates as high risk gets no token.",
        "shall",
        _ACCESS,
        _check_agents,
        "An agent that was taken over stops at the next token. No catalogued incident used one yet.",
        "Create a Conditional Access policy for all agent identities: agent risk high, block.",
    ),
    BaselinePolicy(
        "SEAWALL.SIGNIN.1v1",
        "Token protection is required",
        "Tokens of Exchange and SharePoint are bound to the device that they were issued to.",
        "lesson",
        _ACCESS,
        _check_token_protection,
        "A token that was stolen from the browser or by a relaying site does not work elsewhere.",
        "Create a Conditional Access policy for Windows, Exchange Online and SharePoint Online: require token protection.",
        ("tycoon-2fa", "consentfix", "uta0352"),
    ),
    BaselinePolicy(
        "SEAWALL.SIGNIN.2v1",
        "Service principals sign in from known networks only",
        "A Conditional Access policy blocks service principals outside the addresses of their owner.",
        "lesson",
        _ACCESS,
        _check_workloads,
        "The stolen client secret would have failed outside the vendor's addresses.",
        "Create a Conditional Access policy for workload identities: all locations except those of the vendor, block.",
        ("commvault", "midnight-blizzard"),
    ),
)
"""Policies on sign-in."""
