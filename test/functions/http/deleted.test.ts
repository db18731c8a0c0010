import { describe, expect, it } from 'vitest';
import type { AssistantMessageItem, ConversationItem } from '../../../protocol/items.ts';
import { conversationKey } from '../../../protocol/keys.ts';
import { OWNER, scriptedModel, untilAborted, type ScriptedModel } from '../chat-fixture.ts';
import { door } from './door.ts';

type Door = ReturnType<typeof door>;

const COMPLETIONS = '/v1/chat/completions';
const completion = (stream: boolean) => ({
  ...{ model: 'first', stream },
  messages: [{ role: 'user', content: 'hi' }],
});
const turn = { 'x-conversation-id': 'c1', 'idempotency-key': 'm1' };
const native = { text: 'hi', conversationId: 'c1', clientMessageId: 'm1', model: 'first' };
const ui = {
  ...{ id: 'c1', trigger: 'submit-message', model: 'first' },
  messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
};
const CODE = '"code":"NOT_FOUND"';

/** Every form of an answer: how it is asked for, and its body's last words after a text. */
const FORMS: Record<string, readonly [string, object, Record<string, string>, RegExp]> = {
  'native SSE': ['/chat', native, {}, /"kind":"DELTA".*"end":null,[^\n]*\n\n$/],
  'raw text': ['/chat', native, { accept: 'text/plain' }, /^hello \n\[NOT_FOUND\] Not found\.\n$/],
  'native JSON': ['/chat', native, { accept: 'application/json' }, new RegExp(`^{"error":{${CODE}`)],
  "OpenAI's chunks": [
    COMPLETIONS,
    completion(true),
    turn,
    new RegExp(`hello.*\\ndata: .*${CODE}}}\\n\\n$`, 's'),
  ],
  "OpenAI's JSON": [COMPLETIONS, completion(false), turn, new RegExp(CODE)],
  "the AI SDK's chunks": [
    '/api/chat',
    ui,
    {},
    new RegExp(
      `hello.*{"type":"data-error","data":{${CODE}.*{"type":"error","errorText":"Not found."}\\n\\ndata: \\[DONE]\\n\\n$`,
      's',
    ),
  ],
};
const isWhole = (form: string) => form.endsWith('JSON');
const tombstone = { ...conversationKey(OWNER, 'c1'), deletedAt: 'now' } as ConversationItem;

function ask(at: Door, form: string): Promise<Response> {
  const [path, body, headers] = FORMS[form] as (typeof FORMS)[string];
  return Promise.resolve(at.post(body, headers, path));
}

/** A repeat that follows an answer, whose conversation is deleted between its first look and its second. */
async function followed(form: string, hasText: boolean): Promise<Response> {
  const at = door();
  await (await ask(at, form)).text();
  await Promise.all(at.work);
  if (!hasText) for (const item of at.table.all<AssistantMessageItem>('L#')) await at.table.remove(item);
  const running = { status: 'STREAMING', leaseUntil: 4e12, text: '', end: null };
  at.table.seed({ ...at.message(), ...running } as AssistantMessageItem);
  let seen = 0;
  at.table.before = ({ operation }) => {
    // The send looks first, strongly: only followers look cheaply.
    if (operation === 'cheapGet' && (seen += 1) > 1) at.table.seed(tombstone);
    return Promise.resolve();
  };
  return ask(at, form);
}

describe.each(Object.keys(FORMS))('an answer whose conversation is deleted meanwhile, as %s', (form) => {
  const [, , , lastWords] = FORMS[form] as (typeof FORMS)[string];

  it('is NOT_FOUND where this worker generates it', async () => {
    const model: ScriptedModel = scriptedModel([
      'hello ',
      () => {
        const message = at.message();
        if (message) at.table.items.delete(`${message.pk}\n${message.sk}`);
      },
      untilAborted(() => model.requests.at(-1)?.signal),
    ]);
    const at = door(model);
    const response = await ask(at, form);
    const body = await response.text();
    await Promise.all(at.work);

    expect(response.status).toBe(isWhole(form) ? 404 : 200);
    expect(body).toMatch(lastWords);
    expect(at.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('is NOT_FOUND where it is followed', async () => {
    const response = await followed(form, true);
    const body = await response.text();

    expect(response.status).toBe(isWhole(form) ? 404 : 200);
    if (form === 'raw text') expect(body).toBe('hello world\n[NOT_FOUND] Not found.\n');
    else expect(body).toMatch(lastWords);
  });
});

it.each([...Object.keys(FORMS).filter(isWhole), "OpenAI's chunks", "the AI SDK's chunks"])(
  'is an HTTP 404 as %s where nothing was written before',
  async (form) => {
    const response = await followed(form, false);

    expect([response.status, await response.json()]).toMatchObject([404, { error: { code: 'NOT_FOUND' } }]);
  },
);
