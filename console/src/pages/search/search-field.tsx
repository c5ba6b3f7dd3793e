/** The search box, which completes fields and values. */
import { useId, useRef, useState, type KeyboardEvent } from "react";
import { Icon } from "../../design/marks";
import { suggestions, wordAt, type Suggestion } from "./fields";

interface SearchFieldProps {
  value: string;
  onChange: (value: string) => void;
  onSearch: (value: string) => void;
  /** Values that the server knows, by field. */
  known: Record<string, readonly string[]>;
  /** The id of the element that says what was not understood. */
  fault: string | undefined;
}

export function SearchField({ value, onChange, onSearch, known, fault }: SearchFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [cursor, setCursor] = useState(value.length);
  const { start, word } = wordAt(value, Math.min(cursor, value.length));
  const offered = word === "" && value !== "" ? [] : suggestions(word, known);
  const isShown = isOpen && offered.length > 0;

  const take = (suggestion: Suggestion) => {
    const before = `${value.slice(0, start)}${suggestion.text}${suggestion.isWhole ? " " : ""}`;
    onChange(before + value.slice(cursor).replace(/^\s+/, ""));
    setActive(-1);
    setCursor(before.length);
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(before.length, before.length);
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!isShown) setOpen(true);
      else {
        const step = event.key === "ArrowDown" ? 1 : -1;
        setActive((active + step + offered.length + (active < 0 && step < 0 ? 1 : 0)) % offered.length);
      }
    } else if (event.key === "Enter" || (event.key === "Tab" && isShown && active >= 0)) {
      const chosen = offered[active];
      if (isShown && chosen !== undefined) take(chosen);
      else {
        setOpen(false);
        onSearch(value);
      }
    } else if (event.key === "Escape" && isShown) {
      setOpen(false);
      setActive(-1);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const follow = () => setCursor(input.current?.selectionStart ?? value.length);
  return (
    <div className="search-box">
      <label className="visually-hidden" htmlFor={id}>
        Search incidents, records and accounts
      </label>
      <Icon name="search" />
      <input
        ref={input}
        id={id}
        className="search-input mono"
        type="text"
        role="combobox"
        aria-expanded={isShown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isShown && active >= 0 ? `${id}-${active}` : undefined}
        aria-invalid={fault !== undefined}
        aria-describedby={fault}
        value={value}
        placeholder="network:hosting -severity:low is:open"
        autoComplete="off"
        spellCheck={false}
        maxLength={1000}
        onChange={(event) => {
          onChange(event.target.value);
          setCursor(event.target.selectionStart ?? event.target.value.length);
          setOpen(true);
          setActive(-1);
        }}
        onKeyDown={onKeyDown}
        onKeyUp={follow}
        onClick={() => {
          follow();
          setOpen(true);
        }}
        onBlur={() => setOpen(false)}
      />
      <ul id={`${id}-list`} role="listbox" aria-label="Completions" className="search-offers popover" hidden={!isShown}>
        {offered.map((suggestion, at) => (
          <li
            key={suggestion.text}
            id={`${id}-${at}`}
            role="option"
            aria-selected={at === active}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(suggestion)}
          >
            <code>{suggestion.text}</code>
            <span className="soft small">{suggestion.about}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
