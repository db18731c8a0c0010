import { describe, expect, it } from 'vitest';
import { chatInput, readJson } from '../../../functions/http/chat-input.ts';
import { isId } from '../../../protocol/ids.ts';

const MODELS = ['first', 'second'];
const input = (json: unknown, key: string | null = null, owner = 'u:alice') =>
  chatInput(json, key, owner, MODELS);
const codeOf = (json: unknown, key: string | null = null): unknown => {
  try {
    return input(json, key);
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('chatInput', () => {
  it('fills in what is omitted; a repeat by its clientMessageId meets the same conversation', () => {
    const first = input({ text: 'hello', clientMessageId: 'm1' });

    expect(first).toEqual({
      text: 'hello',
      clientMessageId: 'm1',
      conversationId: first.conversationId,
      model: null,
      pacing: null,
    });
    expect(isId(first.conversationId)).toBe(true);
    expect(input({ text: 'other', clientMessageId: 'm1' }).conversationId).toBe(first.conversationId);
    expect(input({ text: 'hello', clientMessageId: 'm2' }).conversationId).not.toBe(first.conversationId);
    expect(input({ text: 'hello', clientMessageId: 'm1' }, null, 'u:bob').conversationId).not.toBe(
      first.conversationId,
    );
  });

  it('takes everything as it is given; a null parent is not an omitted one', () => {
    const given = {
      text: ' hello\n',
      conversationId: 'c1',
      clientMessageId: 'm1',
      parentId: null,
      model: 'second',
      pacing: 'LIVE',
    };

    expect(input(given)).toEqual(given);
    expect(input({ ...given, parentId: 'p' }).parentId).toBe('p');
    expect(input({ text: 'x' })).not.toHaveProperty('parentId');
  });

  it('takes Idempotency-Key for the clientMessageId, makes one when there is none', () => {
    expect(input({ text: 'x' }, 'key-1').clientMessageId).toBe('key-1');
    expect(input({ text: 'x', clientMessageId: 'key-1' }, 'key-1').clientMessageId).toBe('key-1');
    expect(input({ text: 'x' }).clientMessageId).not.toBe(input({ text: 'x' }).clientMessageId);
  });

  it.each([
    ['no object', 'hello'],
    ['null', null],
    ['an array', []],
    ['no text', {}],
    ['a text of another type', { text: 5 }],
    ['an empty text', { text: '' }],
    ['only white space', { text: ' \n' }],
    ['too long a text', { text: 'x'.repeat(32_001) }],
    ['an unknown field', { text: 'x', stream: true }],
    ['an empty id', { text: 'x', conversationId: '' }],
    ['an id with a space', { text: 'x', clientMessageId: 'a b' }],
    ['an id with a #', { text: 'x', conversationId: 'a#b' }],
    ['too long an id', { text: 'x', clientMessageId: 'x'.repeat(65) }],
    ['a null id', { text: 'x', conversationId: null }],
    ['a bad parent', { text: 'x', parentId: 'a/b' }],
    ['an unknown pacing', { text: 'x', pacing: 'FAST' }],
    ['a model of another type', { text: 'x', model: 1 }],
  ])('refuses %s', (_name, json) => {
    expect(codeOf(json)).toBe('INVALID_INPUT');
  });

  it('takes the longest text and the longest id', () => {
    expect(input({ text: 'x'.repeat(32_000), conversationId: 'c'.repeat(64) })).toMatchObject({
      conversationId: 'c'.repeat(64),
    });
  });

  it.each([
    ['differs from the body', { text: 'x', clientMessageId: 'm1' }, 'm2'],
    ['is no id', { text: 'x' }, 'a b'],
    ['is empty', { text: 'x' }, ''],
  ])('refuses an Idempotency-Key that %s', (_name, json, key) => {
    expect(codeOf(json, key)).toBe('INVALID_INPUT');
  });

  it('refuses a model that is not configured by its own code', () => {
    expect(codeOf({ text: 'x', model: 'third' })).toBe('MODEL_NOT_ALLOWED');
  });
});

describe('readJson', () => {
  const request = (body: BodyInit, type: string | null = 'application/json') =>
    new Request('http://door/chat', {
      method: 'POST',
      body,
      headers: type === null ? {} : { 'content-type': type },
    });

  it('reads JSON, whatever parameters its media type has', async () => {
    expect(await readJson(request('{"text":"é"}', 'Application/JSON; charset=utf-8'))).toEqual({ text: 'é' });
  });

  it.each(['text/plain', 'application/jsonp', 'application/x-www-form-urlencoded', ''])(
    'refuses the media type "%s"',
    async (type) => {
      await expect(readJson(request('{}', type))).rejects.toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    },
  );

  it('reads texts as UTF-8 can hold them: half a surrogate pair is U+FFFD, whole ones stay', async () => {
    const body = '{"text":"a\\ud83d","parts":[{"text":"\\ude00b \\ud83d\\ude00","n":1,"x":null}]}';

    expect(await readJson(request(body))).toEqual({
      text: 'a\ufffd',
      parts: [{ text: '\ufffdb 😀', n: 1, x: null }],
    });
  });

  it('refuses more than 256 KB, counted in bytes', async () => {
    const most = JSON.stringify('é'.repeat(131_071));
    expect(Buffer.byteLength(most)).toBe(262_144);
    expect(await readJson(request(most))).toHaveLength(131_071);
    await expect(readJson(request(`${most} `))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  });

  it.each([
    ['malformed JSON', '{"text":'],
    ['nothing', ''],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
  ])('refuses %s', async (_name, body) => {
    await expect(readJson(request(body))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
