import { randomUUID } from 'node:crypto';
import { APIError, InternalServerError } from 'openai';
import { describe, expect, it } from 'vitest';
import { editedAssembly, resourcesOf } from './edited-assembly.ts';
import { ask, openAiOn, tapped } from './openai-client.ts';
import { countedText } from './streamed-answer.ts';
import { startTarget } from './target.ts';

/** The door closes its answers 10 s before its own limit: after three seconds here. */
const DOOR_SECONDS = 13;
/** Six seconds of tokens. */
const PROMPT = '/tokens 300 50';

describe('the openai package on an answer that outlives the HTTP door', () => {
  it('is told so in each form, and a stored answer goes on', async () => {
    const cdkOut = editedAssembly((resources) => {
      for (const [id, { Properties }] of resourcesOf(resources, 'AWS::Lambda::Function'))
        if (id.includes('Http')) Properties.Timeout = DOOR_SECONDS;
    });
    const target = await startTarget({ cdkOut });
    try {
      const { caller, client } = openAiOn(() => target);
      const tap = tapped();
      const openai = await client({ fetch: tap.fetch, maxRetries: 2 });
      const conversationId = randomUUID();
      const stored = { headers: { 'x-conversation-id': conversationId } };
      const read = async (options = {}) => {
        let text = '';
        const stream = await openai.chat.completions.create({ ...ask(PROMPT), stream: true }, options);
        try {
          for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
        } catch (error) {
          return { text, error };
        }
        throw new Error('The stream ended as if all were said');
      };
      const [whole, streamed, turn] = await Promise.all([
        openai.chat.completions.create(ask(PROMPT)).catch((error: unknown) => error),
        read(),
        read(stored),
      ]);

      expect(whole).toBeInstanceOf(InternalServerError);
      expect(whole).toMatchObject({ status: 504, code: 'DEADLINE' });
      for (const { text, error } of [streamed, turn]) {
        expect(error).toBeInstanceOf(APIError);
        expect(error).toMatchObject({ code: 'DEADLINE', type: 'server_error' });
        expect(text.length).toBeGreaterThan(20);
        expect(countedText(300).startsWith(text)).toBe(true);
      }
      // A repeat could only meet the limit again.
      expect(tap.responses).toHaveLength(3);
      const { items } = await (await caller()).call('messages', { conversationId });
      const state = await (await caller()).ended({ conversationId, id: items[0]?.id ?? '' });
      expect(state).toMatchObject({ status: 'COMPLETE', text: countedText(300) });
    } finally {
      await target.stack.close();
    }
  });
});
