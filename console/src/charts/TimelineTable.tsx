/** The timeline as a table: each lane, then the slots of the shown span, the intruder's first. */

import type { TimelineLane, TimelinePoint } from "./model";
import { countText } from "./scale";
import { momentText, zoneText, type Zone } from "./time";

interface TimelineTableProps { label: string; lanes: readonly TimelineLane[]; from: number; to: number; zone: Zone }

const MOST_ROWS = 200;

export function TimelineTable({ label, lanes, from, to, zone }: TimelineTableProps) {
  const rows: { lane: TimelineLane; point: TimelinePoint }[] = [];
  for (const lane of lanes) {
    for (const point of lane.points) {
      if (point.to >= from && point.from <= to) rows.push({ lane, point });
    }
  }
  rows.sort((one, other) => Number(other.point.intruder > 0) - Number(one.point.intruder > 0) || one.point.from - other.point.from);
  const shown = rows.slice(0, MOST_ROWS);
  return (
    <div className="chart-table" tabIndex={0} role="region" aria-label={`Timeline of ${label} as a table`}>
      <table>
        <thead>
          <tr><th scope="col">From, {zoneText(zone)}</th><th scope="col">Network</th><th scope="col">Records</th><th scope="col">Judged the intruder’s</th></tr>
        </thead>
        <tbody>
          {shown.map(({ lane, point }, at) => (
            <tr key={at} className={point.intruder > 0 ? "chart-row-theirs" : undefined}>
              <td className="chart-number">{momentText(point.from, zone)}</td>
              <td>{lane.name}{lane.detail ? <span className="chart-soft"> · {lane.detail}</span> : null}</td>
              <td className="chart-number">{countText(point.count)}</td>
              <td className="chart-number">{point.intruder > 0 ? `◆ ${countText(point.intruder)}` : "0"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown.length ? <p className="chart-soft">{countText(rows.length - shown.length)} more slots: look closer to see them.</p> : null}
    </div>
  );
}
