import { useEffect, useState } from 'react';
import type { ConnectionState } from '../../index.ts';
import { useConversationPart } from '../../react/index.ts';

/** The connection in words. */
export const CONNECTION_WORDS: Record<ConnectionState, string> = {
  connecting: 'Connecting',
  live: 'Live',
  'catching-up': 'Catching up',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
};

/** Reading what was missed mostly takes less than this; shorter than that it would only flicker and be read aloud. */
export const BRIEF_MS = 400;

/** How a conversation is connected. The page's one status region. */
export function ConnectionStatus({ id }: { readonly id: string }) {
  const connection = useUnlessBrief(
    useConversationPart(id, (state) => state.connection),
    'catching-up',
  );
  return (
    <p className="connection" data-state={connection} role="status">
      <span className="connection-mark" aria-hidden="true" />
      {CONNECTION_WORDS[connection]}
    </p>
  );
}

/** The value, except that `brief` shows only once it has lasted. */
function useUnlessBrief<Value>(value: Value, brief: Value): Value {
  const [shown, setShown] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setShown(value), value === brief ? BRIEF_MS : 0);
    return () => clearTimeout(timer);
  }, [value, brief]);
  return shown;
}
