import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import { userMessageIdOf, assistantMessageIdOf } from '../../protocol/ids.ts';
import { conversationKey } from '../../protocol/keys.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { callerOf, codeOf, modelRequests, PLAYGROUND } from './api.ts';
import type { WireSend } from './graphql.ts';
import { keyOf, sendItems, storedItems, withProbe } from './stored-items.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget(withProbe);
const caller = () => callerOf(target(), { apiKey: target().apiKey });
const inputOf = (text: string) => ({ conversationId: randomUUID(), clientMessageId: randomUUID(), text });
const send = (input: ReturnType<typeof inputOf>) => caller().call('send', { input });
const idsOf = ({ userMessage, assistantMessage }: WireSend) => [userMessage.id, assistantMessage.id];
const requestsOf = async (text: string) => (await modelRequests(target(), text)).length;

/** `POST /chat` to its end; answers the ids its headers name. */
async function post(body: Record<string, unknown>, headers: Record<string, string> = {}) {
  const answer = await fetch(`${target().httpUrl}/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': target().apiKey, ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, messageId: answer.headers.get('x-message-id'), text: await answer.text() };
}

describe('a repeated send', () => {
  it('answers the same ids while the answer waits, runs and is complete, and asks the model once', async () => {
    const input = inputOf('/tokens 40 100');
    const first = await send(input);
    expect(first.deduplicated).toBe(false);
    const statuses = new Set<string>();
    await expect
      .poll(
        async () => {
          const repeat = await send(input);
          expect(repeat.deduplicated).toBe(true);
          expect(idsOf(repeat)).toEqual(idsOf(first));
          statuses.add(repeat.assistantMessage.status);
          return repeat.assistantMessage.status;
        },
        { timeout: 15_000, interval: 20 },
      )
      .toBe('COMPLETE');
    expect(statuses).toContain('STREAMING');
    expect(await requestsOf(input.text)).toBe(1);
  });

  it('made 20 times at once starts one answer', async () => {
    const input = inputOf('/echo twenty');
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(input)));
    expect(new Set(answers.flatMap(idsOf)).size).toBe(2);
    expect(answers.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
    const [first] = answers;
    expect(first && (await caller().ended(first.assistantMessage)).text).toBe('twenty');
    expect(await requestsOf(input.text)).toBe(1);
    const stored = await storedItems(target()).partition(PLAYGROUND, input.conversationId);
    expect(stored.map(({ sk }) => sk[0]).sort()).toEqual(['C', 'L', 'M', 'M', 'R']);
  });

  it('with any other input is CONFLICT and changes nothing', async () => {
    const input = inputOf('/echo same');
    const first = await send(input);
    await caller().ended(first.assistantMessage);
    const model = target().stack.model.api.environment?.['MODELS'] ?? null;
    const items = storedItems(target());
    const before = await items.partition(PLAYGROUND, input.conversationId);
    for (const other of [
      { text: '/echo same ' },
      { parentId: null },
      { parentId: first.assistantMessage.id },
      { model },
      { pacing: 'LIVE' as const },
      { pacing: 'BALANCED' as const },
    ])
      expect(codeOf(await caller().refusal('send', { input: { ...input, ...other } }))).toBe('CONFLICT');
    const { conversationId, clientMessageId } = input;
    const regenerate = { conversationId, clientMessageId, messageId: first.assistantMessage.id };
    expect(codeOf(await caller().refusal('regenerate', { input: regenerate }))).toBe('CONFLICT');
    expect(await items.partition(PLAYGROUND, conversationId)).toEqual(before);
    expect(idsOf(await send(input))).toEqual(idsOf(first));
  });

  it('treats null like omitted, except for the parent', async () => {
    const input = inputOf('/echo nulls');
    const first = await send(input);
    const repeat = await caller().call('send', { input: { ...input, model: null, pacing: null } });
    expect(idsOf(repeat)).toEqual(idsOf(first));
  });

  it('with the same id in another conversation is another send', async () => {
    const input = inputOf('/echo elsewhere');
    const first = await send(input);
    const second = await send({ ...input, conversationId: randomUUID() });
    expect(second.deduplicated).toBe(false);
    expect(second.assistantMessage.id).not.toBe(first.assistantMessage.id);
  });
});

describe('one send over both doors', () => {
  it('HTTP first, then GraphQL', async () => {
    const input = inputOf('/echo over http');
    const first = await post({ ...input });
    expect(first.status).toBe(200);
    const repeat = await send(input);
    expect(repeat.deduplicated).toBe(true);
    expect(repeat.assistantMessage).toMatchObject({
      id: first.messageId,
      status: 'COMPLETE',
      text: 'over http',
    });
    expect(await requestsOf(input.text)).toBe(1);
    expect(codeOf(await caller().refusal('send', { input: { ...input, text: '/echo other' } }))).toBe(
      'CONFLICT',
    );
  });

  it('GraphQL first, then HTTP, which replays the answer', async () => {
    const input = inputOf('/tokens 30 100');
    const first = await send(input);
    const repeat = await post({ ...input }, { 'idempotency-key': input.clientMessageId });
    expect(repeat).toMatchObject({ status: 200, messageId: first.assistantMessage.id });
    const state = await caller().ended(first.assistantMessage);
    expect(repeat.text).toContain(state.end?.sha256 ?? 'no receipt');
    expect(await requestsOf(input.text)).toBe(1);
    expect((await post({ ...input, pacing: 'LIVE' })).status).toBe(409);
  });

  it('both doors at once, ten times each', async () => {
    const input = inputOf('/echo race');
    const [graphql, http] = await Promise.all([
      Promise.all(Array.from({ length: 10 }, () => send(input))),
      Promise.all(Array.from({ length: 10 }, () => post({ ...input }))),
    ]);
    const ids = new Set([
      ...graphql.map(({ assistantMessage }) => assistantMessage.id),
      ...http.map(({ messageId }) => messageId),
    ]);
    expect(ids.size).toBe(1);
    expect(http.map(({ status }) => status)).toEqual(http.map(() => 200));
    expect(await requestsOf(input.text)).toBe(1);
  });
});

describe('a send that was cut short', () => {
  const cases = ['request', 'conversation', 'user message', 'assistant message'] as const;

  it.each(cases)('after its %s is finished by its repeat with the first ids', async (last) => {
    const input = inputOf(`/echo finish ${last}`);
    const items = storedItems(target());
    const atMs = Date.now() - 10_000;
    const stored = sendItems(PLAYGROUND, input, ulid(atMs), atMs);
    const { conversationId } = input;
    const createdAt = stored.request.createdAt;
    const conversation = {
      ...conversationKey(PLAYGROUND, conversationId),
      ...{ owner: PLAYGROUND, id: conversationId, createdAt, updatedAt: createdAt, title: 'kept' },
      ...{ listOwner: PLAYGROUND, listSort: `${createdAt}#${conversationId}` },
      ...{ lastMessageId: assistantMessageIdOf(stored.request.ulid) },
    };
    const steps = [stored.request, conversation, stored.user, stored.assistant];
    await items.put(...steps.slice(0, cases.indexOf(last) + 1));

    const repeat = await send(input);
    expect(repeat.deduplicated).toBe(true);
    const { ulid: decided } = stored.request;
    expect(idsOf(repeat)).toEqual([userMessageIdOf(decided), assistantMessageIdOf(decided)]);
    expect(repeat.userMessage).toMatchObject({ createdAt, parentId: null, text: input.text });
    expect(repeat.conversation).toMatchObject({
      lastMessageId: repeat.assistantMessage.id,
      updatedAt: createdAt,
    });
    expect((await caller().ended(repeat.assistantMessage)).text).toBe(`finish ${last}`);
    expect(await requestsOf(input.text)).toBe(1);
  });

  it('is not started again within 2 s of an invocation that was made, and is after them', async () => {
    const input = inputOf('/echo patience');
    const items = storedItems(target());
    const first = await send(input);
    await caller().ended(first.assistantMessage);
    const key = keyOf(PLAYGROUND, first.assistantMessage);
    const pending = sendItems(PLAYGROUND, input, first.assistantMessage.id.slice(0, -2), Date.now());
    const invokedAt = Date.now() + 60_000;
    await items.put({ ...pending.assistant, invokedAt } as AssistantMessageItem);
    expect((await send(input)).assistantMessage.status).toBe('PENDING');
    expect(await items.get<AssistantMessageItem>(key)).toMatchObject({ status: 'PENDING', invokedAt });

    await items.change<AssistantMessageItem>(key, {
      invokedAt: Date.now() - 2_001,
      leaseUntil: Date.now() - 1,
    });
    const again = await send(input);
    expect(idsOf(again)).toEqual(idsOf(first));
    await caller().ended(again.assistantMessage);
    expect(await requestsOf(input.text)).toBe(2);
  });
});

describe('a repeated regenerate', () => {
  it('answers the same sibling, 20 times at once and later, and conflicts with other input', async () => {
    const asked = await send(inputOf('/echo base'));
    await caller().ended(asked.assistantMessage);
    const { conversationId } = asked.assistantMessage;
    const input = { conversationId, clientMessageId: randomUUID(), messageId: asked.assistantMessage.id };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => caller().call('regenerate', { input })),
    );
    const [first] = answers;
    if (!first) throw new Error('No answer');
    expect(new Set(answers.map(({ assistantMessage }) => assistantMessage.id)).size).toBe(1);
    expect(answers.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
    await caller().ended(first.assistantMessage);
    const later = await caller().call('regenerate', { input });
    expect(later).toMatchObject({
      deduplicated: true,
      assistantMessage: { text: 'base', status: 'COMPLETE' },
    });
    expect(await requestsOf('/echo base')).toBe(2);

    for (const other of [{ messageId: first.assistantMessage.id }, { pacing: 'LIVE' as const }])
      expect(codeOf(await caller().refusal('regenerate', { input: { ...input, ...other } }))).toBe(
        'CONFLICT',
      );
  });
});
