import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions';
import { ChatError, toChatError } from '../../../protocol/errors.ts';
import { DOOR_MARGIN_MS, FIRST_EVENT_PATIENCE_MS } from '../../../protocol/limits.ts';
import { describe } from '../../service/log-line.ts';
import type { HttpInvocation, HttpPorts } from '../serve.ts';
import { SseBody, sseEvent } from '../sse-body.ts';
import { CompletionAssembler } from './assemble.ts';
import type { CompletionRequest } from './completion-request.ts';
import { knownChunk } from './known-keys.ts';
import { openAiError } from './openai-error.ts';

/** The answer of a request that is not stored, under the door's time limit. */
interface LimitedAnswer {
  readonly chunks: AsyncGenerator<ChatCompletionChunk, void, undefined>;
  /** Stops the request upstream: nobody reads the answer any more. */
  readonly leave: () => void;
}

/** Asks the model; `onLimit` is called at the door's time limit, after which the chunks end with DEADLINE. */
function askModel(
  { completions, clock, log }: HttpPorts,
  { endsAt, requestId }: HttpInvocation,
  request: CompletionRequest,
  onLimit: (error: ChatError) => void = () => undefined,
): LimitedAnswer {
  const stop = new AbortController();
  const deadlineAt = endsAt - DOOR_MARGIN_MS;
  let overtime: ChatError | undefined;
  const atLimit = () => {
    overtime = new ChatError('DEADLINE', { requestId });
    onLimit(overtime);
    stop.abort();
  };
  const limit = setTimeout(atLimit, Math.max(0, deadlineAt - clock.now()));
  async function* chunks(): AsyncGenerator<ChatCompletionChunk, void, undefined> {
    const { model, fields, maxTokens } = request;
    const run = { model, fields, maxTokens, deadlineAt, signal: stop.signal };
    try {
      for await (const chunk of completions.stream(run)) {
        const known = knownChunk(chunk, request.includesUsage || !request.isStreamed);
        if (known) yield known;
      }
    } catch (error) {
      if (overtime) throw overtime;
      const failure = toChatError(error, requestId);
      log('error', 'http.completionFailed', { code: failure.code, ...describe(failure.cause) });
      throw failure;
    } finally {
      clearTimeout(limit);
    }
  }
  return { chunks: chunks(), leave: () => stop.abort() };
}

/**
 * Hands a request's own messages on to the model and waits for the whole answer. Nothing is stored, logged or published.
 * Throws what failed upstream, and DEADLINE at the door's limit.
 */
export async function wholeCompletion(
  ports: HttpPorts,
  invocation: HttpInvocation,
  request: CompletionRequest,
): Promise<ChatCompletion> {
  const assembler = new CompletionAssembler();
  for await (const chunk of askModel(ports, invocation, request).chunks) assembler.add(chunk);
  return assembler.completion();
}

/**
 * The same as a stream: each of the model's chunks is one event, then `[DONE]`; what fails after the first is OpenAI's error
 * event, and no `[DONE]` follows. Throws what failed before it, unless that takes longer than 10 s. A reader that is slow
 * slows the model down, and one that left ends its request, where the platform tells.
 */
export async function streamedCompletion(
  ports: HttpPorts,
  invocation: HttpInvocation,
  request: CompletionRequest,
): Promise<ReadableStream<Uint8Array>> {
  const sse = new SseBody(() => ports.clock.now());
  const endWith = (error: ChatError) => sse.endWith(sseEvent(JSON.stringify(openAiError(error))));
  const { chunks, leave } = askModel(ports, invocation, request, endWith);
  const first = chunks.next();
  const failBefore = (error: unknown) => {
    sse.close();
    throw error;
  };
  if (await settles(first, FIRST_EVENT_PATIENCE_MS)) await first.catch(failBefore);

  async function write(): Promise<void> {
    try {
      for (let next = await first; !next.done; next = await chunks.next()) {
        await sse.room();
        if (!sse.isOpen) break;
        sse.event(JSON.stringify(next.value));
      }
      sse.endWith(sseEvent('[DONE]'));
    } catch (error) {
      endWith(toChatError(error, invocation.requestId));
    } finally {
      leave();
      await chunks.return();
    }
  }
  invocation.keepOpen(write());
  return sse.body;
}

/** Whether a promise settles within a time; its failure stays its own. */
async function settles(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), withinMs);
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
