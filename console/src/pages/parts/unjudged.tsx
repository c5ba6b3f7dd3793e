/** Stored events without a verdict: shown wherever an empty list could be mistaken for an all-clear. */
import type { Unjudged } from "../../api/types";
import { useSummary } from "../../app/session";
import { Notice } from "../../design/states";
import { number } from "../../words/numbers";

const FEW = 3;
const NONE: readonly Unjudged[] = [];

/** Return the stored events without a verdict, of one organisation or of all. */
export function useUnjudged(tenant = ""): readonly Unjudged[] {
  const found = useSummary()?.unjudged ?? NONE;
  return tenant === "" ? found : found.filter((one) => one.tenant === tenant || one.tenant === "");
}

export function UnjudgedNotice({ tenant = "" }: { tenant?: string }) {
  const found = useUnjudged(tenant);
  if (found.length === 0) return null;
  return (
    <Notice tone="warning">
      <p>Not everything that is stored is judged. Incidents may be missing here.</p>
      <ul className="unjudged">
        {found.slice(0, FEW).map((one) => (
          <li key={`${one.tenant} ${one.from} ${one.text}`} className="log-text">
            {one.tenant && `${one.tenant}: `}
            {one.text}
          </li>
        ))}
      </ul>
      {found.length > FEW && <p className="soft">{number(found.length - FEW)} more</p>}
    </Notice>
  );
}
