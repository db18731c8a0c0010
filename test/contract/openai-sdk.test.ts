import OpenAI, {
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from 'openai';
import { describe, expect, it, vi } from 'vitest';
import { modelRequests } from './api.ts';
import { ask } from './openai-client.ts';
import { countedText } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();

function client(): OpenAI {
  return new OpenAI({ apiKey: 'any', baseURL: `${target().stack.offlineModelUrl}/v1`, maxRetries: 0 });
}

describe('the openai package on the offline model', () => {
  it('streams one chunk for each token, a finish reason, and usage when asked for', async () => {
    const stream = await client().chat.completions.create({
      ...ask('/tokens 40 200'),
      stream: true,
      stream_options: { include_usage: true },
    });
    const deltas: string[] = [];
    const finishes: string[] = [];
    let outputTokens: number | undefined;
    for await (const chunk of stream) {
      const [choice] = chunk.choices;
      if (choice?.delta.content) deltas.push(choice.delta.content);
      if (choice?.finish_reason) finishes.push(choice.finish_reason);
      outputTokens = chunk.usage?.completion_tokens ?? outputTokens;
    }

    expect(deltas).toHaveLength(40);
    expect(deltas.join('')).toBe(countedText(40));
    expect(finishes).toEqual(['stop']);
    expect(outputTokens).toBe(40);
  });

  it('answers whole without streaming', async () => {
    const completion = await client().chat.completions.create(ask('/echo häß 🙂'));

    expect(completion.choices[0]).toMatchObject({ message: { content: 'häß 🙂' }, finish_reason: 'stop' });
    expect(completion.usage?.total_tokens).toBeGreaterThan(0);
  });

  it.each([
    [400, BadRequestError],
    [401, AuthenticationError],
    [404, NotFoundError],
    [429, RateLimitError],
    [500, InternalServerError],
    [503, InternalServerError],
  ])('fails with the class of status %i before the first token', async (status, type) => {
    const failed = client().chat.completions.create({ ...ask(`/error ${status}`), stream: true });

    await expect(failed).rejects.toBeInstanceOf(type);
    await expect(failed).rejects.toMatchObject({ status });
  });

  it('ends without a finish reason when the stream is truncated, and breaks when it is cut', async () => {
    const read = async (text: string) => {
      let received = '';
      let finish: string | null = null;
      try {
        const stream = await client().chat.completions.create({ ...ask(text), stream: true });
        for await (const { choices } of stream) {
          received += choices[0]?.delta.content ?? '';
          finish = choices[0]?.finish_reason ?? finish;
        }
      } catch {
        return { received, finish, isBroken: true };
      }
      return { received, finish, isBroken: false };
    };

    expect(await read('/truncate 5')).toEqual({ received: countedText(5), finish: null, isBroken: false });
    expect(await read('/cut 5')).toEqual({ received: countedText(5), finish: null, isBroken: true });
  });

  it('stops the answer when the client aborts', async () => {
    const prompt = '/tokens 5000 50';
    const stream = await client().chat.completions.create({ ...ask(prompt), stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === ' w3') break;

    await vi.waitFor(
      async () => expect((await modelRequests(target(), prompt))[0]?.outcome).toBe('aborted'),
      {
        timeout: 20_000,
        interval: 20,
      },
    );
    expect((await modelRequests(target(), prompt))[0]?.tokensSent).toBeLessThan(100);
  });
});
