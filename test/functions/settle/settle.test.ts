import { describe, expect, it } from 'vitest';
import { settle } from '../../../functions/settle/settle.ts';
import { runRule } from '../../../functions/table/run-rule.ts';
import { sealLog } from '../../../functions/rules/seal.ts';
import { LogWriter } from '../../../functions/generation/log-writer.ts';
import { NO_USAGE, type AssistantMessageItem, type LogItem } from '../../../protocol/items.ts';
import { logSlot } from '../../../protocol/keys.ts';
import { logOf, NOW, recordingPublisher, runOf, seededChat, sha256, streaming } from '../chat-fixture.ts';
import { definiteError, MemoryTable } from '../memory-table.ts';

function world(message: AssistantMessageItem | undefined, log: readonly LogItem[] = [], now = NOW + 18_001) {
  const table = new MemoryTable();
  table.seed(...(message ? [message] : []), ...log);
  const { publish, batches } = recordingPublisher();
  const ports = { table, publish, clock: { now: () => now }, log: () => undefined };
  const target = message ?? seededChat().message;
  const run = (deadRequestId?: string) => settle(ports, runOf(target).event, deadRequestId);
  const stored = () => table.all<AssistantMessageItem>(target.sk)[0];
  return { table, run, stored, batches };
}

const message = streaming(seededChat());
const LOST = {
  reason: 'LOST',
  continuable: true,
  error: { code: 'LOST', message: 'The answer was interrupted.' },
};

describe('settle of a STREAMING answer', () => {
  it('seals the log, folds it into the text and ends INTERRUPTED with its figures', async () => {
    const log = logOf(message, ['Grüße ', 'aus 😀']);
    const { run, stored, batches, table } = world(message, log);

    expect(await run()).toBe('settled');
    const text = 'Grüße aus 😀';
    const end = {
      ...LOST,
      length: text.length,
      sha256: sha256(text),
      reasoningLength: 0,
      transport: { logged: 2 },
    };
    expect(stored()).toMatchObject({ status: 'INTERRUPTED', attempt: 1, text, textAttempt: null, end });
    expect(batches).toMatchObject([
      { kind: 'END', seq: 3, attempt: 1, offset: text.length, text: '', status: 'INTERRUPTED', end },
    ]);
    expect(table.all<LogItem>('L#').at(-1)).toMatchObject({
      kind: 'SEAL',
      seq: 3,
      sk: logSlot(message.id, text.length, 1),
    });
  });

  it('is CANCELLED when the cancel flag was set', async () => {
    const cancelRequestedAt = new Date(0).toISOString();
    const { run, stored, batches } = world({ ...message, cancelRequestedAt }, logOf(message, ['part']));
    await run();

    expect(stored()).toMatchObject({
      status: 'CANCELLED',
      text: 'part',
      end: {
        ...{ reason: 'CANCELLED', continuable: false, error: null },
        cancel: { requestedAt: cancelRequestedAt, tokensAfterCancel: null },
      },
    });
    expect(batches).toMatchObject([{ kind: 'END', status: 'CANCELLED' }]);
  });

  it('keeps what earlier attempts stored, and adds the log of the newest alone', async () => {
    const used = { ...NO_USAGE, inputTokens: 7, outputTokens: 2, source: 'PROVIDER' as const };
    const earlier = { text: 'first ', resumeOffset: 6, sha256: sha256('first '), usage: used };
    const continued = { ...message, attempt: 2, ...earlier };
    const older = logOf({ ...message, text: '' }, ['first ', 'never stored'], 'request-0:a');
    const { run, stored } = world(continued, [...older, ...logOf(continued, ['second'])]);
    await run();

    expect(stored()).toMatchObject({
      status: 'INTERRUPTED',
      attempt: 2,
      text: 'first second',
      end: {
        ...{ length: 12, sha256: sha256('first second') },
        // What the dead worker's attempt wrote is estimated, 6 bytes; what it read, nobody knows.
        usage: { inputTokens: 7, outputTokens: 4, source: 'ESTIMATED' },
      },
    });
  });

  it('keeps the stored digest when nothing was logged', async () => {
    const continued = { ...message, attempt: 2, text: 'first', resumeOffset: 5, sha256: sha256('first') };
    const { run, stored, batches } = world(continued);
    await run();

    expect(stored()).toMatchObject({ text: 'first', end: { length: 5, sha256: sha256('first') } });
    expect(batches).toMatchObject([{ kind: 'END', attempt: 2, seq: 1, offset: 5 }]);
  });

  it('folds reasoning apart from the text', async () => {
    const [text] = logOf(message, ['text']) as [LogItem];
    const thought = {
      ...text,
      sk: logSlot(message.id, 4, 1),
      part: 'REASONING' as const,
      text: 'hm',
      seq: 2,
      reasoningLength: 2,
    };
    const { run, stored } = world(message, [text, thought]);
    await run();

    expect(stored()).toMatchObject({ text: 'text', reasoning: 'hm', end: { length: 4, reasoningLength: 2 } });
  });

  it('stores a long answer in text items first', async () => {
    const pieces = Array.from({ length: 30 }, (_, index) => `${index} ${'x'.repeat(4_000)}`);
    const { run, stored, table } = world(message, logOf(message, pieces));
    await run();

    const text = pieces.join('');
    expect(
      table
        .all<LogItem>('T#')
        .map((item) => item.text)
        .join(''),
    ).toBe(text);
    expect(stored()).toMatchObject({ textAttempt: 1, end: { length: text.length, sha256: sha256(text) } });
  });

  it.each([
    ['while its lease holds', NOW + 15_000],
    ['until the lease is 3 s past', NOW + 18_000],
  ])('leaves it alone %s', async (_name, now) => {
    const { run, stored, batches, table } = world(message, [], now);

    expect(await run()).toBe('alive');
    expect(stored()).toEqual(message);
    expect([batches, table.all('L#')]).toEqual([[], []]);
  });

  it('ends it at once for a failure record of the request that claimed it, and only for that', async () => {
    const { run, stored } = world(message, logOf(message, ['part']), NOW + 10);

    expect(await run('request-10')).toBe('alive');
    expect(await run('request')).toBe('alive');
    expect(await run('request-1')).toBe('settled');
    expect(stored()).toMatchObject({ status: 'INTERRUPTED', text: 'part' });
  });

  it('is harmless when repeated: the state stays and END is published again with the same seq', async () => {
    const { run, stored, batches } = world(message, logOf(message, ['part']));
    await run();
    const first = stored();

    expect(await run()).toBe('terminal');
    expect(stored()).toEqual(first);
    expect(batches.map((batch) => [batch.kind, batch.seq, batch.end?.sha256])).toEqual([
      ['END', 2, sha256('part')],
      ['END', 2, sha256('part')],
    ]);
  });

  it('goes on from what an earlier settle left: a seal without a terminal write', async () => {
    const { run, stored, table } = world(message, logOf(message, ['part']));
    table.fate = (call) => (call.operation === 'update' ? definiteError() : 'fine');
    await expect(run()).rejects.toThrow('refused by DynamoDB');
    table.fate = () => 'fine';

    expect(await run()).toBe('settled');
    expect(stored()).toMatchObject({ status: 'INTERRUPTED', text: 'part' });
    expect(table.all<LogItem>('L#').filter((item) => item.kind === 'SEAL')).toHaveLength(1);
  });

  it('publishes END also when the answer to its terminal write was lost', async () => {
    const { run, batches, table } = world(message, logOf(message, ['part']));
    let updates = 0;
    table.fate = (call) => (call.operation === 'update' && (updates += 1) === 1 ? 'lost' : 'fine');

    expect(await run()).toBe('terminal');
    expect(batches).toMatchObject([{ kind: 'END', status: 'INTERRUPTED' }]);
  });

  it('lets the worker win that wrote its end first', async () => {
    const { run, stored, batches, table } = world(message, logOf(message, ['part']));
    const complete = {
      ...message,
      status: 'COMPLETE' as const,
      text: 'part',
      end: {
        reason: 'STOP' as const,
        length: 4,
        sha256: sha256('part'),
        reasoningLength: 0,
        continuable: false,
      },
    };
    table.before = (call) => {
      if (call.operation === 'update') table.seed(complete);
      return Promise.resolve();
    };

    expect(await run()).toBe('terminal');
    expect(stored()).toEqual(complete);
    expect(batches).toMatchObject([{ kind: 'END', status: 'COMPLETE', seq: 2 }]);
  });

  it('is CANCELLED when the flag was set while it folded the log', async () => {
    const { run, stored, batches, table } = world(message, logOf(message, ['part']));
    const flagged: AssistantMessageItem = { ...message, cancelRequestedAt: 'now' };
    let updates = 0;
    table.before = (call) => {
      if (call.operation === 'update' && (updates += 1) === 1) table.seed(flagged);
      return Promise.resolve();
    };

    expect(await run()).toBe('settled');
    expect(stored()).toMatchObject({
      status: 'CANCELLED',
      text: 'part',
      end: { reason: 'CANCELLED', length: 4 },
    });
    expect(batches).toMatchObject([{ kind: 'END', status: 'CANCELLED' }]);
  });

  it('leaves an attempt alone that was handed over meanwhile', async () => {
    const { run, stored, batches, table } = world(message, logOf(message, ['part']));
    const next = { ...message, status: 'PENDING' as const, attempt: 2, leaseUntil: NOW + 80_000 };
    table.before = (call) => {
      if (call.operation === 'update') table.seed(next);
      return Promise.resolve();
    };

    expect(await run()).toBe('alive');
    expect(stored()).toEqual(next);
    expect(batches).toEqual([]);
  });
});

describe('settle of a PENDING answer', () => {
  const pending = {
    ...seededChat().message,
    attempt: 2,
    text: 'first',
    resumeOffset: 5,
    sha256: sha256('first'),
  };

  it('ends it when nobody claimed it, with the text of earlier attempts', async () => {
    const { run, stored, batches } = world(pending, [], NOW + 63_001);

    expect(await run()).toBe('settled');
    const end = { ...LOST, length: 5, sha256: sha256('first'), transport: null };
    expect(stored()).toMatchObject({ status: 'INTERRUPTED', attempt: 2, text: 'first', end });
    expect(batches).toMatchObject([{ kind: 'END', seq: 0, attempt: 2, offset: 5, resumeOffset: 5, end }]);
  });

  it('leaves it alone before, also for a failure record', async () => {
    const { run, stored } = world(pending, [], NOW + 63_000);

    expect(await run('request-1')).toBe('alive');
    expect(stored()).toEqual(pending);
  });

  it.each([
    ['claimed', { status: 'STREAMING' as const, claimId: 'request-2:a' }],
    ['started again with a new start-by time', { leaseUntil: NOW + 200_000 }],
  ])('does not end what was %s since it was read', async (_name, change) => {
    const { run, stored, batches, table } = world(pending, [], NOW + 63_001);
    table.before = (call) => {
      if (call.operation === 'update') table.seed({ ...pending, ...change });
      return Promise.resolve();
    };

    expect(await run()).toBe('alive');
    expect(stored()).toEqual({ ...pending, ...change });
    expect(batches).toEqual([]);
  });
});

describe('settle', () => {
  it('does nothing for a message that is gone', async () => {
    const { run, batches, table } = world(undefined);

    expect(await run()).toBe('absent');
    expect([batches, table.all()]).toEqual([[], []]);
  });

  it('publishes END for a message that was cancelled while PENDING', async () => {
    const end = {
      reason: 'CANCELLED' as const,
      length: 0,
      sha256: sha256(''),
      reasoningLength: 0,
      continuable: false,
    };
    const { run, batches } = world({ ...seededChat().message, status: 'CANCELLED', end });

    expect(await run()).toBe('terminal');
    expect(batches).toMatchObject([{ kind: 'END', seq: 0, status: 'CANCELLED', end }]);
  });
});

describe('sealLog', () => {
  it('takes the next slot when a worker took the one it meant', async () => {
    const table = new MemoryTable();
    table.seed(message);
    const worker = new LogWriter(table, message, '', { now: () => NOW });
    const never = new AbortController().signal;
    let puts = 0;
    table.before = async (call) => {
      if (call.operation !== 'put' || (puts += 1) !== 1) return;
      await worker.write(1, { part: 'TEXT', offset: 0, text: 'late' }, never);
    };
    await runRule({ table }, sealLog(message, NOW));

    expect(table.all<LogItem>('L#').map((item) => [item.kind, item.sk])).toEqual([
      ['BATCH', logSlot(message.id, 0, 1)],
      ['SEAL', logSlot(message.id, 4, 1)],
    ]);
    await expect(worker.write(2, { part: 'TEXT', offset: 4, text: 'too late' }, never)).rejects.toThrow(
      'taken by another writer',
    );
  });

  it('puts one seal, whatever is repeated or lost', async () => {
    const table = new MemoryTable();
    let puts = 0;
    table.fate = (call) => (call.operation === 'put' && (puts += 1) === 1 ? 'lost' : 'fine');
    await runRule({ table }, sealLog(message, NOW));
    await runRule({ table }, sealLog(message, NOW));

    expect(table.all<LogItem>('L#')).toHaveLength(1);
  });
});
