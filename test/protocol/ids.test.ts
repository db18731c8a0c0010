import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assistantMessageIdOf,
  isId,
  PLAYGROUND_OWNER,
  userMessageIdOf,
  userOwner,
} from '../../protocol/ids.ts';
import { anyUnits, propertyRuns } from './property-runs.ts';

describe('isId', () => {
  it.each(['a', 'Z', '0', '_', '-', 'x'.repeat(64), 'b7f1c9d0-2f0e-4a57-9a3b-0c8a3c1f2d11', 'msg_Ab-9'])(
    'takes %j',
    (id) => {
      expect(isId(id)).toBe(true);
    },
  );

  it.each(
    [
      ['', 'x'.repeat(65), 'a b', 'a#b', 'a/b', 'a:b', 'a.b', 'a\n', ' a', 'é', 'ａ', '😀', '\u0000', 'a~'],
      [undefined, null, 7, true, {}, ['a']],
    ].flat(),
  )('refuses %j', (value) => {
    expect(isId(value)).toBe(false);
  });

  it('takes exactly 1 to 64 characters of A-Za-z0-9_-', () => {
    const nearly = fc.string({ unit: fc.constantFrom(...'azAZ09_-'), maxLength: 66 });
    fc.assert(
      fc.property(
        fc.oneof(nearly, anyUnits),
        (text) => isId(text) === /^[A-Za-z0-9_-]{1,64}(?!\n)$/.test(text),
      ),
      propertyRuns(500),
    );
  });
});

describe('message ids', () => {
  const ulid = '01JD9YVH3N8A7Q2Z6K4M5P0RST';

  it('are ids themselves', () => {
    expect(isId(userMessageIdOf(ulid))).toBe(true);
    expect(isId(assistantMessageIdOf(ulid))).toBe(true);
  });

  it('sort by creation time, the question before its answer', () => {
    const later = '01JD9YVH3P0000000000000000';
    const inOrder = [
      userMessageIdOf(ulid),
      assistantMessageIdOf(ulid),
      userMessageIdOf(later),
      assistantMessageIdOf(later),
    ];

    expect([...inOrder].reverse().sort()).toEqual(inOrder);
  });
});

describe('owners', () => {
  it('never meet: a user cannot be the playground', () => {
    expect(userOwner('8f14e45f')).toBe('u:8f14e45f');
    expect(PLAYGROUND_OWNER).toBe('k:playground');
    expect(userOwner('playground')).not.toBe(PLAYGROUND_OWNER);
  });
});
