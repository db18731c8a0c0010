import { describe, expect, it, vi } from 'vitest';
import { FencedError } from '../../../functions/generation/log-writer.ts';
import { runGeneration } from '../../../functions/generation/generation.ts';
import type { Model, Sink } from '../../../functions/generation/stream.ts';
import { ChatError } from '../../../protocol/errors.ts';
import { NO_USAGE, type LogItem } from '../../../protocol/items.ts';
import {
  CONFIG,
  logOf,
  runOf,
  scriptedModel,
  sha256,
  STOP,
  streaming,
  untilAborted,
  type Step,
} from '../chat-fixture.ts';
import { definiteError } from '../memory-table.ts';
import { kinds, USAGE, world } from './generation-world.ts';

describe('a generation', () => {
  describe('that is cancelled', () => {
    it('aborts the model within 500 ms, keeps the partial answer and estimates usage', async () => {
      let abortedAt = 0;
      const model: Model = {
        async *stream({ signal, onModel }) {
          onModel('scripted');
          yield { kind: 'delta', part: 'TEXT', text: 'partial answer' };
          yield { kind: 'usage', usage: USAGE };
          await untilAborted(() => signal)();
          abortedAt = performance.now();
          yield { kind: 'delta', part: 'TEXT', text: ' too late' };
        },
      };
      const { ports, chat, stored, change, published, logged } = world(model);
      const run = runGeneration(ports, runOf(chat.message));
      await vi.waitFor(() => expect(logged()).toBe('partial answer'));
      const flaggedAt = performance.now();
      const cancelRequestedAt = new Date(Date.now() - 1_000).toISOString();
      change({ cancelRequestedAt });
      await run;

      expect(abortedAt - flaggedAt).toBeLessThan(650);
      const end = {
        reason: 'CANCELLED',
        length: 14,
        sha256: sha256('partial answer'),
        continuable: false,
        error: null,
        usage: { source: 'ESTIMATED' },
        cancel: {
          requestedAt: cancelRequestedAt,
          latencyMs: expect.any(Number) as unknown,
          // 14 bytes that came within the second after the request; what came after the abort is dropped.
          tokensAfterCancel: 4,
        },
      };
      expect(stored()).toMatchObject({ status: 'CANCELLED', text: 'partial answer', end });
      expect(stored()?.end?.cancel?.latencyMs).toBeGreaterThanOrEqual(1_000);
      expect(published.at(-1)).toMatchObject({ kind: 'END', status: 'CANCELLED', end });
    });

    it('while the history is read does not ask the model at all', async () => {
      const model = scriptedModel(['never', STOP]);
      const { ports, chat, stored, change, table } = world(model);
      table.before = async (call) => {
        if (call.operation !== 'range' || !call.sk.startsWith('M#')) return;
        change({ cancelRequestedAt: 'now' });
        await vi.waitFor(() => expect(table.calls.at(-1)?.operation).toBe('cheapGet'));
      };
      await runGeneration(ports, runOf(chat.message));

      expect(model.requests).toEqual([]);
      expect(stored()).toMatchObject({ status: 'CANCELLED', text: '', end: { length: 0, usage: NO_USAGE } });
    });
  });

  it('leaves a message alone that was deleted while it ran', async () => {
    let signal: AbortSignal | undefined;
    const { ports, chat, stored, table, published, logged } = world([
      'a',
      () => untilAborted(() => signal)(),
    ]);
    const stream = ports.model.stream.bind(ports.model);
    ports.model.stream = (request) => {
      signal = request.signal;
      return stream(request);
    };
    const run = runGeneration(ports, runOf(chat.message));
    await vi.waitFor(() => expect(logged()).toBe('a'));
    table.items.delete(`${chat.message.pk}\n${chat.message.sk}`);

    expect(await run).toBe('deleted');
    expect(stored()).toBeUndefined();
    expect(kinds(published)).not.toContain('END');
  });

  it('throws when another writer sealed its log, publishes no more text and stops the model', async () => {
    const model = scriptedModel(() => [
      'a',
      async () => {
        await vi.waitFor(() => expect(logged()).toBe('a'));
        const [first] = logOf(streaming(chat), ['a']);
        table.seed({
          ...first,
          sk: `L#${chat.message.id}#000000001#000000001`,
          kind: 'SEAL',
          claimId: 'seal',
        } as LogItem);
      },
      'b',
      untilAborted(() => model.requests[0]?.signal),
      'c',
    ]);
    const { ports, chat, table, stored, published, logged } = world(model);

    await expect(runGeneration(ports, runOf(chat.message))).rejects.toBeInstanceOf(FencedError);
    expect(model.requests[0]?.signal.aborted).toBe(true);
    expect(logged()).toBe('a');
    expect(kinds(published)).toEqual(['START', 'DELTA']);
    expect(stored()?.status).toBe('STREAMING');
  });

  it('throws the error of a log that cannot be written and leaves the answer to settle', async () => {
    const { ports, chat, table, stored, published } = world(['a', STOP]);
    table.fate = (call) => (call.operation === 'put' ? definiteError() : 'fine');

    await expect(runGeneration(ports, runOf(chat.message))).rejects.toThrow('refused by DynamoDB');
    expect(stored()?.status).toBe('STREAMING');
    expect(kinds(published)).toEqual(['START']);
  });

  it.each(['start', 'delta', 'end', 'leave'] as const)(
    'survives a sink that throws in %s',
    async (method) => {
      const calls: string[] = [];
      const sink: Sink = {
        start: () => note('start'),
        delta: () => note('delta'),
        end: () => note('end'),
        leave: () => note('leave'),
      };
      const note = (name: string) => {
        calls.push(name);
        if (name === method) throw new Error('broken sink');
      };
      const { ports, chat, stored, lines } = world(['a', 'b', STOP]);
      await runGeneration(ports, runOf(chat.message, { sinks: () => [sink] }));

      expect(stored()).toMatchObject({ status: 'COMPLETE', text: 'ab' });
      expect(calls.filter((name) => name === method)).toHaveLength(method === 'leave' ? 0 : 1);
      expect(lines.some((line) => line.event === 'generation.sinkFailed')).toBe(method !== 'leave');
    },
  );

  it('leaves no timer behind, however it ends', async () => {
    vi.useFakeTimers();
    try {
      const endings: (readonly Step[])[] = [['a', STOP], ['a'], ['a', new Error('x')]];
      for (const steps of endings) {
        const { ports, chat } = world(steps);
        await runGeneration(ports, runOf(chat.message));
        expect(vi.getTimerCount()).toBe(0);
      }
      const { ports, chat, table } = world(['a', STOP]);
      table.fate = (call) => (call.operation === 'put' ? definiteError() : 'fine');
      await expect(runGeneration(ports, runOf(chat.message))).rejects.toThrow();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('keeps message text, prompts and keys out of the log', async () => {
    const secret = 'the user wrote this';
    const failure = Object.assign(new Error(`bad request: ${secret}`), {
      status: 400,
      requestID: 'r',
      code: 'invalid',
    });
    const { ports, chat, lines } = world([secret, new ChatError('UPSTREAM_REJECTED', { cause: failure })], {
      ports: { config: CONFIG },
    });
    await runGeneration(ports, runOf(chat.message));

    expect(lines.map((line) => line.event)).toContain('generation.failed');
    expect(JSON.stringify(lines)).not.toContain(secret);
    expect(JSON.stringify(lines)).toContain('400');
  });
});
