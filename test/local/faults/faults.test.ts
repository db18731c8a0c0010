import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  corruptText,
  createDeliveryFates,
  createDeliveryLane,
  createRequestFates,
  faultsOfDelivery,
  HOLD_MS,
  NO_FAULTS,
  PUBLISH_FAILURES,
  QUICK_PUBLISH_FAILURES,
  seededRandom,
} from '../../../local/faults/index.ts';
import type { DeliveryFate } from '../../../local/faults/index.ts';

describe('decisions', () => {
  const all = (set: Partial<typeof NO_FAULTS>, stream = 0): DeliveryFate[] => {
    const fate = createDeliveryFates({ ...NO_FAULTS, ...set }, stream);
    return Array.from({ length: 2_000 }, (_, ordinal) => fate(ordinal));
  };

  it('are the same for the same seed and others for another seed or stream', () => {
    const set = { drop: 0.5, duplicate: 0.5, reorder: 0.5, seed: 42 };
    expect(all(set)).toEqual(all(set));
    expect(all(set)).not.toEqual(all({ ...set, seed: 43 }));
    expect(all(set)).not.toEqual(all(set, 1));
  });

  it('come about as often as asked', () => {
    const fates = all({ drop: 0.1, seed: 42 });
    const lost = fates.filter((fate) => fate.copies === 0).length / fates.length;
    expect(lost, 'seed 42').toBeGreaterThan(0.07);
    expect(lost, 'seed 42').toBeLessThan(0.13);
  });

  it('leave one fault’s draws alone when another is switched on', () => {
    const held = (fates: DeliveryFate[]) => fates.map((fate) => fate.heldBack);
    expect(held(all({ reorder: 0.3, drop: 0.5, seed: 3 }))).toEqual(held(all({ reorder: 0.3, seed: 3 })));
  });

  it('do nothing without faults', () => {
    const fine = { copies: 1, heldBack: false, delayMs: 0, corruptAt: undefined };
    expect(all({}).every((fate) => JSON.stringify(fate) === JSON.stringify(fine))).toBe(true);
    const requests = createRequestFates(NO_FAULTS);
    expect([requests.publish(), requests.throttled()]).toEqual(['ok', false]);
  });

  it('fail publishes in every way that answers at once, or in those that were chosen', () => {
    const ways = (set: Partial<typeof NO_FAULTS>) => {
      const requests = createRequestFates({ ...NO_FAULTS, failPublish: 1, seed: 9, ...set });
      return new Set(Array.from({ length: 200 }, () => requests.publish()));
    };
    expect(ways({})).toEqual(new Set(QUICK_PUBLISH_FAILURES));
    expect(ways({ failPublishBy: PUBLISH_FAILURES })).toEqual(new Set(PUBLISH_FAILURES));
    expect(ways({ failPublishBy: ['swallowed'] })).toEqual(new Set(['swallowed']));
  });

  it('are counted under what happened', () => {
    const fate: DeliveryFate = { copies: 2, heldBack: true, delayMs: 5, corruptAt: 0.5 };
    const set = { ...NO_FAULTS, loseAfterAck: 2 };
    expect(faultsOfDelivery(set, 2, fate)).toEqual(['duplicate', 'reorder', 'delayMs', 'corrupt']);
    expect(faultsOfDelivery(set, 1, { ...fate, copies: 0 })).toEqual(['loseAfterAck']);
    expect(faultsOfDelivery(set, 2, { ...fate, copies: 0 })).toEqual(['drop']);
    expect(
      faultsOfDelivery(set, 2, { copies: 1, heldBack: false, delayMs: 0, corruptAt: undefined }),
    ).toEqual([]);
  });

  it('draw from the whole interval', () => {
    const random = seededRandom(1);
    const draws = Array.from({ length: 10_000 }, random);
    expect(Math.min(...draws)).toBeLessThan(0.01);
    expect(Math.max(...draws)).toBeGreaterThan(0.99);
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  });
});

describe('corruption', () => {
  it('changes exactly one unit of text and nothing else', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (text, at) => {
          const whole = [...text].every((char) => char.length > 1);
          const before = { data: { onX: { id: 'text', text } } };
          const after = corruptText(before, at) as typeof before;
          expect(after.data.onX.id).toBe('text');
          expect(after.data.onX.text).toHaveLength(text.length);
          const changed = Array.from(text).filter(
            (_, i) => Array.from(text)[i] !== Array.from(after.data.onX.text)[i],
          );
          expect(changed).toHaveLength(whole ? 0 : 1);
        },
      ),
    );
  });

  it('leaves a payload without text alone', () => {
    expect(corruptText({ data: { onX: null } }, 0.5)).toEqual({ data: { onX: null } });
    expect(corruptText({ text: '' }, 0.5)).toEqual({ text: '' });
  });
});

describe('a delivery lane', () => {
  const fate = (rest: Partial<DeliveryFate>): DeliveryFate => ({
    copies: 1,
    heldBack: false,
    delayMs: 0,
    corruptAt: undefined,
    ...rest,
  });
  const keep = (payload: string): string => payload;

  it('drops, repeats, swaps and corrupts', () => {
    const sent: string[] = [];
    const lane = createDeliveryLane((payload) => sent.push(payload));
    lane.deliver('a', fate({ copies: 0 }), keep);
    lane.deliver('b', fate({ copies: 2 }), keep);
    lane.deliver('c', fate({ heldBack: true }), keep);
    lane.deliver('d', fate({}), keep);
    lane.deliver('e', fate({ corruptAt: 0.5 }), (payload, at) => `${payload}~${at}`);
    lane.close();
    expect(sent).toEqual(['b', 'b', 'd', 'c', 'e~0.5']);
  });

  it('lets a held-back delivery go when nothing follows, keeps delays, and forgets everything when closed', () => {
    vi.useFakeTimers();
    try {
      const sent: string[] = [];
      const lane = createDeliveryLane((payload) => sent.push(payload));
      lane.deliver('late', fate({ delayMs: 50 }), keep);
      lane.deliver('held', fate({ heldBack: true }), keep);
      vi.advanceTimersByTime(49);
      expect(sent).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(sent).toEqual(['late', 'held']);
      lane.deliver('alone', fate({ heldBack: true }), keep);
      vi.advanceTimersByTime(HOLD_MS);
      expect(sent).toEqual(['late', 'held', 'alone']);
      lane.deliver('never', fate({ delayMs: 10 }), keep);
      lane.close();
      vi.advanceTimersByTime(1_000);
      expect(sent).toHaveLength(3);
    } finally {
      vi.useRealTimers();
    }
  });
});
