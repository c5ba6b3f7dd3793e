/* Show the first incidents while the console's program is on its way: on a slow line that takes seconds. `main.tsx` takes over. */
(function () {
  "use strict";
  const MOST = 8;
  const SEVERITIES = ["critical", "high", "medium", "low"];
  const place = document.getElementById("first");
  if (place === null || location.pathname !== "/") return;
  try {
    const theme = localStorage.getItem("seawall-theme");
    if (theme === "light" || theme === "dark") document.documentElement.setAttribute("data-theme", theme);
  } catch {
    /* Private windows may forbid storage: the system's theme is right too. */
  }

  function show(rows) {
    const list = document.createElement("ol");
    for (const row of rows.sort((one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity))) {
      const line = document.createElement("li");
      const link = document.createElement("a");
      const severity = document.createElement("b");
      severity.className = "first-" + row.severity;
      severity.textContent = row.severity;
      link.href = "/incidents/" + encodeURIComponent(row.id);
      link.textContent = row.title;
      line.append(severity, " ", link);
      list.append(line);
    }
    const said = place.querySelector("p");
    if (said !== null) said.textContent = rows.length > 0 ? "The strongest incidents; the rest is loading." : "Loading the console.";
    place.append(list);
  }

  fetch("/api/incidents?queue=open&sort=score&limit=" + MOST, { headers: { accept: "application/json" }, credentials: "same-origin" })
    .then((answer) => (answer.ok ? answer.json() : null))
    .then((page) => {
      if (page !== null && document.getElementById("first") === place) show(page.items);
    })
    .catch(() => undefined);
})();
