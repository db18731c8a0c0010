import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { editedAssembly, removeGrant, resourcesOf, type Resources } from './edited-assembly.ts';
import { DOCUMENTS, graphql, type WireError, type WireSend } from './graphql.ts';
import { openFeed } from './realtime-client.ts';
import { countedText, expectReceipt, sendText, storedMessage } from './streamed-answer.ts';
import { startTarget, type LocalTarget, type StackLine } from './target.ts';

const MANY_TOKENS = 400;

async function startEdited(edit: (resources: Resources) => void): Promise<LocalTarget> {
  const target = await startTarget({ cdkOut: editedAssembly(edit) });
  onTestFinished(() => target.stack.close());
  return target;
}

const key = (target: LocalTarget) => ({ apiKey: target.apiKey });

async function trySend(target: LocalTarget, text = '/echo hello') {
  const input = { conversationId: randomUUID(), clientMessageId: randomUUID(), text };
  return graphql<{ sendMessage: WireSend } | null>(target, key(target), DOCUMENTS.send, { input });
}

/** Log lines that are IAM's refusal of an action on a resource. */
function refusals(lines: readonly StackLine[], action: string, resource: RegExp): string[] {
  return lines
    .map(({ message }) => message)
    .filter(
      (message) =>
        message.includes(`not authorized to perform: ${action} on resource: `) && resource.test(message),
    );
}

/** What a caller sees of a failure inside: fixed text, and the id of the one line that has the cause. */
function expectInternal(errors: WireError[] | undefined, lines: readonly StackLine[]): void {
  expect(errors).toHaveLength(1);
  expect(errors?.[0]).toMatchObject({ errorType: 'INTERNAL', message: 'Something went wrong.' });
  const requestId = errors?.[0]?.errorInfo?.requestId;
  expect(requestId).toEqual(expect.any(String));
  expect(lines.filter(({ message }) => message.includes(requestId as string))).toHaveLength(1);
}

describe('an edit of the synthesized template', () => {
  it('changes what a resolver answers', async () => {
    const target = await startEdited((resources) => {
      for (const [, resolver] of resourcesOf(resources, 'AWS::AppSync::Resolver', 'renameConversation')) {
        const code = resolver.Properties.Code as string;
        resolver.Properties.Code = code.replace(
          'return storedItem(ctx)}export',
          'return Object.assign({},storedItem(ctx),{title:"edited"})}export',
        );
        expect(resolver.Properties.Code).not.toBe(code);
      }
    });
    const { conversation } = await sendText(target, key(target), '/echo hello');
    const answer = await graphql(target, key(target), DOCUMENTS.rename, {
      id: conversation.id,
      title: 'mine',
    });

    expect(answer.data.renameConversation).toMatchObject({ title: 'edited' });
  });

  it('changes who receives: without the filter on the owner a stranger does', async () => {
    const target = await startEdited((resources) => {
      for (const [, resolver] of resourcesOf(resources, 'AWS::AppSync::Resolver', 'onTokens')) {
        const code = resolver.Properties.Code as string;
        resolver.Properties.Code = code.replace(/(fieldName: ?"owner", ?operator: ?)"eq"/, '$1"ne"');
        expect(resolver.Properties.Code).not.toBe(code);
      }
    });
    const conversationId = randomUUID();
    const stranger = { token: await target.token('bob') };
    const feed = await openFeed(target, stranger, { conversationId });
    await sendText(target, key(target), '/echo hello', conversationId);

    expect(await feed.end()).toMatchObject({ conversationId, owner: 'k:playground' });
  });

  it('changes the environment of a function', async () => {
    const prompt = `Prompt ${randomUUID()}`;
    const target = await startEdited((resources) => {
      for (const [, lambda] of resourcesOf(resources, 'AWS::Lambda::Function', 'Generate')) {
        const environment = lambda.Properties.Environment as { Variables: Record<string, unknown> };
        environment.Variables.SYSTEM_PROMPT = prompt;
      }
    });
    const conversationId = randomUUID();
    const feed = await openFeed(target, key(target), { conversationId });
    await sendText(target, key(target), '/echo hello', conversationId);
    await feed.end();
    const journal = await fetch(`${target.stack.offlineModelUrl}/local-journal`);

    expect(await journal.text()).toContain(prompt);
  });

  it('changes which models the resolvers allow', async () => {
    const target = await startEdited((resources) => {
      for (const [, api] of resourcesOf(resources, 'AWS::AppSync::GraphQLApi')) {
        api.Properties.EnvironmentVariables = { MODELS: 'other' };
      }
    });
    const send = (model: string) =>
      graphql<{ sendMessage: WireSend } | null>(target, key(target), DOCUMENTS.send, {
        input: { conversationId: randomUUID(), clientMessageId: randomUUID(), text: 'hello', model },
      });

    expect((await send('offline')).errors?.[0]?.errorType).toBe('MODEL_NOT_ALLOWED');
    expect((await send('other')).errors).toBeUndefined();
  });

  it('without dynamodb:PutItem for the API, a send is INTERNAL and its cause names action and table', async () => {
    const target = await startEdited((resources) =>
      removeGrant(resources, 'SourcesMayUseTable', 'dynamodb:PutItem'),
    );
    const answer = await trySend(target);

    expectInternal(answer.errors, target.lines);
    expect(refusals(target.lines, 'dynamodb:PutItem', /arn:aws:dynamodb:[^ ]+:table\//)).not.toEqual([]);
  });

  it('without lambda:InvokeFunction for the API, a send is INTERNAL and its cause names action and function', async () => {
    const target = await startEdited((resources) =>
      removeGrant(resources, 'SourcesMayInvokeGenerate', 'lambda:InvokeFunction'),
    );
    const answer = await trySend(target);

    expectInternal(answer.errors, target.lines);
    expect(refusals(target.lines, 'lambda:InvokeFunction', /arn:aws:lambda:[^ ]+:function:/)).not.toEqual([]);
  });

  it('without appsync:GraphQL on publishTokens, the answer is whole in the database and the cause names both', async () => {
    const target = await startEdited((resources) =>
      removeGrant(resources, 'GenerateMayPublish', 'appsync:GraphQL'),
    );
    const { conversation, assistantMessage } = await sendText(target, key(target), '/tokens 20');
    const stored = () => storedMessage(target, key(target), conversation.id, assistantMessage.id);
    await expect.poll(async () => (await stored()).status, { timeout: 15_000 }).toBe('COMPLETE');

    const message = await stored();
    expect(message.text).toBe(countedText(20));
    expectReceipt(message.end, message.text);
    await expect
      .poll(() => refusals(target.lines, 'appsync:GraphQL', /types\/Mutation\/fields\/publishTokens/))
      .not.toEqual([]);
  });

  it('without dynamodb:PutItem for generate, nothing unlogged is published and the answer is ended as LOST', async () => {
    const target = await startEdited((resources) =>
      removeGrant(resources, 'GenerateMayUseTable', 'dynamodb:PutItem'),
    );
    const conversationId = randomUUID();
    const feed = await openFeed(target, key(target), { conversationId });
    await sendText(target, key(target), '/tokens 20', conversationId);
    const end = await feed.end();

    expect(end).toMatchObject({ status: 'INTERRUPTED', end: { reason: 'LOST', length: 0 } });
    expect(feed.batches.items.filter(({ kind }) => kind === 'DELTA')).toEqual([]);
    expect(refusals(target.lines, 'dynamodb:PutItem', /arn:aws:dynamodb:[^ ]+:table\//)).not.toEqual([]);
  });

  it('without the on-failure destination, a killed worker is not reported', async () => {
    const target = await startEdited((resources) => {
      for (const [, config] of resourcesOf(resources, 'AWS::Lambda::EventInvokeConfig'))
        delete config.Properties.DestinationConfig;
    });
    const conversationId = randomUUID();
    const feed = await openFeed(target, key(target), { conversationId });
    const { assistantMessage } = await sendText(
      target,
      key(target),
      `/tokens ${MANY_TOKENS} 50`,
      conversationId,
    );
    await feed.batches.first(({ kind }) => kind === 'DELTA', 'DELTA');
    const killed = target.stack.lambda.killWorker(
      ({ event }) => (event as { messageId?: string }).messageId === assistantMessage.id,
    );

    expect(killed).toBe(1);
    await expect(feed.end(assistantMessage.id, 2_500)).rejects.toThrow('END: not within');
    const message = await storedMessage(target, key(target), conversationId, assistantMessage.id);
    expect(message.status).toBe('STREAMING');
  });
});
