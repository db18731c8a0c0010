import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { LEASE_MS } from '../../protocol/limits.ts';
import { connected, messageWith, recordedConversation } from './client-conversation.ts';
import { startCurl } from './curl-request.ts';
import { killWorker } from './killed-worker.ts';
import { countedText, sha256 } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const TOKENS = 300;
const TEXT = countedText(TOKENS);
const QUESTION = `/tokens ${TOKENS} 100`;

const target = useLocalTarget();

/** Two clients of one conversation, connected. */
async function twoClients() {
  const id = randomUUID();
  const clients = [
    recordedConversation(target(), undefined, id),
    recordedConversation(target(), undefined, id),
  ];
  await Promise.all(clients.map(({ conversation }) => connected(conversation)));
  const all = (messageId: string, holds: Parameters<typeof messageWith>[2], what: string) =>
    Promise.all(clients.map(({ conversation }) => messageWith(conversation, messageId, holds, what, 40_000)));
  return { id, clients, one: clients[0] as (typeof clients)[number], all };
}

type Clients = Awaited<ReturnType<typeof twoClients>>;

/** Kills the worker and waits for every client to show the end; resolves to how long that took. */
async function killedAfterMs({ all }: Clients, messageId: string): Promise<number> {
  await all(messageId, ({ text }) => text.length > 30, 'text');
  const killedAt = performance.now();
  expect(await killWorker(target(), messageId)).toBe(1);
  const shown = await all(messageId, ({ end }) => end !== null, 'end');
  const tookMs = performance.now() - killedAt;
  for (const message of shown)
    expect(message).toMatchObject({ status: 'INTERRUPTED', end: { error: { code: 'LOST' } } });
  return tookMs;
}

/** Another answer to the same question, then more of this one: both whole, for every client. */
async function expectRemedies({ clients, one, all }: Clients, messageId: string): Promise<void> {
  const sibling = await one.conversation.regenerate(messageId);
  const continued = await one.conversation.continue(messageId);
  expect(await continued.ended).toMatchObject({ status: 'COMPLETE', attempt: 2, text: TEXT });
  expect(await sibling.ended).toMatchObject({ status: 'COMPLETE', attempt: 1, text: TEXT });
  for (const id of [messageId, sibling.messageId]) {
    const shown = await all(id, ({ status }) => status === 'COMPLETE', 'COMPLETE');
    for (const { text, end } of shown) expect([text, end?.sha256]).toEqual([TEXT, sha256(TEXT)]);
    for (const client of clients) expect(client.isPrefixOf(id, TEXT)).toBe(true);
  }
}

describe('clients of an answer whose worker is killed', () => {
  it('all show it interrupted within 2 s; continue and regenerate each give a complete answer', async () => {
    const clients = await twoClients();
    const { messageId } = await clients.one.conversation.send({ text: QUESTION });

    expect(await killedAfterMs(clients, messageId)).toBeLessThan(2_000);

    await expectRemedies(clients, messageId);
  });

  it('all find out within its lease and 6 s when the HTTP door ran it; continue and regenerate too', async () => {
    const clients = await twoClients();
    const request = startCurl(
      `${target().httpUrl}/chat`,
      ...['-H', `x-api-key: ${target().apiKey}`, '-H', 'content-type: application/json'],
      ...['-d', JSON.stringify({ text: QUESTION, conversationId: clients.id })],
    );
    const messageId = await new Promise<string>((resolve) => {
      const stop = clients.one.conversation.subscribe(({ messages }) => {
        const answer = messages.find(({ role }) => role === 'ASSISTANT');
        if (!answer) return;
        stop();
        resolve(answer.id);
      });
    });

    expect(await killedAfterMs(clients, messageId)).toBeLessThan(LEASE_MS + 6_000);
    expect((await request.finished).exitCode).not.toBe(0);

    await expectRemedies(clients, messageId);
  });
});
