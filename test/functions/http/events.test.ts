import { describe, expect, it, vi } from 'vitest';
import type { ConversationItem } from '../../../protocol/items.ts';
import { logOf } from '../chat-fixture.ts';
import { doorWith, eventsOf, idsOf, pathOf, STREAM_HEAD } from './door.ts';
import { chat, ended, running } from './one-answer.ts';

const path = pathOf(running, 'events');

const traceOf = (body: string) => eventsOf(body).map(({ kind, text }) => (text ? `${kind} ${text}` : kind));

describe('GET events', () => {
  it('replays a finished answer with the headers of every stream, and ends', async () => {
    const at = doorWith(ended('hello world'));
    const response = await at.get(path);

    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject(STREAM_HEAD);
    const body = await response.text();
    expect(body.startsWith(': ok\nretry: 2000\n\n')).toBe(true);
    expect(traceOf(body)).toEqual(['START', 'DELTA hello world', 'END']);
    expect(idsOf(body)).toEqual(['01A-1:1:0.0', '01A-1:1:11.0', '01A-1:1:11.0:end']);
  });

  it.each([
    ['after a cursor, without START', '01A-1:1:6.0', ['DELTA world', 'END']],
    ['after the whole text', '01A-1:1:11.0', ['END']],
    ['ahead of a text that ended shorter', '01A-1:1:20.0', ['END']],
    ['at the beginning when the cursor is empty', '', ['START', 'DELTA hello world', 'END']],
  ])('goes on %s', async (_name, cursor, trace) => {
    const body = await (await doorWith(ended('hello world')).get(path, { 'last-event-id': cursor })).text();

    expect(traceOf(body)).toEqual(trace);
    expect(idsOf(body).at(-1)).toBe('01A-1:1:11.0:end');
  });

  it('is 204 for a reader that has END, while END is the state', async () => {
    const at = doorWith(ended('hello world'));
    const cursor = { 'last-event-id': '01A-1:1:11.0:end' };
    const response = await at.get(path, cursor);

    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    at.table.seed(ended('hello world again', { attempt: 2, resumeOffset: 11 }));
    const resumed = await at.get(path, cursor);
    expect(traceOf(await resumed.text())).toEqual(['START', 'DELTA  again', 'END']);
    expect((await at.get(path, { 'last-event-id': '01A-1:2:17.0:end' })).status).toBe(204);
  });

  it('goes on under the same path once an interrupted answer is continued', async () => {
    const pending = {
      ...ended('one ', { attempt: 2, resumeOffset: 4, end: null }),
      status: 'PENDING',
    } as const;
    const at = doorWith(pending);
    const response = await at.get(path, { 'last-event-id': '01A-1:1:4.0:end' });
    const reading = response.text();
    at.table.seed(ended('one two', { attempt: 2, resumeOffset: 4 }));

    expect(traceOf(await reading)).toEqual(['START', 'DELTA two', 'END']);
  });

  it.each([
    ['malformed', 'garbage'],
    ['of another message', '01B-1:1:0.0'],
    ['of an attempt there never was', '01A-1:2:0.0'],
  ])('is INVALID_INPUT with a cursor that is %s', async (_name, cursor) => {
    const response = await doorWith(running).get(path, { 'last-event-id': cursor });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'INVALID_INPUT' } });
  });

  it('is one and the same NOT_FOUND for an absent, a foreign, a deleted and a user message', async () => {
    const at = doorWith(ended('x'));
    const bodies = [];
    const foreign = { authorization: 'Bearer bob' };
    for (const [asked, headers] of [
      ['/conversations/c1/messages/absent/events', {}],
      ['/conversations/absent/messages/01A-1/events', {}],
      [pathOf(chat.user, 'events'), {}],
      [path, foreign],
    ] as const) {
      const response = await at.get(asked, headers);
      expect(response.status, asked).toBe(404);
      bodies.push(await response.text());
    }
    const tombstone: ConversationItem = { ...chat.conversation, deletedAt: 'now' };
    at.table.seed(tombstone);
    bodies.push(await (await at.get(path)).text());
    expect(new Set(bodies).size).toBe(1);
  });

  it('closes without END at the door’s own limit, and the reader comes back with its cursor', async () => {
    const at = doorWith(running, { remainingMs: 10_600 });
    at.table.seed(...logOf(running, ['one ', 'two ']));
    const first = await (await at.get(path)).text();
    expect(traceOf(first)).toEqual(['START', 'DELTA one ', 'DELTA two ']);
    at.table.seed(ended('one two three'));
    const second = await (await at.get(path, { 'last-event-id': idsOf(first).at(-1) ?? '' })).text();

    expect(traceOf(second)).toEqual(['DELTA three', 'END']);
  });

  it('starts settle for an answer whose worker died, which ends what no worker will', async () => {
    const at = doorWith({ ...running, leaseUntil: Date.now() - 3_500 });
    const reading = (await at.get(path)).text();
    await vi.waitFor(() =>
      expect(at.invoked).toMatchObject([
        { functionName: 'settle', event: { messageId: running.id, attempt: 1 } },
      ]),
    );
    at.table.seed(ended('', { status: 'INTERRUPTED' }));

    expect(traceOf(await reading)).toEqual(['START', 'END']);
  });

  it('keeps the invocation open until its follower has ended', async () => {
    const at = doorWith(running);
    await at.get(path);
    expect(at.work).toHaveLength(1);
    at.table.seed(ended('x'));
    await Promise.all(at.work);
  });

  it('outlives a database that fails for a while', async () => {
    const at = doorWith(running);
    let failures = 0;
    const reading = (await at.get(path)).text();
    at.table.fate = () => (failures < 8 ? ((failures += 1), 'failed') : 'fine');
    at.table.seed(ended('whole'));

    expect(traceOf(await reading).slice(-2)).toEqual(['DELTA whole', 'END']);
    expect(failures).toBe(8);
  });
});
