import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FencedError, LogWriter } from '../../../functions/generation/log-writer.ts';
import type { Delta } from '../../../functions/generation/stream.ts';
import { attemptLog } from '../../../functions/rules/answer-text.ts';
import { runRule } from '../../../functions/table/run-rule.ts';
import type { Table } from '../../../functions/table/table.ts';
import type { AssistantMessageItem, LogItem } from '../../../protocol/items.ts';
import { logSlot } from '../../../protocol/keys.ts';
import { logOf, NOW, seededChat, sha256, streaming } from '../chat-fixture.ts';
import { startTable } from '../dynamodb.ts';
import { definiteError, MemoryTable } from '../memory-table.ts';

const message = streaming(seededChat());
const never = new AbortController().signal;
const writerFor = (table: Table, of: AssistantMessageItem = message, stored = '') =>
  new LogWriter(table, of, stored, { now: () => NOW });
const text = (offset: number, value: string): Delta => ({ part: 'TEXT', offset, text: value });

describe('LogWriter', () => {
  let real: Awaited<ReturnType<typeof startTable>>;
  beforeAll(async () => (real = await startTable()));
  afterAll(() => real.close());

  it('writes each batch under its position with running lengths and digest', async () => {
    const log = writerFor(real.table);
    await log.write(1, text(0, 'Grüße '), never);
    await log.write(2, { part: 'REASONING', offset: 0, text: 'hm' }, never);
    await log.write(3, text(6, '😀'), never);

    const items = await runRule({ table: real.table }, attemptLog(message));
    const shared = {
      pk: message.pk,
      messageId: message.id,
      kind: 'BATCH',
      attempt: 1,
      claimId: 'request-1:a',
    };
    const ttl = NOW / 1000 + 30 * 24 * 3600;
    const batch = (
      position: number,
      seq: number,
      delta: Delta,
      textLength: number,
      reasoningLength: number,
      whole: string,
    ) => ({
      ...shared,
      ...delta,
      sk: logSlot(message.id, position, 1),
      seq,
      textLength,
      reasoningLength,
      sha256: sha256(whole),
      ttl,
    });
    expect(items).toEqual([
      batch(0, 1, text(0, 'Grüße '), 6, 0, 'Grüße '),
      batch(6, 2, { part: 'REASONING', offset: 0, text: 'hm' }, 6, 2, 'Grüße '),
      batch(8, 3, text(6, '😀'), 8, 2, 'Grüße 😀'),
    ]);
    expect(log.logged).toBe(3);
  });

  it('goes on from what earlier attempts stored', async () => {
    const table = new MemoryTable();
    const continued = { ...message, attempt: 3, resumeOffset: 5, resumeReasoningOffset: 2 };
    await writerFor(table, continued, 'first').write(1, text(5, ' more'), never);

    expect(table.all<LogItem>('L#')).toMatchObject([
      { sk: logSlot(message.id, 7, 3), textLength: 10, reasoningLength: 2, sha256: sha256('first more') },
    ]);
  });

  it.each([
    ['another claim', { claimId: 'request-1:b' }],
    ['another text', { text: 'other' }],
    ['a seal', { kind: 'SEAL' as const, claimId: 'seal', text: '' }],
  ])('is fenced by a slot that holds %s', async (_name, difference) => {
    const table = new MemoryTable();
    const [mine] = logOf(message, ['hello']) as [LogItem];
    table.seed({ ...mine, ...difference });

    await expect(writerFor(table).write(1, text(0, 'hello'), never)).rejects.toBeInstanceOf(FencedError);
    expect(table.all('L#')).toEqual([{ ...mine, ...difference }]);
  });

  it('takes its own slot for its own after an unclear result', async () => {
    const table = new MemoryTable();
    let puts = 0;
    table.fate = (call) => (call.operation === 'put' && (puts += 1) === 1 ? 'lost' : 'fine');
    const log = writerFor(table);

    await log.write(1, text(0, 'hello'), never);

    expect(puts).toBe(2);
    expect(log.logged).toBe(1);
    expect(table.all('L#')).toHaveLength(1);
  });

  it('repeats on the same slot until the outcome is known', async () => {
    const table = new MemoryTable();
    let puts = 0;
    table.fate = (call) => (call.operation === 'put' && (puts += 1) <= 3 ? 'failed' : 'fine');

    await writerFor(table).write(1, text(0, 'hello'), never);

    expect(table.calls.filter((call) => call.operation === 'put').map((call) => call.sk)).toEqual(
      Array(4).fill(logSlot(message.id, 0, 1)),
    );
    expect(table.all('L#')).toHaveLength(1);
  });

  it('throws what DynamoDB refuses for certain', async () => {
    const table = new MemoryTable();
    table.fate = () => definiteError();

    await expect(writerFor(table).write(1, text(0, 'hello'), never)).rejects.toThrow('refused by DynamoDB');
  });

  it('gives up an unclear put when it is stopped', async () => {
    const table = new MemoryTable();
    const stop = new AbortController();
    table.fate = () => {
      stop.abort();
      return 'failed';
    };

    await expect(writerFor(table).write(1, text(0, 'hello'), stop.signal)).rejects.toThrow('not sent');
  });
});
