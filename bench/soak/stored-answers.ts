/** Reads what the service has stored, past the client library and its transport. */
import { setTimeout as delay } from 'node:timers/promises';
import { CLIENT_DOCUMENTS } from '../../protocol/generated/client-documents.ts';
import type { Message, MessagePage, MessageState } from '../../protocol/generated/schema-types.ts';
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

async function ask<Answer>(
  source: StoredSource,
  field: 'messages' | 'messageState',
  variables: Readonly<Record<string, unknown>>,
  deadline: number,
): Promise<Answer> {
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
      why = body.errors ?? body;
    } catch (error) {
      why = error;
    }
    await delay(AGAIN_MS);
  }
  throw new Stuck(`the stored conversation cannot be read: ${JSON.stringify(why)}`);
}
