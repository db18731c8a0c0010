/**
 * How long after the model wrote a token does a WebSocket subscriber have it, at 50 tokens per second?
 *
 * Criteria: pacing off (LINGER_MS = MAX_LINGER_MS = 0, for the bench only), the log write before the publish included. The
 * stack runs in one process, the model in a second, the subscriber in this one; real sockets between, stamps by the machine's
 * monotonic clock (checked to be the same in each). One warm-up answer, then 3 answers of 250 tokens, each in a new conversation. A token that shares a batch with a later one
 * counts from its own sending. Every token must arrive once, in order, and END must agree, else there is no figure.
 * Target: p50 <= 6 ms, p95 <= 15 ms.
 */
import { randomUUID } from 'node:crypto';
import { onlySending } from './http-reader.ts';
import { watchAnswer } from './live-answer.ts';
import { startModelProcess, type ModelProcess } from './model-client.ts';
import { answer, latencyFigures } from './report.ts';
import { mutate, startStackProcess, type StackProcess } from './stack-client.ts';
import { fixtureTokens, TokenArrivals } from './token-fixture.ts';

const TOKENS = 250;
const ANSWERS = 3;
const SEND = `mutation Send($input: SendMessageInput!) {
  sendMessage(input: $input) { assistantMessage { id } } }`;

/** One answer from send to END; resolves to the latency of each token. */
async function measureAnswer(stack: StackProcess, model: ModelProcess, tokens: readonly string[]) {
  const conversationId = randomUUID();
  const arrivals = new TokenArrivals(tokens);
  const requestsBefore = (await model.sent()).length;
  const live = await watchAnswer(stack, conversationId, arrivals);
  try {
    await mutate(stack, SEND, { input: { conversationId, clientMessageId: randomUUID(), text: 'bench' } });
    await live.ended;
  } finally {
    live.close();
  }
  const sent = await onlySending(model, requestsBefore);
  return { latencies: arrivals.latencies(sent), batches: arrivals.batches };
}

await answer('graphql-latency', async () => {
  const tokens = fixtureTokens(TOKENS);
  const model = await startModelProcess({ tokens, tokensPerSecond: 50 });
  const functionEnvironment = { OPENAI_BASE_URL: model.baseUrl, LINGER_MS: '0', MAX_LINGER_MS: '0' };
  const stack = await startStackProcess({ functionEnvironment });
  try {
    const warmUp = await measureAnswer(stack, model, tokens);
    const latencies: number[] = [];
    let batches = 0;
    for (let count = 0; count < ANSWERS; count += 1) {
      const measured = await measureAnswer(stack, model, tokens);
      latencies.push(...measured.latencies);
      batches += measured.batches;
    }
    return {
      figures: latencyFigures('token to subscriber', latencies, { p50: 6, p95: 15 }),
      samples: { latenciesMs: latencies, warmUpMs: warmUp.latencies },
      notes: [
        `${latencies.length} of ${ANSWERS * TOKENS} tokens arrived once and in order, in ${batches} batches; every END agreed`,
      ],
    };
  } finally {
    await stack.close();
    await model.close();
  }
});
