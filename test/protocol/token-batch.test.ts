import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_BATCH_BYTES } from '../../protocol/limits.ts';
import {
  fittingUnits,
  lastWordBoundary,
  safeCut,
  sendable,
  splitByUnits,
  utf8Bytes,
} from '../../protocol/token-batch.ts';
import { anyUnits, propertyRuns } from './property-runs.ts';

const HIGH = '\ud83d';
const LOW = '\ude00';
const PAIR = HIGH + LOW;

/** Whether a cut of a text falls between the two halves of a pair. */
const splitsPair = (text: string, cut: number) =>
  /[\ud800-\udbff]/.test(text.charAt(cut - 1)) && /[\udc00-\udfff]/.test(text.charAt(cut));

describe('utf8Bytes', () => {
  it.each([
    ['', 0],
    ['\u007f', 1],
    ['\u0080', 2],
    ['\u07ff', 2],
    ['\u0800', 3],
    ['\uffff', 3],
    [PAIR, 4],
    [HIGH, 3],
    [LOW, 3],
    [LOW + HIGH, 6],
    [HIGH + PAIR, 7],
  ])('counts %j as %i bytes', (text, bytes) => {
    expect(utf8Bytes(text)).toBe(bytes);
  });

  it('equals Buffer.byteLength for any units', () => {
    fc.assert(
      fc.property(anyUnits, (text) => utf8Bytes(text) === Buffer.byteLength(text, 'utf8')),
      propertyRuns(1_000),
    );
  });
});

describe('safeCut', () => {
  it.each([
    [`a${PAIR}b`, -1, 0],
    [`a${PAIR}b`, 0, 0],
    [`a${PAIR}b`, 1, 1],
    [`a${PAIR}b`, 2, 1],
    [`a${PAIR}b`, 3, 3],
    [`a${PAIR}b`, 4, 4],
    [`a${PAIR}b`, 9, 4],
    [`a${HIGH}b`, 2, 2],
    [`a${LOW}b`, 1, 1],
  ])('cuts %j at %i to %i', (text, index, cut) => {
    expect(safeCut(text, index)).toBe(cut);
  });
});

describe('fittingUnits', () => {
  it('takes the longest beginning that fits and splits no pair, at least one code point', () => {
    fc.assert(
      fc.property(anyUnits, fc.integer({ min: 1, max: 40 }), (text, maxBytes) => {
        const units = fittingUnits(text, maxBytes);
        const next = units + (text.codePointAt(units) === text.charCodeAt(units) ? 1 : 2);

        expect(splitsPair(text, units)).toBe(false);
        if (units > 2) expect(utf8Bytes(text.slice(0, units))).toBeLessThanOrEqual(maxBytes);
        if (units < text.length) expect(utf8Bytes(text.slice(0, next))).toBeGreaterThan(maxBytes);
        expect(units > 0).toBe(text.length > 0);
      }),
      propertyRuns(500),
    );
  });

  it.each([
    [1, PAIR + PAIR, 2],
    [4, PAIR + PAIR, 2],
    [7, PAIR + PAIR, 2],
    [8, PAIR + PAIR, 4],
    [2, 'abc', 2],
  ])('with %i bytes takes of %j %i units', (maxBytes, text, units) => {
    expect(fittingUnits(text, maxBytes)).toBe(units);
  });

  it('takes 4 KB unless told otherwise', () => {
    expect(fittingUnits('a'.repeat(5_000))).toBe(MAX_BATCH_BYTES);
    expect(fittingUnits('漢'.repeat(5_000))).toBe(Math.floor(MAX_BATCH_BYTES / 3));
  });
});

describe('splitByUnits', () => {
  it('cuts into pieces that fit, join to the whole and split no pair', () => {
    fc.assert(
      fc.property(anyUnits, fc.integer({ min: 2, max: 12 }), (text, maxUnits) => {
        const pieces = splitByUnits(text, maxUnits);
        let at = 0;

        expect(pieces.join('')).toBe(text);
        for (const piece of pieces) {
          at += piece.length;
          expect(piece.length).toBeGreaterThan(0);
          expect(piece.length).toBeLessThanOrEqual(maxUnits);
          expect(splitsPair(text, at)).toBe(false);
        }
      }),
      propertyRuns(500),
    );
  });

  it('makes no piece of no text', () => {
    expect(splitByUnits('', 5)).toEqual([]);
  });

  it('moves on by a whole pair when not even that fits', () => {
    expect(splitByUnits(`a${PAIR}${PAIR}b`, 1)).toEqual(['a', PAIR, PAIR, 'b']);
  });
});

describe('sendable', () => {
  it('holds back a trailing high surrogate and nothing else', () => {
    expect(sendable(`a${HIGH}`)).toEqual({ ready: 'a', rest: HIGH });
    expect(sendable(HIGH)).toEqual({ ready: '', rest: HIGH });
    expect(sendable(`a${PAIR}`)).toEqual({ ready: `a${PAIR}`, rest: '' });
    expect(sendable('')).toEqual({ ready: '', rest: '' });
  });

  it('replaces lone surrogates', () => {
    expect(sendable(`a${LOW}b${HIGH}c${HIGH}`)).toEqual({ ready: 'a\ufffdb\ufffdc', rest: HIGH });
  });

  it('joins any deltas to the well-formed whole, with well-formed text at every step', () => {
    fc.assert(
      fc.property(fc.array(anyUnits, { maxLength: 8 }), (deltas) => {
        let rest = '';
        let sent = '';
        for (const delta of deltas) {
          const next = sendable(rest + delta);
          expect(next.ready.isWellFormed()).toBe(true);
          sent += next.ready;
          rest = next.rest;
        }

        expect(sent + rest.toWellFormed()).toBe(deltas.join('').toWellFormed());
      }),
      propertyRuns(500),
    );
  });
});

describe('lastWordBoundary', () => {
  it.each([
    ['', 0],
    ['word', 0],
    ['two words', 4],
    ['ends here ', 10],
    ['line\nbreak', 5],
    ['wide\u3000space', 5],
    [' x', 1],
  ])('finds in %j the boundary %i', (text, boundary) => {
    expect(lastWordBoundary(text)).toBe(boundary);
  });
});
