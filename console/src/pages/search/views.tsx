/** Saved searches: open, create and delete them. */
import { useState, type FormEvent } from "react";
import { put, remove } from "../../api/client";
import { refresh } from "../../api/resource";
import type { View } from "../../api/types";
import { announce } from "../../app/announce";
import { Link } from "../../app/link";
import { searchAddress } from "../../app/router";
import { Button, Dialog } from "../../design/controls";
import { faultText } from "../parts/faults";

export function Views({ views, asked, mayChange }: { views: readonly View[]; asked: string; mayChange: boolean }) {
  const [fault, setFault] = useState<string>();
  const forget = async (view: View) => {
    try {
      await remove(`/api/views/${encodeURIComponent(view.name)}`);
      setFault(undefined);
      announce(`View ${view.name} removed`);
    } catch (problem) {
      setFault(faultText(problem));
    }
    refresh("/api/views");
  };
  if (views.length === 0) return null;
  return (
    <nav className="search-views" aria-label="Saved views">
      <span className="small soft">Views</span>
      {views.map((view) => (
        <span key={view.name} className="search-view" data-here={view.query === asked || undefined}>
          <Link href={searchAddress(view.query)} aria-current={view.query === asked ? "page" : undefined} title={view.query}>
            {view.name}
          </Link>
          {mayChange && <Button look="quiet" isSmall icon="close" aria-label={`Remove the view ${view.name}`} onPress={() => void forget(view)} />}
        </span>
      ))}
      {fault && (
        <span className="field-fault" role="alert">
          {fault}
        </span>
      )}
    </nav>
  );
}

export function SaveView({ query, isOpen, onClose }: { query: string; isOpen: boolean; onClose: () => void }) {
  const [name, setName] = useState("");
  const [fault, setFault] = useState<string>();
  const save = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await put(`/api/views/${encodeURIComponent(name.trim())}`, { query });
      refresh("/api/views");
      announce(`View ${name.trim()} saved`);
      setName("");
      setFault(undefined);
      onClose();
    } catch (problem) {
      setFault(faultText(problem));
    }
  };
  return (
    <Dialog title="Save this search as a view" isOpen={isOpen} onClose={onClose}>
      <form className="form" onSubmit={(event) => void save(event)}>
        <p>
          <code className="log-text">{query}</code>
        </p>
        <div className="field">
          <label htmlFor="view-name">Its name</label>
          <input id="view-name" className="input" value={name} maxLength={80} required autoFocus autoComplete="off" onChange={(event) => setName(event.target.value)} />
        </div>
        {fault && (
          <p className="field-fault" role="alert">
            {fault}
          </p>
        )}
        <div>
          <Button look="primary" type="submit" isDisabled={name.trim() === ""}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
