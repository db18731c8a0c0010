import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { callerOf, type WirePage } from './api.ts';
import type { WireMessage } from './graphql.ts';
import { refusals } from './http-refusal.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();
const refused = refusals(target);

/** A user on both doors. */
async function userOf(name: 'alice' | 'bob') {
  const token = await target().token(name);
  const headers = { authorization: `Bearer ${token}` };
  const caller = callerOf(target(), { token });
  const get = async <Item>(path: string): Promise<WirePage<Item>> => {
    const answer = await fetch(`${target().httpUrl}${path}`, { headers });
    expect(answer.status).toBe(200);
    return (await answer.json()) as WirePage<Item>;
  };
  return { caller, headers, get };
}

/** All items of a listing over HTTP, page by page. */
async function allOf<Item>(get: (path: string) => Promise<WirePage<Item>>, path: string, limit: number) {
  const items: Item[] = [];
  let nextToken: string | null = null;
  do {
    const token: string = nextToken === null ? '' : `&nextToken=${encodeURIComponent(nextToken)}`;
    const page: WirePage<Item> = await get(`${path}?limit=${limit}${token}`);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    ({ nextToken } = page);
  } while (nextToken !== null);
  return items;
}

describe('history over HTTP', () => {
  it('is what the queries answer: conversations and messages, in pages of any size', async () => {
    const alice = await userOf('alice');
    const sent = [];
    for (const text of ['/echo first', '/echo häß 🙂', '/error 500'])
      sent.push(await alice.caller.send(text, { conversationId: randomUUID() }));
    for (const { assistantMessage } of sent) await alice.caller.ended(assistantMessage);
    const [first] = sent;
    const conversationId = first?.conversation.id ?? '';
    const more = await alice.caller.send('/echo again', { conversationId });
    await alice.caller.ended(more.assistantMessage);

    const conversations = await alice.caller.call('conversations', {});
    const messages = await alice.caller.call('messages', { conversationId });
    expect(conversations.items).toHaveLength(3);
    expect(messages.items).toHaveLength(4);
    for (const limit of [1, 2, 100]) {
      expect(await allOf(alice.get, '/conversations', limit)).toMatchObject(conversations.items);
      const path = `/conversations/${conversationId}/messages`;
      expect(await allOf<WireMessage>(alice.get, path, limit)).toMatchObject(messages.items);
    }
    expect((await alice.get('/conversations')).nextToken).toBeNull();
  });

  it('shows one caller nothing of another, by id or by token', async () => {
    const [alice, bob] = [await userOf('alice'), await userOf('bob')];
    for (const { caller } of [alice, bob])
      for (let sends = 0; sends < 2; sends += 1)
        await caller.ended((await caller.send('/echo mine')).assistantMessage);
    const own = (await alice.get<{ id: string }>('/conversations?limit=1')).items[0]?.id ?? '';
    const { nextToken } = await alice.get('/conversations?limit=1');
    const messages = `/conversations/${own}/messages`;
    const { nextToken: ofMessages } = await alice.get(`${messages}?limit=1`);
    const asBob = { headers: bob.headers };
    const bobs = (await bob.get<{ id: string }>('/conversations')).items.map(({ id }) => id);

    expect(bobs).not.toContain(own);
    expect(bobs).toHaveLength(2);
    await refused(messages, asBob, 404, 'NOT_FOUND');
    await refused(`/conversations?nextToken=${nextToken}`, asBob, 400, 'INVALID_INPUT');
    await refused(`/conversations/${bobs[0]}/messages?nextToken=${ofMessages}`, asBob, 400, 'INVALID_INPUT');
    await refused(`${messages}?nextToken=broken`, { headers: alice.headers }, 400, 'INVALID_INPUT');
    await refused(`${messages}?limit=101`, { headers: alice.headers }, 400, 'INVALID_INPUT');
    await refused('/conversations?limit=0', { headers: alice.headers }, 400, 'INVALID_INPUT');
  });

  it('is NOT_FOUND for a deleted conversation, which the list no longer has', async () => {
    const alice = await userOf('alice');
    const { conversation, assistantMessage } = await alice.caller.send('/echo soon gone');
    await alice.caller.ended(assistantMessage);
    await alice.caller.call('delete', { id: conversation.id });

    // Its items are being removed meanwhile, so this is not without effect.
    const url = `${target().httpUrl}/conversations/${conversation.id}/messages`;
    const gone = await fetch(url, { headers: alice.headers });
    expect([gone.status, await gone.json()]).toMatchObject([404, { error: { code: 'NOT_FOUND' } }]);
    const { items } = await alice.get<{ id: string }>('/conversations');
    expect(items.map(({ id }) => id)).not.toContain(conversation.id);
  });
});
