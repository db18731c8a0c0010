import * as v from 'valibot';
import type { InvocationReport } from '../lambda/index.ts';
import type { Work } from './work.ts';

/** Lambda streams this much of an answer without a charge. */
const FREE_STREAM_BYTES = 6 * 1024 * 1024;

const ownEvent = v.object({ conversationId: v.string() });
/** What an on-failure destination receives. */
const failureRecord = v.object({ requestPayload: ownEvent });
const urlEvent = v.object({ rawPath: v.string(), headers: v.optional(v.record(v.string(), v.string()), {}) });

const CONVERSATION_PATH = /^\/conversations\/([^/]+)\//;

/**
 * The conversation an invocation worked for. `generate`, `settle` and `purge` are told it in their event; the HTTP door names
 * it in its answer, its path or its request, in that order. Undefined for what is about none: listings, health, refusals.
 */
export function conversationOfInvocation({
  event,
  responseHeaders,
}: Pick<InvocationReport, 'event' | 'responseHeaders'>): string | undefined {
  if (v.is(ownEvent, event)) return event.conversationId;
  if (v.is(failureRecord, event)) return event.requestPayload.conversationId;
  const url = v.safeParse(urlEvent, event);
  if (!url.success) return undefined;
  const { rawPath, headers } = url.output;
  return (
    headerOf(responseHeaders, 'x-conversation-id') ??
    CONVERSATION_PATH.exec(rawPath)?.[1] ??
    headerOf(headers, 'x-conversation-id')
  );
}

function headerOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
}

/** What Lambda bills for an ended invocation; nothing for one that never got to its handler. */
export function workOfInvocation({
  hasStarted,
  durationMs,
  memoryMb,
  streamedBytes,
}: Pick<InvocationReport, 'hasStarted' | 'durationMs' | 'memoryMb' | 'streamedBytes'>): Partial<Work> {
  if (!hasStarted) return {};
  const lambdaMs = Math.ceil(durationMs);
  return {
    lambdaInvocations: 1,
    lambdaMs,
    lambdaGbSeconds: (lambdaMs / 1_000) * (memoryMb / 1_024),
    streamedBytes,
    billedStreamBytes: Math.max(0, streamedBytes - FREE_STREAM_BYTES),
  };
}
