/** A virtual list of any length: only visible rows exist, and more are fetched near the end. */
import { defaultRangeExtractor, useVirtualizer, type Range } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { Paged } from "../../api/resource";
import { Button } from "../../design/controls";
import { ErrorState, Skeleton } from "../../design/states";
import { number, plural } from "../../words/numbers";
import "./page.css";

export interface Column<T> {
  name: string;
  cell: (item: T) => ReactNode;
  isRight?: boolean;
}

interface LongListProps<T> {
  /** The list's name, for screen readers. */
  label: string;
  pages: Paged<T>;
  columns: readonly Column<T>[];
  /**
   * Class that sets `grid-template-columns` of head and rows; `--narrow` columns are set in the page's own styles.
   */
  className: string;
  keyOf: (item: T) => string;
  /** Height of a row in pixels; it may be larger in a narrow window. */
  rowHeight: number;
  narrowHeight?: number;
  height: string;
  rowClass?: (item: T) => string;
  onOpen: (item: T) => void;
  empty: ReactNode;
  /** Singular and plural of an item: "account", "accounts". */
  noun: [one: string, many: string];
}

export function LongList<T>(props: LongListProps<T>) {
  const { label, pages, columns, className, keyOf, height, rowClass, onOpen, noun } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const isNarrow = useIsNarrow();
  const rowHeight = isNarrow ? props.narrowHeight ?? props.rowHeight : props.rowHeight;
  const [active, setActive] = useState(0);
  const wantsFocus = useRef(false);
  const isHere = active < pages.items.length;
  // Keep the focused row mounted when it is scrolled out of view, so that the focus is not lost.
  const rangeExtractor = useCallback(
    (range: Range) => {
      const shown = defaultRangeExtractor(range);
      if (!isHere || shown.includes(active)) return shown;
      return active < (shown[0] ?? 0) ? [active, ...shown] : [...shown, active];
    },
    [active, isHere],
  );
  const virtual = useVirtualizer({
    count: pages.items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    rangeExtractor,
  });
  useLayoutEffect(() => {
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    scroller.current?.querySelector<HTMLElement>(`[data-index="${active}"]`)?.focus({ preventScroll: true });
  });
  useEffect(() => virtual.measure(), [rowHeight, virtual]);
  const rows = virtual.getVirtualItems();
  const last = virtual.range?.endIndex ?? 0;
  useEffect(() => {
    if (pages.hasMore && !pages.loadingMore && !pages.error && last >= pages.items.length - 40) pages.more();
  }, [last, pages]);

  if (pages.loading) return <Skeleton rows={8} height={rowHeight - 14} />;
  if (pages.error && pages.items.length === 0) return <ErrorState error={pages.error} onRetry={pages.reload} />;
  if (pages.items.length === 0) return <>{props.empty}</>;

  const go = (index: number) => {
    const at = Math.max(0, Math.min(pages.items.length - 1, index));
    wantsFocus.current = at !== active;
    setActive(at);
    virtual.scrollToIndex(at);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const visible = Math.max(1, Math.floor((scroller.current?.clientHeight ?? rowHeight) / rowHeight) - 1);
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: visible, PageUp: -visible, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    go(step === -Infinity ? 0 : step === Infinity ? pages.items.length - 1 : active + step);
  };
  return (
    <div className={`grid ${className}`} role="grid" aria-label={label} aria-rowcount={pages.total ?? -1} aria-colcount={columns.length}>
      <div role="rowgroup">
        <div className="grid-head" role="row" aria-rowindex={1}>
          {columns.map((column) => (
            <div key={column.name} role="columnheader" className={column.isRight ? "right" : undefined}>
              {column.name}
            </div>
          ))}
        </div>
      </div>
      <div ref={scroller} className="grid-scroll" style={{ maxHeight: height }} onKeyDown={onKeyDown} role="rowgroup">
        <div className="grid-space" style={{ height: virtual.getTotalSize() }} role="presentation">
          {rows.map((row) => {
            const item = pages.items[row.index];
            if (item === undefined) return null;
            return (
              <div
                key={keyOf(item)}
                data-index={row.index}
                role="row"
                aria-rowindex={row.index + 2}
                tabIndex={row.index === active || (!isHere && row.index === 0) ? 0 : -1}
                className={`grid-row ${rowClass?.(item) ?? ""}`}
                style={{ height: row.size, transform: `translateY(${row.start}px)` }}
                onFocus={() => setActive(row.index)}
                onClick={() => onOpen(item)}
                onKeyDown={(event) => {
                  if (event.key !== "Enter" && event.key !== " ") return;
                  event.preventDefault();
                  event.stopPropagation();
                  onOpen(item);
                }}
              >
                {columns.map((column) => (
                  <div key={column.name} role="gridcell" data-name={column.name} className={column.isRight ? "right" : undefined}>
                    {column.cell(item)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
      <div className="grid-more small" role="presentation">
        <span>
          {pages.total !== null && pages.total > pages.items.length
            ? `${number(pages.items.length)} of ${plural(pages.total, ...noun)} fetched`
            : pages.hasMore
              ? `${plural(pages.items.length, ...noun)} fetched, more below`
              : plural(pages.items.length, ...noun)}
        </span>
        {pages.error ? (
          <span className="sheet-actions">
            <span role="alert">{pages.error.message}</span>
            <Button isSmall onPress={pages.more}>
              Try again
            </Button>
          </span>
        ) : (
          pages.loadingMore && <span role="status">Fetching…</span>
        )}
      </div>
    </div>
  );
}

export function useIsNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => window.matchMedia("(max-width: 640px)").matches);
  useEffect(() => {
    const query = window.matchMedia("(max-width: 640px)");
    const heard = () => setNarrow(query.matches);
    query.addEventListener("change", heard);
    return () => query.removeEventListener("change", heard);
  }, []);
  return isNarrow;
}
