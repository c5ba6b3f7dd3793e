/** One incident in the list: severity, account, summary, reasons, time. Its score stands among the details. */
import { memo } from "react";
import type { IncidentRow } from "../../api/types";
import { Icon, SeverityMark } from "../../design/marks";
import { chipWords, isTold, kindName, nameParts, verdict, whose } from "../../words/incidents";
import { HISTORY, HISTORY_MEANS } from "../../words/history";
import { VERDICTS } from "../../words/names";
import { age, exact } from "../../words/times";

export const ROW_HEIGHT = 92;

/** Characters of a verdict that fit into one line: below it is room for the reasons. */
const ONE_LINE = 55;

interface Props {
  row: IncidentRow;
  now: number;
  isChosen: boolean;
  isFresh: boolean;
  /** Listed below the first incident of the same attack. */
  isMember: boolean;
  /** A candidate that belongs to an attack of which incidents are raised. */
  isOfAttack: boolean;
  onChoose: (id: string) => void;
}

export const Row = memo(function Row({ row, now, isChosen, isFresh, isMember, isOfAttack, onChoose }: Props) {
  const { local, rest } = nameParts(whose(row));
  const names = ["row", isChosen && "is-chosen", isFresh && "is-fresh", isMember && "is-member", row.answer && "is-answered", !row.raised && !row.announced_at && "is-candidate"];
  const hasReasons = !isTold(row) || kindName(row.kind).length + verdict(row).length <= ONE_LINE;
  return (
    <div
      id={`row-${row.id}`}
      role="option"
      aria-selected={isChosen}
      className={names.filter(Boolean).join(" ")}
      onClick={() => onChoose(row.id)}
    >
      <SeverityMark severity={row.severity} />
      <div className="row-words">
        <div className="row-head">
          <span className="row-account clip log-text">
            {local}
            <span className="soft">{rest}</span>
          </span>
          {(isMember || isOfAttack) && <span className="soft tiny nowrap">{isMember ? "same attack" : "of an attack above"}</span>}
          {row.history && (
            <span className="row-history" title={HISTORY_MEANS}>
              {HISTORY}
            </span>
          )}
          {row.answer && (
            <span className={`answer answer-${row.answer}`}>
              <Icon name="check" />
              {VERDICTS[row.answer]}
            </span>
          )}
          <time className="soft small nowrap" dateTime={row.last_event} title={exact(row.last_event)}>
            {age(row.last_event, now)}
          </time>
        </div>
        <p className={`row-verdict log-text ${isTold(row) ? "is-told" : "clip"}`}>
          <b>{kindName(row.kind)}</b> <span>{verdict(row)}</span>
        </p>
        {hasReasons && (
          <ul className="chips" aria-label="Reasons">
            {row.chips.slice(0, 4).map((chip) => {
              const { name, counts } = chipWords(chip);
              return (
                <li key={`${chip.layer} ${chip.aspect}`} className="chip" title={chip.text}>
                  {name}
                  {counts && <b>{counts}</b>}
                </li>
              );
            })}
          </ul>
        )}
      </div>
    </div>
  );
});
