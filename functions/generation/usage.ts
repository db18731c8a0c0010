import type { ErrorCode } from '../../protocol/errors.ts';
import type { Usage } from '../../protocol/generated/schema-types.ts';
import { NO_USAGE } from '../../protocol/items.ts';
import { utf8Bytes } from '../../protocol/token-batch.ts';
import type { ModelMessage } from './stream.ts';

/** UTF-8 bytes a token stands for on average: between English (about 4.5) and CJK text (about 3). */
const BYTES_PER_TOKEN = 4;
/** What a chat format adds around each message. */
const TOKENS_PER_MESSAGE = 4;

/** Estimates the tokens of so many UTF-8 bytes. */
export function tokensOf(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

/** Estimates the tokens of a text. Every model counts differently, so no tokenizer would be right either. */
export function estimateTokens(text: string): number {
  return tokensOf(utf8Bytes(text));
}

/** Estimates what a run used, when the provider said nothing. */
export function estimateUsage(messages: readonly ModelMessage[], written: string): Usage {
  const inputTokens = messages.reduce(
    (sum, message) => sum + TOKENS_PER_MESSAGE + estimateTokens(message.content),
    0,
  );
  return { ...NO_USAGE, inputTokens, outputTokens: estimateTokens(written) };
}

const sum = (a: number | null | undefined, b: number | null | undefined) =>
  a === null || a === undefined ? (b ?? null) : a + (b ?? 0);

/** Adds what earlier attempts used; one estimate makes the sum an estimate. */
export function addUsage(earlier: Usage | null | undefined, usage: Usage): Usage {
  if (!earlier) return usage;
  return {
    inputTokens: earlier.inputTokens + usage.inputTokens,
    outputTokens: earlier.outputTokens + usage.outputTokens,
    cachedInputTokens: sum(earlier.cachedInputTokens, usage.cachedInputTokens),
    reasoningTokens: sum(earlier.reasoningTokens, usage.reasoningTokens),
    source: earlier.source === 'ESTIMATED' ? 'ESTIMATED' : usage.source,
    costUsd: sum(earlier.costUsd, usage.costUsd),
  };
}

/** Under these codes a model has refused the request when nothing was written: that is not billed. */
const REFUSALS: readonly ErrorCode[] = [
  'CONTEXT_TOO_LONG',
  'UPSTREAM_AUTH',
  'UPSTREAM_RATE_LIMITED',
  'UPSTREAM_REJECTED',
];

/** What is known of an attempt's run when it is over. */
export interface RunFigures {
  /** Whether a model was asked at all. */
  readonly wasAsked: boolean;
  readonly messages: readonly ModelMessage[];
  /** Text and reasoning of this attempt. */
  readonly written: string;
  /** The provider's count of the whole run. */
  readonly counted: Usage | undefined;
  readonly failure: ErrorCode | undefined;
}

/**
 * What earlier attempts used plus the provider's count, or an estimate where it gave none. Nothing is added when no model was
 * asked, or when it refused.
 */
export function usageOfRun(earlier: Usage | null | undefined, run: RunFigures): Usage {
  const isRefused = run.written === '' && run.failure !== undefined && REFUSALS.includes(run.failure);
  if (!run.wasAsked || isRefused) return earlier ?? NO_USAGE;
  return addUsage(earlier, run.counted ?? estimateUsage(run.messages, run.written));
}
