/** Display names of the detector's terms, the same as in the report. */
import type { Layer, Reach, Severity, Verdict } from "../api/types";

const ASPECTS: Record<string, string> = {
  activity: "Operation",
  answers: "What answers taught",
  app: "Application",
  app_activity: "Operation × application",
  app_client: "Application × client",
  app_network: "Application × network",
  attempts: "Attempts before",
  attention: "Taken over before",
  birth: "Token’s birth",
  client: "Client",
  client_network: "Client × network",
  consent_any: "Consent",
  contained: "Contained before",
  context: "Context",
  country: "Country",
  credential: "App credential",
  device: "Device",
  foreign: "Token’s tenant",
  grant: "Mailbox permission",
  "hostile-value": "Seen in a takeover",
  hour: "Hour of the week",
  key: "Credential key",
  legacy: "Legacy sign-in",
  mailbox: "Others’ mailbox",
  "managed-device": "Managed device",
  method: "Sign-in method",
  moved: "Session moved",
  network: "Network",
  outlived: "After revocation",
  "own-consent": "Own consent",
  pattern: "Taken together",
  persistence: "Rule or forwarding",
  prefix: "Address block",
  reused: "Session reused",
  rotation: "Changing networks",
  rule: "Technique",
  session: "Session’s origin",
  "unissued-sessions": "Sessions never issued",
  "usual-network": "Usual network",
};

/** Return `Application` for `app`, `Mass read` for `mass-read`. */
export function aspectName(aspect: string): string {
  const known = ASPECTS[aspect];
  if (known !== undefined) return known;
  const plain = aspect.replace(/[-_]/g, " ").trim();
  return plain.slice(0, 1).toUpperCase() + plain.slice(1);
}

export const LAYERS: Record<Layer, string> = {
  behaviour: "learned behaviour",
  lineage: "token lineage",
  rules: "known technique",
  assurance: "sign-in assurance",
};

export const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low"];

export const severityName = (severity: Severity) => severity.slice(0, 1).toUpperCase() + severity.slice(1);

export const VERDICTS: Record<Verdict, string> = {
  compromised: "Compromised",
  safe: "Safe",
  "expected-change": "Expected change",
};

export const REACHES: Record<Reach, string> = {
  account: "this account",
  peers: "accounts like it",
  tenant: "the whole organisation",
};
