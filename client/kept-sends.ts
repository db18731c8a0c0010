import type { SendOptions } from './requests.ts';

/** A send as it is kept: sent again with the very same fields, it happens once. */
export type KeptSend = SendOptions & { readonly clientMessageId: string };

/**
 * Keeps sends from before they leave until the service accepted or refused them, so that a reload loses none. Nothing here
 * rejects: what cannot be kept is sent all the same. Tokens and keys never come here.
 */
export interface OutboxStorage {
  /** What is kept of a conversation, oldest first; of every tab. */
  list(conversationId: string): Promise<readonly KeptSend[]>;
  /** Keeps a send, once per `clientMessageId`. */
  keep(conversationId: string, send: KeptSend): Promise<void>;
  forget(conversationId: string, clientMessageId: string): Promise<void>;
  /** Forgets everything of this user at this service. */
  clear(): Promise<void>;
}

/** What is kept longer is dropped unsent: nobody expects it to be said any more. */
const MAX_AGE_MS = 7 * 24 * 3_600_000;
/** Texts of 32,000 units each stay below the 5 MB that browsers give an origin; what comes beyond is not kept. */
const MAX_KEPT = 50;
const PREFIX = 'appsync-chat:unsent:';

/**
 * Keeps sends in a storage that all tabs share, `localStorage` by default: one item per send, so that tabs do not overwrite
 * each other's. `scope` names service and user; what one user wrote, no other one sees or sends. Without a scope, or when the
 * storage is full or switched off, nothing is kept.
 */
export function keptSends(
  scope: () => Promise<string | undefined>,
  storageOf: () => Storage = () => window.localStorage,
  now: () => number = Date.now,
): OutboxStorage {
  let newest = 0;
  const use = async <Result>(run: (storage: Storage, prefix: string) => Result, otherwise: Result) => {
    try {
      const name = await scope();
      if (name) return run(storageOf(), `${PREFIX}${encodeURIComponent(name)}:`);
    } catch {
      // Nothing is kept then.
    }
    return otherwise;
  };
  return {
    list: (conversationId) =>
      use<readonly KeptSend[]>((storage, prefix) => {
        const found: Entry[] = [];
        for (const key of keysOf(storage, `${prefix}${conversationId}:`)) {
          const entry = parsed(storage.getItem(key));
          if (entry && entry.at > now() - MAX_AGE_MS) found.push(entry);
          else storage.removeItem(key);
        }
        return found.sort((a, b) => a.at - b.at).map(({ send }) => send);
      }, []),
    keep: (conversationId, send) =>
      use((storage, prefix) => {
        const key = `${prefix}${conversationId}:${send.clientMessageId}`;
        if (storage.getItem(key) !== null || keysOf(storage, PREFIX).length >= MAX_KEPT) return;
        newest = Math.max(newest + 1, now());
        storage.setItem(key, JSON.stringify({ at: newest, send }));
      }, undefined),
    forget: (conversationId, clientMessageId) =>
      use(
        (storage, prefix) => storage.removeItem(`${prefix}${conversationId}:${clientMessageId}`),
        undefined,
      ),
    clear: () =>
      use((storage, prefix) => {
        for (const key of keysOf(storage, prefix)) storage.removeItem(key);
      }, undefined),
  };
}

interface Entry {
  readonly at: number;
  readonly send: KeptSend;
}

function keysOf(storage: Storage, prefix: string): string[] {
  return Object.keys(storage).filter((key) => key.startsWith(prefix));
}

/** Undefined for what another version of this library, or something else, has written. */
function parsed(value: string | null): Entry | undefined {
  try {
    const entry = JSON.parse(value ?? '') as Entry;
    return typeof entry.send.text === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}
