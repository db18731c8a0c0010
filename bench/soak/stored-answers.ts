/** Reads what the service has stored, past the client library and its transport. */
import { setTimeout as delay } from 'node:timers/promises';
import { CLIENT_DOCUMENTS } from '../../protocol/generated/client-documents.ts';
import type {
  ConversationPage,
  Message,
  MessagePage,
  MessageState,
} from '../../protocol/generated/schema-types.ts';
import { Stuck } from './within.ts';

/** Whom to ask, as whom. */
export interface StoredSource {
  readonly graphqlUrl: string;
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
}

/** Pause before a question that failed is asked again: faults are for the ones who read as well. */
const AGAIN_MS = 250;

/** A stored conversation: every message, answers with their whole text. */
export async function storedMessages(
  source: StoredSource,
  conversationId: string,
  withinMs: number,
): Promise<readonly Message[]> {
  const deadline = Date.now() + withinMs;
  const messages: Message[] = [];
  let nextToken: string | null = null;
  do {
    const page: MessagePage = await ask(source, 'messages', { conversationId, nextToken }, deadline);
    for (const message of page.items) messages.push(await whole(source, message, deadline));
    nextToken = page.nextToken ?? null;
  } while (nextToken !== null);
  return messages;
}

async function whole(source: StoredSource, message: Message, deadline: number): Promise<Message> {
  if (message.role === 'USER' || message.text.length >= (message.end?.length ?? Infinity)) return message;
  let text = '';
  for (;;) {
    const { conversationId, id: messageId } = message;
    const from = { fromOffset: text.length, fromReasoningOffset: 0 };
    const state: MessageState = await ask(
      source,
      'messageState',
      { conversationId, messageId, ...from },
      deadline,
    );
    text = text.slice(0, state.offset) + state.text;
    if (!state.more)
      return { ...message, status: state.status, attempt: state.attempt, end: state.end, text };
  }
}

/** What of a deleted conversation can still be read; empty when nothing can. @throws Stuck */
export async function readableOf(
  source: StoredSource,
  conversationId: string,
  messageIds: Iterable<string>,
  withinMs: number,
): Promise<readonly string[]> {
  const deadline = Date.now() + withinMs;
  const readable: string[] = [];
  const look = async (what: string, field: ReadField, variables: Readonly<Record<string, unknown>>) => {
    if ((await ask(source, field, variables, deadline, isAbsent)) !== ABSENT) readable.push(what);
  };
  await look('its messages', 'messages', { conversationId });
  for (const messageId of messageIds)
    await look(messageId, 'messageState', {
      conversationId,
      messageId,
      fromOffset: 0,
      fromReasoningOffset: 0,
    });
  const { items } = await ask<ConversationPage>(source, 'conversations', {}, deadline);
  if (items.some(({ id }) => id === conversationId)) readable.push('its place in the list');
  return readable;
}

type ReadField = 'messages' | 'messageState' | 'conversations';
const ABSENT = Symbol('absent');
const isAbsent = (errors: unknown) => (errors as { errorType?: string }[])[0]?.errorType === 'NOT_FOUND';

/** `ABSENT` where `mayBeAbsent` says that an answer's errors mean that; all other errors are asked again. */
async function ask<Answer>(
  source: StoredSource,
  field: ReadField,
  variables: Readonly<Record<string, unknown>>,
  deadline: number,
): Promise<Answer>;
async function ask<Answer>(
  source: StoredSource,
  field: ReadField,
  variables: Readonly<Record<string, unknown>>,
  deadline: number,
  mayBeAbsent: (errors: unknown) => boolean,
): Promise<Answer | typeof ABSENT>;
async function ask<Answer>(
  source: StoredSource,
  field: ReadField,
  variables: Readonly<Record<string, unknown>>,
  deadline: number,
  mayBeAbsent: (errors: unknown) => boolean = () => false,
): Promise<Answer | typeof ABSENT> {
  let why: unknown;
  while (Date.now() < deadline) {
    try {
      const answer = await fetch(source.graphqlUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(await source.headers()) },
        body: JSON.stringify({ query: CLIENT_DOCUMENTS[field], variables }),
        signal: AbortSignal.timeout(15_000),
      });
      const body = (await answer.json()) as { data?: Record<string, Answer | null>; errors?: unknown };
      const value = body.data?.[field];
      if (!body.errors && value) return value;
      if (body.errors && mayBeAbsent(body.errors)) return ABSENT;
      why = body.errors ?? body;
    } catch (error) {
      why = error;
    }
    await delay(AGAIN_MS);
  }
  throw new Stuck(`the stored conversation cannot be read: ${JSON.stringify(why)}`);
}
