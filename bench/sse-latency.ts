/**
 * How much later than straight from the model does a client of `POST /chat` (SSE) have a token, at 50 tokens per second?
 *
 * Criteria: everything as deployed (default pacing, log and publish beside the stream). The stack runs in one process, the
 * model in a second, the client in this one; real sockets between, stamps by the machine's monotonic clock (checked to be the
 * same in each). The floor is the same fetch client reading the model's own SSE stream in the same run. Added = median through
 * the door minus median of the floor. A bare relay (main thread, worker thread, bytes unread) is measured beside it: the price
 * of the hops on this machine, which no door in a worker thread goes below. One warm-up of each, then 3 rounds of 250 tokens,
 * in alternating order. Every token must arrive once and in order, and END must agree, else there is no figure.
 * Target: added p50 <= 0.5 ms.
 */
import { createParser } from 'eventsource-parser';
import type { TokenBatch } from '../protocol/generated/schema-types.ts';
import { startModelProcess, type ModelProcess } from './model-client.ts';
import { machineNow } from './clock.ts';
import { answer, latencyFigures } from './report.ts';
import { startRelay } from './relay-client.ts';
import { startStackProcess, type StackProcess } from './stack-client.ts';
import { median } from './statistics.ts';
import { FixtureError, fixtureTokens, TokenArrivals } from './token-fixture.ts';

const TOKENS = 250;
const ROUNDS = 3;
const ANSWER_WITHIN_MS = 60_000;

/** Reads a stream to its end; `at` is when the bytes with the event's data line were read, before they are parsed. */
async function readEvents(
  url: string,
  headers: Record<string, string>,
  body: object,
  onData: (data: string, at: number) => void,
): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`);
  let at = 0;
  const parser = createParser({ onEvent: ({ data }) => onData(data, at) });
  const decoder = new TextDecoder();
  for await (const bytes of response.body) {
    at = machineNow();
    parser.feed(decoder.decode(bytes, { stream: true }));
  }
}

/** One answer in the model's own form: straight from the model, or over a relay of it. */
async function measureModel(
  baseUrl: string,
  model: ModelProcess,
  tokens: readonly string[],
): Promise<number[]> {
  const arrivals = new TokenArrivals(tokens);
  let offset = 0;
  await readEvents(`${baseUrl}/chat/completions`, {}, { stream: true }, (data, at) => {
    if (data === '[DONE]') return;
    const { choices } = JSON.parse(data) as { choices: { delta: { content?: string } }[] };
    const text = choices[0]?.delta.content ?? '';
    if (text === '') return;
    arrivals.add(offset, text, at);
    offset += text.length;
  });
  return arrivals.latencies((await model.sent()).at(-1) ?? []);
}

/** One answer through the door. */
async function measureDoor(
  stack: StackProcess,
  model: ModelProcess,
  tokens: readonly string[],
): Promise<number[]> {
  const arrivals = new TokenArrivals(tokens);
  const requestsBefore = (await model.sent()).length;
  let hasEnded = false;
  const headers = { authorization: `Bearer ${stack.token}` };
  await readEvents(`${stack.httpUrl}/chat`, headers, { text: 'bench' }, (data, at) => {
    const batch = JSON.parse(data) as TokenBatch;
    if (batch.kind === 'DELTA') arrivals.add(batch.offset, batch.text, at);
    if (batch.kind !== 'END') return;
    if (!batch.end) throw new FixtureError('END carries no end');
    arrivals.end(batch.end);
    hasEnded = true;
  });
  if (!hasEnded) throw new FixtureError('The stream ended without END');
  const sent = await model.sent();
  if (sent.length !== requestsBefore + 1) throw new FixtureError('An answer takes exactly one model request');
  return arrivals.latencies(sent.at(-1) ?? []);
}

await answer('sse-latency', async () => {
  const tokens = fixtureTokens(TOKENS);
  const model = await startModelProcess({ tokens, tokensPerSecond: 50 });
  const stack = await startStackProcess({ functionEnvironment: { OPENAI_BASE_URL: model.baseUrl } });
  const relay = await startRelay(model.baseUrl);
  try {
    await measureModel(model.baseUrl, model, tokens);
    await measureModel(relay.baseUrl, model, tokens);
    await measureDoor(stack, model, tokens);
    const floor: number[] = [];
    const bare: number[] = [];
    const door: number[] = [];
    const measures = [
      async () => floor.push(...(await measureModel(model.baseUrl, model, tokens))),
      async () => bare.push(...(await measureModel(relay.baseUrl, model, tokens))),
      async () => door.push(...(await measureDoor(stack, model, tokens))),
    ];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const measure of round % 2 === 0 ? measures : measures.toReversed()) await measure();
    }
    return {
      figures: [
        { name: 'added p50', value: median(door) - median(floor), unit: 'ms', target: 0.5 },
        { name: 'of it a bare relay, p50', value: median(bare) - median(floor), unit: 'ms' },
        ...latencyFigures('token to SSE client', door),
        ...latencyFigures('floor: model to the same client', floor),
      ],
      samples: { doorMs: door, relayMs: bare, floorMs: floor },
      notes: [`${door.length} of ${ROUNDS * TOKENS} tokens arrived once and in order; every END agreed`],
    };
  } finally {
    await stack.close();
    await relay.close();
    await model.close();
  }
});
