import type { AssistantMessageItem, LogItem } from '../../protocol/items.ts';
import { logRange } from '../../protocol/keys.ts';
import type { Table } from '../table/table.ts';

/** Where an attempt began. */
export interface AttemptStart {
  readonly attempt: number;
  readonly resumeOffset: number;
  readonly resumeReasoningOffset: number;
}

const ATTRIBUTES = ['kind', 'attempt', 'part', 'offset', 'textLength', 'reasoningLength'];

/**
 * The beginning of every attempt after `known`, oldest first and the newest last. The message names only the newest one;
 * the others are in the log, whose batches lie in the order of their attempts. An attempt that logged nothing began where
 * the next one did. Of a log that has expired nothing is known: a reader that held more than an attempt left behind then
 * learns it from END's SHA-256.
 */
export async function startsAfter(
  table: Table,
  message: AssistantMessageItem,
  known: number,
): Promise<readonly AttemptStart[]> {
  const { attempt: newest, resumeOffset, resumeReasoningOffset } = message;
  const starts: AttemptStart[] = [{ attempt: newest, resumeOffset, resumeReasoningOffset }];
  if (newest - known <= 1) return starts;
  const first = await firstBatches(table, message, known);
  for (let attempt = newest - 1; attempt > known; attempt -= 1) {
    const batch = first.get(attempt);
    starts.unshift(batch ? startOf(batch) : { ...(starts[0] as AttemptStart), attempt });
  }
  return starts;
}

async function firstBatches(
  table: Table,
  message: AssistantMessageItem,
  known: number,
): Promise<ReadonlyMap<number, LogItem>> {
  const first = new Map<number, LogItem>();
  const range = logRange(message.id, 0, message.resumeOffset + message.resumeReasoningOffset);
  const backwards = table.range<LogItem>(
    { pk: message.pk, ...range },
    { backwards: true, attributes: ATTRIBUTES },
  );
  for await (const item of backwards) {
    if (item.kind === 'SEAL') continue;
    if (item.attempt <= known) break;
    first.set(item.attempt, item);
  }
  return first;
}

function startOf({ attempt, part, offset, textLength, reasoningLength }: LogItem): AttemptStart {
  return part === 'TEXT'
    ? { attempt, resumeOffset: offset, resumeReasoningOffset: reasoningLength }
    : { attempt, resumeOffset: textLength, resumeReasoningOffset: offset };
}
