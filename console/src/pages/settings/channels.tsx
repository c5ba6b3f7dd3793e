/** Channels that get messages: what each gets, and a button that tests one. */
import { useState } from "react";
import { post } from "../../api/client";
import { useResource } from "../../api/resource";
import type { ChannelList, ChannelTestResults } from "../../api/types";
import { announce } from "../../app/announce";
import { Button } from "../../design/controls";
import { ErrorState, Panel, Skeleton } from "../../design/states";
import { useDoing } from "./doing";
import { Said } from "./said";

export function Channels() {
  const channels = useResource<ChannelList>("/api/channels");
  const { isBusy, fault, attempt } = useDoing();
  const [answers, setAnswers] = useState<Record<string, ChannelTestResults["items"]>>({});
  const test = (name: string) =>
    void attempt(async () => {
      const { items } = await post<ChannelTestResults>(`/api/channels/${encodeURIComponent(name)}/test`);
      setAnswers((before) => ({ ...before, [name]: items }));
      announce(items.every((one) => one.accepted) ? "The test message was accepted" : "The test message was not accepted");
    });
  if (channels.error && channels.data === undefined) return <ErrorState error={channels.error} onRetry={channels.reload} />;
  if (channels.data === undefined) return <Skeleton rows={4} />;
  return (
    <Panel title="Channels">
      {channels.data.items.length === 0 && (
        <p className="quiet-empty">
          {channels.data.has_file ? "The channels file has none." : "None is set up."} Start with <code>seawall serve --channels FILE</code>: mail, Slack, Teams, PagerDuty, tickets, SIEM.
        </p>
      )}
      {channels.data.items.map((one) => (
        <div key={one.name} className="settings-line">
          <div>
            <b className="log-text">{one.name}</b> <span className="soft">{one.channel}</span>
            <p className="small soft">
              incidents from {one.severity} on · {one.organisations.length > 0 ? one.organisations.join(", ") : "all organisations"} · {one.kinds.join(", ")}
            </p>
            <div role="status">
              {answers[one.name]?.map((answer) => (
                <p key={answer.target} className="small log-text">
                  {answer.accepted ? "Accepted: look whether the message is there." : `Not accepted: ${answer.reason}`}
                </p>
              ))}
            </div>
          </div>
          <Button isSmall isDisabled={isBusy} aria-label={`Send a test message to ${one.name}`} onPress={() => test(one.name)}>
            {isBusy ? "Sending…" : "Test"}
          </Button>
        </div>
      ))}
      <Said fault={fault} />
    </Panel>
  );
}
