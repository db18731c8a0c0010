import { describe, expect, it } from 'vitest';
import type { Conversation, Message } from '../../../protocol/generated/schema-types.ts';
import type { ConversationItem } from '../../../protocol/items.ts';
import { conversationKey, listingSort } from '../../../protocol/keys.ts';
import { OWNER, seededChat } from '../chat-fixture.ts';
import { door } from './door.ts';
import { ended, chat } from './one-answer.ts';

interface Page<Item> {
  items: Item[];
  nextToken: string | null;
}

const BOB = { authorization: 'Bearer bob' };
const dateOf = (minute: number) => new Date(Date.UTC(2030, 0, 1, 0, minute)).toISOString();

function conversation(id: string, minute: number, owner = OWNER): ConversationItem {
  const updatedAt = dateOf(minute);
  const listed = { listOwner: owner, listSort: listingSort(updatedAt, id) };
  return { ...conversationKey(owner, id), owner, id, createdAt: dateOf(0), updatedAt, ...listed };
}

/** A door with five conversations of Alice, one of Bob and a tombstone. */
function listing() {
  const at = door();
  const own = [1, 2, 3, 4, 5].map((minute) => conversation(`c${minute}`, minute));
  const { listOwner: _owner, listSort: _sort, ...gone } = conversation('gone', 9);
  at.table.seed(...own, conversation('b1', 6, 'u:bob'), {
    ...gone,
    deletedAt: dateOf(9),
  } as ConversationItem);
  return at;
}

/** A door with four messages of Alice in `c1`. */
function messages() {
  const at = door();
  const second = seededChat({ ulid: '01B', parentId: chat.message.id });
  at.table.seed(chat.conversation, chat.user, ended('hello world'), second.user, second.message);
  return { ...at, ids: [second.message.id, second.user.id, chat.message.id, chat.user.id] };
}

async function pageOf<Item>(answer: Response | Promise<Response>): Promise<Page<Item>> {
  const response = await answer;
  expect(response.status).toBe(200);
  return (await response.json()) as Page<Item>;
}

describe('GET /conversations', () => {
  it('lists the caller’s own by their last change, newest first, with the fields of the schema', async () => {
    const at = listing();
    const response = await at.get('/conversations');
    const { items, nextToken } = await pageOf<Conversation>(response);

    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': 'r1',
    });
    expect(items.map(({ id }) => id)).toEqual(['c5', 'c4', 'c3', 'c2', 'c1']);
    expect(items[0]).toEqual({
      id: 'c5',
      title: null,
      createdAt: dateOf(0),
      updatedAt: dateOf(5),
      lastMessageId: null,
    });
    expect(nextToken).toBeNull();
  });

  it('pages through all of them without hole or repeat', async () => {
    const at = listing();
    const ids: string[] = [];
    let query = '?limit=2';
    for (;;) {
      const { items, nextToken } = await pageOf<Conversation>(at.get(`/conversations${query}`));
      expect(items.length).toBeLessThanOrEqual(2);
      ids.push(...items.map(({ id }) => id));
      if (nextToken === null) break;
      query = `?limit=2&nextToken=${nextToken}`;
    }
    expect(ids).toEqual(['c5', 'c4', 'c3', 'c2', 'c1']);
  });

  it('is an empty page for a caller who has none', async () => {
    expect(await pageOf(door().get('/conversations'))).toEqual({ items: [], nextToken: null });
  });
});

describe('GET /conversations/{id}/messages', () => {
  it('lists them newest first, as GraphQL answers them and nothing else of the items', async () => {
    const at = messages();
    const { items, nextToken } = await pageOf<Message>(at.get('/conversations/c1/messages'));

    expect(items.map(({ id }) => id)).toEqual(at.ids);
    expect(items[2]).toMatchObject({ role: 'ASSISTANT', status: 'COMPLETE', text: 'hello world' });
    expect(Object.keys(items[2] ?? {})).toEqual([
      ...['id', 'conversationId', 'parentId', 'role', 'text', 'reasoning', 'status', 'attempt'],
      ...['model', 'clientMessageId', 'end', 'createdAt'],
    ]);
    expect(nextToken).toBeNull();
  });

  it('pages through all of them without hole or repeat', async () => {
    const at = messages();
    const first = await pageOf<Message>(at.get('/conversations/c1/messages?limit=3'));
    const path = `/conversations/c1/messages?limit=3&nextToken=${first.nextToken}`;
    const second = await pageOf<Message>(at.get(path));

    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(at.ids);
    expect(second.nextToken).toBeNull();
  });

  it('is one NOT_FOUND for an absent, a foreign and a deleted conversation', async () => {
    const at = messages();
    at.table.seed({ ...chat.conversation, ...conversationKey(OWNER, 'gone'), deletedAt: 'now' } as never);
    const answers = [
      await at.get('/conversations/absent/messages'),
      await at.get('/conversations/gone/messages'),
      await at.get('/conversations/c1/messages', BOB),
    ];

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
  });
});

describe('a page that cannot be', () => {
  const paths = ['/conversations', '/conversations/c1/messages'] as const;
  const refusals = async (at: ReturnType<typeof door>, path: string, headers = {}) => {
    const response = await at.get(path, headers);
    return [response.status, ((await response.json()) as { error: { code: string } }).error.code];
  };

  it.each(['0', '101', '-1', '1.5', '1e1', 'ten', '', ' 5', '9999999999', '0x10', '5&limit=6'])(
    'is INVALID_INPUT with limit=%s',
    async (limit) => {
      for (const path of paths)
        expect(await refusals(messages(), `${path}?limit=${limit}`)).toEqual([400, 'INVALID_INPUT']);
    },
  );

  it('is INVALID_INPUT with a token that is broken, of another listing, of another owner or given twice', async () => {
    const at = messages();
    at.table.seed(...[1, 2].map((minute) => conversation(`d${minute}`, minute)));
    at.table.seed(...[1, 2].map((minute) => conversation(`b${minute}`, minute, 'u:bob')));
    at.table.seed({ ...conversationKey('u:bob', 'c1'), id: 'c1' } as never);
    const { nextToken: ofList = '' } = await pageOf(at.get('/conversations?limit=1'));
    const { nextToken: ofMessages = '' } = await pageOf(at.get('/conversations/c1/messages?limit=1'));
    const forged = (text: string) => Buffer.from(text, 'utf8').toString('base64url');
    const digest = Buffer.from(ofMessages ?? '', 'base64url')
      .toString('utf8')
      .slice(0, 16);

    for (const token of [
      ...['', 'nonsense', `${ofMessages}a`, ofMessages?.slice(0, -2), ofMessages?.slice(2)],
      ...[forged(''), forged(digest), forged(`${digest}a#b`), forged(`${digest}é`), `${ofMessages}=`, '%00'],
      ...[ofList, `${ofMessages}&nextToken=${ofMessages}`],
    ])
      expect(await refusals(at, `/conversations/c1/messages?nextToken=${token}`), token ?? '').toEqual([
        ...[400, 'INVALID_INPUT'],
      ]);
    expect(await refusals(at, `/conversations?nextToken=${ofMessages}`)).toEqual([400, 'INVALID_INPUT']);
    expect(await refusals(at, `/conversations?nextToken=${ofList}`, BOB)).toEqual([400, 'INVALID_INPUT']);
    expect(await refusals(at, `/conversations/c1/messages?nextToken=${ofMessages}`, BOB)).toEqual([
      ...[400, 'INVALID_INPUT'],
    ]);
    expect(await refusals(at, `/conversations/d1/messages?nextToken=${ofMessages}`)).toEqual([
      ...[400, 'INVALID_INPUT'],
    ]);
  });
});
