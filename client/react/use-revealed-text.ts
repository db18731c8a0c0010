import { useEffect, useState, useSyncExternalStore } from 'react';
import type { ChatMessage } from '../snapshot.ts';
import { windowAnimation } from './animation.ts';
import { TextReveal } from './text-reveal.ts';

/**
 * The text of a message as it should be shown now: what a batch brought appears over the time that it announced. Text
 * that is there at mount is shown at once, and so is every text under `prefers-reduced-motion: reduce`, in a hidden tab, on
 * a server, and when it does not continue what was shown. What was shown is never animated again. Only the calling
 * component renders, at most once a frame; give each message a component (`key`) of its own.
 *
 * @example
 * const text = useRevealedText(message);
 */
export function useRevealedText(message: ChatMessage): string {
  const [reveal] = useState(() => new TextReveal(message, windowAnimation));
  const text = useSyncExternalStore(
    reveal.subscribe,
    () => reveal.shown(message),
    () => message.text,
  );
  useEffect(() => reveal.aim(message), [reveal, message]);
  return text;
}
