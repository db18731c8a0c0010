import { sha256 } from '../../../bench/soak/shown-answers.ts';
import type { ChatMessage, GenerationEnd } from '../../../client/index.ts';
import { isTerminal } from '../../../protocol/sequence.ts';

/** The receipt of a text. */
export function receiptOf(text: string): GenerationEnd {
  return {
    ...{ reason: 'STOP', length: text.length, sha256: sha256(text), reasoningLength: 0, continuable: false },
    ...{ usage: null, timing: null, transport: null, error: null, model: null, cancel: null },
  };
}

/** An answer as a client shows it, with the receipt that its status asks for. */
export function shownMessage(values: Partial<ChatMessage>): ChatMessage {
  const { status = 'STREAMING', text = '' } = values;
  return {
    ...{ id: 'm1', role: 'ASSISTANT', parentId: null, text, reasoning: '', status, attempt: 1 },
    ...{ pending: false, clientMessageId: 'c1', model: null, createdAt: null, nextWithinMs: 0 },
    end: isTerminal(status) ? receiptOf(text) : null,
    ...values,
    // What these tests do not look at may be missing.
  } as ChatMessage;
}
