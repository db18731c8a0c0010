import { setTimeout as delay } from 'node:timers/promises';
import type { AssistantMessageItem, ConversationItem, LogItem } from '../../protocol/items.ts';
import { conversationKey, logRange, messageKey } from '../../protocol/keys.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import { isSuspect } from '../../protocol/writes.ts';
import type { Delta } from '../generation/stream.ts';
import { readStoredText } from '../table/answer-text.ts';
import type { Table } from '../table/table.ts';
import type { AnswerWriter } from './answer-writer.ts';

/** How often a follower looks for new batches. */
const POLL_MS = 250;
/** A follower starts settle at most this often. */
const SETTLE_EVERY_MS = 2_000;

/** What a follower works with. */
export interface FollowPorts {
  readonly table: Table;
  readonly now: () => number;
  /** Starts settle for an answer nobody seems to work on. */
  readonly settle: (message: AssistantMessageItem) => Promise<void>;
}

interface Position {
  attempt: number;
  text: number;
  reasoning: number;
}

/**
 * Writes an answer that somebody else generates, from its beginning: START once an attempt is claimed, stored text, then
 * the log as it grows, then END. A finished answer is replayed. Ends when the writer is closed or the message is deleted.
 */
export async function follow(
  ports: FollowPorts,
  owner: string,
  conversationId: string,
  messageId: string,
  writer: AnswerWriter,
): Promise<void> {
  const at: Position = { attempt: 0, text: 0, reasoning: 0 };
  let settledAt = Number.NEGATIVE_INFINITY;
  while (writer.isOpen) {
    const conversation = await ports.table.get<ConversationItem>(conversationKey(owner, conversationId));
    const message = await ports.table.get<AssistantMessageItem>(messageKey(owner, conversationId, messageId));
    if (!message || !conversation || conversation.deletedAt) return writer.close();
    if (message.attempt > at.attempt && message.status !== 'PENDING')
      await beginAttempt(ports.table, message, at, writer);
    if (message.status === 'STREAMING') await writeLog(ports.table, message, at, writer);
    if (message.end && isTerminal(message.status)) {
      await writeStored(ports.table, message, at, writer);
      return writer.end(message, { status: message.status, end: message.end });
    }
    if (isSuspect(message, ports.now()) && ports.now() - settledAt >= SETTLE_EVERY_MS) {
      settledAt = ports.now();
      await ports.settle(message);
    }
    await delay(POLL_MS);
  }
}

async function beginAttempt(
  table: Table,
  message: AssistantMessageItem,
  at: Position,
  writer: AnswerWriter,
): Promise<void> {
  at.attempt = message.attempt;
  at.text = Math.min(at.text, message.resumeOffset);
  at.reasoning = Math.min(at.reasoning, message.resumeReasoningOffset);
  writer.start(message);
  if (!message.end) await writeStored(table, message, at, writer);
}

async function writeStored(
  table: Table,
  message: AssistantMessageItem,
  at: Position,
  writer: AnswerWriter,
): Promise<void> {
  const stored = await readStoredText(table, message);
  write({ part: 'REASONING', offset: 0, text: stored.reasoning }, message, at, writer);
  write({ part: 'TEXT', offset: 0, text: stored.text }, message, at, writer);
}

async function writeLog(
  table: Table,
  message: AssistantMessageItem,
  at: Position,
  writer: AnswerWriter,
): Promise<void> {
  const range = { pk: message.pk, ...logRange(message.id, at.text + at.reasoning) };
  for await (const item of table.range<LogItem>(range)) {
    if (item.attempt === message.attempt && item.kind === 'BATCH') write(item, message, at, writer);
  }
}

/** Writes what the reader does not have yet; a piece that would leave a hole waits for the next look. */
function write(delta: Delta, message: AssistantMessageItem, at: Position, writer: AnswerWriter): void {
  const known = delta.part === 'TEXT' ? at.text : at.reasoning;
  const fresh = delta.offset <= known ? delta.text.slice(known - delta.offset) : '';
  if (fresh === '') return;
  writer.delta(message, { part: delta.part, offset: known, text: fresh });
  if (delta.part === 'TEXT') at.text = known + fresh.length;
  else at.reasoning = known + fresh.length;
}
