/** What was understood of an export, and what was refused and why. */
import type { DroppedExport } from "../../api/types";
import { number, plural } from "../../words/numbers";

export function Found({ item }: { item: DroppedExport }) {
  const refusedFiles = item.files.filter((file) => file.refused !== null);
  const sources = item.sources.filter((source) => source.records > 0);
  return (
    <>
      {sources.length > 0 && (
        <section aria-label={`Understood of ${item.name}`}>
          <h3>Understood</h3>
          <table className="table stacking">
            <thead>
              <tr>
                <th scope="col">Log</th>
                <th scope="col">Organisation</th>
                <th scope="col" className="right">
                  Records
                </th>
              </tr>
            </thead>
            <tbody>
              {sources.map((source) => (
                <tr key={`${source.kind} ${source.tenant}`}>
                  <td data-name="Log">{source.kind.replaceAll("_", " ")}</td>
                  <td data-name="Organisation" className="log-text">
                    {source.tenant || "not stated"}
                  </td>
                  <td data-name="Records" className="right numbers">
                    {number(source.records)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {item.refused.length + refusedFiles.length > 0 && (
        <section aria-label={`Refused of ${item.name}`}>
          <h3>Refused</h3>
          <ul className="read-refused small">
            {refusedFiles.map((file) => (
              <li key={file.sha256}>
                <b className="log-text">{file.name}</b>: {file.refused}
              </li>
            ))}
            {item.refused.map((problem) => (
              <li key={problem.code} className="log-text">
                <b>{plural(problem.count, "time")}</b> {problem.reason} <span className="soft">({problem.code}, for example in {problem.file})</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {item.files.length > 0 && (
        <details className="small">
          <summary>Files and their SHA-256 ({number(item.files.length)})</summary>
          <ul className="read-files">
            {item.files.map((file, place) => (
              <li key={place}>
                <span className="log-text">{file.name}</span>, {number(file.bytes)} bytes
                <code>{file.sha256}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
