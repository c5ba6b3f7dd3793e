/** The tasks of an incident: what is to do, who does it, until when. */
import { useState, type FormEvent } from "react";
import type { HandlingValue, TaskValue } from "../../api/types";
import { Button } from "../../design/controls";
import { Panel } from "../../design/states";
import { moment } from "../../words/times";
import { Fault } from "./fault";
import { fromField, type Refused, type Send } from "./handling-state";
import { Overdue } from "./overdue";

interface Props {
  value: HandlingValue;
  send: Send;
  refused: Refused | undefined;
  mayChange: boolean;
}

export function Tasks({ value, send, refused, mayChange }: Props) {
  const open = value.tasks.filter((task) => task.done_at === null).length;
  return (
    <Panel title="Tasks" aside={value.tasks.length > 0 && <span className="small soft">{open} open</span>}>
      <Fault refused={refused} part="tasks" />
      {value.tasks.length === 0 && <p className="soft small">No task yet. Write down who does what, so that nothing is done twice or not at all.</p>}
      <ul className="tasks">
        {value.tasks.map((task) => (
          <Task key={task.id} task={task} send={send} mayChange={mayChange} />
        ))}
      </ul>
      {mayChange && <NewTask send={send} />}
    </Panel>
  );
}

function Task({ task, send, mayChange }: { task: TaskValue; send: Send; mayChange: boolean }) {
  const isDone = task.done_at !== null;
  const mark = (done: boolean) =>
    void send("PUT", `tasks/${task.id}`, { version: task.version, title: task.title, assignee: task.assignee, due_at: task.due_at, done }, done ? "Task done" : "Task open again");
  const facts = [
    task.assignee ?? "nobody yet",
    task.due_at && `until ${moment(task.due_at)} UTC`,
    isDone && `done ${moment(task.done_at ?? "")} UTC by ${task.done_by}`,
  ].filter(Boolean);
  return (
    <li className={isDone ? "is-done" : ""}>
      <label className="task">
        <input type="checkbox" checked={isDone} disabled={!mayChange} onChange={(event) => mark(event.target.checked)} />
        <span className="log-text">{task.title}</span>
      </label>
      <p className="small soft log-text">
        {facts.join(" · ")} {task.overdue && <Overdue />}
        {mayChange && (
          <Button look="quiet" isSmall icon="close" aria-label={`Remove the task ${task.title}`} onPress={() => void send("DELETE", `tasks/${task.id}`, {}, "Task removed")} />
        )}
      </p>
    </li>
  );
}

function NewTask({ send }: { send: Send }) {
  const [title, setTitle] = useState("");
  const [assignee, setAssignee] = useState("");
  const [due, setDue] = useState("");
  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (await send("POST", "tasks", { title, assignee: assignee.trim() || null, due_at: fromField(due) }, "Task added")) {
      setTitle("");
      setAssignee("");
      setDue("");
    }
  };
  return (
    <form className="handling-form" onSubmit={(event) => void add(event)}>
      <div className="field is-wide">
        <label htmlFor="task-title">New task</label>
        <input id="task-title" className="input" value={title} maxLength={300} autoComplete="off" onChange={(event) => setTitle(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="task-assignee">Who</label>
        <input id="task-assignee" className="input" value={assignee} maxLength={100} list="handling-people" autoComplete="off" spellCheck={false} onChange={(event) => setAssignee(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="task-due">Until, UTC</label>
        <input id="task-due" className="input" type="datetime-local" value={due} onChange={(event) => setDue(event.target.value)} />
      </div>
      <div className="handling-save">
        <Button type="submit" isSmall>
          Add the task
        </Button>
      </div>
    </form>
  );
}
