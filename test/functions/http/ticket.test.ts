import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TICKET_PATIENCE_MS } from '../../../protocol/limits.ts';
import type { TicketItem } from '../../../protocol/items.ts';
import { doorWith, eventsOf, idsOf, pathOf } from './door.ts';
import { chat, ended, running } from './one-answer.ts';

const REMAINING_MS = 900_000;
const ALICE = { authorization: 'Bearer alice' };
const EVENTS = pathOf(running, 'events');

// The clock moves by hand; timers run.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() }));
afterEach(() => void vi.useRealTimers());
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** A door with a ticket for an answer. */
async function withTicket(message = running) {
  // A lease that outlasts every move of the clock.
  const lasting = { ...message, leaseUntil: Date.now() + 86_400_000 };
  const at = doorWith(lasting, { remainingMs: REMAINING_MS });
  const made = await at.request(pathOf(message, 'events/ticket'), { method: 'POST', headers: ALICE });
  expect(made.status).toBe(200);
  const { ticket } = (await made.json()) as { ticket: string };
  /** The events by ticket alone, or with what is given. */
  const open = async (
    change: { path?: string; headers?: Record<string, string>; given?: string } = {},
  ): Promise<Response> =>
    at.request(`${change.path ?? EVENTS}?ticket=${change.given ?? ticket}`, {
      headers: change.headers ?? {},
    });
  /** What the door makes of the ticket; leaves at once. */
  const verdict = async (change: Parameters<typeof open>[0] = {}) => {
    const response = await open(change);
    await response.body?.cancel();
    return response.status;
  };
  const finish = (text = 'hello') => at.table.seed(ended(text));
  const stored = () => at.table.all<TicketItem>('K')[0];
  return { ...at, made, ticket, open, verdict, finish, stored };
}

describe('POST events/ticket', () => {
  it('gives the owner 256 random bits, of which only the SHA-256 is stored', async () => {
    const first = await withTicket();
    const second = await withTicket();

    expect(first.ticket).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(second.ticket).not.toBe(first.ticket);
    expect(Object.fromEntries(first.made.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': 'r1',
    });
    expect(JSON.stringify([...first.table.items])).not.toContain(first.ticket);
    expect(first.stored()).toMatchObject({ pk: expect.stringMatching(/^ticket#[0-9a-f]{64}$/) as unknown });
    expect((first.stored()?.ttl ?? 0) * 1000).toBeGreaterThanOrEqual(Date.now() + TICKET_PATIENCE_MS - 5_000);
  });

  it.each([
    ['no credential', EVENTS, {}, 401, 'UNAUTHENTICATED'],
    ['another owner', EVENTS, { authorization: 'Bearer bob' }, 404, 'NOT_FOUND'],
    ['an absent message', EVENTS.replace(running.id, 'absent'), ALICE, 404, 'NOT_FOUND'],
    ['an absent conversation', EVENTS.replace('/c1/', '/absent/'), ALICE, 404, 'NOT_FOUND'],
    ['a message from the user', EVENTS.replace(running.id, chat.user.id), ALICE, 404, 'NOT_FOUND'],
    ['what is no id', EVENTS.replace(running.id, 'a%0d%0ab'), ALICE, 400, 'INVALID_INPUT'],
  ])('is refused for %s, and stores nothing', async (_name, path, headers, status, code) => {
    const at = doorWith(running);
    const answer = await at.request(`${path}/ticket`, {
      method: 'POST',
      headers: headers as Record<string, string>,
    });

    expect([answer.status, await answer.json()]).toMatchObject([status, { error: { code } }]);
    expect(at.table.all('K')).toEqual([]);
  });
});

describe('GET events by ticket', () => {
  it('streams without any header, and replays what has ended', async () => {
    const at = await withTicket();
    at.finish('hello');
    const response = await at.open();

    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(eventsOf(await response.text()).map(({ kind, text }) => [kind, text])).toEqual([
      ['START', ''],
      ['DELTA', 'hello'],
      ['END', ''],
    ]);
  });

  it('takes the first connection for 60 s, and no later one', async () => {
    const late = await withTicket();
    pass(TICKET_PATIENCE_MS + 1);
    expect(await late.verdict()).toBe(401);

    const justInTime = await withTicket();
    pass(TICKET_PATIENCE_MS);
    expect(await justInTime.verdict()).toBe(200);
  });

  it('takes every reconnect while the answer runs, each within 60 s of the longest connection', async () => {
    const at = await withTicket();
    for (let connections = 0; connections < 5; connections += 1) {
      expect(await at.verdict()).toBe(200);
      pass(REMAINING_MS + TICKET_PATIENCE_MS - 5_000);
    }
    pass(5_001 + 5_000);
    expect(await at.verdict()).toBe(401);
  });

  it('is prolonged by its first connection to an answer that has ended', async () => {
    const at = await withTicket();
    at.finish();
    expect(await at.verdict()).toBe(200);
    pass(TICKET_PATIENCE_MS + 5_000);
    expect(await at.verdict()).toBe(200);
  });

  it('takes the replay that follows the end of the answer, but is not prolonged by it', async () => {
    const at = await withTicket();
    expect(await at.verdict()).toBe(200);
    at.finish();
    const { goodUntil } = at.stored() as TicketItem;
    pass(REMAINING_MS);
    expect(await at.verdict()).toBe(200);
    expect(at.stored()).toMatchObject({ goodUntil, isUsed: true });
    pass(TICKET_PATIENCE_MS + 5_000);
    expect(await at.verdict()).toBe(401);
  });

  it('is over with the 204 for a reader that has END', async () => {
    const at = await withTicket();
    at.finish();
    const cursor = idsOf(await (await at.open()).text()).at(-1) ?? '';
    const headers = { 'last-event-id': cursor };

    expect(await at.verdict({ headers })).toBe(204);
    expect(at.stored()).toBeUndefined();
    expect(await at.verdict({ headers })).toBe(401);
    expect(await at.verdict()).toBe(401);
  });

  it('answers 204 although the ticket cannot be removed, with one log line', async () => {
    const at = await withTicket();
    at.finish();
    const cursor = idsOf(await (await at.open()).text()).at(-1) ?? '';
    at.table.fate = ({ operation }) => (operation === 'remove' ? 'failed' : 'fine');

    expect(await at.verdict({ headers: { 'last-event-id': cursor } })).toBe(204);
    expect(at.lines.map(({ event }) => event)).toEqual(['http.ticketStays']);
  });

  it('goes on after a cursor', async () => {
    const at = await withTicket();
    at.finish('hello');
    const response = await at.open({ headers: { 'last-event-id': `${running.id}:1:3.0` } });

    expect(eventsOf(await response.text()).map(({ kind, text }) => [kind, text])).toEqual([
      ['DELTA', 'lo'],
      ['END', ''],
    ]);
  });

  it.each([
    ['another message', { path: EVENTS.replace(running.id, 'other') }],
    ['another conversation', { path: EVENTS.replace('/c1/', '/c2/') }],
    ['no ticket in it', { given: '' }],
    ['a ticket that never was', { given: 'A'.repeat(43) }],
    ['a ticket with more after it', { given: `${'A'.repeat(43)}A` }],
    ['line breaks in the ticket', { given: '%0d%0ax-chat-token:%20x' }],
    ['another use of the same bytes', { given: 'ticket%23' }],
    ['no id', { path: EVENTS.replace(running.id, 'a%2Fb') }],
  ])('is UNAUTHENTICATED with %s, and changes nothing', async (_name, change) => {
    const at = await withTicket();
    const before = at.stored();
    const response = await at.open(change);

    expect([response.status, await response.json()]).toMatchObject([
      401,
      { error: { code: 'UNAUTHENTICATED' } },
    ]);
    expect(at.stored()).toEqual(before);
    expect(at.work).toEqual([]);
  });

  it('is no credential for anything else', async () => {
    const at = await withTicket();
    const answers = await Promise.all([
      at.request(`${pathOf(running, 'cancel')}?ticket=${at.ticket}`, { method: 'POST' }),
      at.request(`${pathOf(running, 'events/ticket')}?ticket=${at.ticket}`, { method: 'POST' }),
      at.request(`/conversations?ticket=${at.ticket}`),
      at.request(`/conversations/c1/messages?ticket=${at.ticket}`),
      at.request(`/chat?ticket=${at.ticket}`, { method: 'POST' }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
  });

  it('counts for nothing beside a credential in the headers, good or bad', async () => {
    const at = await withTicket();

    expect(await at.verdict({ headers: ALICE, given: 'broken' })).toBe(200);
    expect(at.stored()?.isUsed).toBe(false);
    expect(await at.verdict({ headers: { authorization: 'Bearer nobody' } })).toBe(401);
    expect(await at.verdict({ headers: { authorization: 'Bearer bob' } })).toBe(404);
  });

  it('is NOT_FOUND for a conversation that was deleted', async () => {
    const at = await withTicket();
    at.table.seed({ ...chat.conversation, deletedAt: 'now' } as never);

    expect(await at.verdict()).toBe(404);
  });

  it('is never logged', async () => {
    const at = await withTicket();
    at.table.fate = ({ operation }) => (operation === 'get' ? new Error('no answer') : 'fine');
    const response = await at.open();

    expect(response.status).toBe(500);
    expect(at.lines).toHaveLength(1);
    expect(JSON.stringify([at.lines, await response.text()])).not.toContain(at.ticket);
  });
});
