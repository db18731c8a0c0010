import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import { assistantMessageIdOf } from '../../protocol/ids.ts';
import { conversationKey } from '../../protocol/keys.ts';
import { callerOf, codeOf, ownerOfToken, type Caller, type WireConversation, type WirePage } from './api.ts';
import { sendItems, storedItems, withProbe } from './stored-items.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget(withProbe);

/** A user of this test alone, so that nothing else is listed. */
async function newUser(): Promise<{ caller: Caller; owner: string }> {
  const token = await target().stack.token(`user-${randomUUID()}`);
  return { caller: callerOf(target(), { token }), owner: ownerOfToken(token) };
}

/** Sends one after the other, in later milliseconds: the listing's order is by time. */
async function sendApart(
  caller: Caller,
  text: string,
  conversationId: string = randomUUID(),
): Promise<string> {
  const sent = await caller.send(text, { conversationId });
  await caller.ended(sent.assistantMessage);
  return conversationId;
}

const listed = async (caller: Caller) => (await caller.call('conversations', {})).items.map(({ id }) => id);

describe('conversations', () => {
  it('come newest first, and a send or a rename moves one to the front', async () => {
    const { caller } = await newUser();
    expect(await caller.call('conversations', {})).toEqual({ items: [], nextToken: null });
    const a = await sendApart(caller, '/echo a');
    const b = await sendApart(caller, '/echo b');
    const c = await sendApart(caller, '/echo c');
    expect(await listed(caller)).toEqual([c, b, a]);

    const renamed = await caller.call('rename', { id: a, title: 'Renamed' });
    expect(renamed).toMatchObject({ id: a, title: 'Renamed' });
    expect(await listed(caller)).toEqual([a, c, b]);

    await sendApart(caller, '/echo b2', b);
    expect(await listed(caller)).toEqual([b, a, c]);
    const { items } = await caller.call('conversations', {});
    expect(items[1]).toEqual(expect.objectContaining({ title: 'Renamed', updatedAt: renamed.updatedAt }));
  });

  it('keep the title they were given through later sends', async () => {
    const { caller } = await newUser();
    const id = await sendApart(caller, '/echo a');
    await caller.call('rename', { id, title: 'Mine' });
    await sendApart(caller, '/echo again', id);
    expect(await caller.call('conversation', { id })).toMatchObject({ title: 'Mine' });
  });

  it('come in pages of 50, at most 100, each once', async () => {
    const { caller, owner } = await newUser();
    const items = storedItems(target());
    const ids: string[] = [];
    for (let index = 0; index < 120; index += 1) {
      const conversationId = `page-${index}`;
      const atMs = Date.now() + index;
      const { request } = sendItems(
        owner,
        { conversationId, clientMessageId: 'k', text: 'x' },
        ulid(atMs),
        atMs,
      );
      await items.put({
        ...conversationKey(owner, conversationId),
        ...{ owner, id: conversationId, createdAt: request.createdAt, updatedAt: request.createdAt },
        ...{ listOwner: owner, listSort: `${request.createdAt}#${conversationId}` },
        ...{ lastMessageId: assistantMessageIdOf(request.ulid) },
      });
      ids.unshift(conversationId);
    }
    expect((await caller.call('conversations', {})).items.map(({ id }) => id)).toEqual(ids.slice(0, 50));
    const all: string[] = [];
    let nextToken: string | null = null;
    for (let pages = 0; pages < 5 && (pages === 0 || nextToken); pages += 1) {
      const page: WirePage<WireConversation> = await caller.call('conversations', { limit: 100, nextToken });
      all.push(...page.items.map(({ id }) => id));
      nextToken = page.nextToken;
    }
    expect(nextToken).toBeNull();
    expect(all).toEqual(ids);
  });

  it('refuse page tokens that were forged or given to another user', async () => {
    const { caller } = await newUser();
    const other = await newUser();
    for (const text of ['/echo 1', '/echo 2']) await sendApart(caller, text);
    await sendApart(other.caller, '/echo 3');
    const { nextToken } = await caller.call('conversations', { limit: 1 });
    expect(nextToken).toEqual(expect.any(String));
    expect(codeOf(await caller.refusal('conversations', { nextToken: 'forged' }))).toBe('INVALID_INPUT');
    expect(codeOf(await other.caller.refusal('conversations', { nextToken }))).toBe('INVALID_INPUT');
  });

  it('are not renamed when absent, deleted or with a title that says nothing', async () => {
    const { caller } = await newUser();
    const id = await sendApart(caller, '/echo a');
    const refused = async (title: string, name = id) =>
      codeOf(await caller.refusal('rename', { id: name, title }));
    expect(await refused('T', 'absent')).toBe('NOT_FOUND');
    expect(await refused(' ')).toBe('INVALID_INPUT');
    expect(await refused('x'.repeat(201))).toBe('INVALID_INPUT');
    expect(await caller.call('rename', { id, title: 'x'.repeat(200) })).toMatchObject({ id });
    await caller.call('delete', { id });
    expect(await refused('T')).toBe('NOT_FOUND');
    expect(await listed(caller)).toEqual([]);
  });
});
