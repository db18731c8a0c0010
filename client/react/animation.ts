const REDUCED_MOTION = '(prefers-reduced-motion: reduce)';

/** Where a reveal gets its frames and its time from. */
export interface Animation {
  /** Milliseconds; only differences are used. */
  now(): number;
  /** Whether text may move: not under reduced motion, not in a hidden tab, not where there are no frames (a server). */
  isAllowed(): boolean;
  /** Runs `run` before the next repaint; the result cancels it. */
  nextFrame(run: () => void): () => void;
  /** Calls `listener` when `isAllowed` may have changed; the result ends it. */
  listen(listener: () => void): () => void;
}

/** The window's frames. Looks for a window when asked, not at import. */
export const windowAnimation: Animation = {
  now: () => performance.now(),
  isAllowed: () =>
    typeof requestAnimationFrame === 'function' &&
    typeof document === 'object' &&
    document.visibilityState === 'visible' &&
    !(reducedMotion()?.matches ?? false),
  nextFrame(run) {
    const frame = requestAnimationFrame(run);
    return () => cancelAnimationFrame(frame);
  },
  listen(listener) {
    const query = reducedMotion();
    query?.addEventListener('change', listener);
    document.addEventListener('visibilitychange', listener);
    return () => {
      query?.removeEventListener('change', listener);
      document.removeEventListener('visibilitychange', listener);
    };
  },
};

function reducedMotion(): MediaQueryList | undefined {
  return typeof matchMedia === 'function' ? matchMedia(REDUCED_MOTION) : undefined;
}
