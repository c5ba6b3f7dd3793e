/** Detection quality: calibration, false alarms, and what was learnt from answers. */
import { useResource } from "../../api/resource";
import type { Detector } from "../../api/types";
import { useSummary } from "../../app/session";
import { Calibration, dayText, Ledger, percent, Sparkline } from "../../charts";
import "../../charts/charts.css";
import { ErrorState, Panel, Skeleton } from "../../design/states";
import { aspectName } from "../../words/names";
import { number, plural } from "../../words/numbers";
import { Page } from "../parts/page";
import { Budget } from "./budget";
import { Threshold } from "./threshold";
import { WhatIf } from "./what-if";
import "./detector.css";

export default function DetectorPage() {
  const detector = useResource<Detector>("/api/detector");
  const summary = useSummary();
  return (
    <Page title="Detector" about="How honest its chances are, how often it cried wolf, and what a larger budget would show." actions={detector.data && <span className="badge">{detector.data.version}</span>}>
      {summary && <WhatIf summary={summary} />}
      {detector.error && detector.data === undefined ? (
        <ErrorState error={detector.error} onRetry={detector.reload} />
      ) : detector.data === undefined ? (
        <Skeleton rows={8} />
      ) : (
        <Known detector={detector.data} />
      )}
      {summary && <Budget summary={summary} />}
      {summary && <Threshold summary={summary} />}
    </Page>
  );
}

function Known({ detector }: { detector: Detector }) {
  const { calibration, ledger, days, weights } = detector;
  return (
    <>
      <div className="two">
        <Panel title="Calibration" aside={<span className="small soft">{plural(calibration.groups, "account-day")} of {plural(calibration.days, "day")}</span>}>
          <p className="small soft">
            An honest chance of one in a hundred comes once in a hundred quiet days. Points on the line are honest; above it the detector is too easily surprised.
          </p>
          <Calibration expected={calibration.expected} observed={calibration.observed} />
          <details className="fold">
            <summary>As a table</summary>
            <table className="table">
              <thead>
                <tr>
                  <th scope="col" className="right">Expected</th>
                  <th scope="col" className="right">Observed</th>
                </tr>
              </thead>
              <tbody>
                {calibration.expected.map((expected, at) => (
                  <tr key={expected}>
                    <td className="right">{percent(expected)}</td>
                    <td className="right">{percent(calibration.observed[at] ?? 0)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </details>
        </Panel>
        <Panel title="Ledger of alarms" aside={<span className="small soft">{ledgerWords(ledger)}</span>}>
          <Ledger weeks={ledger} />
          {ledger.length > 0 && (
            <details className="fold">
              <summary>As a table</summary>
              <div className="table-scroll">
                <table className="table">
                  <thead>
                    <tr>
                      <th scope="col">Week of</th>
                      {["Announced", "Compromised", "False alarm", "Expected change", "Not answered"].map((name) => (
                        <th key={name} scope="col" className="right">{name}</th>
                      ))}
                    </tr>
                  </thead>
                  <tbody>
                    {ledger.map((week) => (
                      <tr key={week.week}>
                        <td className="nowrap">{week.week}</td>
                        {[week.announced, week.compromised, week.safe, week.expected, week.unanswered].map((count, at) => (
                          <td key={at} className="right">{number(count)}</td>
                        ))}
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </details>
          )}
        </Panel>
      </div>
      <div className="two">
        <Panel title="What answers taught it">
          {weights.length === 0 ? (
            <p className="quiet-empty">Nothing yet: its weights are those it was trained with. Answers to incidents move them, a little for each.</p>
          ) : (
            <div className="table-scroll">
              <table className="table stacking">
                <thead>
                  <tr>
                    <th scope="col">Evidence of</th>
                    <th scope="col">Organisation</th>
                    <th scope="col">Counts</th>
                    <th scope="col" className="right">Answers</th>
                  </tr>
                </thead>
                <tbody>
                  {weights.map((weight) => (
                    <tr key={`${weight.tenant} ${weight.aspect}`}>
                      <th scope="row">{aspectName(weight.aspect)}</th>
                      <td className="log-text soft">{weight.tenant}</td>
                      <td>
                        <Factor factor={weight.factor} />
                      </td>
                      <td className="right" data-name="Answers">{number(weight.answers)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Panel>
        <Panel title="Its days" aside={days.length > 0 && <span className="small soft">{dayText(Date.parse(days[0]?.day ?? ""))} – {dayText(Date.parse(days[days.length - 1]?.day ?? ""))}</span>}>
          {days.length === 0 ? (
            <p className="quiet-empty">No day is scored yet.</p>
          ) : (
            <div className="day-lines">
              {([["Events", "events"], ["Active accounts", "accounts"], ["Incidents raised", "raised"]] as const).map(([name, key]) => {
                const values = days.map((day) => day[key]);
                return (
                  <div key={key} className="day-line">
                    <span>{name}</span>
                    <Sparkline values={values} label={`${name} by day`} width={150} height={30} />
                    <b className="numbers">{average(values)} a day</b>
                  </div>
                );
              })}
            </div>
          )}
        </Panel>
      </div>
    </>
  );
}

function average(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return mean < 10 ? mean.toFixed(1) : number(mean);
}

function ledgerWords(ledger: Detector["ledger"]): string {
  const sum = (key: "compromised" | "safe" | "announced") => ledger.reduce((total, week) => total + week[key], 0);
  const answered = sum("compromised") + sum("safe");
  return answered === 0 ? "" : `${number(sum("safe"))} false of ${number(answered)} judged`;
}

/** Show a factor: 1 is as trained, to the right an aspect counts more, to the left less. */
function Factor({ factor }: { factor: number }) {
  const length = Math.min(1, Math.abs(Math.log2(Math.max(factor, 0.01))) / 2) * 50;
  const isMore = factor >= 1;
  return (
    <span style={{ display: "inline-flex", alignItems: "center", gap: 10 }}>
      <span className={`weight-bar ${isMore ? "weight-more" : "weight-less"}`} aria-hidden="true">
        <i style={isMore ? { left: "50%", width: `${length}%` } : { right: "50%", width: `${length}%` }} />
      </span>
      <span className="numbers">× {factor.toFixed(2)}</span>
    </span>
  );
}
