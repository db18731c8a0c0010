import { describe, expect, it } from 'vitest';
import type { ConversationItem } from '../../../protocol/items.ts';
import { sha256 } from '../chat-fixture.ts';
import { doorWith, pathOf } from './door.ts';
import { chat, ended, running } from './one-answer.ts';

const path = pathOf(running, 'cancel');
const done = ended('done');

function seeded(...given: Parameters<typeof doorWith>) {
  const at = doorWith(...given);
  const cancel = (authorization = 'Bearer alice', asked = path) =>
    at.request(asked, { method: 'POST', headers: { authorization } });
  return { ...at, cancel };
}

describe('POST cancel', () => {
  it('flags a STREAMING answer for its worker and answers the message; the first request’s time stays', async () => {
    const at = seeded(running);
    const response = await at.cancel();

    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': 'r1',
      'access-control-allow-origin': '*',
    });
    expect(await response.json()).toEqual({
      ...{
        id: running.id,
        conversationId: 'c1',
        parentId: '01A-0',
        role: 'ASSISTANT',
        text: '',
        reasoning: null,
      },
      ...{ status: 'STREAMING', attempt: 1, model: null, clientMessageId: 'client-01A', end: null },
      createdAt: running.createdAt,
    });
    const flagged = at.message();
    expect(flagged?.cancelRequestedAt).toEqual(expect.any(String));
    await at.cancel();
    expect(at.message()).toEqual(flagged);
    expect(at.invoked).toEqual([]);
  });

  it('ends a PENDING answer at once, keeps the text of earlier attempts, and starts settle for its END', async () => {
    const pending = { ...chat.message, attempt: 2, text: 'one ', resumeOffset: 4, sha256: sha256('one ') };
    const at = seeded(pending);
    const body = (await (await at.cancel()).json()) as Record<string, unknown>;

    expect(body).toMatchObject({
      status: 'CANCELLED',
      text: 'one ',
      end: { reason: 'CANCELLED', length: 4, sha256: sha256('one '), continuable: false },
    });
    expect(at.invoked).toMatchObject([{ functionName: 'settle', event: { attempt: 2 } }]);
    expect(await (await at.cancel()).json()).toEqual(body);
  });

  it('starts settle by a repeat when the first request could not', async () => {
    let fails = true;
    const invoked: string[] = [];
    const invoke = (name: string) =>
      fails ? Promise.reject(new Error('throttled')) : Promise.resolve(void invoked.push(name));
    const at = seeded(chat.message, { ports: { invoke } });

    expect((await at.cancel()).status).toBe(500);
    expect(at.message()?.status).toBe('CANCELLED');
    fails = false;
    expect((await at.cancel()).status).toBe(200);
    expect(invoked).toEqual(['settle']);
  });

  it('still starts settle when the answer to its own write was lost', async () => {
    const at = seeded(chat.message);
    let updates = 0;
    at.table.fate = (call) => {
      // The second update ends it; its repeat finds it ended.
      if (call.operation === 'update') updates += 1;
      return call.operation === 'update' && updates === 2 ? 'lost' : 'fine';
    };
    const body = (await (await at.cancel()).json()) as unknown;

    expect(updates).toBeGreaterThan(2);
    expect(body).toMatchObject({ status: 'CANCELLED' });
    expect(at.invoked).toMatchObject([{ functionName: 'settle' }]);
  });

  it('is INTERNAL, for a repeat, when its write stays unanswered for as long as a caller waits', async () => {
    const at = seeded(running, { patienceMs: 60 });
    at.table.fate = (call) => (call.operation === 'update' ? 'lost' : 'fine');
    const response = await at.cancel();

    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: { code: 'INTERNAL', retryable: true } });
    at.table.fate = () => 'fine';
    expect((await at.cancel()).status).toBe(200);
  });

  it('leaves a terminal answer and a user message as they are', async () => {
    const at = seeded(done);
    const before = at.table.all();

    expect(await (await at.cancel()).json()).toMatchObject({
      status: 'COMPLETE',
      text: 'done',
      end: done.end,
    });
    const user = await at.cancel(undefined, pathOf(chat.user, 'cancel'));
    expect(await user.json()).toMatchObject({ role: 'USER', status: 'COMPLETE', text: 'hello', end: null });
    expect(at.table.all()).toEqual(before);
    expect(at.invoked).toEqual([]);
  });

  it('flags an answer that is claimed between the look and the write', async () => {
    const at = seeded(chat.message);
    let updates = 0;
    at.table.before = (call) => {
      // The second update is the one that would end it unclaimed.
      if (call.operation === 'update' && (updates += 1) === 2) at.table.seed(running);
      return Promise.resolve();
    };

    expect(await (await at.cancel()).json()).toMatchObject({ status: 'STREAMING' });
    expect(at.message()?.cancelRequestedAt).toEqual(expect.any(String));
  });

  it('starts settle for a flagged answer whose worker seems dead', async () => {
    const at = seeded({ ...running, leaseUntil: Date.now() - 3_500 });
    await at.cancel();

    expect(at.invoked).toMatchObject([{ functionName: 'settle', event: { attempt: 1 } }]);
  });

  it('is NOT_FOUND for an absent, a foreign and a deleted message, and INVALID_INPUT for what is no id', async () => {
    const at = seeded(running);
    const statusOf = async (...words: Parameters<typeof at.cancel>) => (await at.cancel(...words)).status;

    expect(await statusOf(undefined, '/conversations/c1/messages/absent/cancel')).toBe(404);
    expect(await statusOf('Bearer bob')).toBe(404);
    expect(await statusOf(undefined, '/conversations/c1/messages/a%20b/cancel')).toBe(400);
    const tombstone: ConversationItem = { ...chat.conversation, deletedAt: 'now' };
    at.table.seed(tombstone);
    expect(await statusOf()).toBe(404);
    expect(at.message()?.cancelRequestedAt).toBeUndefined();
  });
});
