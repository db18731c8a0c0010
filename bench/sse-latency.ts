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
import { startModelProcess } from './model-client.ts';
import { readDirect, readModel } from './http-reader.ts';
import { answer, latencyFigures } from './report.ts';
import { startRelay } from './relay-client.ts';
import { startStackProcess } from './stack-client.ts';
import { median } from './statistics.ts';
import { fixtureTokens } from './token-fixture.ts';

const TOKENS = 250;
const ROUNDS = 3;

await answer('sse-latency', async () => {
  const tokens = fixtureTokens(TOKENS);
  const model = await startModelProcess({ tokens, tokensPerSecond: 50 });
  const stack = await startStackProcess({ functionEnvironment: { OPENAI_BASE_URL: model.baseUrl } });
  const relay = await startRelay(model.baseUrl);
  try {
    await readModel(model.baseUrl, model, tokens);
    await readModel(relay.baseUrl, model, tokens);
    await readDirect(stack, model, tokens);
    const floor: number[] = [];
    const bare: number[] = [];
    const door: number[] = [];
    const measures = [
      async () => floor.push(...(await readModel(model.baseUrl, model, tokens)).latencies),
      async () => bare.push(...(await readModel(relay.baseUrl, model, tokens)).latencies),
      async () => door.push(...(await readDirect(stack, model, tokens)).latencies),
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
