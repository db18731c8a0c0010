import { useCallback, useSyncExternalStore } from 'react';

/** The page has one column, and the conversations are in a drawer; the same bound as in style.css. */
export const NARROW = '(max-width: 47.99rem)';

/** Whether a media query matches, kept up to date; false where there is no window. */
export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const media = window.matchMedia(query);
      media.addEventListener('change', listener);
      return () => media.removeEventListener('change', listener);
    },
    [query],
  );
  return useSyncExternalStore(
    subscribe,
    () => window.matchMedia(query).matches,
    () => false,
  );
}
