import { createHash, randomBytes } from 'node:crypto';
import { ChatError } from '../../protocol/errors.ts';
import { ticketItem, type AssistantMessageItem, type TicketItem } from '../../protocol/items.ts';
import { messageKey, ticketKey, type Key } from '../../protocol/keys.ts';
import { TICKET_PATIENCE_MS } from '../../protocol/limits.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import { extendTicket } from '../../protocol/writes.ts';
import { put, update } from '../rules/operations.ts';
import { describe } from '../service/log-line.ts';
import { runRule } from '../table/run-rule.ts';
import { readNamedMessage, type MessageName } from './named-message.ts';
import type { HttpInvocation, HttpPorts } from './serve.ts';

/** 256 random bits. */
const TICKET_BYTES = 32;
const FORM = /^[A-Za-z0-9_-]{43}$/;

const hashOf = (ticket: string) => createHash('sha256').update(ticket, 'utf8').digest('hex');

/**
 * Makes a ticket for the events of one answer. Only its SHA-256 is stored, for 60 s unless it is used. Throws like every
 * read of a message, NOT_FOUND for one from the user, too.
 */
export async function makeTicket(
  { table, clock }: Pick<HttpPorts, 'table' | 'clock'>,
  { patience }: Pick<HttpInvocation, 'patience'>,
  name: MessageName,
): Promise<string> {
  const { role } = await readNamedMessage(table, name);
  if (role !== 'ASSISTANT') throw new ChatError('NOT_FOUND');
  const ticket = randomBytes(TICKET_BYTES).toString('base64url');
  const item = ticketItem(hashOf(ticket), name, clock.now() + TICKET_PATIENCE_MS);
  await runRule({ table, signal: patience }, put('ticket.put', item));
  return ticket;
}

/**
 * The ticket as stored when it is good for this message now; throws UNAUTHENTICATED otherwise. Its first use, and every use
 * while the answer runs, makes it good until 60 s after the longest that this connection can last, so that its reader can
 * come back.
 */
export async function redeemTicket(
  { table, clock }: Pick<HttpPorts, 'table' | 'clock'>,
  { patience, endsAt }: Pick<HttpInvocation, 'patience' | 'endsAt'>,
  { conversationId, messageId }: Omit<MessageName, 'owner'>,
  ticket: string,
): Promise<TicketItem> {
  const stored = FORM.test(ticket) ? await table.get<TicketItem>(ticketKey(hashOf(ticket))) : undefined;
  const isOfMessage = stored?.conversationId === conversationId && stored.messageId === messageId;
  if (!stored || !isOfMessage || stored.goodUntil < clock.now()) throw new ChatError('UNAUTHENTICATED');
  const key = messageKey(stored.owner, conversationId, messageId);
  const message = await table.get<Pick<AssistantMessageItem, 'status'>>(key, { attributes: ['status'] });
  if (stored.isUsed && (!message || isTerminal(message.status))) return stored;
  const extended = await runRule(
    { table, signal: patience },
    update<TicketItem>('ticket.extend', extendTicket(stored, endsAt + TICKET_PATIENCE_MS)),
  );
  if (extended === 'refused') throw new ChatError('UNAUTHENTICATED');
  return extended;
}

/** Ends a ticket whose reader has END. One that stays, because the database did not answer, ends by its time. */
export async function endTicket(
  { table, log }: Pick<HttpPorts, 'table' | 'log'>,
  { pk, sk }: Key,
): Promise<void> {
  await table.remove({ pk, sk }).catch((error: unknown) => log('warn', 'http.ticketStays', describe(error)));
}
