import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { seededChat } from '../chat-fixture.ts';
import { startTable } from '../dynamodb.ts';
import { bodyOf, startHttpServer, type HttpServer } from '../http-server.ts';

let real: Awaited<ReturnType<typeof startTable>>;
let lambda: HttpServer;
const invoked: { url: string | undefined; type: unknown; body: string }[] = [];
let handler: (event: unknown, context: Context) => Promise<void>;

beforeAll(async () => {
  real = await startTable();
  lambda = await startHttpServer((request, response) => {
    void bodyOf(request).then((body) => {
      invoked.push({ url: request.url, type: request.headers['x-amz-invocation-type'], body });
      response.writeHead(202).end();
    });
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    TABLE_NAME: 'chat',
    SECOND_PASS_MS: '200',
  });
  ({ handler } = await import('../../../functions/purge/handler.ts'));
});
afterAll(async () => {
  await lambda.close();
  await real.close();
});
beforeEach(() => {
  invoked.length = 0;
  vi.spyOn(console, 'log').mockReturnValue();
});

const context = (remainingMs: number) =>
  ({ functionName: 'purge', awsRequestId: 'r1', getRemainingTimeInMillis: () => remainingMs }) as Context;

async function deletedConversation(conversationId: string) {
  const chat = seededChat({ conversationId });
  await real.table.put({ ...chat.conversation, ...{ deletedAt: 'now' } });
  await real.table.put(chat.message);
  const { owner } = chat.message;
  return { chat, event: { owner, conversationId } };
}

describe('the purge function', () => {
  it('removes what a running answer wrote between its passes', async () => {
    const { chat, event } = await deletedConversation('late');
    const run = handler(event, context(60_000));
    await vi.waitFor(async () => expect(await real.table.get(chat.message)).toBeUndefined());
    await real.table.put(chat.user);
    await run;

    expect(await real.table.get(chat.user)).toBeUndefined();
    expect(await real.table.get(chat.conversation)).toMatchObject({ deletedAt: 'now' });
    expect(invoked).toEqual([]);
  });

  it('invokes itself again when no time is left for the second pass', async () => {
    const { event } = await deletedConversation('short');
    await handler(event, context(8_150));

    expect(invoked).toEqual([
      { url: '/2015-03-31/functions/purge/invocations', type: 'Event', body: JSON.stringify(event) },
    ]);
  });

  it('does nothing to a conversation that is no tombstone', async () => {
    const chat = seededChat({ conversationId: 'alive' });
    await real.table.put(chat.conversation);
    await real.table.put(chat.message);
    await handler({ owner: chat.message.owner, conversationId: 'alive' }, context(60_000));

    expect(await real.table.get(chat.message)).toBeDefined();
    expect(invoked).toEqual([]);
  });
});
