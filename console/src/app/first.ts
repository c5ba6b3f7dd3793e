/** The first words of the page (`public/first.js`) go when the console shows as much; then the fonts come, which are large. */

const LONGEST_MILLISECONDS = 8_000;
/** What a page shows when it is there: its heading, a state such as an empty one, a form, or a fault. */
const SHOWN = "h1, h2, form, [role=alert]";

/** Remove the first words as soon as the console shows more than a skeleton in `root`. */
export function endFirstWords(root: HTMLElement): void {
  const first = document.getElementById("first");
  const since = performance.now();
  root.hidden = first !== null;
  const look = () => {
    // Incidents on the screen stay until as much is there; a mere "loading" makes room for the first heading.
    const isBetter = first?.querySelector("li") === null || root.querySelector(".skeleton") === null;
    const isThere = root.querySelector(SHOWN) !== null && isBetter;
    if (!isThere && performance.now() - since < LONGEST_MILLISECONDS) {
      requestAnimationFrame(look);
      return;
    }
    first?.remove();
    root.hidden = false;
    void import("../design/fonts.css");
  };
  look();
}
