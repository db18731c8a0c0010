import type { ChatMessage } from '../../client/index.ts';

/** A message of a snapshot: a whole answer unless told otherwise. */
export function shownMessage(fields: Partial<ChatMessage> & Pick<ChatMessage, 'id'>): ChatMessage {
  return {
    role: 'ASSISTANT',
    parentId: null,
    text: '',
    reasoning: '',
    status: 'COMPLETE',
    end: null,
    attempt: 1,
    pending: false,
    refusal: null,
    clientMessageId: null,
    model: null,
    createdAt: null,
    nextWithinMs: 0,
    ...fields,
  };
}
