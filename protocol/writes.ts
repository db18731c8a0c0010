/**
 * The conditional writes that resolvers and the HTTP door share, as DynamoDB expressions with plain values, in the
 * APPSYNC_JS subset. Each is harmless when repeated.
 */
import { conversationKey, listingSort, type Key } from './keys.ts';
import { assistantMessageIdOf } from './ids.ts';
import type { AssistantMessageItem, RequestItem, TicketItem } from './items.ts';
import { REINVOKE_MS, START_BY_MS, SUSPECT_AFTER_MS } from './limits.ts';

/** A DynamoDB expression with its names and plain (not yet marshalled) values. */
export interface Expression {
  readonly expression: string;
  readonly names: Record<string, string>;
  readonly values: Record<string, unknown>;
}

/** One conditional UpdateItem. */
export interface ConditionalUpdate {
  readonly key: Key;
  readonly update: Expression;
  readonly condition: Expression;
}

/** Guards a put: nothing is stored under this key yet. */
export const IF_ABSENT: Expression = {
  expression: 'attribute_not_exists(#pk)',
  names: { '#pk': 'pk' },
  values: {},
};

/** `SET a = :a, ...` and `REMOVE b, ...` with a placeholder for every name, because many are reserved words. */
export function assign(values: Record<string, unknown>, removed: readonly string[] = []): Expression {
  const set = Object.keys(values);
  const names: Record<string, string> = {};
  const placeholders: Record<string, unknown> = {};
  for (const name of set) {
    names[`#${name}`] = name;
    placeholders[`:${name}`] = values[name];
  }
  for (const name of removed) names[`#${name}`] = name;
  const setClause = set.length > 0 ? `SET ${set.map((name) => `#${name} = :${name}`).join(', ')}` : '';
  const removeClause = removed.length > 0 ? `REMOVE ${removed.map((name) => `#${name}`).join(', ')}` : '';
  return { expression: `${setClause} ${removeClause}`.trim(), names, values: placeholders };
}

/**
 * Creates or moves the conversation with a send: `lastMessageId` only moves forward (message ids sort by creation time),
 * title and creation time are set once. Fails on a tombstone and when a later send was first. The listing date follows
 * the send: one that is finished after a later rename moves it back to its own time.
 */
export function touchConversation(
  owner: string,
  conversationId: string,
  request: RequestItem,
  title: string | undefined,
): ConditionalUpdate {
  const moved = assign({
    owner,
    id: conversationId,
    updatedAt: request.createdAt,
    listOwner: owner,
    listSort: listingSort(request.createdAt, conversationId),
    lastMessageId: assistantMessageIdOf(request.ulid),
  });
  const once = ', #createdAt = if_not_exists(#createdAt, :createdAt)';
  const titled = title === undefined ? '' : ', #title = if_not_exists(#title, :title)';
  return {
    key: conversationKey(owner, conversationId),
    update: {
      expression: `${moved.expression}${once}${titled}`,
      names: Object.assign(
        {},
        moved.names,
        { '#createdAt': 'createdAt' },
        title === undefined ? {} : { '#title': 'title' },
      ),
      values: Object.assign(
        {},
        moved.values,
        { ':createdAt': request.createdAt },
        title === undefined ? {} : { ':title': title },
      ),
    },
    condition: {
      expression:
        'attribute_not_exists(#deletedAt) AND (attribute_not_exists(#lastMessageId) OR #lastMessageId < :lastMessageId)',
      names: { '#deletedAt': 'deletedAt', '#lastMessageId': 'lastMessageId' },
      values: { ':lastMessageId': assistantMessageIdOf(request.ulid) },
    },
  };
}

/**
 * Whether a repeat of a request starts the worker again: the answer is PENDING, and no invocation is known to have been
 * made in the last 2 s. What was only tried holds nobody back, and duplicate invocations exit at their claim.
 */
export function isStartDue(message: AssistantMessageItem, nowMs: number): boolean {
  return message.status === 'PENDING' && message.invokedAt <= nowMs - REINVOKE_MS;
}

/**
 * A new start-by time for an answer whose own is past, before it is started again; it also defeats a settle that read the
 * old one. Never shortens one.
 */
export function renewStart(message: AssistantMessageItem, nowMs: number): ConditionalUpdate {
  return {
    key: { pk: message.pk, sk: message.sk },
    update: assign({ leaseUntil: nowMs + START_BY_MS }),
    condition: {
      expression: '#status = :pending AND #attempt = :attempt AND #leaseUntil < :leaseUntil',
      names: { '#status': 'status', '#attempt': 'attempt', '#leaseUntil': 'leaseUntil' },
      values: { ':pending': 'PENDING', ':attempt': message.attempt, ':leaseUntil': nowMs + START_BY_MS },
    },
  };
}

/** Marks that Lambda took a repeat's invocation: for 2 s other repeats need none. Refused once the answer was claimed. */
export function confirmStart(message: AssistantMessageItem, nowMs: number): ConditionalUpdate {
  return {
    key: { pk: message.pk, sk: message.sk },
    update: assign({ invokedAt: nowMs }),
    condition: {
      expression: '#status = :pending AND #attempt = :attempt',
      names: { '#status': 'status', '#attempt': 'attempt' },
      values: { ':pending': 'PENDING', ':attempt': message.attempt },
    },
  };
}

/** Marks a ticket as used and lets it be good longer, never shorter; fails once it has been removed. */
export function extendTicket(ticket: TicketItem, goodUntil: number): ConditionalUpdate {
  const until = Math.max(ticket.goodUntil, goodUntil);
  return {
    key: { pk: ticket.pk, sk: ticket.sk },
    update: assign({ isUsed: true, goodUntil: until, ttl: Math.ceil(until / 1000) }),
    condition: { expression: 'attribute_exists(#pk)', names: { '#pk': 'pk' }, values: {} },
  };
}

/** Whether nobody seems to work on a message that is not terminal: then its reader starts settle. */
export function isSuspect(message: { status: string; leaseUntil?: number }, nowMs: number): boolean {
  if (message.status !== 'PENDING' && message.status !== 'STREAMING') return false;
  return message.leaseUntil !== undefined && message.leaseUntil + SUSPECT_AFTER_MS < nowMs;
}
