import { setTimeout as delay } from 'node:timers/promises';
import type { PartKind } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem, ConversationItem, LogItem } from '../../protocol/items.ts';
import { conversationKey, logRange, messageKey } from '../../protocol/keys.ts';
import { MAX_BATCH_BYTES } from '../../protocol/limits.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import { isSuspect } from '../../protocol/writes.ts';
import type { Delta } from '../generation/stream.ts';
import type { Table } from '../table/table.ts';
import type { AnswerWriter } from './answer-writer.ts';
import { startsAfter } from './attempt-starts.ts';
import type { Cursor } from './cursor.ts';
import type { MessageName } from './named-message.ts';
import { storedFrom } from './stored-text.ts';

/** How often a follower looks for new batches (docs/decisions/0010-followers-look.md). */
const LOOK_MS = 250;
/** The same after some time without news, when the model thinks or nobody has claimed the answer yet. */
const SILENT_LOOK_MS = 450;
const SILENT_AFTER_MS = 5_000;
/** A follower starts settle at most this often. */
const SETTLE_EVERY_MS = 2_000;
/** So many looks may fail in a row before the body closes; raw text, unlike SSE, has no way to come back. */
const MAX_FAILED_LOOKS = 10;

/** What a follower works with. */
export interface FollowPorts {
  readonly table: Table;
  readonly now: () => number;
  /** Starts settle for an answer nobody seems to work on. */
  readonly settle: (message: AssistantMessageItem) => Promise<void>;
}

/** What the reader holds. */
interface Position {
  attempt: number;
  text: number;
  reasoning: number;
  /** Position of the next slot of the log to read; everything before it was read or lies before what the reader holds. */
  slot: number;
}

/**
 * Writes an answer that somebody else generates, from its beginning or after a cursor: the START of every attempt once it
 * is claimed, stored text, then the log as it grows, then END. A finished answer is replayed. A cursor ahead of the log
 * waits for it. Starts settle for an answer that nobody seems to work on. Ends when the writer is closed or the message is deleted, and throws
 * the database's error when it keeps failing.
 */
export async function follow(
  ports: FollowPorts,
  name: MessageName,
  writer: AnswerWriter,
  from?: Cursor,
): Promise<void> {
  const { attempt = 0, text = 0, reasoning = 0 } = from ?? {};
  const at: Position = { attempt, text, reasoning, slot: slotBefore(text + reasoning) };
  let settledAt = Number.NEGATIVE_INFINITY;
  let newsAt = ports.now();
  let failures = 0;
  while (writer.isOpen) {
    const before = `${at.attempt}:${at.text}.${at.reasoning}`;
    try {
      const message = await look(ports.table, name, at, writer);
      failures = 0;
      if (message && isSuspect(message, ports.now()) && ports.now() - settledAt >= SETTLE_EVERY_MS) {
        settledAt = ports.now();
        await ports.settle(message);
      }
    } catch (error) {
      failures += 1;
      if (failures >= MAX_FAILED_LOOKS) throw error;
    }
    if (!writer.isOpen) return;
    if (before !== `${at.attempt}:${at.text}.${at.reasoning}`) newsAt = ports.now();
    await delay(ports.now() - newsAt < SILENT_AFTER_MS ? LOOK_MS : SILENT_LOOK_MS);
  }
}

/** Writes all there is by now; closes the writer after END or when the message is gone. */
async function look(
  table: Table,
  { owner, conversationId, messageId }: MessageName,
  at: Position,
  writer: AnswerWriter,
): Promise<AssistantMessageItem | undefined> {
  const [conversation, message] = await Promise.all([
    table.get<ConversationItem>(conversationKey(owner, conversationId), { cheap: true }),
    table.get<AssistantMessageItem>(messageKey(owner, conversationId, messageId)),
  ]);
  // A tombstone stays, so a conversation that is missing is one the cheap read does not see yet.
  if (!message || conversation?.deletedAt) {
    writer.close('NOT_FOUND');
    return undefined;
  }
  if (message.status === 'PENDING') return message;
  if (message.attempt > at.attempt) await beginAttempts(table, message, at, writer);
  await writeStored(table, message, at, writer);
  if (message.status === 'STREAMING') await writeLog(table, message, at, writer);
  const { end, status } = message;
  // Text that is missing here is being deleted, and the message with it: the next look sees that.
  const isWhole = end && at.text >= end.length && at.reasoning >= end.reasoningLength;
  if (isTerminal(status) && isWhole) writer.end(message, { status, end });
  return message;
}

/** The log is asked from here on: a batch that begins earlier cannot reach over the position. */
function slotBefore(position: number): number {
  return Math.max(0, position - MAX_BATCH_BYTES + 1);
}

async function beginAttempts(
  table: Table,
  message: AssistantMessageItem,
  at: Position,
  writer: AnswerWriter,
): Promise<void> {
  // A reader that has nothing yet needs no older attempt: all of their text is stored.
  const known = at.attempt === 0 ? message.attempt - 1 : at.attempt;
  for (const start of await startsAfter(table, message, known)) {
    at.attempt = start.attempt;
    at.text = Math.min(at.text, start.resumeOffset);
    at.reasoning = Math.min(at.reasoning, start.resumeReasoningOffset);
    writer.start({ ...message, ...start });
  }
  at.slot = message.resumeOffset + message.resumeReasoningOffset;
}

async function writeStored(
  table: Table,
  message: AssistantMessageItem,
  at: Position,
  writer: AnswerWriter,
): Promise<void> {
  for (const part of ['REASONING', 'TEXT'] as const) {
    for await (const piece of storedFrom(table, message, part, heldOf(at, part))) {
      await writer.room();
      if (!writer.isOpen) return;
      write(piece, message, at, writer);
    }
  }
}

async function writeLog(
  table: Table,
  message: AssistantMessageItem,
  at: Position,
  writer: AnswerWriter,
): Promise<void> {
  const resume = message.resumeOffset + message.resumeReasoningOffset;
  const range = { pk: message.pk, ...logRange(message.id, Math.max(at.slot, resume)) };
  for await (const item of table.range<LogItem>(range)) {
    if (item.attempt !== message.attempt || item.kind !== 'BATCH') continue;
    if (item.offset > heldOf(at, item.part)) return;
    await writer.room();
    if (!writer.isOpen) return;
    write(item, message, at, writer);
    at.slot = item.textLength + item.reasoningLength;
  }
}

function heldOf(at: Position, part: PartKind): number {
  return part === 'TEXT' ? at.text : at.reasoning;
}

/** Writes what the reader does not have yet of a piece that leaves no hole. */
function write(delta: Delta, message: AssistantMessageItem, at: Position, writer: AnswerWriter): void {
  const held = heldOf(at, delta.part);
  const fresh = delta.text.slice(held - delta.offset);
  if (fresh === '') return;
  writer.delta(message, { part: delta.part, offset: held, text: fresh });
  if (delta.part === 'TEXT') at.text = held + fresh.length;
  else at.reasoning = held + fresh.length;
}
