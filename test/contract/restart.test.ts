import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../bench/free-ports.ts';
import { DOCUMENTS, graphql, type WireMessage, type WireSend } from './graphql.ts';
import { startTarget, type LocalTarget } from './target.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'appsync-chat-data-'));
let target: LocalTarget | undefined;

afterEach(async () => {
  await target?.stack.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function messagesOf(at: LocalTarget, token: string, conversationId: string): Promise<WireMessage[]> {
  const answer = await graphql<{ messages: { items: WireMessage[] } }>(at, { token }, DOCUMENTS.messages, {
    conversationId,
  });
  return answer.data.messages.items;
}

describe('a restart of the local stack', () => {
  it('keeps conversations, and tokens that were given before', async () => {
    const apiPort = await freePorts();
    target = await startTarget({ dataDir, apiPort });
    const token = await target.token('alice');
    const conversationId = randomUUID();
    const input = { conversationId, clientMessageId: randomUUID(), text: '/echo kept' };
    const sent = await graphql<{ sendMessage: WireSend }>(target, { token }, DOCUMENTS.send, { input });
    expect(sent.errors).toBeUndefined();
    const first = target;
    await expect
      .poll(async () => (await messagesOf(first, token, conversationId))[0]?.status, { timeout: 15_000 })
      .toBe('COMPLETE');
    const before = await messagesOf(first, token, conversationId);
    await first.stack.close();

    target = await startTarget({ dataDir, apiPort });
    expect(await messagesOf(target, token, conversationId)).toEqual(before);
  });
});
