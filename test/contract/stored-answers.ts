import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import type { AssistantMessageItem, LogItem, TextItem } from '../../protocol/items.ts';
import { conversationKey, logSlot, textSlot } from '../../protocol/keys.ts';
import { MAX_TEXT_ITEM_UNITS } from '../../protocol/limits.ts';
import { splitByUnits } from '../../protocol/token-batch.ts';
import { PLAYGROUND } from './api.ts';
import { sendItems, type StoredItems } from './stored-items.ts';
import { sha256 } from './streamed-answer.ts';

/** One batch to be logged. */
export interface Piece {
  part: 'TEXT' | 'REASONING';
  text: string;
}

/** Both parts of pieces joined. */
export function joined(pieces: readonly Piece[]): { text: string; reasoning: string } {
  const of = (part: Piece['part']) =>
    pieces
      .filter((piece) => piece.part === part)
      .map(({ text }) => text)
      .join('');
  return { text: of('TEXT'), reasoning: of('REASONING') };
}

/** Stores a conversation with one answer in any state, which no worker was started for. */
export async function putAnswer(
  items: StoredItems,
  values: Partial<AssistantMessageItem>,
): Promise<AssistantMessageItem> {
  const conversationId = randomUUID();
  const input = { conversationId, clientMessageId: randomUUID(), text: '/echo stored' };
  const { request, user, assistant } = sendItems(PLAYGROUND, input, ulid(), Date.now());
  const message: AssistantMessageItem = { ...assistant, ...values };
  const { createdAt } = request;
  const conversation = {
    ...conversationKey(PLAYGROUND, conversationId),
    ...{ owner: PLAYGROUND, id: conversationId, createdAt, updatedAt: createdAt, lastMessageId: message.id },
  };
  await items.put(conversation, request, user, message);
  return message;
}

/** The receipt of a text. */
export function receiptOf(text: string, reasoning = ''): NonNullable<AssistantMessageItem['end']> {
  return {
    ...{ reason: 'STOP', length: text.length, sha256: sha256(text), reasoningLength: reasoning.length },
    ...{ continuable: false, usage: null, timing: null, transport: null, error: null, model: null },
  };
}

/** The text items of one part, as END stores them. */
export function textItemsOf(message: AssistantMessageItem, part: Piece['part'], text: string): TextItem[] {
  let offset = 0;
  return splitByUnits(text, MAX_TEXT_ITEM_UNITS).map((piece) => {
    const item = {
      ...{ pk: message.pk, sk: textSlot(message.id, message.attempt, part, offset) },
      ...{ messageId: message.id, offset, text: piece },
    };
    offset += piece.length;
    return item;
  });
}

/** The log of one attempt from its resume offsets on, with a SEAL when asked for. */
export function logOf(
  message: Pick<AssistantMessageItem, 'pk' | 'id' | 'attempt' | 'resumeOffset' | 'resumeReasoningOffset'>,
  pieces: readonly Piece[],
  isSealed = false,
): LogItem[] {
  let textLength = message.resumeOffset;
  let reasoningLength = message.resumeReasoningOffset;
  const log = pieces.map((piece, index): LogItem => {
    const slot = logSlot(message.id, textLength + reasoningLength, message.attempt);
    const offset = piece.part === 'TEXT' ? textLength : reasoningLength;
    if (piece.part === 'TEXT') textLength += piece.text.length;
    else reasoningLength += piece.text.length;
    return {
      ...{ pk: message.pk, sk: slot, messageId: message.id, kind: 'BATCH', attempt: message.attempt },
      ...{ seq: index + 1, part: piece.part, offset, text: piece.text, claimId: 'worker:1' },
      ...{ textLength, reasoningLength, sha256: 'of the whole text so far', ttl: 4_000_000_000 },
    };
  });
  if (!isSealed) return log;
  const seal: LogItem = {
    ...{ pk: message.pk, sk: logSlot(message.id, textLength + reasoningLength, message.attempt) },
    ...{
      messageId: message.id,
      kind: 'SEAL',
      attempt: message.attempt,
      seq: pieces.length + 1,
      part: 'TEXT',
    },
    ...{
      offset: 0,
      text: '',
      claimId: 'seal',
      textLength: 0,
      reasoningLength: 0,
      sha256: '',
      ttl: 4_000_000_000,
    },
  };
  return [...log, seal];
}
