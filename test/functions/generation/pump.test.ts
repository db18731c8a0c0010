import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FencedError, LogWriter } from '../../../functions/generation/log-writer.ts';
import { Pump } from '../../../functions/generation/pump.ts';
import type { Delta, Terminal } from '../../../functions/generation/stream.ts';
import type { GenerationEnd, TokenBatch } from '../../../protocol/generated/schema-types.ts';
import type { LogItem } from '../../../protocol/items.ts';
import { PROFILES } from '../../../protocol/pacing.ts';
import { seededChat, streaming } from '../chat-fixture.ts';
import { MemoryTable } from '../memory-table.ts';

const message = streaming(seededChat());
const endAt = (length: number): Terminal => ({
  status: 'COMPLETE',
  end: { reason: 'STOP', length } as GenerationEnd,
});

/** A pump over a memory table; `trace` has log writes (`log N`) and publishes (`START 0`, `DELTA N`) as they happen. */
function pumpWith(
  options: { windows?: { lingerMs: number; maxLingerMs: number }; of?: typeof message } = {},
) {
  const table = new MemoryTable();
  const of = options.of ?? message;
  const clock = { now: () => Date.now() };
  const log = new LogWriter(table, of, of.text, clock);
  const trace: string[] = [];
  const batches: TokenBatch[] = [];
  const failures: unknown[] = [];
  /** Publishes in flight, oldest first; settled by hand. */
  const inFlight: ((isGiven: boolean) => void)[] = [];
  let isManual = false;
  const pump = new Pump(of, options.windows ?? { lingerMs: 0, maxLingerMs: 0 }, {
    log: {
      get logged() {
        return log.logged;
      },
      write: async (seq, delta, signal) => {
        await log.write(seq, delta, signal);
        trace.push(`log ${seq}`);
      },
    },
    publish: (batch) => {
      trace.push(`${batch.kind} ${batch.seq}`);
      batches.push(batch);
      if (!isManual) return Promise.resolve(true);
      return new Promise((resolve) => inFlight.push(resolve));
    },
    clock,
    onFailure: (error) => failures.push(error),
  });
  let offset = of.resumeOffset;
  let reasoning = of.resumeReasoningOffset;
  const write = (text: string, part: Delta['part'] = 'TEXT') => {
    pump.delta({ part, offset: part === 'TEXT' ? offset : reasoning, text });
    if (part === 'TEXT') offset += text.length;
    else reasoning += text.length;
  };
  const byHand = () => (isManual = true);
  return { pump, table, trace, batches, failures, inFlight, write, byHand };
}

/** Lets everything that is ready happen; no time passes. */
const ready = () => vi.advanceTimersByTimeAsync(0);

describe('Pump', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('publishes a batch only after its slot is written', async () => {
    const { pump, write, trace } = pumpWith({ windows: PROFILES.LIVE });
    pump.start();
    for (let index = 0; index < 50; index += 1) {
      write(`word ${index} `);
      await vi.advanceTimersByTimeAsync(20);
    }
    await pump.flush();
    pump.end(endAt(400));
    await pump.settled();

    const deltas = trace
      .filter((entry) => entry.startsWith('DELTA'))
      .map((entry) => Number(entry.split(' ')[1]));
    expect(deltas.length).toBeGreaterThan(5);
    expect(deltas).toEqual(deltas.map((_, index) => index + 1));
    for (const seq of deltas) expect(trace.indexOf(`log ${seq}`)).toBeLessThan(trace.indexOf(`DELTA ${seq}`));
    expect(trace[0]).toBe('START 0');
    expect(trace.at(-1)).toBe(`END ${deltas.length + 1}`);
  });

  it('publishes one at a time, writes the next batch meanwhile and cuts no third one', async () => {
    const { pump, write, trace, inFlight, byHand, batches } = pumpWith();
    byHand();
    pump.start();
    write('a');
    await ready();
    expect(trace).toEqual(['START 0', 'log 1']);
    write('b');
    write('c');
    await ready();
    expect(trace).toEqual(['START 0', 'log 1']);
    inFlight.shift()?.(true);
    await ready();
    expect(trace).toEqual(['START 0', 'log 1', 'DELTA 1', 'log 2']);
    expect(batches.at(-1)).toMatchObject({ text: 'a', offset: 0 });
    write('d');
    await ready();
    inFlight.shift()?.(true);
    await ready();
    expect(trace).toEqual(['START 0', 'log 1', 'DELTA 1', 'log 2', 'DELTA 2', 'log 3']);
    expect(batches.at(-1)).toMatchObject({ text: 'bc', offset: 1 });
    pump.leave();
    inFlight.shift()?.(true);
  });

  it('flushes to the log without waiting for publishes, and settles only after END', async () => {
    const { pump, write, trace, inFlight, byHand, table } = pumpWith();
    byHand();
    pump.start();
    write('a');
    await ready();
    write('b');
    await pump.flush();
    expect(table.all<LogItem>('L#').map((item) => item.text)).toEqual(['a', 'b']);
    pump.end(endAt(2));
    let isSettled = false;
    const settled = pump.settled().then(() => (isSettled = true));
    for (const entry of ['START 0', 'DELTA 1', 'DELTA 2', 'END 3']) {
      expect(isSettled).toBe(false);
      expect(trace.filter((line) => !line.startsWith('log')).at(-1)).toBe(entry);
      inFlight.shift()?.(true);
      await ready();
    }
    await settled;
  });

  it('goes on after a publish that failed for good; its seq is missing and counted', async () => {
    const { pump, write, inFlight, byHand, trace } = pumpWith();
    byHand();
    pump.start();
    write('a');
    await ready();
    inFlight.shift()?.(true);
    await ready();
    write('b');
    inFlight.shift()?.(false);
    await ready();
    inFlight.shift()?.(true);
    await pump.flush();
    await pump.settled();

    expect(trace.filter((line) => !line.startsWith('log'))).toEqual(['START 0', 'DELTA 1', 'DELTA 2']);
    expect(pump.counts).toEqual({ publishes: 2, publishFailures: 1, logged: 2 });
    pump.leave();
  });

  it('lets END wait for nothing more once publishes fail', async () => {
    const { pump, write, inFlight, byHand, trace, table } = pumpWith();
    byHand();
    pump.start();
    write('a');
    await ready();
    // 12 KB: three batches in the log, which all wait behind START.
    write('b'.repeat(12_288));
    await pump.flush();
    pump.end(endAt(12_289));
    inFlight.shift()?.(false);
    await ready();
    expect(trace.at(-1)).toBe('END 5');
    inFlight.shift()?.(true);
    await pump.settled();

    expect(trace.filter((line) => !line.startsWith('log'))).toEqual(['START 0', 'END 5']);
    expect(table.all<LogItem>('L#')).toHaveLength(4);
    expect(pump.counts).toEqual({ publishes: 1, publishFailures: 5, logged: 4 });
  });

  it('beats after 5 s of silence with the last logged seq and the text length so far', async () => {
    const { pump, write, batches } = pumpWith({
      of: { ...message, attempt: 2, text: 'abc', resumeOffset: 3 },
    });
    pump.start();
    await ready();
    await vi.advanceTimersByTimeAsync(6_000);
    write('de');
    await ready();
    await vi.advanceTimersByTimeAsync(4_900);
    expect(batches.map((batch) => `${batch.kind} ${batch.seq} ${batch.offset}`)).toEqual([
      'START 0 3',
      'HEARTBEAT 0 3',
      'DELTA 1 3',
    ]);
    await vi.advanceTimersByTimeAsync(1_200);
    expect(
      batches.slice(3).map((batch) => `${batch.kind} ${batch.seq} ${batch.offset} "${batch.text}"`),
    ).toEqual(['HEARTBEAT 1 5 ""']);
    pump.leave();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(batches).toHaveLength(4);
  });

  it('does not beat while a publish hangs', async () => {
    const { pump, byHand, trace, inFlight } = pumpWith();
    byHand();
    pump.start();
    await vi.advanceTimersByTimeAsync(9_500);
    inFlight.shift()?.(true);
    await ready();
    expect(trace).toEqual(['START 0']);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(trace).toEqual(['START 0', 'HEARTBEAT 0']);
    pump.leave();
    inFlight.shift()?.(true);
  });

  it('begins a new batch when the part changes', async () => {
    const { pump, write, batches } = pumpWith({ windows: PROFILES.ECONOMY });
    pump.start();
    write('think', 'REASONING');
    write('ing', 'REASONING');
    write('answer');
    write(' text');
    await ready();
    await pump.flush();
    await pump.settled();

    expect(batches.map((batch) => [batch.kind, batch.part, batch.offset, batch.text])).toEqual([
      ['START', 'TEXT', 0, ''],
      ['DELTA', 'REASONING', 0, 'think'],
      ['DELTA', 'REASONING', 5, 'ing'],
      ['DELTA', 'TEXT', 0, 'answer text'],
    ]);
    pump.leave();
  });

  it('never cuts a batch above 4 KB or inside a surrogate pair', async () => {
    const { pump, write, batches } = pumpWith();
    pump.start();
    write(`x${'😀'.repeat(3_000)}`);
    await pump.flush();
    await pump.settled();

    const deltas = batches.filter((batch) => batch.kind === 'DELTA');
    expect(deltas.map((batch) => batch.text).join('')).toBe(`x${'😀'.repeat(3_000)}`);
    for (const { text } of deltas) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096);
      expect(text.isWellFormed()).toBe(true);
    }
    pump.leave();
  });

  it('tells once that it is fenced and publishes nothing any more, also what waited', async () => {
    const { pump, write, table, trace, failures, inFlight, byHand } = pumpWith();
    byHand();
    pump.start();
    write('a');
    await ready();
    inFlight.shift()?.(true);
    await ready();
    write('b');
    await ready();
    table.before = () => {
      table.seed({ pk: message.pk, sk: `L#${message.id}#000000002#000000001` });
      return Promise.resolve();
    };
    expect(trace).toEqual(['START 0', 'log 1', 'DELTA 1', 'log 2']);
    write('c');
    const flushed = pump.flush();
    await expect(flushed).rejects.toBeInstanceOf(FencedError);
    write('d');
    inFlight.shift()?.(true);
    await vi.advanceTimersByTimeAsync(20_000);
    await pump.settled();

    expect(failures).toHaveLength(1);
    expect(trace).toEqual(['START 0', 'log 1', 'DELTA 1', 'log 2']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stops the retries of the publish in flight when it leaves', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const pump = new Pump(message, PROFILES.LIVE, {
      log: { logged: 0, write: () => Promise.resolve() },
      publish: (_batch, signal) => {
        signals.push(signal);
        return Promise.resolve(true);
      },
      clock: { now: () => Date.now() },
      onFailure: () => undefined,
    });
    pump.start();
    await ready();
    expect(signals[0]?.aborted).toBe(false);
    pump.leave();
    expect(signals[0]?.aborted).toBe(true);
  });

  it('leaves nothing behind: no timer, no write, no publish', async () => {
    const { pump, write, trace } = pumpWith({ windows: PROFILES.ECONOMY });
    pump.start();
    write('a');
    await ready();
    write('b');
    pump.leave();
    write('c');
    await vi.advanceTimersByTimeAsync(60_000);
    await pump.settled();

    expect(trace).toEqual(['START 0', 'log 1', 'DELTA 1']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('settles only after the log write in flight is over', async () => {
    const { pump, write, table } = pumpWith();
    let release: () => void = () => undefined;
    table.before = () => new Promise((resolve) => (release = resolve));
    pump.start();
    write('a');
    await ready();
    pump.leave();
    let isSettled = false;
    const settled = pump.settled().then(() => (isSettled = true));
    await ready();
    expect(isSettled).toBe(false);
    release();
    await settled;
  });
});
