import { describe, expect, it } from 'vitest';
import { ChatError, errorShape } from '../../../../protocol/errors.ts';
import type { AssistantMessageItem, ConversationItem } from '../../../../protocol/items.ts';
import { logOf } from '../../chat-fixture.ts';
import { doorWith, type door } from '../door.ts';
import { chat, ended, running } from '../one-answer.ts';
import { chunksOf, textOf } from './body-chunks.ts';

type Door = ReturnType<typeof door>;

describe('GET /api/chat/{conversationId}/stream', () => {
  const STREAM = '/api/chat/c1/stream';

  it('replays a running answer as one delta, then goes on with it', async () => {
    const at = doorWith(running);
    at.table.seed(...logOf(running, ['one ', 'two ', 'three ']));
    const response = await at.get(STREAM);
    const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>)
      .pipeThrough(new TextDecoderStream())
      .getReader();
    let body = '';
    while (!body.includes('text-delta')) body += (await reader.read()).value ?? '';
    expect(textOf(body)).toBe('one two three ');
    at.table.seed(ended('one two three four'));
    for (let read = await reader.read(); !read.done; read = await reader.read()) body += read.value;

    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-vercel-ai-ui-message-stream': 'v1',
      'x-message-id': running.id,
      'x-conversation-id': 'c1',
    });
    expect(chunksOf(body).map(({ type, delta }) => delta ?? type)).toEqual([
      'start',
      'start-step',
      'text-start',
      'one two three ',
      'four',
      'text-end',
      'finish-step',
      'finish',
    ]);
  });

  it('follows the newest answer that runs, although a later one has ended', async () => {
    const at = doorWith(running);
    const later = ended('later', { id: '01B-1', sk: 'M#01B-1' });
    at.table.seed(later, ...logOf(running, ['one']));
    const response = await at.get(STREAM);
    at.table.seed(ended('one'));

    expect(response.headers.get('x-message-id')).toBe(running.id);
    expect(textOf(await response.text())).toBe('one');
  });

  it('ends with an error that the answer ended with', async () => {
    const at = doorWith(running);
    const response = await at.get(STREAM);
    const error = errorShape(new ChatError('LOST'));
    const lost = ended('');
    at.table.seed({ ...lost, status: 'INTERRUPTED', end: { ...lost.end, error } } as AssistantMessageItem);

    expect(chunksOf(await response.text()).at(-2)).toMatchObject({ data: { code: 'LOST' } });
  });

  it.each<[string, (at: Door) => void, string]>([
    ['every answer has ended', (at) => at.table.seed(ended('done')), 'alice'],
    ['the conversation is absent', (at) => at.table.items.clear(), 'alice'],
    ['the conversation is foreign', () => undefined, 'bob'],
    [
      'the conversation is deleted',
      (at) => at.table.seed({ ...chat.conversation, deletedAt: 'now' } as unknown as ConversationItem),
      'alice',
    ],
  ])('is 204 when %s', async (_name, prepare, caller) => {
    const at = doorWith(running);
    prepare(at);
    const response = await at.get(STREAM, { authorization: `Bearer ${caller}` });

    expect([response.status, await response.text(), at.work]).toEqual([204, '', []]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it.each<[string, (at: Door) => Response | Promise<Response>, number]>([
    ['no credential', (at) => at.request(STREAM), 401],
    ['what is no id', (at) => at.get('/api/chat/c%201/stream'), 400],
    ['HEAD', (at) => at.request(STREAM, { method: 'HEAD', headers: { authorization: 'Bearer alice' } }), 405],
  ])('refuses %s', async (_name, send, status) => {
    const at = doorWith(running);
    expect((await send(at)).status).toBe(status);
    expect(at.work).toEqual([]);
  });
});
