/**
 * How properties run. fast-check prints seed and path of a failure; the same case runs again with both in the environment:
 * `FC_SEED=123 FC_PATH=4:1 npx vitest run --project unit test/protocol/<file> -t '<test name>'`. `FC_RUNS` sets how many cases run.
 */
import fc from 'fast-check';

/** Parameters for `fc.assert`: the replay that the environment asks for, else fresh seeds. */
export function propertyRuns(numRuns: number): { numRuns: number; seed?: number; path?: string } {
  const { FC_SEED, FC_PATH, FC_RUNS } = process.env;
  return {
    numRuns: FC_RUNS ? Number(FC_RUNS) : numRuns,
    ...(FC_SEED ? { seed: Number(FC_SEED) } : {}),
    ...(FC_PATH ? { path: FC_PATH } : {}),
  };
}

/** Any string of UTF-16 units, rich in surrogates that stand alone, in pairs and in the wrong order. */
export const anyUnits: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: 0xd800, max: 0xdfff }),
      fc.constantFrom(0x20, 0x0a, 0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xd83d, 0xde00),
    ),
    { maxLength: 60 },
  )
  .map((units) => String.fromCharCode(...units));

/** Text without lone surrogates, as a model emits it: one to four bytes a character, words and line breaks. */
export function modelText(options: { minLength?: number; maxLength: number }): fc.Arbitrary<string> {
  return fc.string({
    unit: fc.oneof(
      fc.constantFrom(' ', '\n', 'a', 'Z', '.', 'é', 'ß', '漢', '字', '😀', '👩', '𝒳'),
      fc
        .string({ unit: 'binary', minLength: 1, maxLength: 1 })
        .filter((character) => character.isWellFormed()),
    ),
    minLength: options.minLength ?? 0,
    maxLength: options.maxLength,
  });
}
