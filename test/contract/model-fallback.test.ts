import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, sendChunks, startHttpServer, type HttpServer } from '../functions/http-server.ts';
import { recordedConversation } from './client-conversation.ts';
import { expectReceipt } from './streamed-answer.ts';
import { startTarget, type LocalTarget } from './target.ts';

const chunk = (delta: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
});

/** Names of the models in the order they were asked. */
const asked: string[] = [];
let server: HttpServer | undefined;
let started: LocalTarget | undefined;

beforeAll(async () => {
  // `spare` answers; every other model refuses with the status and the wait that the prompt names.
  server = await startHttpServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { model, messages } = JSON.parse(body) as { model: string; messages: { content: string }[] };
      asked.push(model);
      const [status, retryAfter] = (messages.at(-1)?.content ?? '').split(' ');
      const isSpare = model === 'spare' && status !== '429';
      if (isSpare) return sendChunks(response, [chunk({ content: 'from the spare' }), chunk({}, 'stop')]);
      response.writeHead(Number(status), retryAfter ? { 'retry-after': retryAfter } : {}).end();
    });
  });
  started = await startTarget({
    functionEnvironment: { OPENAI_BASE_URL: `${server.url}/v1`, FALLBACK_MODELS: 'spare' },
  });
});
afterAll(async () => {
  await started?.stack.close();
  await server?.close();
});

/** One answer to its end, with the models that were asked for it. */
async function answerTo(text: string) {
  const { conversation } = recordedConversation(started as LocalTarget);
  const before = asked.length;
  const message = await (await conversation.send({ text })).ended;
  return { message, models: asked.slice(before) };
}

describe('a model that fails before its first token', () => {
  it('is asked once more, then another one answers and is named in END', async () => {
    const { message, models } = await answerTo('503');

    expect(models).toEqual(['offline', 'offline', 'spare']);
    expect(message).toMatchObject({
      ...{ status: 'COMPLETE', text: 'from the spare', model: 'spare' },
      end: { model: 'spare', usage: { source: 'ESTIMATED' } },
    });
    expectReceipt(message.end, message.text);
  });

  it('ends the answer when it and the others are busy for longer than there is time, and tells for how long', async () => {
    const { message, models } = await answerTo('429 7200');

    expect(models).toEqual(['offline', 'spare']);
    expect(message).toMatchObject({
      ...{ status: 'FAILED', text: '' },
      end: {
        ...{ reason: 'ERROR', model: 'spare', usage: { source: 'ESTIMATED' } },
        error: { code: 'UPSTREAM_RATE_LIMITED', retryable: true, retryAfterMs: 7_200_000 },
      },
    });
  });

  it('is not asked again for what a repeat cannot change', async () => {
    const { message, models } = await answerTo('401');

    expect(models).toEqual(['offline']);
    expect(message.end?.error).toMatchObject({ code: 'UPSTREAM_AUTH', retryable: false });
  });
});
