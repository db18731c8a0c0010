import { generationEventOf } from '../protocol/items.ts';
import type { Stash } from './caller.ts';

/** Asks for an asynchronous invocation about the message in the stash: `generate` and `settle` take the same event. */
export function invokeForMessage(stash: Stash) {
  return {
    operation: 'Invoke' as const,
    invocationType: 'Event' as const,
    payload: generationEventOf(stash.message),
  };
}
