/** Who else used an account's mailbox, and which other mailboxes it used; looked for when asked. */
import { useState } from "react";
import { useResource, type Reading } from "../../api/resource";
import type { LookedUp } from "../../api/types";
import { Link } from "../../app/link";
import { Button } from "../../design/controls";
import { Panel, Skeleton } from "../../design/states";
import { lookAddress } from "../look/subjects";
import { Values } from "../look/values";
import "../look/look.css";

export function RelatedAccounts({ account }: { account: string }) {
  const [isAsked, setAsked] = useState(false);
  const others = [`mailbox:${account}`, `-account:${account}`];
  const used = [`account:${account}`, `-mailbox:${account}`];
  const first = useResource<LookedUp>(isAsked ? "/api/look" : null, { subject: others });
  // One after the other: the server does few such readings at once.
  const second = useResource<LookedUp>(first.data !== undefined || first.error !== undefined ? "/api/look" : null, { subject: used });
  return (
    <Panel title="Related accounts">
      {isAsked ? (
        <div className="look-intruder">
          <Field title="Others who used its mailbox" field="accounts" reading={first} subjects={others} none="Nobody else used its mailbox." />
          <Field title="Other mailboxes that it used" field="mailboxes" reading={second} subjects={used} none="It used no other mailbox." />
        </div>
      ) : (
        <>
          <p className="small soft">Who else used this account’s mailbox, and which other mailboxes it used: looked for in the stored records, which takes seconds.</p>
          <div>
            <Button isSmall icon="search" onPress={() => setAsked(true)}>
              Look for related accounts
            </Button>
          </div>
        </>
      )}
    </Panel>
  );
}

interface FieldProps {
  title: string;
  field: string;
  reading: Reading<LookedUp>;
  subjects: readonly string[];
  none: string;
}

function Field({ title, field, reading: { data, error }, subjects, none }: FieldProps) {
  const found = data?.seen.find((one) => one.name === field);
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {error && data === undefined ? (
        <p className="field-fault" role="alert">
          {error.message}
        </p>
      ) : data === undefined ? (
        <Skeleton rows={3} />
      ) : found === undefined || found.values.length === 0 ? (
        <p className="quiet-empty">{none}</p>
      ) : (
        <>
          <Values field={field} values={found.values} total={found.total} isCut={found.is_cut} />
          <p className="small">
            <Link href={lookAddress(...subjects)}>These records</Link>
          </p>
        </>
      )}
    </section>
  );
}
