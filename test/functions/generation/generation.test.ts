import { describe, expect, it, vi } from 'vitest';
import { FencedError } from '../../../functions/generation/log-writer.ts';
import { runGeneration, type GenerationPorts } from '../../../functions/generation/generation.ts';
import type { Model, Sink } from '../../../functions/generation/stream.ts';
import { CONTINUE_INSTRUCTION } from '../../../protocol/continue-instruction.ts';
import { ChatError } from '../../../protocol/errors.ts';
import type { AssistantMessageItem, LogItem, TextItem } from '../../../protocol/items.ts';
import {
  CONFIG,
  harness,
  logOf,
  recordingPublisher,
  runOf,
  scriptedModel,
  seededChat,
  sha256,
  STOP,
  streaming,
  untilAborted,
  type Step,
} from '../chat-fixture.ts';
import { definiteError, MemoryTable } from '../memory-table.ts';

const USAGE = {
  inputTokens: 7,
  outputTokens: 2,
  cachedInputTokens: 1,
  reasoningTokens: null,
  source: 'PROVIDER',
  costUsd: null,
} as const;

/** One PENDING answer in a memory table, a model that follows `steps`, and what can be seen of a run. */
function world(
  steps: readonly Step[] | Model,
  options: { message?: Partial<AssistantMessageItem>; ports?: Partial<GenerationPorts> } = {},
) {
  const table = new MemoryTable();
  const chat = seededChat({ now: Date.now(), message: options.message });
  table.seed(chat.conversation, chat.user, chat.message);
  const model = 'stream' in steps ? steps : scriptedModel(steps);
  const seen = harness(table, model, options.ports);
  const stored = () => table.all<AssistantMessageItem>(chat.message.sk)[0];
  const change = (values: Partial<AssistantMessageItem>) =>
    table.seed({ ...(stored() ?? chat.message), ...values });
  const logged = () =>
    table
      .all<LogItem>('L#')
      .filter((item) => item.kind === 'BATCH')
      .map((item) => item.text)
      .join('');
  return { table, chat, ...seen, stored, change, logged };
}

const kinds = (batches: readonly { kind: string }[]) => batches.map((batch) => batch.kind);

describe('a generation', () => {
  it('ends COMPLETE with the text, its length and its digest on every side', async () => {
    const { ports, chat, stored, published, logged, table } = world([
      'Grüße',
      ' ',
      'aus 😀',
      STOP,
      { kind: 'usage', usage: USAGE },
    ]);

    expect(await runGeneration(ports, runOf(chat.message))).toBe('terminal');

    const text = 'Grüße aus 😀';
    const end = {
      reason: 'STOP',
      length: text.length,
      sha256: sha256(text),
      reasoningLength: 0,
      continuable: false,
      usage: USAGE,
      error: null,
      model: 'scripted',
    };
    expect(stored()).toMatchObject({
      status: 'COMPLETE',
      attempt: 1,
      text,
      textAttempt: null,
      model: 'scripted',
      end,
    });
    expect(logged()).toBe(text);
    expect(published[0]).toMatchObject({
      kind: 'START',
      seq: 0,
      offset: 0,
      text: '',
      status: 'STREAMING',
      end: null,
    });
    expect(published.at(-1)).toMatchObject({
      kind: 'END',
      seq: published.length - 1,
      offset: text.length,
      status: 'COMPLETE',
      end,
    });
    expect(
      published
        .filter((batch) => batch.kind === 'DELTA')
        .map((batch) => batch.text)
        .join(''),
    ).toBe(text);
    expect(published.map((batch) => batch.seq)).toEqual(published.map((_, index) => index));
    expect(stored()?.end).toEqual(published.at(-1)?.end);
    expect(stored()?.end?.timing?.startedAt).toBe(stored()?.startedAt);
    expect(table.all<LogItem>('L#').every((item) => item.claimId === 'request-1:a')).toBe(true);
  });

  it('estimates usage when the provider says nothing', async () => {
    const { ports, chat, stored } = world(['abcdefgh', STOP]);
    await runGeneration(ports, runOf(chat.message));

    expect(stored()?.end?.usage).toMatchObject({ source: 'ESTIMATED', inputTokens: 6, outputTokens: 2 });
  });

  it('is COMPLETE when the model breaks after its finish reason', async () => {
    const { ports, chat, stored } = world(['whole', STOP, new Error('reset')]);
    await runGeneration(ports, runOf(chat.message));

    expect(stored()).toMatchObject({
      status: 'COMPLETE',
      text: 'whole',
      end: { usage: { source: 'ESTIMATED' } },
    });
  });

  it('is FAILED with UPSTREAM_TRUNCATED when the stream ends without a finish reason, and keeps the text', async () => {
    const { ports, chat, stored, published } = world(['part']);
    await runGeneration(ports, runOf(chat.message));

    const end = {
      reason: 'ERROR',
      length: 4,
      sha256: sha256('part'),
      error: { code: 'UPSTREAM_TRUNCATED', requestId: 'request-1' },
    };
    expect(stored()).toMatchObject({ status: 'FAILED', text: 'part', end });
    expect(published.at(-1)).toMatchObject({ kind: 'END', status: 'FAILED', end });
  });

  it.each([
    [
      'its code',
      new ChatError('UPSTREAM_RATE_LIMITED', { retryAfterMs: 9_000, cause: new Error('key sk-1') }),
      'UPSTREAM_RATE_LIMITED',
      9_000,
    ],
    ['INTERNAL for what it does not know', new Error('key sk-1'), 'INTERNAL', null],
  ])('is FAILED with %s, and no internal text leaves', async (_name, error, code, retryAfterMs) => {
    const { ports, chat, stored, published } = world(['part', error]);
    await runGeneration(ports, runOf(chat.message));

    expect(stored()).toMatchObject({ status: 'FAILED', end: { error: { code, retryAfterMs } } });
    expect(JSON.stringify([stored(), published])).not.toContain('sk-1');
  });

  it('stores an empty answer without a log', async () => {
    const { ports, chat, stored, published, logged } = world([STOP]);
    await runGeneration(ports, runOf(chat.message));

    expect(stored()).toMatchObject({ status: 'COMPLETE', text: '', end: { length: 0, sha256: sha256('') } });
    expect(logged()).toBe('');
    expect(kinds(published)).toEqual(['START', 'END']);
  });

  it('joins surrogate pairs that deltas split and replaces lone halves', async () => {
    const { ports, chat, stored, published } = world(['a\ud83d', '\ude00b', '\udc00', 'c\ud83d', STOP]);
    await runGeneration(ports, runOf(chat.message));

    const text = 'a😀b\ufffdc\ufffd';
    expect(stored()).toMatchObject({ text, end: { length: text.length, sha256: sha256(text) } });
    for (const batch of published) expect(batch.text.isWellFormed()).toBe(true);
  });

  it('keeps reasoning apart from the text', async () => {
    const { ports, chat, stored, published } = world([
      { kind: 'delta', part: 'REASONING', text: 'think ' },
      { kind: 'delta', part: 'REASONING', text: 'hard' },
      'answer',
      STOP,
    ]);
    await runGeneration(ports, runOf(chat.message));

    expect(stored()).toMatchObject({
      text: 'answer',
      reasoning: 'think hard',
      end: { length: 6, reasoningLength: 10, sha256: sha256('answer') },
    });
    const reasoning = published.filter((batch) => batch.part === 'REASONING');
    expect(reasoning.map((batch) => batch.text).join('')).toBe('think hard');
    expect(published.at(-1)).toMatchObject({ kind: 'END', part: 'TEXT', offset: 6 });
  });

  it.each([
    ['33 KB in one text item', 'é'.repeat(17_000), 1],
    ['300 KB in several', 'x😀'.repeat(60_000), 3],
  ])('puts a text of %s before the terminal write', async (_name, text, count) => {
    const { ports, chat, stored, table } = world([text, STOP]);
    await runGeneration(ports, runOf(chat.message));

    const items = table.all<TextItem>('T#');
    expect(items.map((item) => item.text).join('')).toBe(text);
    expect(items).toHaveLength(count);
    for (const item of items) {
      expect(Buffer.byteLength(item.text)).toBeLessThanOrEqual(262_144);
      expect(item.text.isWellFormed()).toBe(true);
      expect(item).not.toHaveProperty('ttl');
    }
    const inline = stored()?.text ?? '';
    expect(text.startsWith(inline)).toBe(true);
    expect(Buffer.byteLength(inline)).toBeLessThanOrEqual(32_768);
    expect(stored()).toMatchObject({
      status: 'COMPLETE',
      textAttempt: 1,
      end: { length: text.length, sha256: sha256(text) },
    });
    const written = table.versions.map(({ item }) => item);
    const terminal = written.findIndex((item) => item?.status === 'COMPLETE' && item.role === 'ASSISTANT');
    expect(written.findLastIndex((item) => item?.sk.startsWith('T#'))).toBeLessThan(terminal);
  });

  it('does not reach a model for an attempt that somebody else has', async () => {
    const model = scriptedModel(['never']);
    const { ports, chat, published } = world(model, {
      message: { status: 'STREAMING', claimId: 'request-2:b' },
    });

    expect(await runGeneration(ports, runOf(chat.message))).toBe('taken');
    expect(model.requests).toEqual([]);
    expect(published).toEqual([]);
  });

  it('completes although every publish fails', async () => {
    const publisher = recordingPublisher(() => true);
    const { ports, chat, stored, logged } = world(['a', 'b', STOP], {
      ports: { publish: publisher.publish },
    });
    await runGeneration(ports, runOf(chat.message));

    expect(logged()).toBe('ab');
    expect(stored()).toMatchObject({ status: 'COMPLETE', text: 'ab' });
    expect(stored()?.end?.transport?.publishFailures).toBeGreaterThan(0);
  });

  it('does not wait for publishes before the terminal write, but before it ends', async () => {
    const released = Promise.withResolvers<boolean>();
    const { ports, chat, stored } = world(['a', STOP], { ports: { publish: () => released.promise } });
    let isOver = false;
    const run = runGeneration(ports, runOf(chat.message)).then(() => (isOver = true));
    await vi.waitFor(() => expect(stored()?.status).toBe('COMPLETE'));
    expect(isOver).toBe(false);
    released.resolve(true);
    await run;
  });

  it('recognises its own terminal write when the answer was lost', async () => {
    const { ports, chat, stored, table, published } = world(['a', STOP]);
    let lost = 0;
    table.fate = (call) => {
      if (call.operation !== 'update' || stored()?.status !== 'STREAMING' || lost > 0) return 'fine';
      lost += 1;
      return 'lost';
    };

    expect(await runGeneration(ports, runOf(chat.message))).toBe('terminal');
    expect(lost).toBe(1);
    expect(kinds(published).at(-1)).toBe('END');
  });

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
      change({ cancelRequestedAt: 'now' });
      await run;

      expect(abortedAt - flaggedAt).toBeLessThan(650);
      const end = {
        reason: 'CANCELLED',
        length: 14,
        sha256: sha256('partial answer'),
        continuable: false,
        error: null,
        usage: { source: 'ESTIMATED' },
      };
      expect(stored()).toMatchObject({ status: 'CANCELLED', text: 'partial answer', end });
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
      expect(stored()).toMatchObject({ status: 'CANCELLED', text: '', end: { length: 0, usage: null } });
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

  describe('at its deadline', () => {
    const stopped = (text: string) =>
      scriptedModel((request) =>
        request === 1 ? [text, untilAborted(() => models.at(-1)?.requests[0]?.signal)] : [' the end', STOP],
      );
    const models: ReturnType<typeof scriptedModel>[] = [];
    const stoppedModel = (text: string) => {
      models.push(stopped(text));
      return models.at(-1) as ReturnType<typeof scriptedModel>;
    };

    it('hands over to the next attempt, which continues the same text', async () => {
      const model = stoppedModel('once upon');
      const { ports, chat, stored, published, invoked, logged } = world(model);
      const outcome = await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }));

      expect(outcome).toBe('handedOver');
      const next = stored() as AssistantMessageItem;
      expect(next).toMatchObject({
        status: 'PENDING',
        attempt: 2,
        handovers: 1,
        text: 'once upon',
        resumeOffset: 9,
        resumeReasoningOffset: 0,
        sha256: sha256('once upon'),
        end: null,
        usage: { source: 'ESTIMATED' },
      });
      expect(next).not.toHaveProperty('claimId');
      expect(next.leaseUntil).toBeGreaterThan(Date.now() + 58_000);
      const { owner, conversationId, id: messageId } = chat.message;
      expect(invoked).toEqual([
        { functionName: 'generate', event: { owner, conversationId, messageId, attempt: 2 } },
      ]);
      expect(kinds(published)).toEqual(['START', 'DELTA']);

      const before = published.length;
      expect(
        await runGeneration(ports, runOf(next, { claimId: 'request-2:a', requestId: 'request-2' })),
      ).toBe('terminal');
      const text = 'once upon the end';
      expect(model.requests[1]?.messages.slice(-2)).toEqual([
        { role: 'assistant', content: 'once upon' },
        { role: 'user', content: CONTINUE_INSTRUCTION },
      ]);
      expect(published[before]).toMatchObject({
        kind: 'START',
        attempt: 2,
        seq: 0,
        offset: 9,
        resumeOffset: 9,
      });
      expect(published[before + 1]).toMatchObject({
        kind: 'DELTA',
        attempt: 2,
        seq: 1,
        offset: 9,
        text: ' the end',
      });
      expect(stored()).toMatchObject({
        status: 'COMPLETE',
        attempt: 2,
        text,
        end: { length: text.length, sha256: sha256(text) },
      });
      expect(logged()).toBe(text);
      const used = stored()?.end?.usage;
      expect(used?.inputTokens).toBeGreaterThan(next.usage?.inputTokens ?? 0);
    });

    it('hands a long text over in text items', async () => {
      const long = 'word '.repeat(20_000);
      const { ports, chat, stored } = world(stoppedModel(long));
      await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 150 }));
      expect(stored()).toMatchObject({ attempt: 2, textAttempt: 1, resumeOffset: long.length });

      await runGeneration(ports, runOf(stored() as AssistantMessageItem, { claimId: 'request-2:a' }));
      const text = `${long} the end`;
      expect(stored()).toMatchObject({
        status: 'COMPLETE',
        textAttempt: 2,
        end: { length: text.length, sha256: sha256(text) },
      });
    });

    it('publishes what was logged before it leaves', async () => {
      const publishing: (() => void)[] = [];
      const { ports, chat, stored } = world(stoppedModel('text'), {
        ports: {
          publish: (batch) =>
            new Promise((resolve) => publishing.push(() => (sent.push(batch.kind), resolve(true)))),
        },
      });
      const sent: string[] = [];
      const run = runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }));
      await vi.waitFor(() => expect(stored()?.attempt).toBe(2));
      publishing.shift()?.();
      await vi.waitFor(() => expect(publishing).toHaveLength(1));
      publishing.shift()?.();

      expect(await run).toBe('handedOver');
      expect(sent).toEqual(['START', 'DELTA']);
    });

    it('that is already past hands over without asking the model', async () => {
      const model = scriptedModel(['never', STOP]);
      const { ports, chat, stored, table } = world(model);
      table.before = () => new Promise((resolve) => setTimeout(resolve, 3));
      const outcome = await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() - 5_000 }));

      expect(outcome).toBe('handedOver');
      expect(model.requests).toEqual([]);
      expect(stored()).toMatchObject({ status: 'PENDING', attempt: 2, text: '' });
    });

    it('ends INTERRUPTED and continuable when no hand-over is left', async () => {
      const { ports, chat, stored, published, invoked } = world(stoppedModel('part'), {
        message: { handovers: 12 },
      });
      await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }));

      const end = {
        reason: 'DEADLINE',
        continuable: true,
        length: 4,
        sha256: sha256('part'),
        error: { code: 'DEADLINE' },
      };
      expect(stored()).toMatchObject({ status: 'INTERRUPTED', attempt: 1, text: 'part', end });
      expect(published.at(-1)).toMatchObject({ kind: 'END', status: 'INTERRUPTED', end });
      expect(invoked).toEqual([]);
    });

    it('is CANCELLED when the flag came before the hand-over', async () => {
      const { ports, chat, stored, change, logged } = world(stoppedModel('part'));
      const run = runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }));
      await vi.waitFor(() => expect(logged()).toBe('part'));
      change({ cancelRequestedAt: 'now' });
      await run;

      expect(stored()).toMatchObject({ status: 'CANCELLED', attempt: 1, text: 'part' });
    });

    describe('when the invocation fails', () => {
      const invoke = () => Promise.reject(new Error('throttled'));

      it('ends the next attempt itself while nobody has claimed it', async () => {
        const { ports, chat, stored, published } = world(stoppedModel('part'), { ports: { invoke } });

        expect(await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }))).toBe(
          'terminal',
        );
        const end = {
          reason: 'DEADLINE',
          continuable: true,
          length: 4,
          sha256: sha256('part'),
          error: { code: 'DEADLINE' },
        };
        expect(stored()).toMatchObject({ status: 'INTERRUPTED', attempt: 2, text: 'part', end });
        expect(published.at(-1)).toMatchObject({ kind: 'END', status: 'INTERRUPTED', end });
      });

      it('publishes END also when the answer to that write was lost', async () => {
        const { ports, chat, stored, published, table } = world(stoppedModel('part'), { ports: { invoke } });
        let lost = 0;
        table.fate = (call) =>
          call.operation === 'update' && stored()?.attempt === 2 && (lost += 1) === 1 ? 'lost' : 'fine';

        expect(await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }))).toBe(
          'terminal',
        );
        expect(kinds(published).at(-1)).toBe('END');
      });

      it('leaves it to whoever claimed it meanwhile', async () => {
        const { ports, chat, stored, published, change } = world(stoppedModel('part'), {
          ports: {
            invoke: () => {
              change({ status: 'STREAMING', claimId: 'request-2:a' });
              return Promise.reject(new Error('answered too late'));
            },
          },
        });

        expect(await runGeneration(ports, runOf(chat.message, { deadlineAt: Date.now() + 60 }))).toBe(
          'handedOver',
        );
        expect(stored()).toMatchObject({ status: 'STREAMING', attempt: 2, claimId: 'request-2:a' });
        expect(kinds(published)).not.toContain('END');
      });
    });
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
