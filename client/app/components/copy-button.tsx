import { useEffect, useState } from 'react';
import { useAnnounce } from './announcer.tsx';

/** How long a copy is confirmed. */
const CONFIRMED_MS = 2_000;

/** Copies a text to the clipboard and says whether it did. The name stays; the confirmation is a text beside it. */
export function CopyButton({ label, text }: { readonly label: string; readonly text: () => string }) {
  const announce = useAnnounce();
  const [outcome, setOutcome] = useState<string>();
  useEffect(() => {
    if (outcome === undefined) return;
    const timer = setTimeout(() => setOutcome(undefined), CONFIRMED_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const tell = (words: string) => {
    setOutcome(words);
    announce(words);
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      tell('Copied');
    } catch {
      tell('Copying was not allowed');
    }
  };
  return (
    <span className="copy">
      <button type="button" onClick={() => void copy()} aria-label={label}>
        <span aria-hidden="true">{outcome ?? 'Copy'}</span>
      </button>
    </span>
  );
}
