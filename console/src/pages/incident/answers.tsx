/** The answers to this incident, each with a way to withdraw it. */
import { useState } from "react";
import { ApiError, get, remove } from "../../api/client";
import type { Answer, Incident } from "../../api/types";
import { announce } from "../../app/announce";
import { useMayAnswer } from "../../app/session";
import { Button } from "../../design/controls";
import { Icon } from "../../design/marks";
import { Panel } from "../../design/states";
import { aspectName, REACHES, VERDICTS } from "../../words/names";
import { day, exact, moment } from "../../words/times";

interface Props {
  incident: Incident;
  onChanged: (incident: Incident) => void;
  onAnswer: (() => void) | undefined;
}

export function Answers({ incident, onChanged, onAnswer }: Props) {
  const mayAnswer = useMayAnswer();
  const [fault, setFault] = useState<ApiError>();
  const withdraw = async (answer: Answer) => {
    try {
      await remove(`/api/answers/${encodeURIComponent(answer.id)}`);
      setFault(undefined);
      announce("Answer withdrawn");
      onChanged(await get<Incident>(`/api/incidents/${encodeURIComponent(incident.id)}`));
    } catch (error) {
      if (error instanceof ApiError) setFault(error);
    }
  };
  const answers = [...incident.answers].sort((one, other) => other.given_at.localeCompare(one.given_at));
  return (
    <Panel title="Answers">
      {fault && (
        <p className="filter-fault small" role="alert">
          {fault.message}
        </p>
      )}
      {answers.length === 0 && (
        <p className="soft small">
          Nobody has said yet what this was.
          {onAnswer && (
            <>
              {" "}
              <button type="button" className="unfold" onClick={onAnswer}>
                Answer
              </button>{" "}
              <kbd>e</kbd>
            </>
          )}
        </p>
      )}
      <ul className="answers">
        {answers.map((answer) => (
          <li key={answer.id} className={answer.standing ? "" : "is-past"}>
            <div className="answers-head">
              <span className={`answer answer-${answer.answer}`}>
                <Icon name={answer.standing ? "check" : "close"} />
                {VERDICTS[answer.answer]}
              </span>
              <span className="small soft" title={exact(answer.given_at)}>
                {answer.given_by}, {moment(answer.given_at)}
              </span>
              {answer.standing && mayAnswer && (
                <Button look="quiet" isSmall onPress={() => void withdraw(answer)}>
                  Withdraw
                </Button>
              )}
            </div>
            <p className="small soft log-text">{scopeWords(answer)}</p>
            {answer.note && <p className="small log-text answers-note">{answer.note}</p>}
            {answer.withdrawn_at && (
              <p className="small soft">
                Withdrawn by {answer.withdrawn_by}, {moment(answer.withdrawn_at)}
              </p>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function scopeWords(answer: Answer): string {
  const values = answer.scope.values.map((one) => `${aspectName(one.aspect).toLowerCase()} ${one.value}`).join(", ");
  const until = answer.expires_at ? `until ${day(answer.expires_at)}` : answer.answer === "compromised" ? "" : "without end";
  return [REACHES[answer.scope.reach], values, until].filter(Boolean).join(" · ");
}
