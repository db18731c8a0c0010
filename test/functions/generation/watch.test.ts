import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchMessage } from '../../../functions/generation/watch.ts';
import type { AssistantMessageItem } from '../../../protocol/items.ts';
import { seededChat, streaming } from '../chat-fixture.ts';
import { definiteError, MemoryTable } from '../memory-table.ts';

function watched() {
  const table = new MemoryTable();
  const message = streaming(seededChat(), 'request-1:a', Date.now());
  table.seed(message);
  const stops: string[] = [];
  const watch = watchMessage(table, message, { now: () => Date.now() }, (reason) => stops.push(reason));
  const change = (values: Partial<AssistantMessageItem>) => table.seed({ ...message, ...values });
  const lease = () => table.all<AssistantMessageItem>('M#')[0]?.leaseUntil;
  return { table, message, stops, watch, change, lease };
}

describe('watchMessage', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('sees the cancel flag within 500 ms by a cheap read and stops once', async () => {
    const { table, stops, change, watch } = watched();
    await vi.advanceTimersByTimeAsync(700);
    change({ cancelRequestedAt: 'now' });
    expect(watch.cancelRequestedAt).toBeUndefined();
    await vi.advanceTimersByTimeAsync(499);
    expect(stops).toEqual(['cancelled']);
    expect(watch.cancelRequestedAt).toBe('now');
    expect(table.calls.map((call) => call.operation)).toEqual(['cheapGet', 'cheapGet']);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stops).toEqual(['cancelled']);
    expect(table.calls).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
    watch.close();
  });

  it('renews the lease every 5 s while it holds the message', async () => {
    const { lease, watch, message, table } = watched();
    const startedAt = message.leaseUntil - 15_000;
    await vi.advanceTimersByTimeAsync(4_900);
    expect(lease()).toBe(message.leaseUntil);
    await vi.advanceTimersByTimeAsync(20_200);
    const renewals = table.versions
      .slice(1)
      .map(({ item }) => (item?.leaseUntil as number) - 15_000 - startedAt);
    expect(renewals).toEqual([5_000, 10_000, 15_000, 20_000, 25_000]);
    watch.close();
  });

  it.each([
    ['another attempt', { attempt: 2, status: 'PENDING' as const }, 'fenced'],
    ['another claim', { claimId: 'request-2:a' }, 'fenced'],
    ['a terminal status', { status: 'INTERRUPTED' as const }, 'fenced'],
  ])('confirms %s by a strong read before it stops', async (_name, values, reason) => {
    const { table, stops, change, watch } = watched();
    change(values);
    await vi.advanceTimersByTimeAsync(500);
    expect(table.calls.map((call) => call.operation)).toEqual(['cheapGet', 'get']);
    expect(stops).toEqual([reason]);
    watch.close();
  });

  it('stops for a message that is gone, but not for a cheap read that is behind', async () => {
    const { table, stops, message, watch } = watched();
    let reads = 0;
    const get = table.get.bind(table);
    table.get = (key, options) => ((reads += 1) === 1 ? Promise.resolve(undefined) : get(key, options));
    await vi.advanceTimersByTimeAsync(500);
    expect(stops).toEqual([]);
    await table.remove(message);
    await vi.advanceTimersByTimeAsync(500);
    expect(stops).toEqual(['deleted']);
    watch.close();
  });

  it('keeps the lease although the cheap reads fail', async () => {
    const { table, stops, lease, message, watch } = watched();
    table.fate = (call) => (call.operation === 'cheapGet' ? definiteError() : 'fine');
    await vi.advanceTimersByTimeAsync(5_200);
    expect(lease()).toBe(message.leaseUntil + 5_000);
    expect(stops).toEqual([]);
    watch.close();
  });

  it('tries again at its next look when a renewal fails, and does not stop', async () => {
    const { table, stops, lease, message, watch } = watched();
    table.fate = (call) => (call.operation === 'update' ? 'failed' : 'fine');
    await vi.advanceTimersByTimeAsync(5_000);
    table.fate = () => 'fine';
    await vi.advanceTimersByTimeAsync(1_000);
    expect(lease()).toBeGreaterThanOrEqual(message.leaseUntil + 5_000);
    expect(stops).toEqual([]);
    watch.close();
  });

  it('asks and writes nothing more once it is closed, also in the middle of a look', async () => {
    const { table, watch } = watched();
    await vi.advanceTimersByTimeAsync(4_600);
    let release: () => void = () => undefined;
    table.before = () => new Promise((resolve) => (release = resolve));
    await vi.advanceTimersByTimeAsync(450);
    const before = table.calls.length;
    watch.close();
    table.before = () => Promise.resolve();
    release();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(table.calls.slice(before).map((call) => call.operation)).toEqual(['cheapGet']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
