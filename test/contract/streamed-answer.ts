import { createHash, randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { GenerationEnd, TokenBatch } from '../../protocol/generated/schema-types.ts';
import { DOCUMENTS, graphql, type Credential, type WireMessage, type WireSend } from './graphql.ts';
import type { Target } from './target.ts';

/** The text of `/tokens N`. */
export function countedText(count: number): string {
  return Array.from({ length: count }, (_, index) => `w${index + 1}`).join(' ');
}

/** SHA-256 of a text in UTF-8, lower-case hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Sends a text and answers what the mutation answered; fails the test on an error. */
export async function sendText(
  target: Pick<Target, 'graphqlUrl'>,
  credential: Credential,
  text: string,
  conversationId: string = randomUUID(),
): Promise<WireSend> {
  const input = { conversationId, clientMessageId: randomUUID(), text };
  const answer = await graphql<{ sendMessage: WireSend }>(target, credential, DOCUMENTS.send, { input });
  expect(answer.errors).toBeUndefined();
  return answer.data.sendMessage;
}

/** The messages of a conversation as `messages` lists them, newest first. */
export async function storedMessages(
  target: Pick<Target, 'graphqlUrl'>,
  credential: Credential,
  conversationId: string,
): Promise<readonly WireMessage[]> {
  const answer = await graphql<{ messages: { items: WireMessage[] } }>(
    target,
    credential,
    DOCUMENTS.messages,
    { conversationId },
  );
  expect(answer.errors).toBeUndefined();
  return answer.data.messages.items;
}

/** One message as `messages` lists it. */
export async function storedMessage(
  target: Pick<Target, 'graphqlUrl'>,
  credential: Credential,
  conversationId: string,
  messageId: string,
): Promise<WireMessage> {
  const messages = await storedMessages(target, credential, conversationId);
  const message = messages.find(({ id }) => id === messageId);
  if (!message) throw new Error(`${messageId} is not listed`);
  return message;
}

/** Checks that a receipt fits a text. */
export function expectReceipt(
  end: Pick<GenerationEnd, 'length' | 'sha256'> | null | undefined,
  text: string,
): void {
  expect(end).toMatchObject({ length: text.length, sha256: sha256(text) });
}

/** Checks that texts are the stored one, byte for byte, and that its receipt fits. */
export function expectIdentical(
  stored: { readonly text: string; readonly end: GenerationEnd | null },
  texts: Readonly<Record<string, string>>,
): void {
  const bytes = Buffer.from(stored.text, 'utf8');
  for (const [whose, text] of Object.entries(texts))
    expect(
      bytes.equals(Buffer.from(text, 'utf8')),
      `${whose}: ${text.length} units of ${stored.text.length}`,
    ).toBe(true);
  expectReceipt(stored.end, stored.text);
}

/**
 * Checks a feed of one attempt that lost nothing: START, DELTAs without a gap in `seq` or offset, one END whose receipt
 * fits; heartbeats aside. Returns the joined text.
 */
export function expectGapless(received: readonly TokenBatch[], attempt = 1): string {
  const batches = received.filter(({ kind }) => kind !== 'HEARTBEAT');
  expect(batches.map(({ seq }) => seq)).toEqual(batches.map((_, index) => index));
  const kinds = batches.map(({ kind }) => kind);
  expect(kinds).toEqual(['START', ...kinds.slice(2).map(() => 'DELTA'), 'END']);
  let text = '';
  for (const batch of batches) {
    expect(batch.attempt).toBe(attempt);
    expect(batch.offset).toBe(text.length);
    text += batch.text;
  }
  expectReceipt(batches.at(-1)?.end, text);
  return text;
}
