import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GROUP_SIZE, regrouped, type Group } from '../../../client/react/grouping.ts';

const keysOf = (groups: readonly Group[]) => groups.flatMap(({ keys }) => keys);
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `k${from + index}`);
const homes = (groups: readonly Group[]) =>
  new Map(groups.flatMap(({ name, keys }) => keys.map((key) => [key, name])));

describe('regrouped', () => {
  it('puts sixteen neighbours into a group', () => {
    const groups = regrouped([], numbered(0, 40));

    expect(groups.map(({ keys }) => keys.length)).toEqual([GROUP_SIZE, GROUP_SIZE, 8]);
    expect(keysOf(groups)).toEqual(numbered(0, 40));
  });

  it('fills the last group with what is added at the end', () => {
    const groups = regrouped(regrouped([], numbered(0, 20)), numbered(0, 34));

    expect(groups.map(({ keys }) => keys.length)).toEqual([GROUP_SIZE, GROUP_SIZE, 2]);
  });

  it('keeps a key in its group, wherever others come and go', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 80 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 80 }),
        (first, second) => {
          const [some, others] = [first, second].map((keys) => keys.sort((a, b) => a - b).map(String));
          const before = regrouped([], some ?? []);
          const after = regrouped(before, others ?? []);
          const [old, now] = [homes(before), homes(after)];
          const full = new Set(after.filter(({ keys }) => keys.length >= GROUP_SIZE).map(({ name }) => name));
          expect(keysOf(after)).toEqual(others);
          // A full group may have been cut in two by what came into its middle.
          for (const [key, name] of old)
            if (now.has(key) && !full.has(name)) expect([key, now.get(key)]).toEqual([key, name]);
        },
      ),
    );
  });

  it('keeps every key in order, once, under names that are used once, whatever lists follow each other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 60 }).map(String), { maxLength: 60 }), {
          maxLength: 6,
        }),
        (lists) => {
          let groups: readonly Group[] = [];
          for (const keys of lists) {
            groups = regrouped(groups, keys);
            expect(keysOf(groups)).toEqual(keys);
            expect(new Set(groups.map(({ name }) => name)).size).toBe(groups.length);
            expect(groups.every((group) => group.keys.length > 0)).toBe(true);
          }
        },
      ),
    );
  });
});
