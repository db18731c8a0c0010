import { describe, expect, it } from 'vitest';
import { bodyOf, sendChunks } from '../http-server.ts';
import { ask, chunk, runModel as run, useServers } from './model-run.ts';

const serve = useServers();

describe('the OpenAI model, before it has written anything', () => {
  it('retries once, then falls back to the next model, and tells which one answers', async () => {
    const asked: string[] = [];
    const baseUrl = await serve((request, response) => {
      void bodyOf(request).then((body) => {
        const { model } = JSON.parse(body) as { model: string };
        asked.push(model);
        if (model === 'first') return response.writeHead(503).end();
        sendChunks(response, [chunk({ content: 'hello' }), chunk({}, 'stop')]);
      });
    });
    const { text, models, error } = await run(ask('x'), { baseUrl });

    expect(error).toBeUndefined();
    expect(text).toBe('hello');
    expect(asked).toEqual(['first', 'first', 'second']);
    expect(models).toEqual(['first', 'first', 'second']);
  });

  it('does not wait long for a busy model: it goes to the next one, and reports the wait when there is none', async () => {
    const asked: string[] = [];
    const baseUrl = await serve((request, response) => {
      void bodyOf(request).then((body) => {
        const { model } = JSON.parse(body) as { model: string };
        asked.push(model);
        if (model === 'first') return response.writeHead(429, { 'retry-after': '30' }).end();
        sendChunks(response, [chunk({ content: 'hello' }), chunk({}, 'stop')]);
      });
    });

    expect((await run(ask('x'), { baseUrl })).text).toBe('hello');
    expect(asked).toEqual(['first', 'second']);
    const alone = await run(ask('x'), { baseUrl, fallbackModels: [] }, { timeLeftMs: 20_000 });
    expect(alone.error).toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', retryAfterMs: 30_000 });
    expect(asked).toEqual(['first', 'second', 'first']);
  });

  it.each([
    ['seconds', () => ({ 'retry-after': '1' }), 1_000],
    ['an HTTP date', () => ({ 'retry-after': new Date(Date.now() + 2_000).toUTCString() }), 900],
    ['milliseconds', () => ({ 'retry-after-ms': '800', 'retry-after': '60' }), 800],
  ])('waits as long as a busy model says in %s, then asks it once more', async (_name, headers, waitMs) => {
    const askedAt: number[] = [];
    const baseUrl = await serve((_request, response) => {
      askedAt.push(performance.now());
      if (askedAt.length === 1) return void response.writeHead(429, headers()).end();
      sendChunks(response, [chunk({ content: 'hello' }), chunk({}, 'stop')]);
    });
    const { text, models } = await run(ask('x'), { baseUrl, fallbackModels: [] });

    expect(text).toBe('hello');
    expect(models).toEqual(['first', 'first']);
    // A timer may fire a millisecond early.
    expect((askedAt[1] ?? 0) - (askedAt[0] ?? 0)).toBeGreaterThanOrEqual(waitMs - 2);
  });

  it('asks a busy model no more when it is aborted meanwhile', async () => {
    const stop = new AbortController();
    let asked = 0;
    const baseUrl = await serve((_request, response) => {
      asked += 1;
      response.writeHead(429, { 'retry-after': '50' }).end(() => setTimeout(() => stop.abort(), 150));
    });
    const { error } = await run(ask('x'), { baseUrl, fallbackModels: [] }, { signal: stop.signal });

    expect(error).toBeDefined();
    expect(asked).toBe(1);
  });

  it('asks nobody else once reasoning was emitted', async () => {
    let asked = 0;
    const baseUrl = await serve((_request, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify(chunk({ reasoning_content: 'hm' }))}\n\n`, () =>
        response.destroy(),
      );
    });
    const { error, reasoning, text } = await run(ask('x'), { baseUrl });

    expect([reasoning, text]).toEqual(['hm', '']);
    expect(error?.code).toBe('UPSTREAM_UNAVAILABLE');
    expect(asked).toBe(1);
  });
});
