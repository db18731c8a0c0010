import { createContext, useCallback, useContext, useEffect, useState, type ReactNode } from 'react';

/** Screen readers take a text when it appears; afterwards it would only be met a second time by who reads on. */
const KEPT_MS = 3_000;

const AnnounceContext = createContext<(text: string) => void>(() => undefined);

/**
 * Speaks for what happens: one visually hidden polite region. Answers are announced here, once they are whole; the
 * transcript itself would be read token by token. It has no `status` role: that is the connection's alone.
 */
export function Announcer({ children }: { readonly children: ReactNode }) {
  const [spoken, setSpoken] = useState({ serial: 0, text: '' });
  const announce = useCallback(
    (text: string) => setSpoken(({ serial }) => ({ serial: serial + 1, text })),
    [],
  );
  useEffect(() => {
    if (spoken.text === '') return;
    const timer = setTimeout(() => announce(''), KEPT_MS);
    return () => clearTimeout(timer);
  }, [spoken, announce]);
  return (
    <AnnounceContext value={announce}>
      {children}
      <div className="visually-hidden" aria-live="polite">
        {/* A new element every time: the same text twice is announced twice. */}
        <span key={spoken.serial}>{spoken.text}</span>
      </div>
    </AnnounceContext>
  );
}

/** Announces a text to screen readers when they have finished what they say; a stable function. */
export function useAnnounce(): (text: string) => void {
  return useContext(AnnounceContext);
}
