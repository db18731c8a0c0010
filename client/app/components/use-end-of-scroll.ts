import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';

/** This near the end counts as being there; fractions of pixels and a line's rest do. */
const NEAR_PX = 24;

interface EndOfScroll {
  readonly isAtEnd: boolean;
  /** A stable function. */
  readonly showEnd: () => void;
}

/**
 * Keeps a frame at the end of its content for as long as its reader is there. Any movement up lets go, at once and for
 * good, whatever grows meanwhile; coming back to the end, or `showEnd`, takes hold again.
 *
 * Own code because use-stick-to-bottom ignores scroll events while its content grows: a reader could not leave a fast answer.
 */
export function useEndOfScroll(
  frameRef: RefObject<HTMLElement | null>,
  contentRef: RefObject<HTMLElement | null>,
): EndOfScroll {
  const [isAtEnd, setIsAtEnd] = useState(true);
  const follows = useRef(true);
  const lastTop = useRef(0);

  const follow = useCallback((isFollowing: boolean) => {
    follows.current = isFollowing;
    setIsAtEnd(isFollowing);
  }, []);
  const showEnd = useCallback(() => {
    const frame = frameRef.current;
    if (!frame) return;
    follow(true);
    frame.scrollTop = frame.scrollHeight;
    lastTop.current = frame.scrollTop;
  }, [frameRef, follow]);

  useEffect(() => {
    const frame = frameRef.current;
    const content = contentRef.current;
    if (!frame || !content) return;
    // Browsers tell of scrolling before they tell of sizes, so a reader's movement is known before the end is kept.
    const onScroll = () => {
      const top = frame.scrollTop;
      const isNear = frame.scrollHeight - frame.clientHeight - top <= NEAR_PX;
      if (top < lastTop.current && !isNear) follow(false);
      else if (isNear && top >= lastTop.current) follow(true);
      lastTop.current = top;
    };
    const onWheel = ({ deltaY }: WheelEvent) => {
      if (deltaY < 0 && frame.scrollTop > 0) follow(false);
    };
    frame.addEventListener('scroll', onScroll, { passive: true });
    frame.addEventListener('wheel', onWheel, { passive: true });
    const observer =
      typeof ResizeObserver === 'undefined'
        ? undefined
        : new ResizeObserver(() => {
            if (follows.current) showEnd();
          });
    observer?.observe(frame);
    observer?.observe(content);
    return () => {
      frame.removeEventListener('scroll', onScroll);
      frame.removeEventListener('wheel', onWheel);
      observer?.disconnect();
    };
  }, [frameRef, contentRef, follow, showEnd]);
  return { isAtEnd, showEnd };
}
