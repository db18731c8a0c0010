import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { TokenBatch } from '../protocol/generated/schema-types.ts';
import { machineNow } from './clock.ts';
import type { ModelProcess } from './model-client.ts';
import type { StackProcess } from './stack-client.ts';
import { FixtureError, TokenArrivals } from './token-fixture.ts';

const ANSWER_WITHIN_MS = 60_000;

/** What one reader of an answer came to. */
export interface Reading {
  /** Milliseconds from sending the request to reading the first bytes of the body. */
  readonly firstByteMs: number;
  /** Milliseconds from each token's sending by the model to its arrival. */
  readonly latencies: readonly number[];
}

/** Where a reader of the door stopped: enough to come back. */
interface Stop {
  readonly firstByteMs: number;
  readonly last: TokenBatch;
  readonly lastEventId: string;
}

/** An event of a stream, with when its last bytes were read, before they were parsed. */
interface ReadEvent extends EventSourceMessage {
  readonly at: number;
  /** Milliseconds from sending the request to reading the first bytes of the body, which may be a comment. */
  readonly firstByteMs: number;
}

/**
 * Reads the events of a stream as they come. Closes the connection when the consumer stops. Throws for an answer that is not 2xx
 * and after 60 s.
 */
async function* readStream(url: string, request: RequestInit): AsyncGenerator<ReadEvent> {
  const askedAt = machineNow();
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`);
  let events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const decoder = new TextDecoder();
  let firstByteMs: number | undefined;
  for await (const bytes of response.body) {
    const at = machineNow();
    firstByteMs ??= at - askedAt;
    events = [];
    parser.feed(decoder.decode(bytes, { stream: true }));
    for (const event of events) yield { ...event, at, firstByteMs };
  }
}

function post(body: object, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

/** One answer in the model's own form: straight from the model, or over a relay of it. */
export async function readModel(
  baseUrl: string,
  model: ModelProcess,
  tokens: readonly string[],
): Promise<Reading> {
  const arrivals = new TokenArrivals(tokens);
  let first = Infinity;
  let offset = 0;
  for await (const { at, data, firstByteMs } of readStream(
    `${baseUrl}/chat/completions`,
    post({ stream: true }),
  )) {
    first = firstByteMs;
    if (data === '[DONE]') continue;
    const { choices } = JSON.parse(data) as { choices: { delta: { content?: string } }[] };
    const text = choices[0]?.delta.content ?? '';
    if (text === '') continue;
    arrivals.add(offset, text, at);
    offset += text.length;
  }
  return { firstByteMs: first, latencies: arrivals.latencies((await model.sent()).at(-1) ?? []) };
}

/** Reads the door's native events until END, or until `isEnough` after an event. Throws FixtureError at an EOF before that. */
async function readDoor(
  url: string,
  request: RequestInit,
  arrivals: TokenArrivals,
  isEnough = () => false,
): Promise<Stop> {
  let stop: Stop | undefined;
  for await (const { at, data, id = '', firstByteMs } of readStream(url, request)) {
    const batch = JSON.parse(data) as TokenBatch;
    if (stop) throw new FixtureError(`${batch.kind} came after END`);
    if (batch.kind === 'DELTA') arrivals.add(batch.offset, batch.text, at);
    const here = { firstByteMs, last: batch, lastEventId: id };
    if (batch.kind === 'END') {
      if (!batch.end) throw new FixtureError('END carries no end');
      arrivals.end(batch.end);
      stop = here;
    } else if (isEnough()) return here;
  }
  if (!stop) throw new FixtureError('The stream ended without END');
  return stop;
}

/** One answer through `POST /chat`. Throws FixtureError unless every token arrives once and in order, for one model request. */
export async function readDirect(
  stack: StackProcess,
  model: ModelProcess,
  tokens: readonly string[],
): Promise<Reading> {
  const arrivals = new TokenArrivals(tokens);
  const requestsBefore = (await model.sent()).length;
  const { firstByteMs } = await readChat(stack, arrivals);
  return { firstByteMs, latencies: arrivals.latencies(await onlySending(model, requestsBefore)) };
}

/**
 * The second half of an answer: reads `POST /chat` up to the middle, closes that connection and comes back over
 * `GET …/events` with the id of the last event. The reading is of the GET alone, tokens that were missed between the two
 * included; the check is of the whole: every token once and in order over the cut.
 */
export async function readResumed(
  stack: StackProcess,
  model: ModelProcess,
  tokens: readonly string[],
): Promise<Reading> {
  const arrivals = new TokenArrivals(tokens);
  const requestsBefore = (await model.sent()).length;
  const { last, lastEventId } = await readChat(stack, arrivals, () => arrivals.tokens >= tokens.length / 2);
  const held = arrivals.tokens;
  if (last.kind === 'END' || held === tokens.length)
    throw new FixtureError('The answer was whole before the cut');
  const headers = { ...bearer(stack), 'last-event-id': lastEventId };
  const { firstByteMs } = await readDoor(eventsUrl(stack, last), { headers }, arrivals);
  const latencies = arrivals.latencies(await onlySending(model, requestsBefore));
  return { firstByteMs, latencies: latencies.slice(held) };
}

/** Reads `GET …/events` of a message from its beginning to END; resolves to its time to first byte in milliseconds. */
export async function readEvents(
  stack: StackProcess,
  message: Pick<TokenBatch, 'conversationId' | 'messageId'>,
  arrivals: TokenArrivals,
): Promise<number> {
  return (await readDoor(eventsUrl(stack, message), { headers: bearer(stack) }, arrivals)).firstByteMs;
}

/** When the model sent each token of the one request since `requestsBefore`. Throws FixtureError when it was not one. */
export async function onlySending(model: ModelProcess, requestsBefore: number): Promise<readonly number[]> {
  const sent = await model.sent();
  if (sent.length !== requestsBefore + 1) throw new FixtureError('An answer takes exactly one model request');
  return sent.at(-1) ?? [];
}

function readChat(stack: StackProcess, arrivals: TokenArrivals, isEnough?: () => boolean): Promise<Stop> {
  return readDoor(`${stack.httpUrl}/chat`, post({ text: 'bench' }, bearer(stack)), arrivals, isEnough);
}

function bearer({ token }: StackProcess): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

function eventsUrl(
  { httpUrl }: StackProcess,
  { conversationId, messageId }: Pick<TokenBatch, 'conversationId' | 'messageId'>,
): string {
  return `${httpUrl}/conversations/${conversationId}/messages/${messageId}/events`;
}
