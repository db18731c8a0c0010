/**
 * How late is an answer over the HTTP door, at 50 tokens per second, on each way to read it: directly (`POST /chat`), resumed
 * (`GET …/events` after a cut in the middle) and as a follower of an answer that GraphQL started?
 *
 * Criteria: everything as deployed (default pacing, log and publish). The stack runs in one process, the model in a second, the
 * readers in this one; real sockets between, stamps by the machine's monotonic clock (checked to be the same in each). First
 * byte = from sending the request to reading the first bytes of its body. Added = the percentile of a way minus the same
 * percentile of the floor: the same fetch client reading the model's own SSE stream in the same run. Behind = when the
 * follower had a token minus when a live subscriber of the same answer had it; both read in the same run, less than 0 when the
 * follower was first. One warm-up of each, then 10 rounds of 100 tokens, in alternating order. Every token must arrive once and
 * in order at each reader, over the cut too, and every END must agree, else there is no figure.
 * Target: a follower at most 500 ms behind.
 */
import { randomUUID } from 'node:crypto';
import { readDirect, readEvents, readModel, readResumed, onlySending, type Reading } from './http-reader.ts';
import { watchAnswer } from './live-answer.ts';
import { startModelProcess, type ModelProcess } from './model-client.ts';
import { answer, latencyFigures, type Figure } from './report.ts';
import { mutate, startStackProcess, type StackProcess } from './stack-client.ts';
import { percentile } from './statistics.ts';
import { fixtureTokens, TokenArrivals } from './token-fixture.ts';

const TOKENS = 100;
const ROUNDS = 10;
const SEND = `mutation Send($input: SendMessageInput!) {
  sendMessage(input: $input) { assistantMessage { id } } }`;
const SHARES = [
  ['p50', 0.5],
  ['p95', 0.95],
] as const;

/** The readings of one way to read, taken together. */
class Sample {
  readonly firstByte: number[] = [];
  readonly token: number[] = [];

  add({ firstByteMs, latencies }: Reading): void {
    this.firstByte.push(firstByteMs);
    this.token.push(...latencies);
  }
}

/** One answer that GraphQL started, read by a subscriber and by a follower. */
async function readFollower(stack: StackProcess, model: ModelProcess, tokens: readonly string[]) {
  const conversationId = randomUUID();
  const [atSubscriber, atFollower] = [new TokenArrivals(tokens), new TokenArrivals(tokens)];
  const requestsBefore = (await model.sent()).length;
  const live = await watchAnswer(stack, conversationId, atSubscriber);
  try {
    const input = { conversationId, clientMessageId: randomUUID(), text: 'bench' };
    const { sendMessage } = (await mutate(stack, SEND, { input })) as {
      sendMessage: { assistantMessage: { id: string } };
    };
    const message = { conversationId, messageId: sendMessage.assistantMessage.id };
    const [firstByteMs] = await Promise.all([readEvents(stack, message, atFollower), live.ended]);
    const sent = await onlySending(model, requestsBefore);
    const [subscriber, latencies] = [atSubscriber.latencies(sent), atFollower.latencies(sent)];
    const behind = latencies.map((latency, index) => latency - (subscriber[index] ?? NaN));
    return { firstByteMs, latencies, subscriber, behind };
  } finally {
    live.close();
  }
}

function figures(name: string, { firstByte, token }: Sample, floor: Sample): Figure[] {
  const p = (sample: readonly number[], share: number) => percentile(sample, share);
  return [
    ...SHARES.map(([word, share]) => ({
      name: `${name}: first byte ${word}`,
      value: p(firstByte, share),
      unit: 'ms' as const,
    })),
    ...SHARES.map(([word, share]) => ({
      name: `${name}: added to a token ${word}`,
      value: p(token, share) - p(floor.token, share),
      unit: 'ms' as const,
    })),
  ];
}

await answer('http', async () => {
  const tokens = fixtureTokens(TOKENS);
  const model = await startModelProcess({ tokens, tokensPerSecond: 50 });
  const stack = await startStackProcess({ functionEnvironment: { OPENAI_BASE_URL: model.baseUrl } });
  try {
    const [floor, direct, resumed, follower] = [new Sample(), new Sample(), new Sample(), new Sample()];
    const subscriber: number[] = [];
    const behind: number[] = [];
    const measures = [
      async () => floor.add(await readModel(model.baseUrl, model, tokens)),
      async () => direct.add(await readDirect(stack, model, tokens)),
      async () => resumed.add(await readResumed(stack, model, tokens)),
      async () => {
        const reading = await readFollower(stack, model, tokens);
        follower.add(reading);
        subscriber.push(...reading.subscriber);
        behind.push(...reading.behind);
      },
    ];
    await readModel(model.baseUrl, model, tokens);
    await readDirect(stack, model, tokens);
    await readResumed(stack, model, tokens);
    await readFollower(stack, model, tokens);
    for (let round = 0; round < ROUNDS; round += 1)
      for (const measure of round % 2 === 0 ? measures : measures.toReversed()) await measure();
    return {
      figures: [
        ...figures('direct', direct, floor),
        ...figures('resume', resumed, floor),
        ...figures('follower', follower, floor),
        ...latencyFigures('follower behind a subscriber', behind, { max: 500 }),
        ...latencyFigures('token to the subscriber', subscriber).slice(0, 2),
        ...latencyFigures('floor: first byte', floor.firstByte).slice(0, 2),
        ...latencyFigures('floor: token', floor.token).slice(0, 2),
      ],
      samples: {
        ...{ floorMs: floor.token, directMs: direct.token, resumeMs: resumed.token },
        ...{ followerMs: follower.token, subscriberMs: subscriber, behindMs: behind },
        ...{ floorFirstByteMs: floor.firstByte, directFirstByteMs: direct.firstByte },
        ...{ resumeFirstByteMs: resumed.firstByte, followerFirstByteMs: follower.firstByte },
      },
      notes: [
        `${ROUNDS} answers of ${TOKENS} tokens a way: each token arrived once and in order, over the cut too; every END agreed`,
        `first bytes are ${ROUNDS} a way, so p95 is the slowest; after the cut ${resumed.token.length} tokens were left to read`,
      ],
    };
  } finally {
    await stack.close();
    await model.close();
  }
});
