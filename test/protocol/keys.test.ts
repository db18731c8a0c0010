import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  conversationKey,
  listingSort,
  logRange,
  logSlot,
  MESSAGE_PREFIX,
  messageKey,
  padded,
  partitionOf,
  requestKey,
  textRange,
  textSlot,
} from '../../protocol/keys.ts';
import { propertyRuns } from './property-runs.ts';

const number = fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 999_999_999 }));
const id = fc.string({ unit: fc.constantFrom(...'aZ09_-'), minLength: 1, maxLength: 6 });

/** DynamoDB orders strings by their UTF-8 bytes. */
const order = (a: string, b: string) => Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));

const isWithin = (key: string, range: { from: string; to: string }) =>
  order(range.from, key) <= 0 && order(key, range.to) <= 0;

describe('padded', () => {
  it.each([
    [0, '000000000'],
    [7, '000000007'],
    [999_999_999, '999999999'],
  ])('writes %i as %s', (value, text) => {
    expect(padded(value)).toBe(text);
  });

  it('orders as text like the numbers', () => {
    fc.assert(
      fc.property(number, number, (a, b) => order(padded(a), padded(b)) === Math.sign(a - b)),
      propertyRuns(500),
    );
  });
});

describe('partitionOf', () => {
  it('separates owner and conversation even when the owner holds #', () => {
    const owner = fc.string({ unit: fc.constantFrom(...'u:a#-'), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(owner, id, owner, id, (ownerA, idA, ownerB, idB) => {
        const isSame = partitionOf(ownerA, idA) === partitionOf(ownerB, idB);
        expect(isSame).toBe(ownerA === ownerB && idA === idB);
      }),
      propertyRuns(1_000),
    );
    expect(partitionOf('u:a#b', 'c')).toBe('u:a#b#c');
  });
});

describe('item keys', () => {
  it('give every kind of item a place of its own in the partition of its conversation', () => {
    const keys = [
      conversationKey('u:a', 'c'),
      messageKey('u:a', 'c', 'x'),
      requestKey('u:a', 'c', 'x'),
      { pk: partitionOf('u:a', 'c'), sk: logSlot('x', 0, 1) },
      { pk: partitionOf('u:a', 'c'), sk: textSlot('x', 1, 'TEXT', 0) },
    ];

    expect(new Set(keys.map((key) => key.pk))).toEqual(new Set(['u:a#c']));
    expect(keys.map((key) => key.sk)).toEqual([
      'C',
      'M#x',
      'R#x',
      'L#x#000000000#000000001',
      'T#x#000000001#TEXT#000000000',
    ]);
    expect(keys.filter((key) => key.sk.startsWith(MESSAGE_PREFIX))).toEqual([messageKey('u:a', 'c', 'x')]);
  });
});

describe('logSlot and logRange', () => {
  it('order by position, then by attempt', () => {
    fc.assert(
      fc.property(number, number, number, number, (position, attempt, otherPosition, otherAttempt) => {
        const expected = Math.sign(position - otherPosition) || Math.sign(attempt - otherAttempt);
        expect(order(logSlot('m', position, attempt), logSlot('m', otherPosition, otherAttempt))).toBe(
          expected,
        );
      }),
      propertyRuns(500),
    );
  });

  it('cover exactly the slots of the message from the position on', () => {
    fc.assert(
      fc.property(id, id, number, number, number, (message, other, from, position, attempt) => {
        const isCovered = isWithin(logSlot(other, position, attempt), logRange(message, from));
        expect(isCovered).toBe(other === message && position >= from);
      }),
      propertyRuns(1_000),
    );
  });

  it('keep a message apart from one whose id continues its own', () => {
    expect(isWithin(logSlot('m1', 0, 1), logRange('m', 0))).toBe(false);
    expect(isWithin(logSlot('m', 0, 1), logRange('m1', 0))).toBe(false);
    expect(isWithin(logSlot('m', 999_999_999, 99), logRange('m', 0))).toBe(true);
  });
});

describe('textSlot and textRange', () => {
  const part = fc.constantFrom('TEXT' as const, 'REASONING' as const);

  it('cover exactly the items of the part and attempt from the offset on, in order of their offsets', () => {
    fc.assert(
      fc.property(id, id, part, part, number, number, (message, other, wanted, given, from, offset) => {
        const isCovered = isWithin(textSlot(other, 2, given, offset), textRange(message, 2, wanted, from));
        expect(isCovered).toBe(other === message && given === wanted && offset >= from);
        expect(isWithin(textSlot(message, 3, wanted, offset), textRange(message, 2, wanted, 0))).toBe(false);
        expect(order(textSlot(message, 2, wanted, from), textSlot(message, 2, wanted, offset))).toBe(
          Math.sign(from - offset),
        );
      }),
      propertyRuns(1_000),
    );
  });
});

describe('textRange', () => {
  it('begins at its offset and ends with the last one', () => {
    const range = textRange('m', 2, 'TEXT', 5);

    expect(isWithin(textSlot('m', 2, 'TEXT', 4), range)).toBe(false);
    expect(isWithin(textSlot('m', 2, 'TEXT', 5), range)).toBe(true);
    expect(isWithin(textSlot('m', 2, 'TEXT', 999_999_999), range)).toBe(true);
    expect(isWithin(textSlot('m', 2, 'REASONING', 5), range)).toBe(false);
    expect(isWithin(textSlot('m', 3, 'TEXT', 5), range)).toBe(false);
  });
});

describe('listingSort', () => {
  it('orders by time; the id breaks ties', () => {
    const sorts = [
      listingSort('2026-01-01T00:00:00.000Z', 'b'),
      listingSort('2026-01-01T00:00:00.001Z', 'a'),
      listingSort('2026-01-01T00:00:00.001Z', 'b'),
      listingSort('2026-10-01T00:00:00.000Z', 'a'),
    ];

    expect([...sorts].reverse().sort(order)).toEqual(sorts);
    expect(new Set(sorts).size).toBe(4);
  });
});
