import { createHash } from 'node:crypto';
import type { Publish } from '../../functions/generation/batch-publisher.ts';
import type { GenerationPorts, GenerationRun } from '../../functions/generation/generation.ts';
import type { Model, ModelEvent, ModelMessage } from '../../functions/generation/stream.ts';
import type { GenerationConfig } from '../../functions/service/config.ts';
import type { Table } from '../../functions/table/table.ts';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import {
  assistantMessageItem,
  generationEventOf,
  sendRequestItem,
  userMessageItem,
  type AssistantMessageItem,
  type ConversationItem,
  type LogItem,
  type MessageItem,
} from '../../protocol/items.ts';
import { conversationKey, logSlot } from '../../protocol/keys.ts';

export const OWNER = 'u:alice';
export const CONVERSATION = 'c1';
export const NOW = Date.UTC(2030, 0, 1);

export const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/** A conversation with one question and its PENDING answer. */
export interface SeededChat {
  conversation: ConversationItem;
  user: MessageItem;
  message: AssistantMessageItem;
}

/** Builds what a send stores; `ulid` orders messages. */
export function seededChat(
  options: {
    ulid?: string;
    text?: string;
    parentId?: string | null;
    conversationId?: string;
    now?: number;
    message?: Partial<AssistantMessageItem>;
  } = {},
): SeededChat {
  const { ulid = '01A', text = 'hello', parentId = null, conversationId = CONVERSATION, now = NOW } = options;
  const input = { conversationId, clientMessageId: `client-${ulid}`, text, parentId };
  const createdAt = new Date(now).toISOString();
  const request = sendRequestItem(OWNER, input, { ulid, parentId, createdAt });
  return {
    conversation: {
      ...conversationKey(OWNER, conversationId),
      owner: OWNER,
      id: conversationId,
      createdAt,
      updatedAt: createdAt,
    },
    user: userMessageItem(OWNER, input, request),
    message: { ...assistantMessageItem(OWNER, input, request, now), ...options.message },
  };
}

/** The message as a worker holds it. */
export function streaming(chat: SeededChat, claimId = 'request-1:a', now = NOW): AssistantMessageItem {
  return {
    ...chat.message,
    status: 'STREAMING',
    claimId,
    leaseUntil: now + 15_000,
    startedAt: new Date(now).toISOString(),
  };
}

/** Log items of one attempt that carry these texts. */
export function logOf(
  message: AssistantMessageItem,
  texts: readonly string[],
  claimId = message.claimId ?? '',
): LogItem[] {
  let length = message.resumeOffset;
  let whole = message.text;
  return texts.map((text, index) => {
    const offset = length;
    length += text.length;
    whole += text;
    return {
      pk: message.pk,
      sk: logSlot(message.id, offset + message.resumeReasoningOffset, message.attempt),
      messageId: message.id,
      kind: 'BATCH',
      attempt: message.attempt,
      seq: index + 1,
      part: 'TEXT',
      offset,
      text,
      claimId,
      textLength: length,
      reasoningLength: message.resumeReasoningOffset,
      sha256: sha256(whole),
      ttl: 1,
    };
  });
}

/** What a scripted model does: emit an event, wait for something, or fail. */
export type Step = string | ModelEvent | Error | (() => Promise<void> | void);

export const STOP: ModelEvent = { kind: 'finish', reason: 'STOP' };

export interface ScriptedModel extends Model {
  readonly requests: { readonly messages: readonly ModelMessage[]; readonly signal: AbortSignal }[];
}

/** A model that follows a script; text steps are TEXT deltas. It does not look at its signal unless told to. */
export function scriptedModel(
  steps: readonly Step[] | ((request: number) => readonly Step[]),
): ScriptedModel {
  const requests: ScriptedModel['requests'] = [];
  return {
    requests,
    async *stream({ messages, signal, onModel, model }) {
      requests.push({ messages, signal });
      onModel(model ?? 'scripted');
      const script = typeof steps === 'function' ? steps(requests.length) : steps;
      for (const step of script) {
        if (typeof step === 'string') yield { kind: 'delta', part: 'TEXT', text: step };
        else if (step instanceof Error) throw step;
        else if (typeof step === 'function') await step();
        else yield step;
      }
    },
  };
}

/** Waits until the model request is aborted; then ends as a stream does that was aborted. */
export function untilAborted(signal: () => AbortSignal | undefined): () => Promise<void> {
  return () =>
    new Promise((resolve) => {
      const current = signal();
      if (!current || current.aborted) resolve();
      else current.addEventListener('abort', () => resolve(), { once: true });
    });
}

export interface RecordingPublisher {
  readonly batches: TokenBatch[];
  readonly publish: Publish;
}

/** Records what subscribers are given; `fails` makes a batch fail for good. */
export function recordingPublisher(fails: (batch: TokenBatch) => boolean = () => false): RecordingPublisher {
  const batches: TokenBatch[] = [];
  return {
    batches,
    publish: (batch) => {
      if (fails(batch)) return Promise.resolve(false);
      batches.push(structuredClone(batch));
      return Promise.resolve(true);
    },
  };
}

export const CONFIG: GenerationConfig = {
  provider: 'openai',
  models: ['first', 'second'],
  fallbackModels: ['first', 'second'],
  reasoningModels: [],
  baseUrl: 'http://127.0.0.1:9/v1',
  apiKey: undefined,
  systemPrompt: undefined,
  maxInputTokens: 24_000,
  maxOutputTokens: undefined,
  windows: { lingerMs: 0, maxLingerMs: 0 },
  maxHandovers: 12,
};

export interface LogEntry {
  level: string;
  event: string;
  details: Record<string, unknown> | undefined;
}

export interface Harness {
  ports: GenerationPorts;
  published: TokenBatch[];
  invoked: { functionName: string; event: unknown }[];
  lines: LogEntry[];
}

/** Ports of a generation around a table and a model; everything it does outside is recorded. */
export function harness(table: Table, model: Model, overrides: Partial<GenerationPorts> = {}): Harness {
  const publisher = recordingPublisher();
  const invoked: Harness['invoked'] = [];
  const lines: LogEntry[] = [];
  return {
    published: publisher.batches,
    invoked,
    lines,
    ports: {
      table,
      model,
      publish: publisher.publish,
      invoke: (functionName, event) => {
        invoked.push({ functionName, event });
        return Promise.resolve();
      },
      generateFunction: 'generate',
      config: CONFIG,
      clock: { now: () => Date.now() },
      log: (level, event, details) => lines.push({ level, event, details }),
      ...overrides,
    },
  };
}

/** The run of a message's current attempt. */
export function runOf(message: AssistantMessageItem, overrides: Partial<GenerationRun> = {}): GenerationRun {
  return {
    event: generationEventOf(message),
    claimId: 'request-1:a',
    requestId: 'request-1',
    deadlineAt: Date.now() + 600_000,
    ...overrides,
  };
}
