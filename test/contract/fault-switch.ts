import { expect, onTestFinished } from 'vitest';
import type { FaultCounts } from '../../local/faults/index.ts';
import type { Caller, MessageName, WireState } from './api.ts';
import type { LocalTarget } from './target.ts';

/** The faults of one local stack, over HTTP. */
export interface FaultSwitch {
  /** Replaces the whole set until the end of the test; fails the test when it is refused. */
  set(faults: object): Promise<void>;
  /** All off, and paused workers awake. */
  reset(): Promise<void>;
  injected(): Promise<FaultCounts>;
  pause(messageId: string, ms: number): Promise<number>;
}

/** The switch of a stack. */
export function faultSwitch(target: LocalTarget): FaultSwitch {
  const ask = async (path: string, method: string, body?: object): Promise<unknown> => {
    const url = target.graphqlUrl.replace('/graphql', `/local/${path}`);
    const answer = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
    const json: unknown = await answer.json();
    expect(answer.status, JSON.stringify(json)).toBe(200);
    return json;
  };
  const reset = async (): Promise<void> => void (await ask('faults', 'DELETE'));
  return {
    async set(faults) {
      onTestFinished(reset);
      await ask('faults', 'PUT', faults);
    },
    reset,
    injected: async () => ((await ask('faults', 'GET')) as { injected: FaultCounts }).injected,
    pause: async (messageId, ms) =>
      ((await ask('pause-worker', 'POST', { messageId, ms })) as { paused: number }).paused,
  };
}

/** What became of an answer that was asked for until it was whole. */
export interface Perseverance {
  state: WireState;
  continued: number;
  regenerated: number;
}

const MOST_ROUNDS = 30;

/**
 * Reads an answer to its end, continues it when it was interrupted and asks for another one when it failed, until one is
 * COMPLETE with `text`. Fails when a text on the way is no beginning of it, or when none of them ends
 * within its time.
 */
export async function persevere(
  caller: Caller,
  message: MessageName,
  text: string,
  withinMs = 30_000,
): Promise<Perseverance> {
  const { conversationId } = message;
  let current = message;
  let [continued, regenerated] = [0, 0];
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const state = await caller.ended(current, withinMs);
    expect(text.startsWith(state.text), `${state.status}: ${state.text}`).toBe(true);
    if (state.status === 'COMPLETE') {
      expect(state.text).toBe(text);
      return { state, continued, regenerated };
    }
    if (state.status === 'INTERRUPTED') {
      continued += 1;
      await caller.call('continue', { conversationId, messageId: current.id });
      continue;
    }
    regenerated += 1;
    const input = { conversationId, clientMessageId: crypto.randomUUID(), messageId: current.id };
    current = (await caller.call('regenerate', { input })).assistantMessage;
  }
  throw new Error(`not COMPLETE after ${MOST_ROUNDS} rounds`);
}
