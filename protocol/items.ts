/**
 * The items of the one table, built in the APPSYNC_JS subset so that resolvers and the HTTP door write exactly the same
 * ones. Attributes named like schema fields are answered as they are.
 */
import { assistantMessageIdOf, userMessageIdOf } from './ids.ts';
import { messageKey, requestKey, ticketKey, type Key } from './keys.ts';
import { DERIVED_TITLE_UNITS, START_BY_MS } from './limits.ts';
import type {
  GenerationEnd,
  MessageStatus,
  PacingProfile,
  PartKind,
  Usage,
} from './generated/schema-types.ts';

/** SHA-256 of no text: what an answer's running digest begins with. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** What an answer used for which no model was asked. */
export const NO_USAGE: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: null,
  reasoningTokens: null,
  source: 'ESTIMATED',
  costUsd: null,
};

/** A conversation. `deletedAt` makes it a tombstone: every read and send answers NOT_FOUND. */
export interface ConversationItem extends Key {
  owner: string;
  id: string;
  title?: string | null;
  createdAt: string;
  updatedAt: string;
  lastMessageId?: string | null;
  deletedAt?: string;
  listOwner?: string;
  listSort?: string;
}

/** A message of either role. Statuses change only by conditional writes on this item. */
export interface MessageItem extends Key {
  owner: string;
  id: string;
  conversationId: string;
  parentId: string | null;
  role: 'USER' | 'ASSISTANT';
  /** The stored text: whole, or the beginning of a long one (`textAttempt`), or the text of earlier attempts. */
  text: string;
  reasoning?: string | null;
  status: MessageStatus;
  attempt: number;
  model: string | null;
  clientMessageId: string;
  createdAt: string;
  end: GenerationEnd | null;
}

/** An assistant message with what its generation needs. */
export interface AssistantMessageItem extends MessageItem {
  role: 'ASSISTANT';
  userMessageId: string;
  pacing: PacingProfile;
  /** PENDING: the start-by time; STREAMING: the end of the worker's lease. Epoch milliseconds. */
  leaseUntil: number;
  /** When Lambda last took a repeat's invocation for the current attempt. Epoch milliseconds; 0: none is known. */
  invokedAt: number;
  /** Where the current attempt's text and reasoning begin: the lengths stored by earlier attempts. */
  resumeOffset: number;
  resumeReasoningOffset: number;
  /** SHA-256 of the text up to `resumeOffset`. */
  sha256: string;
  /** Set when the stored text is longer than the item holds: the attempt in the text items' keys. */
  textAttempt?: number | null;
  /** The Lambda request id (which duplicates share) and a random part: who holds the lease. */
  claimId?: string | null;
  startedAt?: string | null;
  cancelRequestedAt?: string | null;
  handovers: number;
  /** What earlier attempts used. */
  usage?: Usage | null;
}

/** The first write of a send or regenerate: fixes its ids for every repeat (I5), without TTL. */
export interface RequestItem extends Key {
  kind: 'SEND' | 'REGENERATE';
  /** The input as given, compared field by field. */
  text: string | null;
  /** `omitted`, `root`, or `message` with the id in `givenParentId`. */
  givenParent: 'omitted' | 'root' | 'message';
  givenParentId: string | null;
  targetId: string | null;
  model: string | null;
  pacing: string | null;
  /** What the first write decided. */
  ulid: string;
  parentId: string | null;
  userMessageId: string;
  createdAt: string;
}

/** A slot of the log: a batch, or the SEAL that ends an attempt from outside. */
export interface LogItem extends Key {
  messageId: string;
  kind: 'BATCH' | 'SEAL';
  attempt: number;
  seq: number;
  part: PartKind;
  /** UTF-16 units of the part before `text`. */
  offset: number;
  text: string;
  claimId: string;
  /** Running figures of the whole answer after this batch. */
  textLength: number;
  reasoningLength: number;
  sha256: string;
  ttl: number;
}

/** A piece of a stored text that is too long for the message item. */
export interface TextItem extends Key {
  messageId: string;
  offset: number;
  text: string;
}

/** Leave to read the events of one message over HTTP without another credential. */
export interface TicketItem extends Key {
  owner: string;
  conversationId: string;
  messageId: string;
  /** Epoch milliseconds. */
  goodUntil: number;
  isUsed: boolean;
  /** When DynamoDB may remove it; it does so late. */
  ttl: number;
}

/** A send as given; `parentId` undefined means omitted, null a new root. */
export interface SendInput {
  conversationId: string;
  clientMessageId: string;
  text: string;
  parentId?: string | null;
  model?: string | null;
  pacing?: PacingProfile | null;
}

/** A regenerate as given. */
export interface RegenerateInput {
  conversationId: string;
  clientMessageId: string;
  messageId: string;
  model?: string | null;
  pacing?: PacingProfile | null;
}

/** The request item of a send; `parentId` is what an omitted parent resolved to. */
export function sendRequestItem(
  owner: string,
  input: SendInput,
  decided: { ulid: string; parentId: string | null; createdAt: string },
): RequestItem {
  const key = requestKey(owner, input.conversationId, input.clientMessageId);
  return {
    pk: key.pk,
    sk: key.sk,
    kind: 'SEND',
    text: input.text,
    givenParent: input.parentId === undefined ? 'omitted' : input.parentId === null ? 'root' : 'message',
    givenParentId: input.parentId ?? null,
    targetId: null,
    model: input.model ?? null,
    pacing: input.pacing ?? null,
    ulid: decided.ulid,
    parentId: decided.parentId,
    userMessageId: userMessageIdOf(decided.ulid),
    createdAt: decided.createdAt,
  };
}

/** The request item of a regenerate; the answer becomes a sibling under `userMessageId`. */
export function regenerateRequestItem(
  owner: string,
  input: RegenerateInput,
  decided: { ulid: string; userMessageId: string; createdAt: string },
): RequestItem {
  const key = requestKey(owner, input.conversationId, input.clientMessageId);
  return {
    pk: key.pk,
    sk: key.sk,
    kind: 'REGENERATE',
    text: null,
    givenParent: 'omitted',
    givenParentId: null,
    targetId: input.messageId,
    model: input.model ?? null,
    pacing: input.pacing ?? null,
    ulid: decided.ulid,
    parentId: decided.userMessageId,
    userMessageId: decided.userMessageId,
    createdAt: decided.createdAt,
  };
}

/** Whether a repeat gave the same input as the stored first write; other input under one id is CONFLICT. */
export function isSameRequest(stored: RequestItem, repeated: RequestItem): boolean {
  return (
    stored.kind === repeated.kind &&
    stored.text === repeated.text &&
    stored.givenParent === repeated.givenParent &&
    stored.givenParentId === repeated.givenParentId &&
    stored.targetId === repeated.targetId &&
    stored.model === repeated.model &&
    stored.pacing === repeated.pacing
  );
}

/** The user message of a send, from its request item alone: equal on every repeat. */
export function userMessageItem(owner: string, input: SendInput, request: RequestItem): MessageItem {
  const key = messageKey(owner, input.conversationId, request.userMessageId);
  return {
    pk: key.pk,
    sk: key.sk,
    owner,
    id: request.userMessageId,
    conversationId: input.conversationId,
    parentId: request.parentId,
    role: 'USER',
    text: input.text,
    status: 'COMPLETE',
    attempt: 1,
    model: null,
    clientMessageId: input.clientMessageId,
    createdAt: request.createdAt,
    end: null,
  };
}

/** The PENDING assistant message of a send or regenerate; `nowMs` sets its start-by time. */
export function assistantMessageItem(
  owner: string,
  input: { conversationId: string; clientMessageId: string },
  request: RequestItem,
  nowMs: number,
): AssistantMessageItem {
  const id = assistantMessageIdOf(request.ulid);
  const key = messageKey(owner, input.conversationId, id);
  return {
    pk: key.pk,
    sk: key.sk,
    owner,
    id,
    conversationId: input.conversationId,
    parentId: request.userMessageId,
    role: 'ASSISTANT',
    text: '',
    status: 'PENDING',
    attempt: 1,
    model: request.model,
    clientMessageId: input.clientMessageId,
    createdAt: request.createdAt,
    end: null,
    userMessageId: request.userMessageId,
    pacing: (request.pacing ?? 'BALANCED') as PacingProfile,
    leaseUntil: nowMs + START_BY_MS,
    invokedAt: 0,
    resumeOffset: 0,
    resumeReasoningOffset: 0,
    sha256: EMPTY_SHA256,
    handovers: 0,
  };
}

/** A new ticket, good for one message until `goodUntil` (epoch milliseconds). */
export function ticketItem(
  sha256: string,
  message: { owner: string; conversationId: string; messageId: string },
  goodUntil: number,
): TicketItem {
  const key = ticketKey(sha256);
  return {
    pk: key.pk,
    sk: key.sk,
    owner: message.owner,
    conversationId: message.conversationId,
    messageId: message.messageId,
    goodUntil,
    isUsed: false,
    ttl: Math.ceil(goodUntil / 1000),
  };
}

/** A title from the first user text: its first line that says something, cut without splitting a surrogate pair. */
export function derivedTitle(text: string): string {
  // No loop over the lines: AppSync ends a loop after 1,000 rounds, and 32,000 line breaks are a valid text.
  const said = text.trimStart();
  const lineEnd = said.indexOf('\n');
  const title = (lineEnd < 0 ? said : said.slice(0, lineEnd)).trimEnd();
  if (title.length <= DERIVED_TITLE_UNITS) return title;
  const cut = title.slice(0, DERIVED_TITLE_UNITS - 1);
  const last = cut.charAt(cut.length - 1);
  const splitsPair = last >= '\ud800' && last <= '\udbff';
  return `${splitsPair ? cut.slice(0, -1) : cut}…`;
}

/** What `generate` and `settle` are invoked with. */
export interface GenerationEvent {
  owner: string;
  conversationId: string;
  messageId: string;
  attempt: number;
}

/** Names the present attempt of a message. */
export function generationEventOf(message: AssistantMessageItem): GenerationEvent {
  return {
    owner: message.owner,
    conversationId: message.conversationId,
    messageId: message.id,
    attempt: message.attempt,
  };
}

/** What `purge` is invoked with. */
export interface PurgeEvent {
  owner: string;
  conversationId: string;
}
