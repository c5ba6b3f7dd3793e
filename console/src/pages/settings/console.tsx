/** Appearance and keyboard settings, stored in this browser. */
import { setSingleKeys, useSingleKeys } from "../../app/keys";
import { useSession } from "../../app/session";
import { setTheme, useTheme, type Theme } from "../../app/theme";
import { setZone, useZone } from "../../app/zone";
import { zoneText, type Zone } from "../../charts/time";
import { Segments } from "../../design/controls";
import { Panel } from "../../design/states";

export function Console() {
  const theme = useTheme();
  const keys = useSingleKeys();
  const zone = useZone();
  const session = useSession();
  return (
    <Panel title="This console" aside={<span className="badge">Seawall {session.version}</span>}>
      <div>
        <div className="settings-line">
          <div>
            <b>Colours</b>
            <p className="small soft">Both have been checked for contrast; nothing is told by colour alone.</p>
          </div>
          <Segments<Theme>
            label="Colours"
            value={theme}
            options={[
              { value: "light", label: "Light" },
              { value: "dark", label: "Dark" },
              { value: "system", label: "As the system" },
            ]}
            onChange={setTheme}
          />
        </div>
        <div className="settings-line">
          <div>
            <b id="keys-name">Single keys</b>
            <p className="small soft">
              j, k, e and the others. Off, they cannot be pressed by accident, or by speech input; <kbd>Ctrl</kbd> <kbd>K</kbd> still opens everything.
            </p>
          </div>
          <Segments<"on" | "off">
            label="Single keys"
            value={keys ? "on" : "off"}
            options={[
              { value: "on", label: "On" },
              { value: "off", label: "Off" },
            ]}
            onChange={(value) => setSingleKeys(value === "on")}
          />
        </div>
        <div className="settings-line">
          <div>
            <b>Time in drawings</b>
            <p className="small soft">
              Your zone is {zoneText("local")}. Whatever is written in words, in records and in exports stays in UTC, and says so.
            </p>
          </div>
          <Segments<Zone>
            label="Time in drawings"
            value={zone}
            options={[
              { value: "UTC", label: "UTC" },
              { value: "local", label: "My zone" },
            ]}
            onChange={setZone}
          />
        </div>
      </div>
    </Panel>
  );
}
