/** Words for people who do not see the page change. */
const LIVE_REGION = "live-region";

/** Say it once, when the reader pauses. The region itself is part of the shell. */
export function announce(text: string): void {
  const region = document.getElementById(LIVE_REGION);
  if (region === null) return;
  region.textContent = "";
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}
