import type { ChatError } from '../../protocol/errors.ts';
import { errorShape } from '../../protocol/errors.ts';
import type {
  CancelReceipt,
  EndReason,
  GenerationEnd,
  MessageStatus,
  Transport,
  Usage,
} from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';

/** How a generation ended, before it is written down. */
export interface Ending {
  readonly status: Extract<MessageStatus, 'COMPLETE' | 'CANCELLED' | 'FAILED' | 'INTERRUPTED'>;
  readonly reason: EndReason;
  readonly error?: ChatError;
}

/** What goes into a receipt besides how it ended. */
export interface ReceiptFacts {
  readonly length: number;
  readonly sha256: string;
  readonly reasoningLength: number;
  readonly usage: Usage | null;
  readonly transport: Omit<Transport, 'costUsd'> | null;
  readonly model: string | null;
  readonly firstTokenAt: number | undefined;
  readonly endedAt: number;
  /** Estimated tokens that came after a time; undefined when nobody counted. */
  readonly tokensAfter?: ((time: number) => number) | undefined;
}

/**
 * Builds END's receipt: length and SHA-256 are of the whole text over all attempts (I6). Only INTERRUPTED is continuable.
 * What a cancel came to is told when the message says when it was requested.
 */
export function receipt(message: AssistantMessageItem, ending: Ending, facts: ReceiptFacts): GenerationEnd {
  return {
    reason: ending.reason,
    length: facts.length,
    sha256: facts.sha256,
    reasoningLength: facts.reasoningLength,
    continuable: ending.status === 'INTERRUPTED',
    usage: facts.usage,
    timing: {
      acceptedAt: message.createdAt,
      startedAt: message.startedAt ?? null,
      firstTokenAt: facts.firstTokenAt === undefined ? null : new Date(facts.firstTokenAt).toISOString(),
      endedAt: new Date(facts.endedAt).toISOString(),
    },
    transport: facts.transport ? { ...facts.transport, costUsd: null } : null,
    error: ending.error ? errorShape(ending.error) : null,
    model: facts.model ?? message.model,
    cancel: ending.reason === 'CANCELLED' ? cancelReceipt(message, facts) : null,
  };
}

/** Two clocks meet here, AppSync's and the worker's: where they disagree, the latency is 0 rather than negative. */
function cancelReceipt(message: AssistantMessageItem, facts: ReceiptFacts): CancelReceipt | null {
  const requestedAt = Date.parse(message.cancelRequestedAt ?? '');
  if (Number.isNaN(requestedAt)) return null;
  return {
    requestedAt: new Date(requestedAt).toISOString(),
    latencyMs: Math.max(0, facts.endedAt - requestedAt),
    tokensAfterCancel: facts.tokensAfter?.(requestedAt) ?? null,
  };
}

/** What a worker knows of its attempt when it ends. */
export interface AttemptFigures {
  readonly answer: {
    readonly text: string;
    readonly reasoning: string;
    readonly sha256: string;
    tokensAfter(time: number): number;
  };
  readonly pump: { readonly counts: Omit<Transport, 'costUsd'> };
  readonly usage: Usage | null;
  readonly model: string | null;
  readonly firstTokenAt: number | undefined;
}

/** The receipt's facts of an attempt that ends now. */
export function attemptFacts(figures: AttemptFigures, endedAt: number): ReceiptFacts {
  return {
    length: figures.answer.text.length,
    sha256: figures.answer.sha256,
    reasoningLength: figures.answer.reasoning.length,
    usage: figures.usage,
    transport: figures.pump.counts,
    model: figures.model,
    firstTokenAt: figures.firstTokenAt,
    endedAt,
    tokensAfter: (time) => figures.answer.tokensAfter(time),
  };
}
