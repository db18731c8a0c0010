import * as v from 'valibot';
import { createChatClient, type ChatAuth, type ChatClient } from '../index.ts';
import type { PageConfig } from './config.ts';
import { createTokenSource, requestToken } from './tokens.ts';

/** Who uses the page. `amplify`: the session of an Amplify application that this page is part of. */
export type Identity =
  | { readonly kind: 'playground' }
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'amplify' };

/** An identity with the client that acts for it. */
export interface SessionState {
  readonly identity: Identity;
  readonly client: ChatClient;
}

/** Who is signed in, as a store with the shape of `useSyncExternalStore`. */
export interface Session {
  readonly config: PageConfig;
  readonly getSnapshot: () => SessionState;
  readonly subscribe: (listener: () => void) => () => void;
  /** Signs in once the issuer gave a token; the identity stays as it is otherwise. @throws ChatError */
  readonly signIn: (name: string) => Promise<void>;
  /** Goes back to the playground key; does nothing where there is none. */
  readonly usePlaygroundKey: () => void;
}

/** What a session is made of; all arguments, so that tests decide. */
export interface SessionParts {
  readonly config: PageConfig;
  readonly request: typeof fetch;
  readonly now: () => number;
  /** Keeps the user's name for the next visit and for other tabs; a token is never kept. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** @defaultValue createChatClient */
  readonly makeClient?: (options: { endpoint: string; auth: ChatAuth }) => ChatClient;
}

const STORED_USER = 'appsync-chat:user';
const storedName = v.pipe(v.string(), v.minLength(1), v.maxLength(64));

/** Names an identity within the page's storage. */
export function identityKey(identity: Identity): string {
  return identity.kind === 'user' ? `user:${identity.name}` : identity.kind;
}

/** Starts with the user of the last visit, else with the playground key. One client per identity, closed on change. */
export function createSession(parts: SessionParts): Session {
  const { config, request, now, storage, makeClient = createChatClient } = parts;
  const { tokenUrl, apiKey } = config;
  const listeners = new Set<() => void>();

  const authOf = (identity: Identity, first?: string): ChatAuth => {
    if (identity.kind === 'playground' && apiKey !== undefined) return { type: 'apiKey', apiKey };
    if (identity.kind !== 'user' || tokenUrl === undefined) return { type: 'amplify' };
    let known = first;
    const ask = () => {
      const token = known;
      known = undefined;
      return token === undefined ? requestToken(request, tokenUrl, identity.name) : Promise.resolve(token);
    };
    return { type: 'token', getToken: createTokenSource(ask, now), user: identity.name };
  };
  const enter = (identity: Identity, token?: string): SessionState => ({
    identity,
    client: makeClient({ endpoint: config.endpoint, auth: authOf(identity, token) }),
  });
  const withoutUser: Identity = { kind: apiKey === undefined ? 'amplify' : 'playground' };
  const remembered = v.safeParse(storedName, tokenUrl === undefined ? undefined : stored(storage));
  let state = enter(remembered.success ? { kind: 'user', name: remembered.output } : withoutUser);

  const change = (next: SessionState) => {
    const { client } = state;
    state = next;
    for (const listener of [...listeners]) listener();
    client.close();
  };
  return {
    config,
    getSnapshot: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async signIn(name) {
      if (tokenUrl === undefined) return;
      const token = await requestToken(request, tokenUrl, name);
      remember(storage, name);
      change(enter({ kind: 'user', name }, token));
    },
    usePlaygroundKey() {
      if (apiKey === undefined) return;
      remember(storage, undefined);
      change(enter({ kind: 'playground' }));
    },
  };
}

/** Storage may be switched off: then the user is forgotten with the page. */
function stored(storage: SessionParts['storage']): string | null {
  try {
    return storage.getItem(STORED_USER);
  } catch {
    return null;
  }
}

function remember(storage: SessionParts['storage'], name: string | undefined): void {
  try {
    if (name === undefined) storage.removeItem(STORED_USER);
    else storage.setItem(STORED_USER, name);
  } catch {
    // Storage is switched off or full; signing in works all the same.
  }
}
