/** The attack that an incident belongs to: a graph of its accounts, its incidents one by one, and what happened in all of them. */
import { useState } from "react";
import { useResource } from "../../api/resource";
import type { Attack } from "../../api/types";
import { Link } from "../../app/link";
import { incidentAddress } from "../../app/router";
import { Button } from "../../design/controls";
import { SeverityMark } from "../../design/marks";
import { Panel } from "../../design/states";
import { nameParts } from "../../words/incidents";
import { plural } from "../../words/numbers";
import { exact } from "../../words/times";
import { AttackGraph } from "./attack-graph";

const LEFT_SHOWN = 8;

export function AttackPanel({ id }: { id: string }) {
  const [isOpen, setOpen] = useState(false);
  const { data: attack } = useResource<Attack>(`/api/incidents/${encodeURIComponent(id)}/attack`);
  if (!attack || attack.members.length < 2) return null;
  const accounts = new Set(attack.members.map((member) => `${member.incident.tenant} ${member.incident.account}`));
  const others = attack.acts.filter((act) => !act.key).length;
  return (
    <Panel title={`The attack: ${plural(accounts.size, "account")}, ${plural(attack.members.length, "incident")}`}>
      <p className="log-text">{attack.title}.</p>
      <h3 className="small attack-heading">What happened in all of them, UTC</h3>
      <ol className="story">
        {(isOpen ? attack.acts : attack.acts.filter((act) => act.key)).map((act) => (
          <li key={`${act.time} ${act.account} ${act.sentence}`}>
            <time className="soft numbers" dateTime={act.time} title={exact(act.time)}>
              {act.when}
            </time>
            <span className="log-text">
              <b>{act.account}</b> {act.sentence}
            </span>
          </li>
        ))}
      </ol>
      {others > 0 && (
        <Button look="quiet" onPress={() => setOpen(!isOpen)}>
          {isOpen ? "Show less" : `and ${plural(others, "more act")}`}
        </Button>
      )}
      {isOpen && attack.more_acts > 0 && <p className="soft small">and {plural(attack.more_acts, "more act")}, in the incidents</p>}
      {attack.left_behind.length > 0 && (
        <>
          <h3 className="small attack-heading">Left behind</h3>
          <ul className="notes log-text">
            {attack.left_behind.slice(0, LEFT_SHOWN).map((thing) => (
              <li key={thing}>{thing}</li>
            ))}
            {attack.left_behind.length > LEFT_SHOWN && <li>and {plural(attack.left_behind.length - LEFT_SHOWN, "more thing")}, in its incidents</li>}
          </ul>
        </>
      )}
      <p className="log-text attack-heading">
        <b>Block these accounts too:</b>{" "}
        {othersOf(attack, id).map(({ incident }, at) => (
          <span key={incident.id}>
            {at > 0 && ", "}
            <Link href={incidentAddress(incident.id)}>{nameParts(incident.account).local}</Link>
          </span>
        ))}
        . One plan for all of them: <code>seawall respond plan {id} --store DIR --attack</code>
      </p>
      <details className="attack-members">
      <summary>Its accounts and incidents</summary>
      <AttackGraph attack={attack} chosen={id} />
      <ul>
        {attack.members.map(({ incident, links }) => (
          <li key={incident.id} className="attack-member small">
            <SeverityMark severity={incident.severity} />
            <div>
              {incident.id === id ? (
                <b className="log-text">{incident.title} (this incident)</b>
              ) : (
                <Link className="log-text" href={incidentAddress(incident.id)}>
                  {incident.title}
                </Link>
              )}
              <ul className="soft tiny">
                {links.map((link) => (
                  <li key={`${link.incident} ${link.kind} ${link.name}`} className="log-text">
                    {linkWords(attack, link.incident)}: {link.text}
                  </li>
                ))}
              </ul>
            </div>
          </li>
        ))}
      </ul>
      </details>
    </Panel>
  );
}

/** The gravest incident of each account beside that of the incident on the page. */
function othersOf(attack: Attack, id: string): Attack["members"] {
  const own = attack.members.find((member) => member.incident.id === id)?.incident.account;
  const seen = new Set([own]);
  return attack.members.filter(({ incident }) => !seen.has(incident.account) && seen.add(incident.account));
}

function linkWords(attack: Attack, id: string): string {
  const other = attack.members.find((member) => member.incident.id === id);
  return other ? `with ${nameParts(other.incident.account).local}` : "with another";
}
