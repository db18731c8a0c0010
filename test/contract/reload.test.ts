import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { BrokenEdit, startReloader } from '../../local/reload/index.ts';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import { callerOf, type Caller } from './api.ts';
import { editedAssembly, removeGrant, resourcesOf } from './edited-assembly.ts';
import { copiedSources, synthesizeFrom } from './edited-sources.ts';
import { Mailbox } from './mailbox.ts';
import { openFeed } from './realtime-client.ts';
import { countedText, expectGapless } from './streamed-answer.ts';
import { startTarget, type LocalTarget } from './target.ts';

/** Longer than any reload takes; cancelled then. */
const TOKENS = 2_000;
const NEW_TITLE = ['title: ctx.args.title,', "title: 'renamed by the new resolver',"] as const;
const NEW_HANDLER = [
  'export async function handler(event: unknown, context: Context): Promise<void> {\n',
  "export async function handler(event: unknown, context: Context): Promise<void> {\n  console.warn('the new handler');\n",
] as const;

let target: LocalTarget;
let caller: Caller;

beforeEach(async () => {
  target = await startTarget();
  onTestFinished(() => target.stack.close());
  caller = callerOf(target, { apiKey: target.apiKey });
});

/** What a reload was refused with; fails when it was not. */
async function refusal(reload: Promise<unknown>): Promise<string> {
  const error = await reload.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(BrokenEdit);
  return (error as BrokenEdit).message;
}

const newHandlerLines = () =>
  target.lines.filter(({ message }) => message.includes('the new handler')).length;

/** The old code runs: titles are as given, and `generate` says nothing. */
async function expectOldCode(): Promise<void> {
  const { conversation, assistantMessage } = await caller.send('/echo hello');
  expect(await caller.call('rename', { id: conversation.id, title: 'mine' })).toMatchObject({
    title: 'mine',
  });
  expect(await caller.ended(assistantMessage)).toMatchObject({ status: 'COMPLETE', text: 'hello' });
  expect(newHandlerLines()).toBe(0);
}

describe('a reload', () => {
  it('takes over resolver and handler while a subscription stays open and an answer runs on, exact', async () => {
    const sources = copiedSources();
    sources.edit('resolvers/Mutation.renameConversation.ts', ...NEW_TITLE);
    sources.edit('functions/generate/handler.ts', ...NEW_HANDLER);
    const edited = await sources.synthesize();
    const conversationId = randomUUID();
    const feed = await openFeed(target, caller.credential, { conversationId });
    const running = await caller.send(`/tokens ${TOKENS} 50`, { conversationId });
    await feed.batches.first(({ kind }) => kind === 'DELTA', 'DELTA');

    expect(await target.stack.reload(edited)).toEqual({
      changed: ['Mutation.renameConversation', 'generate'],
    });
    expect(await caller.until(running.assistantMessage, () => true)).toMatchObject({ status: 'STREAMING' });
    expect(await caller.call('rename', { id: conversationId, title: 'mine' })).toMatchObject({
      title: 'renamed by the new resolver',
    });
    const next = await caller.send('/echo next', { conversationId });
    await feed.end(next.assistantMessage.id);
    expect(newHandlerLines()).toBe(1);

    const { id: messageId } = running.assistantMessage;
    const ofAnswer = (batches: readonly TokenBatch[]) =>
      batches.filter((batch) => batch.messageId === messageId);
    const before = ofAnswer(feed.batches.items).length;
    await feed.batches.when((batches) => ofAnswer(batches).length > before, 'more of the running answer');
    await caller.call('cancel', { conversationId, messageId });
    await feed.end(messageId);
    const text = expectGapless(ofAnswer(feed.batches.items));
    expect(countedText(TOKENS).startsWith(text)).toBe(true);
    const { items } = await caller.call('messages', { conversationId });
    expect(items).toHaveLength(4);
    expect(items.find(({ id }) => id === messageId)).toMatchObject({ status: 'CANCELLED', text });
    expect(newHandlerLines()).toBe(1);
  });

  it('keeps the old code for a construct that APPSYNC_JS refuses, and names the place in the source', async () => {
    const sources = copiedSources();
    sources.edit('functions/generate/handler.ts', ...NEW_HANDLER);
    const file = 'resolvers/Mutation.renameConversation.ts';
    sources.edit(file, ...NEW_TITLE);
    const line = sources.edit(
      file,
      'return storedItem<ConversationItem>(ctx);',
      'try { return storedItem<ConversationItem>(ctx); } catch { return null; }',
    );
    const message = await refusal(target.stack.reload(await sources.synthesize()));

    expect(message.split('\n')[0]).toBe(`${file}:${line}:3 try is not supported by APPSYNC_JS`);
    await expectOldCode();
  });

  it('keeps the old code for a handler that cannot be loaded, and names the place in the source', async () => {
    const sources = copiedSources();
    sources.edit('resolvers/Mutation.renameConversation.ts', ...NEW_TITLE);
    const file = 'functions/generate/handler.ts';
    const text = 'const invoke = createInvoke();';
    const line = sources.edit(file, text, `${text}\nif (table) throw new Error('not today');`);
    const message = await refusal(target.stack.reload(await sources.synthesize()));

    expect(message).toBe(`${file}:${line + 1}:18 Error: not today (loading generate)`);
    await expectOldCode();
  });

  it('says that a changed table needs a restart, in one line, and keeps everything', async () => {
    const edited = editedAssembly((resources) => {
      for (const type of ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'])
        for (const [, table] of resourcesOf(resources, type)) delete table.Properties.GlobalSecondaryIndexes;
    });
    expect(await refusal(target.stack.reload(edited))).toMatch(
      /^changed table \S+: this needs a restart .*$/,
    );
    await expectOldCode();
  });

  it('says that a changed Function URL needs a restart', async () => {
    const edited = editedAssembly((resources) => {
      for (const [, url] of resourcesOf(resources, 'AWS::Lambda::Url'))
        url.Properties.InvokeMode = 'BUFFERED';
    });
    expect(await refusal(target.stack.reload(edited))).toMatch(/^changed the Function URL of http: /);
  });

  it('takes over policies: a removed grant counts from the next request on, and comes back', async () => {
    const edited = editedAssembly((resources) =>
      removeGrant(resources, 'SourcesMayUseTable', 'dynamodb:PutItem'),
    );
    const { changed } = await target.stack.reload(edited);
    expect(changed).toEqual([expect.stringMatching(/^policies of /)]);
    const input = { conversationId: randomUUID(), clientMessageId: randomUUID(), text: '/echo hello' };
    expect(await caller.refusal('send', { input })).toMatchObject({ errorType: 'INTERNAL' });

    await target.stack.reload(editedAssembly(() => undefined));
    const { assistantMessage } = await caller.call('send', { input });
    expect(await caller.ended(assistantMessage)).toMatchObject({ status: 'COMPLETE' });
  });
});

describe('an edit that is saved', () => {
  it('is taken over; a broken one is printed with file and line; closing ends a synthesis that runs', async () => {
    const sources = copiedSources();
    const file = 'resolvers/Mutation.renameConversation.ts';
    const printed = new Mailbox<string>();
    const syntheses = new Mailbox<Promise<void>>();
    const reloader = await startReloader({
      root: sources.root,
      folder: join(sources.root, '.local/reloads'),
      ready: Promise.resolve(),
      synthesize: (outdir, signal) => {
        const synthesis = synthesizeFrom(sources.root, outdir, signal);
        syntheses.put(synthesis);
        return synthesis;
      },
      reload: (cdkOut) => target.stack.reload(cdkOut),
      print: (text) => printed.put(text),
    });
    onTestFinished(() => reloader.close());
    const { conversation, assistantMessage } = await caller.send('/echo hello');
    await caller.ended(assistantMessage);
    const expectNewCode = async () =>
      expect(await caller.call('rename', { id: conversation.id, title: 'mine' })).toMatchObject({
        title: 'renamed by the new resolver',
      });
    const said = async (count: number): Promise<string> => {
      await printed.when(({ length }) => length >= count, `${count} reloads`, 60_000);
      return printed.items[count - 1] ?? '';
    };

    sources.edit(file, ...NEW_TITLE);
    expect(await said(1)).toMatch(/^reloaded Mutation\.renameConversation in \d+\.\d s$/);
    await expectNewCode();

    const line = sources.edit(file, 'export function response(', 'export function response((');
    expect(await said(2)).toMatch(/^not reloaded, the old code runs on \(\d+\.\d s\):\n/);
    expect(await said(2)).toContain(`\n  ${file}:${line}:26 Expected identifier but found "("\n`);
    await expectNewCode();

    sources.edit(file, 'export function response((', 'export function response(');
    expect(await said(3)).toMatch(/^nothing changed in \d+\.\d s$/);

    sources.edit(file, 'renamed by', 'renamed again by');
    await syntheses.when(({ length }) => length === 4, 'a fourth synthesis', 60_000);
    const closedAt = Date.now();
    await reloader.close();
    expect(Date.now() - closedAt).toBeLessThan(5_000);
    await expect(syntheses.items[3]).rejects.toThrow();
    await expectNewCode();
    expect(printed.items).toHaveLength(3);
  });
});
