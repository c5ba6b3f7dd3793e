/** The starred records of an incident, and the report and summary that are made from it. */
import { announce } from "../../app/announce";
import { useMayAnswer } from "../../app/session";
import { Button, download } from "../../design/controls";
import { Panel } from "../../design/states";
import { exact, moment } from "../../words/times";
import { useHandling } from "./handling-state";

export function StarredRecords({ id }: { id: string }) {
  const { data, send } = useHandling(id);
  const mayChange = useMayAnswer();
  const save = (file: string) => {
    download(`/api/incidents/${encodeURIComponent(id)}/${file}`);
    announce("The file is being saved");
  };
  return (
    <Panel title="Report">
      <p className="small">
        Starred records, story, timeline, tasks and comments in one file; or one page in plain words for whoever decides.
      </p>
      <div className="handling-files">
        <Button isSmall icon="download" onPress={() => save("report.html")}>
          Report, HTML
        </Button>
        <Button isSmall icon="download" onPress={() => save("report.pdf")}>
          Report, PDF
        </Button>
        <Button isSmall icon="download" onPress={() => save("summary.pdf")}>
          One-page summary, PDF
        </Button>
      </div>
      <h3 className="small">Starred records</h3>
      {data?.stars.length === 0 && (
        <p className="soft small">None yet. {mayChange ? "Open a record above, star it, and say why it matters." : "Analysts star the records that matter."}</p>
      )}
      <ul className="stars">
        {data?.stars.map((star) => (
          <li key={star.id}>
            <p className="small">
              <span className="numbers" title={exact(star.time)}>
                {moment(star.time)} UTC
              </span>{" "}
              <span className="log-text">{star.words || star.record}</span>
              {mayChange && (
                <Button look="quiet" isSmall icon="close" aria-label={`Remove the star of ${moment(star.time)}`} onPress={() => void send("DELETE", `stars/${star.id}`, {}, "Star removed")} />
              )}
            </p>
            {star.remark && <p className="log-text">{star.remark}</p>}
            <p className="tiny soft log-text">Starred by {star.given_by}</p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
