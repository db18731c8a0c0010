import { useEffect, useRef, useState, type ReactNode, type RefObject } from 'react';
import { CopyButton } from '../components/copy-button.tsx';

/** Code with a button that copies it; can be scrolled by keyboard when it is wider than the page. */
export function CodeBlock({ children }: { readonly children: ReactNode }) {
  const ref = useRef<HTMLPreElement>(null);
  const isWide = useIsWide(ref);
  return (
    <div className="code-block">
      <CopyButton label="Copy code" text={() => ref.current?.textContent ?? ''} />
      <pre ref={ref} {...(isWide && { tabIndex: 0, role: 'group', 'aria-label': 'Code' })}>
        {children}
      </pre>
    </div>
  );
}

/** A table in a frame of its own, which can be scrolled by keyboard when it is wider than the page. */
export function ScrollableTable({ children }: { readonly children: ReactNode }) {
  const ref = useRef<HTMLDivElement>(null);
  const isWide = useIsWide(ref);
  return (
    <div
      ref={ref}
      className="table-frame"
      {...(isWide && { tabIndex: 0, role: 'group', 'aria-label': 'Table' })}
    >
      <table>{children}</table>
    </div>
  );
}

/** Whether an element holds more than fits its width: only then it takes a stop of the Tab key. */
function useIsWide(ref: RefObject<HTMLElement | null>): boolean {
  const [isWide, setIsWide] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (!element || typeof ResizeObserver === 'undefined') return;
    const look = () => setIsWide(element.scrollWidth > element.clientWidth);
    const observer = new ResizeObserver(look);
    observer.observe(element);
    // Its content grows without it.
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, [ref]);
  return isWide;
}
