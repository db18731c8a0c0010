import { createHash, webcrypto } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { randomId, sha256 } from '../../client/crypto.ts';

// The form for bundlers, which test/browser runs, is none that Node loads.
vi.mock(
  '@aws-crypto/sha256-js/build/module/RawSha256.js',
  () => import('@aws-crypto/sha256-js/build/main/RawSha256.js'),
);

/** What a page on plain http has of `crypto`, unless its host is localhost. */
const INSECURE = { getRandomValues: webcrypto.getRandomValues.bind(webcrypto) };

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each([
  ['where the platform has SHA-256', undefined],
  ['on a page without crypto.subtle', INSECURE],
])('sha256 %s', (_where, crypto) => {
  it.each([
    ['nothing', ''],
    ['ASCII', 'abc'],
    ['a block and its padding', 'x'.repeat(64)],
    ['one short of a padded block', 'x'.repeat(55)],
    ['characters of two to four bytes', 'Zürich → 東京 👩‍💻'],
    ['a lone surrogate, as the replacement character', 'a\ud800b'],
    ['a long answer', 'long answer '.repeat(20_000)],
  ])('is that of the UTF-8 bytes: %s', async (_what, text) => {
    if (crypto) vi.stubGlobal('crypto', crypto);

    expect(await sha256(text)).toBe(createHash('sha256').update(text, 'utf8').digest('hex'));
  });
});

describe('randomId', () => {
  it('is a UUID of version 4, another one each time, also without crypto.randomUUID', () => {
    vi.stubGlobal('crypto', INSECURE);

    const ids = Array.from({ length: 100 }, randomId);

    expect(new Set(ids).size).toBe(100);
    for (const id of ids)
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });
});
