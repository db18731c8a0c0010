import type { Message, MessageState } from '../protocol/generated/schema-types.ts';

/**
 * A listed message as the assembler takes it. Its text is a beginning of the answer: whole when terminal and as long as the
 * receipt says, else `messageState` has the rest. It cuts nothing: a subscriber holds only logged text, which every later
 * attempt goes on from.
 */
export function listedState(message: Message): MessageState {
  const reasoning = message.reasoning ?? '';
  const end = message.end ?? null;
  const isWhole =
    end !== null && message.text.length >= end.length && reasoning.length >= end.reasoningLength;
  return {
    messageId: message.id,
    status: message.status,
    attempt: message.attempt,
    resumeOffset: Number.MAX_SAFE_INTEGER,
    resumeReasoningOffset: Number.MAX_SAFE_INTEGER,
    offset: 0,
    text: message.text,
    reasoningOffset: 0,
    reasoning,
    throughSeq: -1,
    more: !isWhole,
    end: isWhole ? end : null,
  };
}
