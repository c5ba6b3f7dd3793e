/** Draw an attack: its accounts in a circle in the order of their first events, and a line for what ties two of them. */
import type { Attack } from "../../api/types";
import { nameParts } from "../../words/incidents";
import { plural } from "../../words/numbers";

const WIDTH = 560;
const HEIGHT = 240;
const RADIUS = 7;
const LONGEST_NAME = 18;
const KINDS = { application: "application", account: "access given", address: "outside address", network: "new network" } as const;
type Kind = keyof typeof KINDS;

interface Edge {
  from: number;
  to: number;
  kind: Kind;
}

export function AttackGraph({ attack, chosen }: { attack: Attack; chosen: string }) {
  const accounts = accountsOf(attack);
  if (accounts.length < 2) return null;
  const edges = edgesOf(attack, accounts);
  const place = (at: number) => {
    const angle = (2 * Math.PI * at) / accounts.length - Math.PI / 2;
    return { x: WIDTH / 2 + Math.cos(angle) * WIDTH * 0.31, y: HEIGHT / 2 + Math.sin(angle) * HEIGHT * 0.36 };
  };
  const mine = attack.members.find((member) => member.incident.id === chosen)?.incident.account;
  const used = (Object.keys(KINDS) as Kind[]).filter((kind) => edges.some((edge) => edge.kind === kind));
  return (
    <figure className="attack-graph">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${plural(accounts.length, "account")} and ${plural(edges.length, "tie")} between them; listed below`}>
        {edges.map((edge) => {
          const [one, other] = [place(edge.from), place(edge.to)];
          return <line key={`${edge.from} ${edge.to} ${edge.kind}`} className={`tie tie-${edge.kind}`} x1={one.x} y1={one.y} x2={other.x} y2={other.y} />;
        })}
        {accounts.map((account, at) => {
          const { x, y } = place(at);
          const isLeft = x < WIDTH / 2 - 1;
          const isMiddle = Math.abs(x - WIDTH / 2) <= 1;
          return (
            <g key={account} className={account === mine ? "is-chosen" : undefined}>
              <circle cx={x} cy={y} r={RADIUS} />
              <text x={isMiddle ? x : x + (isLeft ? -1 : 1) * (RADIUS + 5)} y={isMiddle ? y + (y < HEIGHT / 2 ? -RADIUS - 6 : RADIUS + 16) : y + 4} textAnchor={isMiddle ? "middle" : isLeft ? "end" : "start"}>
                {shorten(nameParts(account).local)}
              </text>
            </g>
          );
        })}
      </svg>
      <figcaption className="soft tiny">
        {used.map((kind) => (
          <span key={kind} className={`tie-name tie-name-${kind}`}>
            {KINDS[kind]}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function accountsOf(attack: Attack): string[] {
  const ordered = [...attack.members].sort((one, other) => one.incident.first_event.localeCompare(other.incident.first_event));
  return [...new Set(ordered.map((member) => member.incident.account))];
}

/** One edge for each pair of accounts and kind of tie. */
function edgesOf(attack: Attack, accounts: readonly string[]): Edge[] {
  const accountOf = new Map(attack.members.map(({ incident }) => [incident.id, incident.account]));
  const found = new Map<string, Edge>();
  for (const { incident, links } of attack.members) {
    for (const link of links) {
      const pair = [accounts.indexOf(incident.account), accounts.indexOf(accountOf.get(link.incident) ?? "")].sort((a, b) => a - b);
      const [from = -1, to = -1] = pair;
      if (from >= 0 && from !== to) found.set(`${from} ${to} ${link.kind}`, { from, to, kind: link.kind });
    }
  }
  return [...found.values()];
}

const shorten = (name: string) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name);
