import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { startModelProcess, isSameClock } from '../../bench/model-client.ts';
import { machineNow } from '../../bench/clock.ts';
import { startModelServer } from '../../bench/model-server.ts';
import { startRelay } from '../../bench/relay-client.ts';
import { fixtureTokens } from '../../bench/token-fixture.ts';

async function read(baseURL: string): Promise<{ pieces: string[]; finish: (string | null)[] }> {
  const client = new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 });
  const pieces: string[] = [];
  const finish: (string | null)[] = [];
  const stream = await client.chat.completions.create({
    model: 'bench',
    messages: [{ role: 'user', content: 'bench' }],
    stream: true,
  });
  for await (const { choices } of stream) {
    if (choices[0]?.delta.content) pieces.push(choices[0].delta.content);
    if (choices[0]?.finish_reason) finish.push(choices[0].finish_reason);
  }
  return { pieces, finish };
}

describe('startModelServer', () => {
  it('streams every token in order to an OpenAI client and stamps each', async () => {
    const tokens = fixtureTokens(20);
    const model = await startModelServer({ tokens, tokensPerSecond: 1_000 });
    try {
      const { pieces, finish } = await read(model.baseUrl);

      expect(pieces).toEqual(tokens);
      expect(finish).toEqual(['stop']);
      const [sent = []] = model.sentAt;
      expect(sent).toHaveLength(20);
      expect(sent).toEqual(sent.toSorted((a, b) => a - b));
    } finally {
      await model.close();
    }
  });

  it('keeps to the rate', async () => {
    const model = await startModelServer({ tokens: fixtureTokens(6), tokensPerSecond: 50 });
    try {
      const askedAt = machineNow();
      await read(model.baseUrl);

      const [sent = []] = model.sentAt;
      // A loaded machine makes tokens late; timers are early by a fraction of a millisecond, never by more.
      expect((sent[5] ?? 0) - askedAt).toBeGreaterThan(95);
    } finally {
      await model.close();
    }
  });
});

describe('a reader that leaves', () => {
  it('is stamped', async () => {
    const model = await startModelServer({ tokens: fixtureTokens(10_000), tokensPerSecond: 200 });
    try {
      const leaving = new AbortController();
      const answer = await fetch(model.baseUrl, { method: 'POST', signal: leaving.signal });
      await answer.body?.getReader().read();
      expect(model.leftAt).toEqual([null]);
      leaving.abort();
      await expect.poll(() => model.leftAt[0], { timeout: 10_000 }).toEqual(expect.any(Number));
      expect(model.sentAt[0]?.length).toBeLessThan(10_000);
    } finally {
      await model.close();
    }
  });
});

describe('startModelProcess', () => {
  it('stamps by the clock of this process', async () => {
    const model = await startModelProcess({ tokens: fixtureTokens(3), tokensPerSecond: 1_000 });
    try {
      const before = machineNow();
      await read(model.baseUrl);
      const after = machineNow();

      const sent = await model.sent();
      expect(sent).toHaveLength(1);
      expect(sent[0]).toHaveLength(3);
      for (const at of sent[0] ?? []) expect(isSameClock(before, at, after)).toBe(true);
    } finally {
      await model.close();
    }
  });
});

describe('isSameClock', () => {
  it('refuses a stamp from outside the interval', () => {
    expect([isSameClock(1, 2, 3), isSameClock(1, 0.9, 3), isSameClock(1, 3.1, 3)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('startRelay', () => {
  it('hands every token over in order', async () => {
    const tokens = fixtureTokens(20);
    const model = await startModelServer({ tokens, tokensPerSecond: 1_000 });
    const relay = await startRelay(model.baseUrl);
    try {
      const { pieces, finish } = await read(relay.baseUrl);

      expect(pieces).toEqual(tokens);
      expect(finish).toEqual(['stop']);
    } finally {
      await relay.close();
      await model.close();
    }
  });
});
