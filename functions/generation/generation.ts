import { ChatError, toChatError } from '../../protocol/errors.ts';
import type { Usage } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem, GenerationEvent } from '../../protocol/items.ts';
import { PROFILES } from '../../protocol/pacing.ts';
import { sendable } from '../../protocol/token-batch.ts';
import { claimAttempt } from '../rules/claim.ts';
import type { GenerationConfig } from '../service/config.ts';
import type { Invoke } from '../service/invoke.ts';
import { describe, type LogLine } from '../service/log-line.ts';
import { readStoredText } from '../table/answer-text.ts';
import { runRule } from '../table/run-rule.ts';
import type { Table } from '../table/table.ts';
import { Answer } from './answer.ts';
import type { Publish } from './batch-publisher.ts';
import type { Clock } from './clock.ts';
import { finish, type Conclusion } from './finish.ts';
import { guarded } from './guarded-sink.ts';
import { readHistory } from './history.ts';
import { FencedError, LogWriter } from './log-writer.ts';
import { Pump } from './pump.ts';
import type { Ending } from './receipt.ts';
import { wholeCodePoints, type Model, type ModelMessage, type Sink } from './stream.ts';
import { usageOfRun } from './usage.ts';
import { watchMessage, type StopReason } from './watch.ts';

/** What a generation works with. */
export interface GenerationPorts {
  readonly table: Table;
  readonly model: Model;
  readonly publish: Publish;
  readonly invoke: Invoke;
  /** Name of the `generate` function, for hand-overs. */
  readonly generateFunction: string;
  readonly config: GenerationConfig;
  readonly clock: Clock;
  readonly log: LogLine;
}

/** One attempt to run. */
export interface GenerationRun {
  readonly event: GenerationEvent;
  /** The Lambda request id with a random part. */
  readonly claimId: string;
  readonly requestId: string;
  /** Epoch milliseconds at which the worker must hand over or end. */
  readonly deadlineAt: number;
  /** Sinks besides the log and its publisher, for the message as it was claimed. */
  readonly sinks?: (claimed: AssistantMessageItem) => readonly Sink[];
}

/** What the model run came to. */
interface ModelRun {
  ending: Ending | undefined;
  usage: Usage | undefined;
  model: string | null;
  firstTokenAt: number | undefined;
  messages: readonly ModelMessage[];
}

/** How an attempt ended for this worker. `taken`: it never had it. */
export type GenerationOutcome = Conclusion | 'taken';

/**
 * Runs one attempt of a generation: claim, history, model, log and publish, terminal write, END. Resolves when nothing of
 * it is open any more: the terminal write or hand-over is done and every publish has settled. Throws FencedError when
 * another writer ended the attempt, and the database's error when the log cannot be written; Lambda then reports the
 * failure and settle ends what is open.
 */
export async function runGeneration(ports: GenerationPorts, run: GenerationRun): Promise<GenerationOutcome> {
  const { table, clock, log } = ports;
  const claimed = await runRule({ table }, claimAttempt(run.event, run.claimId, clock.now()));
  if (claimed === 'taken' || claimed === 'deleted') {
    log('info', 'generation.notClaimed', { messageId: run.event.messageId, why: claimed });
    return claimed;
  }
  const { message } = claimed;
  const stop = new AbortController();
  let persistError: Error | undefined;
  const stopFor = (reason: StopReason) => stop.abort(reason);
  const watch = watchMessage(table, message, clock, stopFor);
  const deadline = setTimeout(() => stopFor('deadline'), Math.max(0, run.deadlineAt - clock.now()));
  try {
    const stored = await readStoredText(table, message);
    const answer = new Answer(stored);
    const pump = new Pump(
      message,
      { ...PROFILES[message.pacing], ...ports.config.windows },
      {
        log: new LogWriter(table, message, stored.text, clock),
        publish: ports.publish,
        clock,
        onFailure: (error) => {
          persistError = error instanceof Error ? error : new Error('The log failed', { cause: error });
          stopFor(error instanceof FencedError ? 'fenced' : 'persist');
        },
      },
    );
    const others = (run.sinks?.(message) ?? []).map((sink) =>
      guarded(sink, (error) =>
        log('error', 'generation.sinkFailed', { messageId: message.id, ...describe(error) }),
      ),
    );
    const sinks: readonly Sink[] = [pump, ...others];
    for (const sink of sinks) sink.start();
    const result = await runModel(ports, run, message, answer, sinks, stop.signal);
    const conclusion = await finish({
      ports,
      message: { ...message, cancelRequestedAt: watch.cancelRequestedAt ?? null },
      answer,
      pump,
      sinks,
      usage: usageOf(message, result, answer),
      model: result.model,
      firstTokenAt: result.firstTokenAt,
      requestId: run.requestId,
      outcome: result.ending ?? (stop.signal.reason as StopReason),
    });
    log('info', 'generation.ended', {
      messageId: message.id,
      attempt: message.attempt,
      conclusion,
      ...pump.counts,
    });
    if (conclusion === 'fenced' || conclusion === 'persist') throw persistError ?? new FencedError();
    return conclusion;
  } finally {
    clearTimeout(deadline);
    watch.close();
  }
}

/** Reads the model into the sinks. `ending` stays undefined when the generation was stopped from outside. */
async function runModel(
  ports: GenerationPorts,
  run: GenerationRun,
  message: AssistantMessageItem,
  answer: Answer,
  sinks: readonly Sink[],
  signal: AbortSignal,
): Promise<ModelRun> {
  const result: ModelRun = {
    ending: undefined,
    usage: undefined,
    model: null,
    firstTokenAt: undefined,
    messages: [],
  };
  try {
    result.messages = await readHistory(ports.table, message, answer.text, ports.config);
    if (signal.aborted) return result;
    const events = ports.model.stream({
      messages: result.messages,
      model: message.model,
      signal,
      deadlineAt: run.deadlineAt,
      onModel: (model) => {
        result.model = model;
        // What a failed request counted is not what the one that answers does.
        result.usage = undefined;
      },
    });
    for await (const event of wholeCodePoints(events, sendable)) {
      if (signal.aborted) return result;
      if (event.kind === 'usage') result.usage = event.usage;
      else if (event.kind === 'finish') result.ending = { status: 'COMPLETE', reason: event.reason };
      else {
        const now = ports.clock.now();
        result.firstTokenAt ??= now;
        const delta = answer.append(event.part, event.text, now);
        for (const sink of sinks) sink.delta(delta);
      }
    }
  } catch (error) {
    // The answer is whole once the model gave its finish reason: what breaks behind it costs only the usage figures.
    if (signal.aborted || result.ending) return result;
    const failure = toChatError(error, run.requestId);
    ports.log('error', 'generation.failed', {
      messageId: message.id,
      code: failure.code,
      ...describe(failure.cause),
    });
    result.ending = { status: 'FAILED', reason: 'ERROR', error: failure };
  }
  if (!signal.aborted && !result.ending) {
    const failure = new ChatError('UPSTREAM_TRUNCATED', { requestId: run.requestId });
    result.ending = { status: 'FAILED', reason: 'ERROR', error: failure };
  }
  return result;
}

/** The provider's count is not of the whole run when it came before the end. */
function usageOf(message: AssistantMessageItem, result: ModelRun, answer: Answer): Usage {
  return usageOfRun(message.usage, {
    wasAsked: result.model !== null,
    messages: result.messages,
    written: answer.text.slice(message.resumeOffset) + answer.reasoning.slice(message.resumeReasoningOffset),
    counted: result.ending?.status === 'COMPLETE' ? result.usage : undefined,
    failure: result.ending?.error?.code,
  });
}
