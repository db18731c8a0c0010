import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../local/faults/random.ts';
import { chatOf, SDKS, textOf, type Sdk, type TransportOptions, type UiMessage } from '../ai-sdk.ts';
import { callerOf, modelRequests } from './api.ts';
import { countedText, expectReceipt, sha256, storedMessages } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();
const credential = () => ({ apiKey: target().apiKey });
const caller = () => callerOf(target(), credential());
const door = (): TransportOptions => ({
  api: `${target().httpUrl}/api/chat`,
  headers: { 'x-api-key': target().apiKey },
});
const user = (text: string, id: string = randomUUID()): UiMessage => ({
  id,
  role: 'user',
  parts: [{ type: 'text', text }],
});
const stored = (conversationId: string) => storedMessages(target(), credential(), conversationId);
const cancel = (conversationId: string, messageId: string) =>
  fetch(`${target().httpUrl}/conversations/${conversationId}/messages/${messageId}/cancel`, {
    method: 'POST',
    headers: door().headers,
  });

/** A chat of this SDK in a conversation of its own, and the answer it shows last. */
function open(sdk: Sdk, options: TransportOptions & { id?: string; messages?: UiMessage[] } = {}) {
  const id = options.id ?? randomUUID();
  const opened = chatOf(sdk, { ...door(), ...options, id });
  const answer = () => opened.chat.messages.findLast(({ role }) => role === 'assistant');
  return {
    ...opened,
    id,
    answer,
    text: () => textOf(answer()),
    /** Resolves when the chat shows so much of an answer. */
    shows: (units: number) => expect.poll(() => textOf(answer()).length).toBeGreaterThanOrEqual(units),
  };
}

describe.each(SDKS)('AI SDK %s', (version, sdk) => {
  // An answer that it has a part of is appended to: the application takes it away before it resumes.
  const appendsReplays = version.startsWith('5.');
  process.stdout.write(`ai ${version}\n`);

  it('reads an answer through its transport: the text, its receipt, our message id', async () => {
    const conversationId = randomUUID();
    const transport = new sdk.DefaultChatTransport(door());
    const stream = await transport.sendMessages({
      chatId: conversationId,
      messages: [user('/tokens 120 60')],
      trigger: 'submit-message',
      messageId: undefined,
      abortSignal: undefined,
    });
    const shown: UiMessage[] = [];
    for await (const message of sdk.readUIMessageStream({ stream })) shown.push(message);

    const last = shown.at(-1);
    expect(textOf(last)).toBe(countedText(120));
    expect(last?.metadata).toMatchObject({
      ...{ finishReason: 'stop', length: countedText(120).length, sha256: sha256(countedText(120)) },
      usage: { outputTokens: 120 },
    });
    // A busy machine joins deltas, so how many there are says nothing.
    expect(new Set(shown.map((message) => textOf(message))).size).toBeGreaterThan(3);
    const state = await caller().ended({ conversationId, id: last?.id ?? '' });
    expect(state).toMatchObject({ status: 'COMPLETE', text: countedText(120) });
  });

  it('holds a conversation: two turns, an answer made anew, an edit, each a branch of the stored tree', async () => {
    const { chat, id, text, answer, errors } = open(sdk);
    await chat.sendMessage({ text: '/echo one 😀' });
    const one = answer()?.id;
    await chat.sendMessage({ text: '/echo two' });
    const two = answer()?.id;
    await chat.regenerate();
    const twoAgain = answer()?.id;
    expect(chat.messages.map((message) => textOf(message))).toEqual([
      ...['/echo one 😀', 'one 😀', '/echo two', 'two'],
    ]);
    await chat.sendMessage({ text: '/echo three', messageId: chat.messages[2]?.id ?? '' });
    const three = answer()?.id;
    await chat.sendMessage({ text: '/echo four', messageId: chat.messages[0]?.id ?? '' });

    expect([chat.status, errors, text()]).toEqual(['ready', [], 'four']);
    const messages = await stored(id);
    const found = (messageId: string | null | undefined) =>
      messages.find((message) => message.id === messageId);
    const question = (messageId: string | undefined) => found(found(messageId)?.parentId);
    expect(question(one)?.parentId).toBeNull();
    expect(question(two)?.parentId).toBe(one);
    expect(question(twoAgain)).toBe(question(two));
    expect(question(three)).toMatchObject({ text: '/echo three', parentId: one });
    expect(question(answer()?.id)).toMatchObject({ text: '/echo four', parentId: null });
    expect(messages).toHaveLength(9);
    const asked = (await modelRequests(target(), '/echo three')).at(-1);
    expect(asked?.body.messages.flatMap(({ role, content }) => (role === 'system' ? [] : [content]))).toEqual(
      ['/echo one 😀', 'one 😀', '/echo three'],
    );
  });

  it('needs no more than its last two messages in the body', async () => {
    const { chat, id, text, answer } = open(sdk, {
      prepareSendMessagesRequest: ({ messages, ...rest }) => ({
        body: { ...rest, messages: messages.slice(-2) },
      }),
    });
    await chat.sendMessage({ text: '/echo one' });
    const one = answer()?.id;
    await chat.sendMessage({ text: '/echo two' });
    await chat.regenerate();

    expect([chat.status, text()]).toEqual(['ready', 'two']);
    const messages = await stored(id);
    const question = messages.find((message) => message.id === answer()?.id)?.parentId;
    expect(messages.find((message) => message.id === question)).toMatchObject({ parentId: one });
  });

  it('stops reading while our answer goes on, until it is cancelled', async () => {
    const prompt = '/tokens 1900 60';
    const { chat, id, text, answer, shows, errors } = open(sdk);
    const sending = chat.sendMessage({ text: prompt });
    await shows(40);
    await chat.stop();
    await sending;
    const held = text();
    const messageId = answer()?.id ?? '';

    expect([chat.status, errors]).toEqual(['ready', []]);
    await caller().until(
      { conversationId: id, id: messageId },
      (state) => state.text.length > held.length + 40,
    );
    expect((await cancel(id, messageId)).status).toBe(200);
    const state = await caller().ended({ conversationId: id, id: messageId });
    expect(state.status).toBe('CANCELLED');
    expect(state.text.startsWith(held)).toBe(true);
    expect((await modelRequests(target(), prompt)).at(-1)).toMatchObject({ outcome: 'aborted' });
  });

  it('resumes after its network was cut at random points, and is told of a cancel', async () => {
    const seed = Date.now() % 2 ** 31;
    const random = seededRandom(seed);
    let [budget, held] = [0, 0];
    const { chat, id, text, answer, shows } = open(sdk, {
      fetch: cutBy(() => budget),
      body: { pacing: 'LIVE' },
    });
    const run = async (work: () => Promise<void>) => {
      budget = held + 700 + Math.floor(random() * 1_200);
      await work();
      held = Math.max(held, text().length);
      expect([chat.status, chat.error?.message], `seed ${seed}`).toEqual(['error', 'network error']);
      expect(countedText(4_000).startsWith(text()), `seed ${seed}`).toBe(true);
      if (appendsReplays) chat.messages = chat.messages.slice(0, 1);
    };
    await run(() => chat.sendMessage({ text: '/tokens 4000 200' }));
    for (let cuts = 0; cuts < 3; cuts += 1) await run(() => chat.resumeStream());
    budget = Number.POSITIVE_INFINITY;
    const resumed = chat.resumeStream();
    await expect.poll(() => chat.status).toBe('streaming');
    await shows(held + 40);
    await cancel(id, answer()?.id ?? '');
    await resumed;

    const state = await caller().ended({ conversationId: id, id: answer()?.id ?? '' });
    expect(chat.status).toBe('ready');
    expect(text(), `seed ${seed}`).toBe(state.text);
    expectReceipt(state.end, text());
    expect(chat.messages).toHaveLength(2);
  });

  it('resumes on a fresh page what the GraphQL door started, nothing where nothing runs, and replays a repeat', async () => {
    const { conversation, userMessage, assistantMessage } = await caller().send('/tokens 150 60');
    const { chat, text, answer, errors } = open(sdk, {
      id: conversation.id,
      messages: [user('/tokens 150 60', userMessage.id)],
    });
    await chat.resumeStream();

    expect([chat.status, errors, text()]).toEqual(['ready', [], countedText(150)]);
    expect(answer()).toMatchObject({
      id: assistantMessage.id,
      metadata: { sha256: sha256(countedText(150)) },
    });
    const transport = new sdk.DefaultChatTransport(door());
    for (const chatId of [conversation.id, randomUUID()])
      expect(await transport.reconnectToStream({ chatId })).toBeNull();
    chat.messages = chat.messages.slice(0, 1);
    await chat.sendMessage();
    expect([text(), answer()?.id]).toEqual([countedText(150), assistantMessage.id]);
    const fresh = open(sdk);
    await fresh.chat.resumeStream();
    expect([fresh.errors, fresh.chat.messages]).toEqual([[], []]);
  });

  it('shows the error of an answer that fails after text, with its code, and tries again', async () => {
    const { chat, text, errors, data } = open(sdk);
    await chat.sendMessage({ text: '/truncate 5' });

    expect([chat.status, text()]).toEqual(['error', countedText(5)]);
    expect(errors.map(({ message }) => message)).toEqual(['The model ended its answer too early.']);
    expect(data).toMatchObject([
      { type: 'data-error', data: { code: 'UPSTREAM_TRUNCATED', retryable: true } },
    ]);
    expect(chat.messages.at(-1)?.parts.map(({ type }) => type)).toEqual(['step-start', 'text']);
    await chat.regenerate();
    expect(errors).toHaveLength(2);
  });

  it('gets the status and body of an error that comes before the first byte', async () => {
    const seen: number[] = [];
    const watched: typeof fetch = async (...request) => {
      const answer = await fetch(...request);
      seen.push(answer.status);
      return answer;
    };
    const busy = open(sdk, { fetch: watched });
    await busy.chat.sendMessage({ text: '/error 429' });
    const stranger = open(sdk, { fetch: watched, headers: { 'x-api-key': 'wrong' } });
    await stranger.chat.sendMessage({ text: '/echo hi' });

    expect(seen).toEqual([429, 401]);
    for (const [{ chat, errors }, code] of [
      [busy, 'UPSTREAM_RATE_LIMITED'],
      [stranger, 'UNAUTHENTICATED'],
    ] as const) {
      expect(chat.status).toBe('error');
      expect(JSON.parse(errors[0]?.message ?? '')).toMatchObject({ error: { code } });
      expect(chat.messages.map(({ role }) => role)).toEqual(['user']);
    }
  });

  it('sends by trying again what never got here', async () => {
    let isLost = true;
    const lossy: typeof fetch = (...request) =>
      isLost ? Promise.reject(new TypeError('fetch failed')) : fetch(...request);
    const { chat, id, text } = open(sdk, { fetch: lossy });
    await chat.sendMessage({ text: '/echo here' });
    expect(chat.status).toBe('error');
    isLost = false;
    await chat.regenerate();

    expect([chat.status, text()]).toEqual(['ready', 'here']);
    expect(await stored(id)).toHaveLength(2);
  });
});

/** A fetch whose bodies break like a lost network after so many bytes. */
function cutBy(budget: () => number): typeof fetch {
  return async (input, init) => {
    const answer = await fetch(input, init);
    let left = budget();
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        left -= chunk.length;
        if (left < 0) controller.error(new TypeError('network error'));
        else controller.enqueue(chunk);
      },
    });
    return new Response(answer.body?.pipeThrough(cut) ?? null, answer);
  };
}
