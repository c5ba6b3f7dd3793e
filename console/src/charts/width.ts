/** Measure the width in pixels for a chart. Charts are drawn in real pixels, so that text keeps its size. */

import { useLayoutEffect, useRef, useState, type RefObject } from "react";

export function useWidth<T extends HTMLElement>(start = 720): [RefObject<T | null>, number] {
  const reference = useRef<T>(null);
  const [width, setWidth] = useState(start);
  useLayoutEffect(() => {
    const element = reference.current;
    if (element === null) return undefined;
    const measure = () => setWidth(Math.max(160, Math.floor(element.getBoundingClientRect().width)));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [reference, width];
}
