/** Take files that are dropped anywhere onto the pages. */
import { useEffect, useState } from "react";
import { Icon } from "../design/marks";
import { announce } from "./announce";
import { navigate } from "./router";
import { sendExport } from "./sending";
import "./drop-zone.css";

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;

/** Read files: show how far it is, on its page. */
export function readFiles(files: readonly File[]): void {
  if (files.length === 0) return;
  announce("The export is sent");
  navigate("/read");
  void sendExport(files);
}

export function DropZone() {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const enter = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth += 1;
      setOver(true);
    };
    const over = (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault();
    };
    const leave = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth = Math.max(depth - 1, 0);
      if (depth === 0) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      readFiles([...(event.dataTransfer?.files ?? [])]);
    };
    const heard = { dragenter: enter, dragover: over, dragleave: leave, drop } as const;
    for (const [name, listener] of Object.entries(heard)) window.addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(heard)) window.removeEventListener(name, listener as EventListener);
    };
  }, []);
  if (!isOver) return null;
  return (
    <div className="drop-veil" aria-hidden="true">
      <div>
        <Icon name="download" />
        <b>Drop the export to read it</b>
        <span>CSV, JSON, JSONL or ZIP. What is shown now stays as it is.</span>
      </div>
    </div>
  );
}
