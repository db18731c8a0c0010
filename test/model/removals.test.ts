import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { quietly } from './holds.ts';
import { REMOVALS } from './removals.ts';
import { traceOf, violationOf } from './replay.ts';

vi.mock('@aws-appsync/utils', () => import('./appsync-utils.ts'));
vi.mock('../../protocol/limits.ts', async (original) => ({
  ...(await original<Record<string, unknown>>()),
  ...(await import('./small-limits.ts')).SMALL_LIMITS,
}));

/** The rarest removal is noticed after a few thousand schedules. */
const MOST_SCHEDULES = 20_000;

/** `MODEL_SHOW=1` prints the first schedule that shows a removal, with its seed. */
const isShown = process.env['MODEL_SHOW'] !== undefined;

describe('the model without a rule', () => {
  quietly();

  it('is tried for as many rules as docs/invariants.md says', () => {
    const page = readFileSync(new URL('../../docs/invariants.md', import.meta.url), 'utf8');
    expect(page).toContain(`takes ${Object.keys(REMOVALS).length} rules away`);
  });

  it.each(Object.entries(REMOVALS))('notices: %s', { timeout: 120_000 }, (name, removal) => {
    let seed = 1;
    while (seed <= MOST_SCHEDULES && !violationOf(seed, removal)) seed += 1;

    expect(seed, 'a schedule that notices').toBeLessThanOrEqual(MOST_SCHEDULES);
    if (isShown) process.stdout.write(`\n== without: ${name}\n${traceOf(seed, removal)}\n`);
  });
});
