/** The dialog of keyboard shortcuts, with a switch to disable single keys. */
import { Dialog } from "../design/controls";
import { boundKeys, setSingleKeys, useSingleKeys, type Binding } from "./keys";

const NAMES: Record<string, string> = { "mod+k": navigator.platform.startsWith("Mac") ? "⌘ K" : "Ctrl K" };

function groups(bindings: readonly Binding[]): [string, Binding[]][] {
  const found = new Map<string, Binding[]>();
  // If two keys have the same effect, show only the first.
  const isFirst = (one: Binding, at: number) => bindings.findIndex((other) => other.label === one.label && other.group === one.group) === at;
  for (const binding of bindings.filter(isFirst)) found.set(binding.group, [...(found.get(binding.group) ?? []), binding]);
  return [...found];
}

export function KeyHelp({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const on = useSingleKeys();
  return (
    <Dialog title="Keys" isOpen={isOpen} onClose={onClose} isWide>
      {isOpen && (
        <div className="keys-groups">
          {groups(boundKeys()).map(([group, bindings]) => (
            <section key={group}>
              <h3>{group}</h3>
              <ul>
                {bindings.map((binding) => (
                  <li key={binding.keys}>
                    <span>{binding.label}</span>
                    <span>
                      {(NAMES[binding.keys] ?? binding.keys).split(" ").map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </span>
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </div>
      )}
      <label className="keys-switch">
        <input type="checkbox" checked={on} onChange={(event) => setSingleKeys(event.target.checked)} />
        Single keys do something (Ctrl K always does)
      </label>
    </Dialog>
  );
}
