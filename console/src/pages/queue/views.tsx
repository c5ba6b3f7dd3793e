/** Saved views: named sets of filters. */
import { useState } from "react";
import { ApiError, put, remove } from "../../api/client";
import { useResource } from "../../api/resource";
import type { View } from "../../api/types";
import { announce } from "../../app/announce";
import { navigate } from "../../app/router";
import { useMayAnswer } from "../../app/session";
import { Button, Dialog, download, Menu, type MenuChoice } from "../../design/controls";
import { Icon } from "../../design/marks";

const PATH = "/api/views";

/** Return the URL's filters without the selected incident. */
function currentQuery(): string {
  const parameters = new URLSearchParams(window.location.search);
  parameters.delete("incident");
  return parameters.toString();
}

export function Views() {
  const { data, reload } = useResource<{ items: View[] }>(PATH);
  const [isOpen, setOpen] = useState(false);
  const maySave = useMayAnswer();
  const views = data?.items ?? [];
  const here = currentQuery();
  const choices: MenuChoice[] = views.map((view) => ({
    id: `view ${view.name}`,
    label: view.name,
    icon: "star",
    isChosen: view.query === here,
    run: () => navigate(view.query ? `/?${view.query}` : "/"),
  }));
  if (maySave) choices.push({ id: "save", label: views.length > 0 ? "Save or remove views…" : "Save this view…", icon: "plus", run: () => setOpen(true) });
  choices.push({ id: "csv", label: "Export this list (CSV)", icon: "download", run: () => download(`/api/incidents.csv?${here}`) });
  return (
    <>
      <Menu label="Saved views" choices={choices}>
        <Icon name="star" />
        <span className="views-label">Views</span>
      </Menu>
      <SaveView isOpen={isOpen} views={views} onClose={() => setOpen(false)} onChanged={reload} />
    </>
  );
}

interface SaveProps {
  isOpen: boolean;
  views: readonly View[];
  onClose: () => void;
  onChanged: () => void;
}

function SaveView({ isOpen, views, onClose, onChanged }: SaveProps) {
  const [name, setName] = useState("");
  const [fault, setFault] = useState<ApiError>();
  const attempt = async (work: Promise<unknown>, said: string) => {
    try {
      await work;
      setFault(undefined);
      announce(said);
      onChanged();
      return true;
    } catch (error) {
      if (error instanceof ApiError) setFault(error);
      return false;
    }
  };
  const save = async () => {
    const wanted = name.trim();
    if (wanted === "") return;
    if (!(await attempt(put(`${PATH}/${encodeURIComponent(wanted)}`, { query: currentQuery() }), `Saved as ${wanted}`))) return;
    setName("");
    onClose();
  };
  return (
    <Dialog
      title="Save this view"
      isOpen={isOpen}
      onClose={onClose}
      foot={
        <>
          <Button onPress={onClose}>Cancel</Button>
          <Button look="primary" isDisabled={name.trim() === ""} onPress={() => void save()}>
            Save
          </Button>
        </>
      }
    >
      <form
        className="field"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label htmlFor="view-name">Name</label>
        <input id="view-name" className="input" autoFocus maxLength={60} value={name} onChange={(event) => setName(event.target.value)} />
        <p className="small soft log-text">
          Keeps <code>{currentQuery() || "the queue without filters"}</code>
        </p>
        {fault && (
          <p className="filter-fault small" role="alert">
            {fault.message}
          </p>
        )}
      </form>
      {views.length > 0 && (
        <ul className="views-kept">
          {views.map((view) => (
            <li key={view.name}>
              <span className="clip">{view.name}</span>
              <Button
                look="quiet"
                isSmall
                icon="close"
                aria-label={`Remove ${view.name}`}
                onPress={() => void attempt(remove(`${PATH}/${encodeURIComponent(view.name)}`), `Removed ${view.name}`)}
              />
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
