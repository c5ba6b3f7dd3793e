/** One value, such as an address or a session: first and last seen, accounts, incidents, what goes with it, records. */
import { useState } from "react";
import { useResource } from "../../api/resource";
import type { LookedUp } from "../../api/types";
import { useRoute } from "../../app/router";
import { useMayAnswer } from "../../app/session";
import { Button, CopyButton } from "../../design/controls";
import { EmptyState, ErrorState, Skeleton } from "../../design/states";
import { KIND_MEANS, KIND_NAMES, termsWords } from "../../words/looks";
import { Page } from "../parts/page";
import { quoted } from "../search/fields";
import { SaveView } from "../search/views";
import { Intruders } from "./intruder";
import { LookResult } from "./result";
import type { Asked } from "./subjects";
import "./look.css";

export default function LookPage() {
  const { parameters } = useRoute();
  const asked: Asked = {
    subject: parameters.getAll("subject").filter(Boolean),
    tenant: parameters.get("tenant"),
    from: parameters.get("from"),
    to: parameters.get("to"),
  };
  const found = useResource<LookedUp>(asked.subject.length > 0 ? "/api/look" : null, { ...asked });
  if (asked.subject.length === 0) {
    return (
      <Page title="Look into a value">
        <EmptyState icon="search" title="No value is named">
          <p>
            Search for <code>ip:203.0.113.7</code>, <code>session:</code>, <code>app:</code>, <code>rule:</code>, <code>message:</code> or <code>day:</code>, or open a value of a record.
          </p>
        </EmptyState>
      </Page>
    );
  }
  if (found.error && found.data === undefined) {
    return (
      <Page title={asked.subject.join(" ")} tab="Look into a value">
        <ErrorState error={found.error} onRetry={found.reload} />
      </Page>
    );
  }
  if (found.data === undefined) {
    return (
      <Page title={asked.subject.join(" ")} about="Reading the stored records…">
        <Skeleton rows={10} />
      </Page>
    );
  }
  return <Known key={found.data.subject} found={found.data} asked={asked} />;
}

/** Return the name of an application or a network, if its records agree on one. */
function nameOf(found: LookedUp): string {
  const [term] = found.subjects;
  const field = term?.kind === "app" ? "apps" : term?.kind === "network" ? "networks" : "";
  const same = found.seen.find((one) => one.name === field)?.values.find((one) => one.subject.toLowerCase() === term?.subject.toLowerCase());
  return same?.name && same.name !== same.value ? same.name : "";
}

function Known({ found, asked }: { found: LookedUp; asked: Asked }) {
  const mayChange = useMayAnswer();
  const [isSaving, setSaving] = useState(false);
  const isOne = found.subjects.length === 1;
  const name = isOne ? nameOf(found) : "";
  const narrowed = [asked.tenant && `in ${asked.tenant}`, asked.from && `from ${asked.from}`, asked.to && `before ${asked.to}`].filter(Boolean).join(", ");
  const terms = found.subjects.map((one) => `${one.is_not ? "-" : ""}${one.kind}:${quoted(one.value)}`);
  const query = [...terms, asked.tenant && `tenant:${quoted(asked.tenant)}`, asked.from && `after:${asked.from}`, asked.to && `before:${asked.to}`].filter(Boolean).join(" ");
  return (
    <Page
      title={isOne ? `${KIND_NAMES[found.kind]} ${name || found.value}` : termsWords(found.subjects)}
      about={
        <>
          {isOne ? KIND_MEANS[found.kind] : "The records that show all of this together."}
          {name && <span className="log-text"> {found.value}.</span>}
          {narrowed && <span className="log-text"> Only {narrowed}.</span>}
        </>
      }
      actions={
        <>
          {isOne && <CopyButton text={found.value} label="Copy value" isSmall={false} />}
          {mayChange && (
            <Button icon="star" onPress={() => setSaving(true)}>
              Save as a view
            </Button>
          )}
        </>
      }
    >
      <LookResult
        found={found}
        asked={asked}
        between={
          found.may_be_indicator && found.first !== null && found.last !== null ? (
            <Intruders key={found.subject} subject={found.subject} first={found.first} last={found.last} isOwnersToo={found.is_owners_too} />
          ) : null
        }
      />
      <SaveView query={query} isOpen={isSaving} onClose={() => setSaving(false)} />
    </Page>
  );
}
