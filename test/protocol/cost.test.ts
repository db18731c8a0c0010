import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PRICES } from '../../local/metrics/index.ts';
import type { PacingProfile } from '../../protocol/generated/schema-types.ts';
import { batchSent, dueAt, PROFILES, startPacing, unitsDue } from '../../protocol/pacing.ts';

const DOCUMENT = readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8');
const TOKENS = 500;
const TOKEN_EVERY_MS = 80;
const ANSWERS = 30_000;

/** Batches of one answer of the documented workload: 500 tokens of five units, one every 80 ms. */
function batchesOf(profile: PacingProfile): number {
  let state = startPacing(PROFILES[profile]);
  let text = '';
  let since = 0;
  let batches = 0;
  let token = 0;
  for (let now = 0; token < TOKENS || text !== '';) {
    const isFinal = token >= TOKENS;
    const units = unitsDue(state, { text, since, isFinal }, now);
    if (units > 0) {
      text = text.slice(units);
      since = now;
      state = batchSent(state, now).state;
      batches += 1;
      continue;
    }
    const due = text === '' ? Number.POSITIVE_INFINITY : dueAt(state, { text, since, isFinal });
    const arrival = token < TOKENS ? token * TOKEN_EVERY_MS : Number.POSITIVE_INFINITY;
    now = Math.max(now, Math.min(due, arrival));
    if (arrival <= now) {
      if (text === '') since = now;
      text += ' word';
      token += 1;
    }
  }
  return batches;
}

/** One start, START, the batches and END as mutations; all but the start are delivered, plus connect and subscribe. */
function appSyncDollars(batches: number): number {
  const publishes = batches + 2;
  return ANSWERS * ((1 + publishes) * PRICES.appSyncOperation + (publishes + 2) * PRICES.realtimeUnit);
}

function documented(profile: PacingProfile): { batches: number; dollars: number } {
  const row = new RegExp(
    `^\\| ${profile}[^|]*\\|[^|]*\\| about (\\d+) \\| about \\$([\\d.]+) \\|$`,
    'm',
  ).exec(DOCUMENT);
  return { batches: Number(row?.[1]), dollars: Number(row?.[2]) };
}

describe('docs/cost.md', () => {
  it.each([
    ['AppSync query or mutation', PRICES.appSyncOperation * 1e6],
    ['AppSync real-time message (5 KB units), connect or subscription start', PRICES.realtimeUnit * 1e6],
    ['AppSync connection minute', PRICES.connectionMinute * 1e6],
    ['Lambda request', PRICES.lambdaRequest * 1e6],
    ['Lambda arm64', PRICES.lambdaGbSecond],
    ['Lambda streamed answer, beyond its first 6 MB', PRICES.streamedGb],
    ['DynamoDB on demand, write unit', PRICES.writeUnit * 1e6],
    ['DynamoDB on demand, read unit', PRICES.readUnit * 1e6],
  ])('has the price that the metrics use for: %s', (item, price) => {
    const row = DOCUMENT.split('\n').find((line) => line.startsWith(`| ${item} |`));

    expect(Number(/\$([\d.]+)/.exec(row ?? '')?.[1])).toBeCloseTo(price, 10);
  });

  it.each(['LIVE', 'BALANCED', 'ECONOMY'] as const)(
    'tells what pacing %s comes to, within 5 percent',
    (profile) => {
      const batches = batchesOf(profile);
      const { batches: told, dollars } = documented(profile);

      expect(Math.abs(told - batches) / batches, `${batches} batches, ${told} told`).toBeLessThan(0.05);
      expect(
        Math.abs(dollars - appSyncDollars(batches)) / dollars,
        `$${appSyncDollars(batches)}`,
      ).toBeLessThan(0.05);
    },
  );

  it('promises a twentieth of a mutation per token with ECONOMY', () => {
    expect(appSyncDollars(batchesOf('ECONOMY'))).toBeLessThan(appSyncDollars(TOKENS) / 20);
  });
});
