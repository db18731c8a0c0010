import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { storedAnswer } from '../../functions/rules/answer-text.ts';
import type { Rule } from '../../functions/rules/operations.ts';
import type { GenerationEnd, TokenBatch } from '../../protocol/generated/schema-types.ts';
import type { AssembledMessage } from '../../protocol/assembler.ts';
import type { AssistantMessageItem, ConversationItem, LogItem } from '../../protocol/items.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import type { Item } from '../functions/expressions.ts';
import { host } from './appsync-utils.ts';
import { Store, type TableOperation } from './store.ts';

const digests = new Map<string, string>();

/** SHA-256 as receipts carry it. */
export function sha256(text: string): string {
  let digest = digests.get(text);
  if (digest === undefined) {
    digest = createHash('sha256').update(text, 'utf8').digest('hex');
    if (digests.size > 50_000) digests.clear();
    digests.set(text, digest);
  }
  return digest;
}

/** An invariant that does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** What one attempt has written, from the database's own history. */
interface Written {
  text: string;
  reasoning: string;
  writer: string | undefined;
  isSealed: boolean;
}

/**
 * Watches every change of the database and knows what the text of every attempt is. Each write is checked when it is
 * applied: I3 to I7 are about what is stored, I1 and I2 about what readers make of it.
 */
export class Truth {
  readonly store = new Store((before, after) => this.#changed(before, after));
  isDeleted = false;
  readonly #attempts = new Map<string, Written>();
  readonly #receipts = new Map<string, GenerationEnd[]>();
  readonly #answers = new Map<string, string>();
  readonly #claimedTooLate = new Set<string>();

  /** The assistant messages as stored. */
  messages(): AssistantMessageItem[] {
    const found: AssistantMessageItem[] = [];
    for (const item of this.store.items.values())
      if (item.sk.startsWith('M#') && item.role === 'ASSISTANT')
        found.push(item as unknown as AssistantMessageItem);
    return found;
  }

  /** Text and reasoning of an attempt as far as the log holds them. */
  attempt(messageId: string, attempt: number): Written | undefined {
    return this.#attempts.get(`${messageId}#${attempt}`);
  }

  /** Runs a rule that only reads, at this moment. */
  read<Result>(rule: Rule<Result>): Result {
    let step = rule.next();
    while (!step.done) step = rule.next(this.store.apply(step.value as TableOperation));
    return step.value;
  }

  /** I7: what is published is in the database, a receipt was stored before. */
  published(batch: Omit<TokenBatch, 'publishedAt'>): void {
    if (this.isDeleted) return;
    if (batch.kind === 'END') {
      const isStored = this.#receipts.get(batch.messageId)?.some((end) => isDeepStrictEqual(end, batch.end));
      if (!isStored) throw new Violation('I7: END was published with a receipt that is not stored');
      return;
    }
    if (batch.kind !== 'DELTA') return;
    const written = this.attempt(batch.messageId, batch.attempt);
    const known = batch.part === 'TEXT' ? written?.text : written?.reasoning;
    if (known?.slice(batch.offset, batch.offset + batch.text.length) !== batch.text)
      throw new Violation('I7: text was published that the log does not hold');
  }

  /** I1, I2 and I6 for one reader. */
  shown(message: AssembledMessage): void {
    if (message.attempt === 0) return;
    const written = this.attempt(message.messageId, message.attempt);
    if (!written?.text.startsWith(message.text))
      throw new Violation(
        `I1: a reader shows "${message.text}", attempt ${message.attempt} is "${written?.text}"`,
      );
    if (!written.reasoning.startsWith(message.reasoning))
      throw new Violation('I1: a reader shows reasoning that is not a prefix');
    if (message.end && message.end.sha256 !== sha256(message.text))
      throw new Violation('I6: a receipt counts though its SHA-256 does not fit the text shown');
  }

  #changed(before: Item | undefined, after: Item | undefined): void {
    const sk = (after ?? before)?.sk ?? '';
    if (sk === 'C')
      this.#conversation(before as ConversationItem | undefined, after as unknown as ConversationItem);
    else if (sk.startsWith('L#') && after) this.#slot(before, after as unknown as LogItem);
    else if (sk.startsWith('M#'))
      this.#message(
        before as unknown as AssistantMessageItem | undefined,
        after as unknown as AssistantMessageItem | undefined,
      );
  }

  #conversation(before: ConversationItem | undefined, after: ConversationItem): void {
    if (before?.deletedAt && (!after.deletedAt || after.lastMessageId || after.listOwner))
      throw new Violation('I3: a deleted conversation came back');
    if (after.deletedAt) this.isDeleted = true;
    else if ((before?.lastMessageId ?? '') > (after.lastMessageId ?? ''))
      throw new Violation('lastMessageId moved back');
  }

  #slot(before: Item | undefined, item: LogItem): void {
    if (this.#claimedTooLate.has(item.claimId))
      throw new Violation('I3: an answer claimed after the deletion is written');
    if (this.isDeleted) return;
    const written = this.attempt(item.messageId, item.attempt);
    if (!written) throw new Violation('I4: a slot of an attempt that never began');
    if (before && !isDeepStrictEqual(before, item)) throw new Violation('I4: a slot was overwritten');
    if (before) return;
    if (item.kind === 'SEAL') {
      written.isSealed = true;
      return;
    }
    if (written.isSealed) throw new Violation('I4: a batch lies behind a SEAL of its attempt');
    if (written.writer !== undefined && written.writer !== item.claimId)
      throw new Violation('I4: two writers extend one attempt');
    written.writer = item.claimId;
    const part = item.part === 'TEXT' ? 'text' : 'reasoning';
    if (item.offset !== written[part].length) throw new Violation('I4: the log has a hole or an overlap');
    written[part] += item.text;
    const fits =
      item.textLength === written.text.length &&
      item.reasoningLength === written.reasoning.length &&
      item.sha256 === sha256(written.text);
    if (!fits) throw new Violation('I6: the running figures of a batch do not fit its text');
  }

  #message(before: AssistantMessageItem | undefined, after: AssistantMessageItem | undefined): void {
    if (this.isDeleted) {
      if (after?.status === 'STREAMING' && before?.status === 'PENDING' && after.claimId)
        this.#claimedTooLate.add(after.claimId);
      return;
    }
    if (!after) throw new Violation('I3: a message of a living conversation is gone');
    if (before === after) return;
    if (after.role !== 'ASSISTANT') {
      if (before && !isDeepStrictEqual(before, after)) throw new Violation('a question was overwritten');
      return;
    }
    if (!before) {
      this.#first(after);
    } else if (after.attempt !== before.attempt) {
      this.#nextAttempt(before, after);
    } else {
      checkTransition(before, after);
      if (isTerminal(after.status) && !isTerminal(before.status)) this.#ended(after);
    }
  }

  #first(message: AssistantMessageItem): void {
    const known = this.#answers.get(message.clientMessageId);
    if (known !== undefined) throw new Violation(`I5: ${known} and ${message.id} answer one clientMessageId`);
    this.#answers.set(message.clientMessageId, message.id);
    if (message.status !== 'PENDING' || message.attempt !== 1)
      throw new Violation('I3: an answer does not begin PENDING');
    this.#begin(message, '', '');
  }

  #nextAttempt(before: AssistantMessageItem, after: AssistantMessageItem): void {
    const mayFollow = before.status === 'STREAMING' || before.status === 'INTERRUPTED';
    if (after.attempt !== before.attempt + 1 || after.status !== 'PENDING' || !mayFollow)
      throw new Violation(`I3: ${before.status}#${before.attempt} became ${after.status}#${after.attempt}`);
    const last = this.attempt(before.id, before.attempt);
    if (after.resumeOffset !== last?.text.length || after.resumeReasoningOffset !== last.reasoning.length)
      throw new Violation('I7: an attempt does not go on where the log of the one before ends');
    if (after.cancelRequestedAt) throw new Violation('I3: a cancelled answer goes on to another attempt');
    this.#isStored(after, last);
    this.#begin(after, last.text, last.reasoning);
  }

  #begin(message: AssistantMessageItem, text: string, reasoning: string): void {
    const written = { text, reasoning, writer: undefined, isSealed: false };
    this.#attempts.set(`${message.id}#${message.attempt}`, written);
  }

  #ended(message: AssistantMessageItem): void {
    const written = this.attempt(message.id, message.attempt);
    const end = message.end;
    if (!written || !end) throw new Violation('I6: a terminal message has no receipt');
    const fits =
      end.length === written.text.length &&
      end.reasoningLength === written.reasoning.length &&
      end.sha256 === sha256(written.text);
    if (!fits) throw new Violation('I6: length or SHA-256 of a receipt do not fit what the log holds');
    this.#isStored(message, written);
    if (message.cancelRequestedAt && message.status === 'INTERRUPTED')
      throw new Violation('I3: a cancelled answer ended as interrupted');
    const receipts = this.#receipts.get(message.id) ?? [];
    receipts.push(end);
    this.#receipts.set(message.id, receipts);
  }

  #isStored(message: AssistantMessageItem, written: Written): void {
    const stored = this.read(storedAnswer(message));
    if (stored.text !== written.text || stored.reasoning !== written.reasoning)
      throw new Violation(`I7: "${stored.text}" is stored, the log holds "${written.text}"`);
  }
}

const FOLLOWERS: Record<string, readonly string[]> = {
  PENDING: ['PENDING', 'STREAMING', 'CANCELLED', 'INTERRUPTED'],
  STREAMING: ['STREAMING', 'COMPLETE', 'CANCELLED', 'FAILED', 'INTERRUPTED'],
};

function checkTransition(before: AssistantMessageItem, after: AssistantMessageItem): void {
  const followers = FOLLOWERS[before.status] ?? [before.status];
  if (!followers.includes(after.status))
    throw new Violation(`I3: ${before.status} became ${after.status} within one attempt`);
  if (isTerminal(before.status) && !isDeepStrictEqual(before, after))
    throw new Violation('I3: a terminal message was changed');
  if (before.status === 'PENDING' && after.end?.reason === 'LOST' && before.leaseUntil > host.now)
    throw new Violation('I3: an answer was ended as lost before its start-by time');
  if (before.status === 'STREAMING' && before.claimId !== after.claimId)
    throw new Violation('I4: a claim was taken over');
}
