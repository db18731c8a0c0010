import { randomUUID } from 'node:crypto';
import { APIUserAbortError, ConflictError, NotFoundError } from 'openai';
import type { CompletionUsage } from 'openai/resources/completions';
import { VERSION } from 'openai/version';
import { describe, expect, it } from 'vitest';
import { ask, openAiOn, tapped } from './openai-client.ts';
import { countedText, expectReceipt } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

process.stdout.write(`openai ${VERSION}\n`);

const target = useLocalTarget();
const { caller, client, journalled } = openAiOn(target);

describe('the openai package on the HTTP door, with a conversation', () => {
  const named = (conversationId: string, key = randomUUID()) => ({
    headers: { 'x-conversation-id': conversationId, 'idempotency-key': key },
  });

  it('holds two turns that GraphQL shows, over the stored history', async () => {
    const conversationId = randomUUID();
    const openai = await client();
    const first = await openai.chat.completions.create(ask('/tokens 30'), named(conversationId));
    const { data: stream, response } = await openai.chat.completions
      .create(
        {
          // Whatever else a client sends along: history is what is stored.
          ...{ model: 'offline', stream: true, stream_options: { include_usage: true } },
          messages: [{ role: 'assistant', content: 'never said' }, ...ask('/echo Grüße 👩‍💻').messages],
        },
        named(conversationId),
      )
      .withResponse();
    let text = '';
    let usage: CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }

    expect(first.choices[0]).toMatchObject({ message: { content: countedText(30) }, finish_reason: 'stop' });
    expect(text).toBe('Grüße 👩‍💻');
    const { items } = await (await caller()).call('messages', { conversationId });
    expect(items.map((item) => [item.role, item.text])).toEqual([
      ['ASSISTANT', 'Grüße 👩‍💻'],
      ['USER', '/echo Grüße 👩‍💻'],
      ['ASSISTANT', countedText(30)],
      ['USER', '/tokens 30'],
    ]);
    expectReceipt(items[0]?.end, text);
    expect([response.headers.get('x-message-id'), response.headers.get('x-conversation-id')]).toEqual([
      items[0]?.id,
      conversationId,
    ]);
    expect(usage).toMatchObject({ completion_tokens: items[0]?.end?.usage?.outputTokens });
    const [request] = await journalled('/echo Grüße 👩‍💻');
    // The configured system prompt comes first.
    expect(request?.body.messages.slice(1).map(({ role, content }) => [role, content])).toEqual([
      ['user', '/tokens 30'],
      ['assistant', countedText(30)],
      ['user', '/echo Grüße 👩‍💻'],
    ]);
  });

  it('carries the cursor in lines the package does not mind; the native stream goes on from it', async () => {
    const conversationId = randomUUID();
    const tap = tapped();
    const openai = await client({ fetch: tap.fetch });
    const stream = openai.chat.completions.stream(ask('/tokens 60'), named(conversationId));
    expect(await stream.finalContent()).toBe(countedText(60));
    const ids = [...((await tap.bodies[0]) ?? '').matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? '');
    const [messageId = '', attempt, offsets] = (ids[10] ?? '').split(':');
    const url = `${target().httpUrl}/conversations/${conversationId}/messages/${messageId}/events`;
    const authorization = `Bearer ${await target().token('alice')}`;
    const rest = await fetch(url, { headers: { authorization, 'last-event-id': ids[10] ?? '' } });
    const batches = [...(await rest.text()).matchAll(/^data: (.*)$/gm)].map(
      ([, data]) => JSON.parse(data ?? '') as { text: string },
    );

    expect(messageId).toBe(tap.responses[0]?.headers.get('x-message-id'));
    expect([attempt, ids.at(-1)]).toEqual(['1', `${messageId}:1:${countedText(60).length}.0:end`]);
    const held = Number(offsets?.split('.')[0]);
    expect(countedText(60).slice(0, held) + batches.map(({ text }) => text).join('')).toBe(countedText(60));
  });

  it('is one answer for one key, in both forms; other input under it is a ConflictError', async () => {
    const conversationId = randomUUID();
    const openai = await client();
    const one = named(conversationId);
    const first = await openai.chat.completions.create(ask('/tokens 20'), one);
    const again = await openai.chat.completions.create(ask('/tokens 20'), one);
    const streamed = await openai.chat.completions.stream(ask('/tokens 20'), one).finalChatCompletion();

    expect(again).toEqual(first);
    expect([streamed.id, streamed.choices[0]?.message.content]).toEqual([first.id, countedText(20)]);
    await expect(openai.chat.completions.create(ask('/tokens 21'), one)).rejects.toBeInstanceOf(
      ConflictError,
    );
    expect((await (await caller()).call('messages', { conversationId })).items).toHaveLength(2);
  });

  it('ends with "stop" and the partial text when another device cancels', async () => {
    const conversationId = randomUUID();
    const openai = await client();
    const stream = openai.chat.completions.stream(ask('/tokens 2000 100'), named(conversationId));
    const begun = Promise.withResolvers<void>();
    stream.on('content', () => begun.resolve());
    await begun.promise;
    const { items } = await (await caller()).call('messages', { conversationId });
    const messageId = items[0]?.id ?? '';
    await (await caller()).call('cancel', { conversationId, messageId });
    const completion = await stream.finalChatCompletion();
    const stored = await (await caller()).ended({ conversationId, id: messageId });

    expect(completion.choices[0]?.finish_reason).toBe('stop');
    expect(stored.status).toBe('CANCELLED');
    expect(completion.choices[0]?.message.content).toBe(stored.text);
  });

  it('is not sent twice by the package’s own retries', async () => {
    const conversationId = randomUUID();
    const openai = await client({ maxRetries: 2 });
    const failed = openai.chat.completions.create(ask('/error 503'), {
      headers: { 'x-conversation-id': conversationId },
    });

    await expect(failed).rejects.toMatchObject({ status: 503, code: 'UPSTREAM_UNAVAILABLE' });
    const { items } = await (await caller()).call('messages', { conversationId });
    expect(items.map(({ role, status }) => [role, status])).toEqual([
      ['ASSISTANT', 'FAILED'],
      ['USER', 'COMPLETE'],
    ]);
  });

  it('goes on to its end although the client has gone', async () => {
    const conversationId = randomUUID();
    const openai = await client();
    const stream = openai.chat.completions.stream(ask('/tokens 100 100'), named(conversationId));
    stream.on('content', () => stream.abort());
    await expect(stream.finalContent()).rejects.toBeInstanceOf(APIUserAbortError);
    const { items } = await (await caller()).call('messages', { conversationId });

    const ended = await (await caller()).ended({ conversationId, id: items[0]?.id ?? '' });
    expect(ended).toMatchObject({ status: 'COMPLETE', text: countedText(100) });
  });

  it('is nobody else’s: a foreign conversation id makes the caller’s own', async () => {
    const conversationId = randomUUID();
    await (await client()).chat.completions.create(ask('/echo of alice'), named(conversationId));
    const bob = await client({ apiKey: await target().token('bob') });
    await bob.chat.completions.create(ask('/echo of bob'), named(conversationId));

    const { items } = await (await caller()).call('messages', { conversationId });
    expect(items.map(({ text }) => text)).toEqual(['of alice', '/echo of alice']);
  });

  it('is a NotFoundError once it is deleted, and refuses what it cannot store', async () => {
    const conversationId = randomUUID();
    const openai = await client();
    const tuned = { ...ask('/echo x'), temperature: 0.2, top_p: 0.9, max_tokens: 1 };
    const { choices } = await openai.chat.completions.create(tuned, named(conversationId));
    expect(choices[0]?.message.content).toBe('x');
    const image = { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,' } };
    const withImage = { model: 'offline', messages: [{ role: 'user' as const, content: [image] }] };
    await expect(openai.chat.completions.create(withImage, named(conversationId))).rejects.toMatchObject({
      ...{ status: 400, code: 'INVALID_INPUT', param: 'messages' },
    });
    const asJson = { ...ask('/echo x'), response_format: { type: 'json_object' as const } };
    await expect(openai.chat.completions.create(asJson, named(conversationId))).rejects.toMatchObject({
      ...{ status: 400, code: 'INVALID_INPUT', param: 'response_format' },
    });
    expect((await (await caller()).call('messages', { conversationId })).items).toHaveLength(2);
    await (await caller()).call('delete', { id: conversationId });

    await expect(
      openai.chat.completions.create(ask('/echo x'), named(conversationId)),
    ).rejects.toBeInstanceOf(NotFoundError);
  });
});
