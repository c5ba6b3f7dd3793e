/** Six colours, each with its own texture, so that categories differ without colour too; the seventh is "other". */

export const CATEGORIES = 6;

/** Define the textures of one chart; `id` separates the charts on a page. */
export function Textures({ id }: { id: string }) {
  return (
    <defs>
      {TEXTURES.map((path, at) => (
        <pattern key={at} id={`${id}-${at}`} width="6" height="6" patternUnits="userSpaceOnUse">
          <rect className={`chart-fill-${at}`} width="6" height="6" />
          {path ? <path className="chart-texture" d={path} /> : null}
        </pattern>
      ))}
    </defs>
  );
}

export function textureOf(id: string, category: number): string {
  return `url(#${id}-${Math.min(category, CATEGORIES)})`;
}

const TEXTURES = [
  "",
  "M-1 1l2 -2M0 6l6 -6M5 7l2 -2",
  "M1.5 1.5h1.6M4.5 4.5h1.6",
  "M0 1.5h6M0 4.5h6",
  "M-1 5l2 2M0 0l6 6M5 -1l2 2",
  "M1.5 0v6M4.5 0v6",
  "",
];

export function Swatch({ id, category }: { id: string; category: number }) {
  return (
    <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
      <rect x="1" y="1" width="12" height="12" rx="2" fill={textureOf(id, category)} />
    </svg>
  );
}
