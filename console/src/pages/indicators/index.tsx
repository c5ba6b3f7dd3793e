/** Values that analysts saved as an intruder's, each with its page; and the search from all of them together. */
import { useResource } from "../../api/resource";
import type { Indicators } from "../../api/types";
import { Link } from "../../app/link";
import { useMayAnswer } from "../../app/session";
import { CopyButton } from "../../design/controls";
import { EmptyState, ErrorState, Panel, Skeleton } from "../../design/states";
import { KIND_NAMES } from "../../words/looks";
import { number } from "../../words/numbers";
import { INDICATORS, SavedLine, ScopeFrom } from "../look/intruder";
import { lookAddress } from "../look/subjects";
import { Page } from "../parts/page";
import { ReceivedPanel } from "./received";

const MOST_SEEDS = 50;

export default function IndicatorsPage() {
  const { data, error, reload } = useResource<Indicators>(INDICATORS);
  const mayChange = useMayAnswer();
  const items = data?.items ?? [];
  const seeds = [...new Set(items.map((one) => one.subject))].slice(0, MOST_SEEDS);
  const first = items.reduce((since, one) => (one.since < since ? one.since : since), items[0]?.since ?? "");
  return (
    <Page
      title="Indicators"
      about="Addresses, sessions, applications and other values that analysts saved as an intruder’s. Each opens the page of what the records show of it."
      actions={items.length > 0 && <CopyButton text={() => items.map((one) => one.value).join("\n")} label="Copy values" isSmall={false} />}
    >
      {error && data === undefined ? (
        <ErrorState error={error} onRetry={reload} />
      ) : data === undefined ? (
        <Skeleton rows={6} />
      ) : items.length === 0 ? (
        <EmptyState icon="star" title="No indicator is saved">
          <p>
            Open a value of a record, or <Link href="/search">search</Link> for one such as <code>ip:203.0.113.7</code>, and press “Save as an indicator” on its page.
          </p>
        </EmptyState>
      ) : (
        <Panel title="Saved values" aside={<span className="small soft">{number(items.length)}</span>}>
          <ul className="look-indicators">
            {items.map((one) => (
              <li key={one.id}>
                <p>
                  <span className="soft">{KIND_NAMES[one.kind]}</span>{" "}
                  <Link className="log-text" href={lookAddress(one.subject)}>
                    {one.value}
                  </Link>
                </p>
                <SavedLine one={one} mayChange={mayChange} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <ReceivedPanel />
      {mayChange && items.length > 0 && <ScopeFrom subjects={seeds} from={first} to={null} begin={items.length === 1 ? "Search from this value" : "Search from all of them"} />}
    </Page>
  );
}
