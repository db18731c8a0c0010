/** What wakes a page: it becomes visible, the network comes back, it returns from the browser's cache. */
export interface WakeSource {
  /** Calls `listener` at every wake; the result ends it. */
  listen(listener: () => void): () => void;
}

function windowEvents(...names: readonly string[]): WakeSource {
  return {
    listen(listener) {
      const stop = new AbortController();
      if (typeof window !== 'undefined') {
        const heard = ({ type }: Event) => {
          if (type !== 'visibilitychange' || document.visibilityState === 'visible') listener();
        };
        for (const name of names) window.addEventListener(name, heard, { signal: stop.signal });
      }
      return () => stop.abort();
    },
  };
}

/** The window's events, of which `visibilitychange` bubbles up from the document; nothing where there is no window. */
export const windowWake: WakeSource = windowEvents('visibilitychange', 'online', 'pageshow');

/** The window gets the focus; nothing where there is no window. */
export const windowFocus: WakeSource = windowEvents('focus');
