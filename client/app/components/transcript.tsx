import { useCallback, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { useEndOfScroll } from './use-end-of-scroll.ts';

interface TranscriptProps {
  /** Everything is loaded, so what appears from now on is new. */
  readonly isSettled: boolean;
  readonly hasMore: boolean;
  /** Never rejects. */
  readonly onLoadOlder: () => Promise<void>;
  /** Changes with every message that was sent from here: then the end is shown. */
  readonly sent: number;
  readonly children: ReactNode;
}

/**
 * The messages in a frame that scrolls. It stays at the end while it is there, and leaves a reader who scrolled up alone.
 *
 * It is a polite log: what another tab or device adds is announced. Not while it loads, or a whole history would be read
 * aloud; and never the text of answers, which are `aria-live="off"` within it.
 */
export function Transcript({ isSettled, hasMore, onLoadOlder, sent, children }: TranscriptProps) {
  const frameRef = useRef<HTMLDivElement>(null);
  const contentRef = useRef<HTMLDivElement>(null);
  const { isAtEnd, showEnd } = useEndOfScroll(frameRef, contentRef);
  const { isLoading, load } = useOlder(frameRef, onLoadOlder);
  const shownSent = useRef(0);
  useLayoutEffect(() => {
    if (sent === shownSent.current) return;
    shownSent.current = sent;
    showEnd();
  }, [sent, showEnd]);
  return (
    <div className="transcript-frame">
      <div
        ref={frameRef}
        className="transcript"
        role="log"
        aria-label="Conversation"
        aria-live={isSettled && !isLoading ? 'polite' : 'off'}
        aria-relevant="additions"
        tabIndex={0}
      >
        <div ref={contentRef} className="transcript-content">
          {hasMore && (
            <button type="button" className="older" aria-disabled={isLoading} onClick={load}>
              {isLoading ? 'Loading…' : 'Load older messages'}
            </button>
          )}
          {children}
        </div>
      </div>
      {!isAtEnd && (
        <button type="button" className="jump" onClick={showEnd}>
          Jump to latest
        </button>
      )}
    </div>
  );
}

/** Loads older messages and keeps what was seen where it was. */
function useOlder(scrollRef: { readonly current: HTMLElement | null }, onLoadOlder: () => Promise<void>) {
  const [isLoading, setIsLoading] = useState(false);
  const fromEnd = useRef<number | undefined>(undefined);
  useLayoutEffect(() => {
    const frame = scrollRef.current;
    if (!frame || isLoading || fromEnd.current === undefined) return;
    frame.scrollTop = frame.scrollHeight - fromEnd.current;
    fromEnd.current = undefined;
  }, [scrollRef, isLoading]);
  const load = useCallback(() => {
    const frame = scrollRef.current;
    if (!frame || isLoading) return;
    fromEnd.current = frame.scrollHeight - frame.scrollTop;
    setIsLoading(true);
    // Before the next frame: the older messages are in the page already, and would be painted where the reader looks.
    void onLoadOlder().finally(() => flushSync(() => setIsLoading(false)));
  }, [scrollRef, isLoading, onLoadOlder]);
  return { isLoading, load };
}
