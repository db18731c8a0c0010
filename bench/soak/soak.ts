/** Runs schedules under changing faults, several at a time, until told to stop. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Patience } from './drawn-faults.ts';
import { drawSchedule } from './drawn-schedule.ts';
import { ModelRequests } from './model-requests.ts';
import { runSchedule, type ScheduleResult } from './run-schedule.ts';
import type { SoakTarget } from './soak-target.ts';
import { Weather, type Spell } from './weather.ts';

/** What a soak runs against: a local stack, whose switches it uses. */
export interface SoakedStack {
  readonly graphqlUrl: string;
  readonly httpUrl: string;
  readonly offlineModelUrl: string;
  readonly apiKey: string;
}

/** How a soak runs. */
export interface SoakOptions {
  readonly seed: number;
  readonly patience: Patience;
  /** Schedules at the same time. */
  readonly concurrency: number;
  /** How long each set of faults counts. */
  readonly spellMs: number;
  /** Whether another schedule is begun; asked before each, with how many were begun. */
  readonly goesOn: (begun: number) => boolean;
  /** Runs this schedule again and again instead of new ones. */
  readonly onlySchedule?: number;
  /** Told of each schedule that has ended, with the faults it ran under. */
  readonly ended?: (result: ScheduleResult, spells: readonly Spell[]) => void;
}

/** What a soak came to. */
export interface SoakSummary {
  readonly results: readonly ScheduleResult[];
  /** How many of each fault happened. */
  readonly injected: Readonly<Record<string, number>>;
  /** Every kind of fault that was on at some time. */
  readonly kinds: ReadonlySet<string>;
}

/** Often enough that the model's journal, which holds 500 requests, has forgotten nothing. */
const JOURNAL_EVERY_MS = 5_000;

/** Schedules with new seeds until `goesOn` says no; those that run then come to their end without faults. */
export async function soak(stack: SoakedStack, options: SoakOptions): Promise<SoakSummary> {
  const weather = new Weather(stack.graphqlUrl, options.seed, options.patience);
  const target = soakTarget(stack, weather);
  const results: ScheduleResult[] = [];
  // Aborted when no further schedule is begun: then the faults end.
  const fair = new AbortController();
  const stop = new AbortController();
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (options.goesOn(begun)) {
      const seed = options.onlySchedule ?? options.seed + begun;
      begun += 1;
      const startedAt = Date.now();
      const result = await runSchedule(drawSchedule(seed, options.patience === 'brief'), target);
      results.push(result);
      options.ended?.(result, weather.since(startedAt));
    }
    fair.abort();
  };
  await weather.next();
  const changing = every(options.spellMs, fair.signal, () => weather.next()).then(() => weather.clear());
  const reading = every(JOURNAL_EVERY_MS, stop.signal, () => target.modelRequests.read());
  try {
    const lanes = Promise.all(Array.from({ length: options.concurrency }, lane));
    const switches = Promise.all([changing, reading]);
    await Promise.race([lanes, switches]);
    await lanes;
  } finally {
    fair.abort();
    stop.abort();
    await Promise.allSettled([changing, reading]);
  }
  return { results, injected: await weather.injected(), kinds: weather.kinds };
}

/** Resolves when stopped; rejects with what `act` rejects with. */
async function every(ms: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await delay(ms, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await act();
  }
}

function soakTarget(stack: SoakedStack, weather: Weather): SoakTarget {
  const { graphqlUrl, httpUrl, offlineModelUrl, apiKey } = stack;
  const tokens = new Map<string, Promise<string>>();
  const prompts = new Set<string>();
  const token = async (user: string): Promise<string> => {
    const answer = await fetch(graphqlUrl.replace(/\/graphql$/, '/local/token'), {
      method: 'POST',
      body: JSON.stringify({ user }),
    });
    return ((await answer.json()) as { token: string }).token;
  };
  return {
    graphqlUrl,
    httpUrl,
    apiKey,
    token(user) {
      const known = tokens.get(user) ?? token(user);
      tokens.set(user, known);
      return known;
    },
    modelRequests: new ModelRequests(offlineModelUrl),
    claimPrompt(prompt) {
      const isFirst = !prompts.has(prompt);
      prompts.add(prompt);
      return isFirst;
    },
    faultsSince: (since) => weather.since(since).map(({ faults }) => faults),
  };
}
