import type { Stash } from './caller.ts';

/** What a send or a regenerate answers. */
export function sendPayload(stash: Stash) {
  return {
    conversation: stash.conversation,
    userMessage: stash.userMessage,
    assistantMessage: stash.message,
    deduplicated: stash.deduplicated,
  };
}
