/** Announcements for screen readers. */
const LIVE_REGION = "live-region";

/** Announce a text once, politely. The live region is part of the shell. */
export function announce(text: string): void {
  const region = document.getElementById(LIVE_REGION);
  if (region === null) return;
  region.textContent = "";
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}
