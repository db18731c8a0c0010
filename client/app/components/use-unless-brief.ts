import { useEffect, useState } from 'react';
import type { ConnectionState } from '../../index.ts';

/** Reading what was missed mostly takes less than this; shorter than that it would only flicker and be read aloud. */
const BRIEF_MS = 400;

/** The state of the connection as people are told of it: `catching-up` only once it has lasted. */
export function useUnlessBrief(connection: ConnectionState): ConnectionState {
  const [told, setTold] = useState(connection);
  const isBrief = connection === 'catching-up';
  if (!isBrief && told !== connection) setTold(connection);
  useEffect(() => {
    if (!isBrief) return;
    const timer = setTimeout(() => setTold('catching-up'), BRIEF_MS);
    return () => clearTimeout(timer);
  }, [isBrief]);
  return isBrief ? told : connection;
}
