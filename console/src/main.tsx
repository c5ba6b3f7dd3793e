/** The entry point: theme before the first paint, keyboard, then the application. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { endFirstWords } from "./app/first";
import { startKeyboard } from "./app/keys";
import { showStoredTheme } from "./app/theme";
import "./design/tokens.css";
import "./design/base.css";
import "./app/print.css";

showStoredTheme();
startKeyboard();

const root = document.getElementById("root");
if (root === null) throw new Error("no root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

endFirstWords(root);
