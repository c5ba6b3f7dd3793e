/** The first words of the page (`public/first.js`) go when the console shows as much; then the fonts come, which are large. */

const LONGEST_MILLISECONDS = 20_000;

/** Remove the first words as soon as the console shows more than a skeleton in `root`. */
export function endFirstWords(root: HTMLElement): void {
  const first = document.getElementById("first");
  const since = performance.now();
  root.hidden = first !== null;
  const look = () => {
    const isThere = root.querySelector("h1") !== null && root.querySelector(".skeleton") === null;
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
