/** The command palette: all pages, all currently bound commands, and accounts by name. */
import { useEffect, useMemo, useRef, useState } from "react";
import { get } from "../api/client";
import type { AccountRow, Page } from "../api/types";
import { Dialog } from "../design/controls";
import { Icon, type IconName } from "../design/marks";
import { boundKeys } from "./keys";
import type { Place } from "./places";
import { accountAddress, navigate, searchAddress } from "./router";
import "./palette.css";

interface Command {
  id: string;
  label: string;
  hint?: string;
  keys?: string;
  icon: IconName;
  run: () => void;
}

function matches(label: string, words: string): boolean {
  const text = label.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export function Palette({ isOpen, onClose, places }: { isOpen: boolean; onClose: () => void; places: readonly Place[] }) {
  return (
    <Dialog title="Command palette" look="palette" isOpen={isOpen} onClose={onClose}>
      <Commands onClose={onClose} places={places} />
    </Dialog>
  );
}

function Commands({ onClose, places }: { onClose: () => void; places: readonly Place[] }) {
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const [accounts, setAccounts] = useState<AccountRow[]>([]);
  const list = useRef<HTMLUListElement>(null);

  const fixed = useMemo<Command[]>(() => {
    const bound = boundKeys().filter((binding) => binding.group !== "Go to" && !binding.isKeyOnly);
    return [
      ...bound.map<Command>((binding) => ({
        id: `key ${binding.keys}`,
        label: binding.label,
        keys: binding.keys,
        icon: "right",
        run: () => binding.run(new KeyboardEvent("keydown")),
      })),
      ...places.map<Command>((place) => ({
        id: `go ${place.path}`,
        label: `Go to ${place.label.toLowerCase()}`,
        keys: `g ${place.key}`,
        icon: place.icon,
        run: () => navigate(place.path),
      })),
    ];
  }, [places]);

  useEffect(() => {
    const asked = words.trim();
    if (asked.length < 2) {
      setAccounts([]);
      return undefined;
    }
    const aborting = new AbortController();
    const timer = setTimeout(() => {
      get<Page<AccountRow>>("/api/accounts", { q: asked, limit: 6 }, aborting.signal)
        .then((page) => setAccounts(page.items))
        .catch(() => undefined);
    }, 120);
    return () => {
      clearTimeout(timer);
      aborting.abort();
    };
  }, [words]);

  const asked = words.trim();
  const commands: Command[] = [
    ...fixed.filter((command) => asked === "" || matches(command.label, asked)),
    ...accounts.map<Command>((row) => ({
      id: `account ${row.tenant} ${row.account}`,
      label: row.account,
      hint: row.tenant,
      icon: "user",
      run: () => navigate(accountAddress(row.tenant, row.account)),
    })),
    ...(asked === "" ? [] : [{ id: "search", label: `Search incidents for “${asked}”`, icon: "search" as const, run: () => navigate(searchAddress(asked)) }]),
  ];
  const chosen = Math.min(at, commands.length - 1);

  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    onClose();
    // Wait until the dialog has returned the focus.
    setTimeout(command.run, 0);
  };

  return (
    <>
      <div className="palette-field">
        <Icon name="search" />
        <input
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={commands.length > 0 ? `palette-${chosen}` : undefined}
          aria-label="Command or account"
          placeholder="A page, a command, an account…"
          value={words}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            setWords(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") setAt((chosen + 1) % commands.length);
            else if (event.key === "ArrowUp") setAt((chosen - 1 + commands.length) % commands.length);
            else if (event.key === "Enter") run(commands[chosen]);
            else return;
            event.preventDefault();
          }}
        />
      </div>
      <ul id="palette-list" ref={list} className="palette-list" role="listbox" aria-label="Commands">
        {commands.map((command, index) => (
          <li
            key={command.id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            className="palette-item"
            onPointerMove={() => setAt(index)}
            onClick={() => run(command)}
          >
            <Icon name={command.icon} />
            <span className="clip log-text">{command.label}</span>
            {command.hint && <span className="soft small clip">{command.hint}</span>}
            {command.keys && (
              <span className="palette-keys">
                {command.keys.split(" ").map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </span>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
