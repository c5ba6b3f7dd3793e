/** Unreadable records by problem code; each code opens to its records. */
import { useState } from "react";
import { usePages } from "../../api/resource";
import type { IngestHealth, Problem } from "../../api/types";
import { Button } from "../../design/controls";
import { Icon } from "../../design/marks";
import { Panel, Skeleton } from "../../design/states";
import { number, plural } from "../../words/numbers";
import { exact } from "../../words/times";
import { useParameter } from "../../app/router";

export function Problems({ problems, isEmpty }: { problems: IngestHealth["problems"]; isEmpty: boolean }) {
  const [open, setOpen] = useParameter("code");
  const total = problems.reduce((sum, problem) => sum + problem.count, 0);
  return (
    <Panel title="Problems" aside={<span className="small soft">{total > 0 ? `${plural(total, "record")} could not become events` : ""}</span>}>
      {problems.length === 0 ? (
        <p className="quiet-empty">{isEmpty ? "No record was read yet." : "Every record was understood."}</p>
      ) : (
        <ul className="problem-list">
          {problems.map((problem) => (
            <li key={problem.code}>
              <button type="button" className="problem-code" aria-expanded={open === problem.code} onClick={() => setOpen(open === problem.code ? null : problem.code)}>
                <Icon name="right" />
                <b>{number(problem.count)}</b>
                <code>{problem.code}</code>
                <span className="problem-example small log-text">{problem.example}</span>
              </button>
              {open === problem.code && <Rows code={problem.code} />}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Rows({ code }: { code: string }) {
  const pages = usePages<Problem>("/api/problems", { code }, 20);
  const [isAsked, setAsked] = useState(false);
  if (pages.loading) return <Skeleton rows={3} />;
  if (pages.error && pages.items.length === 0) {
    return (
      <p className="field-fault" role="alert">
        {pages.error.message}
      </p>
    );
  }
  if (pages.items.length === 0) return <p className="quiet-empty">The records themselves are no longer kept.</p>;
  return (
    <div className="problem-rows small">
      {pages.items.map((row, at) => (
        <div key={`${row.at} ${row.source_file} ${row.line} ${at}`}>
          <p className="problem-row">
            <span className="log-text">
            <b>
              {row.source_file}:{row.line}
            </b>{" "}
            {row.reason}
            {row.field && (
              <>
                {" "}
                in <code>{row.field}</code>
              </>
            )}
          </span>
          <time className="soft nowrap" dateTime={row.at}>
            read {exact(row.at)}
          </time>
          </p>
          {row.excerpt && (
            <pre className="log-text" tabIndex={0} role="region" aria-label={`Excerpt of ${row.source_file}, line ${row.line}`}>
              {row.excerpt}
            </pre>
          )}
        </div>
      ))}
      {pages.hasMore && (
        <div>
          <Button
            isSmall
            isDisabled={isAsked && pages.loadingMore}
            onPress={() => {
              setAsked(true);
              pages.more();
            }}
          >
            {pages.loadingMore ? "Fetching…" : "More"}
          </Button>
        </div>
      )}
    </div>
  );
}
