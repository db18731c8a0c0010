import { describe, expect, it } from 'vitest';
import { callerOf, type MessageName } from './api.ts';
import { readSse, startCurl } from './curl-request.ts';
import { refusals } from './http-refusal.ts';
import { SseReader } from './sse-reader.ts';
import { countedText, expectReceipt } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();
const refused = refusals(target);
const caller = () => callerOf(target(), { apiKey: target().apiKey });
const key = () => ({ 'x-api-key': target().apiKey });
const eventsOf = ({ conversationId, id }: MessageName) =>
  `/conversations/${conversationId}/messages/${id}/events`;

async function ticketFor(message: MessageName): Promise<string> {
  const answer = await fetch(`${target().httpUrl}${eventsOf(message)}/ticket`, {
    method: 'POST',
    headers: key(),
  });
  expect(answer.status).toBe(200);
  const body = (await answer.json()) as { ticket: string };
  expect(Object.keys(body)).toEqual(['ticket']);
  return body.ticket;
}

describe('the events of an answer with a ticket', () => {
  it('are read without a header, through cuts, to END; then the ticket is over', async () => {
    const { assistantMessage } = await caller().send('/tokens 300 100');
    const path = `${eventsOf(assistantMessage)}?ticket=${await ticketFor(assistantMessage)}`;
    const reader = new SseReader(`${target().httpUrl}${path}`, {});
    for (let cuts = 0; cuts < 3; cuts += 1) {
      const enough = reader.text.length + 40;
      expect(await reader.read(() => reader.text.length >= enough)).toBe('left');
    }
    await reader.readToEnd();

    expect(reader.text).toBe(countedText(300));
    expectReceipt(reader.end, reader.text);
    expect(await reader.read()).toBe('nothing');
    await refused(path, {}, 401, 'UNAUTHENTICATED');
  });

  it('are replayed to the real curl when the answer has ended', async () => {
    const { assistantMessage } = await caller().send('/echo hello');
    await caller().ended(assistantMessage);
    const ticket = await ticketFor(assistantMessage);
    const answer = await startCurl(`${target().httpUrl}${eventsOf(assistantMessage)}?ticket=${ticket}`)
      .finished;

    expect(readSse(answer.body).map(({ batch }) => [batch.kind, batch.text])).toEqual([
      ['START', ''],
      ['DELTA', 'hello'],
      ['END', ''],
    ]);
  });

  it('are of this message alone, and not for a ticket beside a credential that is refused', async () => {
    const [one, other] = [await caller().send('/echo one'), await caller().send('/echo other')];
    for (const { assistantMessage } of [one, other]) await caller().ended(assistantMessage);
    const query = `?ticket=${await ticketFor(one.assistantMessage)}`;
    const mine = `${eventsOf(one.assistantMessage)}${query}`;
    const bob = { authorization: `Bearer ${await target().token('bob')}` };

    await refused(`${eventsOf(other.assistantMessage)}${query}`, {}, 401, 'UNAUTHENTICATED');
    await refused(`${mine}x`, {}, 401, 'UNAUTHENTICATED');
    await refused(`${eventsOf(one.assistantMessage)}?ticket=`, {}, 401, 'UNAUTHENTICATED');
    await refused(mine, { headers: { 'x-api-key': 'da2-wrong' } }, 401, 'UNAUTHENTICATED');
    await refused(mine, { headers: { 'x-chat-token': '' } }, 401, 'UNAUTHENTICATED');
    await refused(mine, { headers: { authorization: 'Bearer' } }, 401, 'UNAUTHENTICATED');
    await refused(mine, { headers: bob }, 404, 'NOT_FOUND');
    await refused(`/conversations${query}`, {}, 401, 'UNAUTHENTICATED');
    // What is no credential of the door, a signature of CloudFront for example, does not count.
    const answer = await fetch(`${target().httpUrl}${mine}`, {
      headers: { authorization: 'AWS4-HMAC-SHA256 x' },
    });
    expect(answer.status).toBe(200);
    await answer.text();
  });

  it('never show the ticket in a log', async () => {
    const { assistantMessage } = await caller().send('/echo hello');
    await caller().ended(assistantMessage);
    const ticket = await ticketFor(assistantMessage);
    const url = `${target().httpUrl}${eventsOf(assistantMessage)}?ticket=${ticket}`;
    for (const change of ['', 'x']) await (await fetch(`${url}${change}`)).text();

    expect(JSON.stringify(target().lines)).not.toContain(ticket);
  });
});
