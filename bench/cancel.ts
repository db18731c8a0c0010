/**
 * How long after `cancelMessage` is an answer over, and when does the model see its connection closed?
 *
 * Criteria: stack, model and subscriber in a process each, real sockets between, one machine-wide clock. Default pacing. 100
 * answers, one after the other, each in a new conversation, from a model that writes 50 tokens per second and would not end by
 * itself. Each is cancelled a random time of up to one look of the worker (500 ms) after its first text, so that every phase of
 * the looks is met. Counted from just before the mutation is sent to END at the subscriber. Every answer must end CANCELLED
 * with a receipt of its partial text, and its model request must be closed before its end, else there is no figure.
 * Target: p95 <= 1,000 ms.
 */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { TokenBatch } from '../protocol/generated/schema-types.ts';
import { CANCEL_POLL_MS } from '../protocol/limits.ts';
import { machineNow } from './clock.ts';
import { startModelProcess, type ModelProcess } from './model-client.ts';
import { answer, latencyFigures } from './report.ts';
import { mutate, startStackProcess, type StackProcess } from './stack-client.ts';
import { median } from './statistics.ts';
import { subscribe } from './subscriber.ts';
import { FixtureError, fixtureTokens } from './token-fixture.ts';

const RUNS = 100;
const WARM_UP_RUNS = 3;
const TOKENS_PER_SECOND = 50;
const ENDLESS = 100_000;
const WITHIN_MS = 30_000;

const SEND =
  'mutation Send($input: SendMessageInput!) { sendMessage(input: $input) { assistantMessage { id } } }';
const CANCEL = `mutation Cancel($conversationId: ID!, $messageId: ID!) {
  cancelMessage(conversationId: $conversationId, messageId: $messageId) { id status } }`;

/** What one cancel came to, in milliseconds from the mutation. */
interface Cancelled {
  readonly toEndMs: number;
  readonly toModelMs: number;
  readonly receiptMs: number;
  readonly tokensAfter: number;
}

async function measureCancel(stack: StackProcess, model: ModelProcess): Promise<Cancelled> {
  const conversationId = randomUUID();
  const begun = Promise.withResolvers<string>();
  const ended = Promise.withResolvers<{ batch: TokenBatch; at: number }>();
  ended.promise.catch(() => undefined);
  const limit = setTimeout(() => {
    begun.reject(new FixtureError('The answer did not begin in time'));
    ended.reject(new FixtureError('The answer did not end in time'));
  }, WITHIN_MS);
  let text = '';
  const subscription = await subscribe({
    ...stack,
    conversationId,
    onError: ended.reject,
    onBatch: (batch, at) => {
      if (batch.kind === 'DELTA') {
        text += batch.text;
        begun.resolve(batch.messageId);
      }
      if (batch.kind === 'END') ended.resolve({ batch, at });
    },
  });
  try {
    await mutate(stack, SEND, {
      input: { conversationId, clientMessageId: randomUUID(), text: 'bench' },
    });
    const messageId = await begun.promise;
    await delay(Math.random() * CANCEL_POLL_MS);
    const askedAt = machineNow();
    await mutate(stack, CANCEL, { conversationId, messageId });
    const { batch, at } = await ended.promise;
    const leftAt = (await model.left()).at(-1);
    const receipt = batch.end?.cancel;
    if (batch.status !== 'CANCELLED' || !receipt) throw new FixtureError('END tells of no cancel');
    const sha256 = createHash('sha256').update(text, 'utf8').digest('hex');
    if (batch.end?.length !== text.length || batch.end.sha256 !== sha256)
      throw new FixtureError('END is not of the text that came');
    if (leftAt === null || leftAt === undefined)
      throw new FixtureError('The model saw nobody leave although the answer has ended');
    return {
      toEndMs: at - askedAt,
      toModelMs: leftAt - askedAt,
      receiptMs: receipt.latencyMs,
      tokensAfter: receipt.tokensAfterCancel ?? Number.NaN,
    };
  } finally {
    clearTimeout(limit);
    subscription.close();
  }
}

await answer('cancel', async () => {
  const model = await startModelProcess({
    tokens: fixtureTokens(ENDLESS),
    tokensPerSecond: TOKENS_PER_SECOND,
  });
  const stack = await startStackProcess({ functionEnvironment: { OPENAI_BASE_URL: model.baseUrl } });
  try {
    for (let run = 0; run < WARM_UP_RUNS; run += 1) await measureCancel(stack, model);
    const runs: Cancelled[] = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await measureCancel(stack, model));
    const toEnd = runs.map(({ toEndMs }) => toEndMs);
    const toModel = runs.map(({ toModelMs }) => toModelMs);
    const tokens = runs.map(({ tokensAfter }) => tokensAfter);
    return {
      figures: [
        ...latencyFigures('mutation to END', toEnd, { p95: 1_000 }),
        ...latencyFigures('mutation to the model’s connection closed', toModel),
      ],
      samples: { toEndMs: toEnd, toModelMs: toModel, receiptMs: runs.map((run) => run.receiptMs), tokens },
      notes: [
        `${runs.length} of ${RUNS} answers ended CANCELLED with length and SHA-256 of the text that came; the model saw each reader leave`,
        `tokens after the cancel, as estimated in the receipts at ${TOKENS_PER_SECOND} a second: median ${median(tokens)}, at most ${Math.max(...tokens)}`,
      ],
    };
  } finally {
    await stack.close();
    await model.close();
  }
});
