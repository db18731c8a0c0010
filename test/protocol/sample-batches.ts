/** Typed batches, receipts and states with defaults, for the tests of the assembler and the sequence rules. */
import type { GenerationEnd, MessageState, TokenBatch } from '../../protocol/generated/schema-types.ts';

export const MESSAGE_ID = 'm-1';

const AT = '2026-01-01T00:00:00.000Z';

export function receipt(length: number, over: Partial<GenerationEnd> = {}): GenerationEnd {
  return { reason: 'STOP', length, sha256: 'f'.repeat(64), reasoningLength: 0, continuable: false, ...over };
}

function batch(over: Partial<TokenBatch> & Pick<TokenBatch, 'kind' | 'seq'>): TokenBatch {
  return {
    conversationId: 'c-1',
    messageId: MESSAGE_ID,
    owner: 'u:alice',
    attempt: 1,
    part: 'TEXT',
    offset: 0,
    text: '',
    resumeOffset: 0,
    resumeReasoningOffset: 0,
    nextWithinMs: 80,
    status: 'STREAMING',
    userMessageId: 'm-0',
    end: null,
    publishedAt: AT,
    ...over,
  };
}

export function start(over: Partial<TokenBatch> = {}): TokenBatch {
  return batch({ kind: 'START', seq: 0, offset: over.resumeOffset ?? 0, ...over });
}

export function delta(seq: number, offset: number, text: string, over: Partial<TokenBatch> = {}): TokenBatch {
  return batch({ kind: 'DELTA', seq, offset, text, ...over });
}

export function reasoning(
  seq: number,
  offset: number,
  text: string,
  over: Partial<TokenBatch> = {},
): TokenBatch {
  return delta(seq, offset, text, { part: 'REASONING', ...over });
}

export function heartbeat(seq: number, offset: number, over: Partial<TokenBatch> = {}): TokenBatch {
  return batch({ kind: 'HEARTBEAT', seq, offset, ...over });
}

export function ended(seq: number, end: GenerationEnd, over: Partial<TokenBatch> = {}): TokenBatch {
  return batch({
    kind: 'END',
    seq,
    offset: end.length,
    nextWithinMs: 0,
    status: 'COMPLETE',
    end,
    ...over,
  });
}

export function state(over: Partial<MessageState> = {}): MessageState {
  return {
    messageId: MESSAGE_ID,
    status: 'STREAMING',
    attempt: 1,
    resumeOffset: 0,
    resumeReasoningOffset: 0,
    offset: 0,
    text: '',
    reasoningOffset: 0,
    reasoning: '',
    throughSeq: -1,
    more: false,
    end: null,
    ...over,
  };
}
