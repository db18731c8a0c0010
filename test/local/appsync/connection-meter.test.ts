import { describe, expect, it } from 'vitest';
import { createConnectionMeter } from '../../../local/appsync/connection-meter.ts';

/** A meter on a clock that only moves when told, and what it charged. */
function meterAt(start = 1_000) {
  let now = start;
  const charged: Record<string, number> = {};
  const meter = createConnectionMeter(
    () => now,
    (id, ms) => (charged[id ?? 'none'] = (charged[id ?? 'none'] ?? 0) + ms),
  );
  return { meter, charged, pass: (ms: number) => (now += ms) };
}

describe('createConnectionMeter', () => {
  it('splits the time among the conversations watched at that moment', () => {
    const { meter, charged, pass } = meterAt();

    pass(100);
    const endA = meter.subscribed('a');
    pass(1_000);
    const endB = meter.subscribed('b');
    pass(600);
    endA();
    pass(50);
    endB();
    pass(7);
    meter.closed();

    expect(charged).toEqual({ none: 107, a: 1_000 + 300, b: 300 + 50 });
  });

  it('takes several subscriptions to one conversation for one', () => {
    const { meter, charged, pass } = meterAt();
    const first = meter.subscribed('a');
    meter.subscribed('a');
    meter.subscribed('b');

    pass(100);
    first();
    first();
    pass(100);
    meter.closed();

    expect(charged).toEqual({ a: 100, b: 100 });
  });

  it('charges a time once, however often it is settled', () => {
    const { meter, charged, pass } = meterAt();
    meter.subscribed('a');

    pass(10);
    meter.settle();
    meter.settle();
    pass(5);
    meter.settle();

    expect(charged).toEqual({ a: 15 });
  });

  it('leaves the time of a subscription to no conversation to nobody', () => {
    const { meter, charged, pass } = meterAt();
    meter.subscribed(undefined)();

    pass(10);
    meter.closed();

    expect(charged).toEqual({ none: 10 });
  });

  it('charges nothing after its end', () => {
    const { meter, charged, pass } = meterAt();
    const end = meter.subscribed('a');
    pass(10);
    meter.closed();

    pass(90);
    end();
    meter.settle();
    meter.closed();

    expect(charged).toEqual({ a: 10 });
  });
});
