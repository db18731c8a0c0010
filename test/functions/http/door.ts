import type { Context } from 'aws-lambda';
import { createApp } from '../../../functions/http/app.ts';
import { createCompletions, type Completions } from '../../../functions/generation/completions.ts';
import type { GenerationPorts } from '../../../functions/generation/generation.ts';
import type { Model } from '../../../functions/generation/stream.ts';
import { ChatError } from '../../../protocol/errors.ts';
import type { AssistantMessageItem } from '../../../protocol/items.ts';
import { CONFIG, harness, OWNER, scriptedModel, STOP, type Step } from '../chat-fixture.ts';
import { MemoryTable } from '../memory-table.ts';
import { chat } from './one-answer.ts';

/** The door over a memory table; `work` is what an invocation has to wait for. Alice owns what the fixtures seed. */
export function door(
  steps: readonly Step[] | Model = ['hello ', 'world', STOP],
  options: {
    ports?: Partial<GenerationPorts>;
    completions?: Completions;
    remainingMs?: number;
    patienceMs?: number;
  } = {},
) {
  const table = new MemoryTable();
  const seen = harness(table, 'stream' in steps ? steps : scriptedModel(steps), {
    config: CONFIG,
    ...options.ports,
  });
  const completions = options.completions ?? createCompletions(CONFIG);
  const work: Promise<unknown>[] = [];
  const lines: { level: string; event: string; details: unknown }[] = [];
  const app = createApp({
    authenticate: (headers, otherwise) => {
      const token = headers.get('authorization');
      if (token === null && otherwise) return otherwise();
      if (token === 'Bearer broken') return Promise.reject(new Error('the table of secrets is down'));
      if (token === 'Bearer bob') return Promise.resolve('u:bob');
      return token === 'Bearer alice'
        ? Promise.resolve(OWNER)
        : Promise.reject(new ChatError('UNAUTHENTICATED'));
    },
    portsFor: (log) => ({ ...seen.ports, log, settleFunction: 'settle', completions }),
    log: () => (level, event, details) => lines.push({ level, event, details }),
    keepOpen: (_context, promise) => work.push(promise),
    ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
  });
  const context = {
    awsRequestId: 'r1',
    getRemainingTimeInMillis: () => options.remainingMs ?? 900_000,
  } as Context;
  const request = (path: string, init: RequestInit = {}) => app.request(path, init, { context });
  const post = (body: unknown, headers: Record<string, string> = {}, path = '/chat') =>
    request(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { authorization: 'Bearer alice', 'content-type': 'application/json', ...headers },
    });
  const get = (path: string, headers: Record<string, string> = {}) =>
    request(path, { headers: { authorization: 'Bearer alice', ...headers } });
  const message = () => table.all<AssistantMessageItem>('M#').find((item) => item.role === 'ASSISTANT');
  return { ...seen, table, request, post, get, work, lines, message };
}

/** The door with the one conversation in it, its answer as given. */
export function doorWith(message: AssistantMessageItem, options: Parameters<typeof door>[1] = {}) {
  const at = door(undefined, options);
  at.table.seed(chat.conversation, chat.user, message);
  return at;
}

/** What the head of every stream has that this door answers. */
export const STREAM_HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
  'x-request-id': 'r1',
  'access-control-allow-origin': '*',
};

/** The path of a message's events or cancel. */
export const pathOf = (
  message: { conversationId: string; id: string },
  action: 'events' | 'cancel' | 'events/ticket',
) => `/conversations/${message.conversationId}/messages/${message.id}/${action}`;

/** The batches of an SSE body. */
export const eventsOf = (body: string) =>
  body
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)) as { kind: string; text: string; end: unknown });

/** The ids of an SSE body. */
export const idsOf = (body: string) => [...body.matchAll(/^id: (.*)$/gm)].map((match) => match[1]);
