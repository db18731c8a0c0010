/** What wakes a page: it becomes visible, the network comes back, it returns from the browser's cache. */
export interface WakeSource {
  /** Calls `listener` at every wake; the result ends it. */
  listen(listener: () => void): () => void;
}

/** The window's events; nothing where there is no window. */
export const windowWake: WakeSource = {
  listen(listener) {
    if (typeof window === 'undefined' || typeof document === 'undefined') return () => undefined;
    const onVisibility = () => {
      if (document.visibilityState === 'visible') listener();
    };
    document.addEventListener('visibilitychange', onVisibility);
    window.addEventListener('online', listener);
    window.addEventListener('pageshow', listener);
    return () => {
      document.removeEventListener('visibilitychange', onVisibility);
      window.removeEventListener('online', listener);
      window.removeEventListener('pageshow', listener);
    };
  },
};

/** The window gets the focus; nothing where there is no window. */
export const windowFocus: WakeSource = {
  listen(listener) {
    if (typeof window === 'undefined') return () => undefined;
    window.addEventListener('focus', listener);
    return () => window.removeEventListener('focus', listener);
  },
};
