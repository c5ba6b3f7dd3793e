/** Comments on an incident; authors and admins change and remove them. */
import { useState, type FormEvent } from "react";
import type { CommentValue, HandlingValue } from "../../api/types";
import { Button } from "../../design/controls";
import { Panel } from "../../design/states";
import { exact, moment } from "../../words/times";
import { Fault } from "./fault";
import type { Refused, Send } from "./handling-state";

const LONGEST = 4000;

interface Props {
  value: HandlingValue;
  send: Send;
  refused: Refused | undefined;
  mayChange: boolean;
}

export function Comments({ value, send, refused, mayChange }: Props) {
  return (
    <Panel title="Comments">
      <Fault refused={refused} part="comments" />
      {value.comments.length === 0 && <p className="soft small">No comment yet.{mayChange && " Write down what you found, for whoever takes over."}</p>}
      <ul className="comments">
        {value.comments.map((comment) => (
          <Comment key={`${comment.id} ${comment.version}`} comment={comment} send={send} />
        ))}
      </ul>
      {mayChange && <NewComment send={send} />}
    </Panel>
  );
}

function Comment({ comment, send }: { comment: CommentValue; send: Send }) {
  const [text, setText] = useState<string>();
  const save = (event: FormEvent) => {
    event.preventDefault();
    void send("PUT", `comments/${comment.id}`, { version: comment.version, text }, "Comment changed");
  };
  return (
    <li>
      <p className="small soft" title={exact(comment.given_at)}>
        <b className="log-text">{comment.given_by}</b>, {moment(comment.given_at)} UTC{comment.changed_at && ", changed"}
      </p>
      {text === undefined ? (
        <p className="comment-text log-text">{comment.text}</p>
      ) : (
        <form onSubmit={save}>
          <textarea className="input" aria-label="Comment" rows={4} maxLength={LONGEST} value={text} onChange={(event) => setText(event.target.value)} />
          <Button type="submit" isSmall look="primary">
            Save
          </Button>{" "}
          <Button isSmall onPress={() => setText(undefined)}>
            Cancel
          </Button>
        </form>
      )}
      {comment.own && text === undefined && (
        <p>
          <Button look="quiet" isSmall onPress={() => setText(comment.text)}>
            Change
          </Button>
          <Button look="quiet" isSmall onPress={() => void send("DELETE", `comments/${comment.id}`, {}, "Comment removed")}>
            Remove
          </Button>
        </p>
      )}
    </li>
  );
}

function NewComment({ send }: { send: Send }) {
  const [text, setText] = useState("");
  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (await send("POST", "comments", { text }, "Comment added")) setText("");
  };
  return (
    <form className="field" onSubmit={(event) => void add(event)}>
      <label htmlFor="new-comment" className="small">
        New comment
      </label>
      <textarea id="new-comment" className="input" rows={3} maxLength={LONGEST} value={text} onChange={(event) => setText(event.target.value)} />
      <div>
        <Button type="submit" isSmall>
          Add the comment
        </Button>
      </div>
    </form>
  );
}
