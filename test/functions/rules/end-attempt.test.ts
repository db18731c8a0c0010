import { describe, expect, it } from 'vitest';
import { receipt, type Ending } from '../../../functions/generation/receipt.ts';
import { endAttempt } from '../../../functions/rules/end-attempt.ts';
import { runRule } from '../../../functions/table/run-rule.ts';
import type { AssistantMessageItem } from '../../../protocol/items.ts';
import { NOW, seededChat, sha256, streaming } from '../chat-fixture.ts';
import { MemoryTable } from '../memory-table.ts';

const message = streaming(seededChat());
const CANCELLED: Ending = { status: 'CANCELLED', reason: 'CANCELLED' };
const receiptAt = (endedAt: number) =>
  receipt(message, CANCELLED, {
    length: 2,
    sha256: sha256('Hi'),
    reasoningLength: 0,
    usage: null,
    transport: null,
    model: 'm',
    firstTokenAt: undefined,
    endedAt,
  });
const end = (table: MemoryTable) =>
  runRule(
    { table },
    endAttempt(message, { text: 'Hi', reasoning: '' }, 'CANCELLED', () => receiptAt(NOW)),
  );

describe('endAttempt', () => {
  it('is fenced when settle ended the same claim with the same text: that receipt is the one', async () => {
    const table = new MemoryTable();
    const settled: AssistantMessageItem = { ...message, status: 'CANCELLED', end: receiptAt(NOW - 1) };
    table.seed(settled);

    expect(await end(table)).toBe('fenced');
    expect(table.all(message.sk)).toEqual([settled]);
  });

  it('knows its own write whose answer was lost', async () => {
    const table = new MemoryTable();
    table.seed(message);
    table.fate = ({ operation }) =>
      operation === 'update' &&
      !table.calls.some((call) => call.operation === 'get') &&
      table.calls.length < 2
        ? 'lost'
        : 'fine';

    expect(await end(table)).toEqual({ end: receiptAt(NOW) });
    expect(table.calls.map((call) => call.operation)).toEqual(['update', 'update', 'get']);
  });
});
