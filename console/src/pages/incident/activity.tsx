/** The account over time: use by network, changes of networks and countries, and the growth of the evidence. */
import { useMemo, useState } from "react";
import { useResource } from "../../api/resource";
import type { AccountTimeline, Incident } from "../../api/types";
import { Link } from "../../app/link";
import { accountAddress, useParameter } from "../../app/router";
import { useZone } from "../../app/zone";
import { Curve, lanesOfIncident, lanesOfSlots, Strip, Timeline, type TimelineMoment } from "../../charts";
import { Panel, Skeleton } from "../../design/states";
import "../../charts/charts.css";

const DAY = 86_400_000;
const BEFORE = 21 * DAY;
const AFTER = 2 * DAY;
const SLOTS = 400;

const stamp = (time: number) => new Date(time).toISOString().replace(/\.\d+Z$/, "Z");

/** Parse `1709300000-1709400000` (seconds) from the URL to milliseconds. */
function rangeOf(text: string): [number, number] | null {
  const found = /^(\d{9,11})-(\d{9,11})$/.exec(text);
  return found ? [Number(found[1]) * 1000, Number(found[2]) * 1000] : null;
}

export function Activity({ incident }: { incident: Incident }) {
  const [text, setText] = useParameter("time");
  const range = useMemo(() => rangeOf(text), [text]);
  const first = Date.parse(incident.first_event);
  const last = Date.parse(incident.last_event);
  const whole = useMemo<[number, number]>(() => [first - BEFORE, last + AFTER], [first, last]);
  const asked = { tenant: incident.tenant, account: incident.account, slots: SLOTS };
  const all = useResource<AccountTimeline>("/api/account/timeline", { ...asked, from: stamp(whole[0]), to: stamp(whole[1]) });
  const close = useResource<AccountTimeline>(range === null ? null : "/api/account/timeline", {
    ...asked,
    from: range === null ? "" : stamp(range[0]),
    to: range === null ? "" : stamp(range[1]),
  });
  const [isStrip, setStrip] = useState(false);

  const lanes = useMemo(() => {
    const shown = range !== null && close.data ? close.data : all.data;
    return shown && shown.lanes.length > 0 ? lanesOfSlots(shown) : lanesOfIncident(incident.timeline);
  }, [all.data, close.data, range, incident.timeline]);
  const zone = useZone();
  const moments = useMemo<TimelineMoment[]>(
    () => (incident.detected_at ? [{ time: Date.parse(incident.detected_at), text: "Crossed the threshold", key: incident.id }] : []),
    [incident.detected_at, incident.id],
  );
  return (
    <Panel
      title="Account over time"
      aside={
        <span className="activity-links small">
          <button type="button" className="unfold" aria-pressed={isStrip} onClick={() => setStrip(!isStrip)}>
            Networks and countries
          </button>
          <Link href={accountAddress(incident.tenant, incident.account)}>Whole account</Link>
        </span>
      }
    >
      {all.loading ? (
        <Skeleton rows={4} height={32} />
      ) : (
        <Timeline
          label={incident.account}
          lanes={lanes}
          moments={moments}
          {...(all.data && all.data.lanes.length > 0 ? { extent: whole } : {})}
          range={range}
          zone={zone}
          onRange={(next) => setText(next === null ? null : `${Math.floor(next[0] / 1000)}-${Math.ceil(next[1] / 1000)}`)}
        />
      )}
      {isStrip && all.data && <Strip label={incident.account} timeline={all.data} zone={zone} />}
    </Panel>
  );
}

export function EvidenceCurve({ incident }: { incident: Incident }) {
  const zone = useZone();
  if (incident.curve.length === 0) return null;
  return (
    <Panel title="How the evidence grew">
      <Curve label={incident.account} points={incident.curve} threshold={incident.threshold} zone={zone} />
    </Panel>
  );
}
