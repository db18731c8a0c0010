import { describe, expect, it, vi } from 'vitest';
import { createSession } from '../../../client/app/session.ts';
import type { ChatAuth, ChatClient } from '../../../client/index.ts';
import { memoryStorage } from './memory-storage.ts';

const endpoint = 'http://127.0.0.1:4000/graphql';
const tokenUrl = 'http://127.0.0.1:4000/local/token';

function start(config: { apiKey?: string; tokenUrl?: string }, stored: Record<string, string> = {}) {
  const made: { auth: ChatAuth; close: ReturnType<typeof vi.fn> }[] = [];
  const storage = memoryStorage(stored);
  const users: unknown[] = [];
  let answer = () => Response.json({ token: 'first' });
  const session = createSession({
    config: { endpoint, ...config },
    request: (_input, init) => {
      users.push(JSON.parse(init?.body as string));
      return Promise.resolve(answer());
    },
    now: () => 0,
    storage,
    makeClient: ({ auth }) => {
      const close = vi.fn();
      made.push({ auth, close });
      return { close } as unknown as ChatClient;
    },
  });
  return { session, made, storage, users, answers: (next: () => Response) => (answer = next) };
}

describe('a session', () => {
  it('starts with the playground key', () => {
    const { session, made } = start({ apiKey: 'da2-local', tokenUrl });
    expect(session.getSnapshot().identity).toEqual({ kind: 'playground' });
    expect(made.map(({ auth }) => auth)).toEqual([{ type: 'apiKey', apiKey: 'da2-local' }]);
  });

  it('starts with the user of the last visit', () => {
    const { session } = start({ apiKey: 'da2-local', tokenUrl }, { 'appsync-chat:user': 'alice' });
    expect(session.getSnapshot().identity).toEqual({ kind: 'user', name: 'alice' });
  });

  it('leaves signing in to Amplify where there is neither key nor issuer', () => {
    const { made } = start({}, { 'appsync-chat:user': 'alice' });
    expect(made[0]?.auth).toEqual({ type: 'amplify' });
  });

  it('signs a user in: tells it, closes the client before, keeps the name and no token', async () => {
    const { session, made, storage, users } = start({ apiKey: 'da2-local', tokenUrl });
    const heard = vi.fn();
    session.subscribe(heard);
    await session.signIn('alice');
    expect(session.getSnapshot().identity).toEqual({ kind: 'user', name: 'alice' });
    expect(made.map(({ close }) => close.mock.calls.length)).toEqual([1, 0]);
    expect(heard).toHaveBeenCalledTimes(1);
    expect(users).toEqual([{ user: 'alice' }]);
    expect([...storage.kept]).toEqual([['appsync-chat:user', 'alice']]);
  });

  it('gives the token it signed in with, and another one when that is refused', async () => {
    const { session, made, answers } = start({ apiKey: 'da2-local', tokenUrl });
    await session.signIn('alice');
    const auth = made[1]?.auth;
    if (auth?.type !== 'token') throw new Error('no token');
    expect(await auth.getToken()).toBe('first');
    answers(() => Response.json({ token: 'second' }));
    expect(await auth.getToken()).toBe('first');
    expect(await auth.getToken('first')).toBe('second');
  });

  it('stays as it is when sign-in is refused', async () => {
    const { session, made, answers } = start({ apiKey: 'da2-local', tokenUrl });
    answers(() => new Response('', { status: 400 }));
    await expect(session.signIn('!')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(session.getSnapshot().identity).toEqual({ kind: 'playground' });
    expect(made).toHaveLength(1);
  });

  it('goes back to the playground key and forgets the user', async () => {
    const { session, storage } = start({ apiKey: 'da2-local', tokenUrl });
    await session.signIn('alice');
    session.usePlaygroundKey();
    expect(session.getSnapshot().identity).toEqual({ kind: 'playground' });
    expect(storage.kept.size).toBe(0);
  });
});
