import { useEffect, useState } from 'react';
import type { ConnectionState } from '../../index.ts';

/** Reading what was missed mostly takes less than this; shorter than that it would only flicker and be read aloud. */
const BRIEF_MS = 400;

/** The state of the connection for the eye: `catching-up` shows only once it has lasted. */
export function useUnlessBrief(connection: ConnectionState): ConnectionState {
  const [shown, setShown] = useState(connection);
  useEffect(() => {
    const timer = setTimeout(() => setShown(connection), connection === 'catching-up' ? BRIEF_MS : 0);
    return () => clearTimeout(timer);
  }, [connection]);
  return shown;
}
