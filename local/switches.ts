import type { IncomingMessage, ServerResponse } from 'node:http';
import * as v from 'valibot';
import { FaultSetError, MAX_PAUSE_MS, readFaultSet, type FaultControl } from './faults/index.ts';
import { isUserName } from './issuer/index.ts';
import { runsGenerations, type Invocation, type LambdaService } from './lambda/index.ts';
import type { MetricsRecorder } from './metrics/index.ts';
import { switchAccess } from './switch-access.ts';
import type { StackModel } from './template/index.ts';

/** What the switches of `/local/*` act on. */
export interface SwitchPorts {
  readonly faults: FaultControl;
  readonly lambda: Pick<LambdaService, 'killWorker' | 'pauseWorker'>;
  readonly model: Pick<StackModel, 'lambdas'>;
  readonly token: (user: string) => Promise<string>;
  readonly metrics: Pick<MetricsRecorder, 'read'>;
  /** What the stack was started with; pages of this host may use the switches, as those on loopback may. */
  readonly host: string;
}

/** A request the switches refuse; the message says what they take. */
class SwitchError extends Error {
  override readonly name = 'SwitchError';
}

const MAX_BODY_BYTES = 65_536;

const tokenRequest = v.strictObject({
  user: v.pipe(
    v.string(),
    v.check((user) => isUserName(user)),
  ),
});
const killRequest = v.strictObject({ messageId: v.pipe(v.string(), v.minLength(1)) });
const pauseRequest = v.strictObject({
  messageId: v.pipe(v.string(), v.minLength(1)),
  ms: v.pipe(v.number(), v.minValue(1), v.maxValue(MAX_PAUSE_MS)),
});
const generationEvent = v.object({ messageId: v.string() });

type Switch = (json: unknown, query: URLSearchParams) => unknown;

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new SwitchError('the body is larger than 64 KB');
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new SwitchError('the body is not JSON');
  }
}

function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  json: unknown,
  expected: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) throw new SwitchError(`expected ${expected}`);
  return parsed.output;
}

function generationWorkers(model: Pick<StackModel, 'lambdas'>): ReadonlySet<string> {
  return new Set(model.lambdas.filter(runsGenerations).map((lambda) => lambda.name));
}

function runs(invocation: Invocation, messageId: string): boolean {
  const event = v.safeParse(generationEvent, invocation.event);
  if (event.success && event.output.messageId === messageId) return true;
  const headers = Object.entries(invocation.metadata?.headers ?? {});
  return headers.some(([name, value]) => name.toLowerCase() === 'x-message-id' && value === messageId);
}

/**
 * The local switches: `POST /local/token`, `GET|PUT|DELETE /local/faults`, `POST /local/kill-worker`,
 * `POST /local/pause-worker`, `GET /local/metrics[?conversationId=...]` (repeatable). Answers JSON, 2xx when it did what was asked, 400 with what it expected otherwise; 403 to pages of other hosts (`switchAccess`). CORS, with
 * preflights, covers the paths and methods that exist. Returns false for other paths.
 */
export function createSwitches(
  ports: SwitchPorts,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const workers = generationWorkers(ports.model);
  const generates = (messageId: string) => (invocation: Invocation) =>
    workers.has(invocation.functionName) && runs(invocation, messageId);
  const switches: Record<string, Record<string, Switch>> = {
    '/local/token': {
      POST: async (json) => {
        const expected = '{"user":"alice"}: 1 to 64 characters of A-Za-z0-9_.@-';
        return { token: await ports.token(parse(tokenRequest, json, expected).user) };
      },
    },
    '/local/faults': {
      GET: async () => ({ ...ports.faults.current(), injected: await ports.faults.injected() }),
      PUT: async (json) => {
        await ports.faults.replace(readFaultSet(json));
        return ports.faults.current();
      },
      DELETE: async () => {
        await ports.faults.reset();
        return ports.faults.current();
      },
    },
    '/local/kill-worker': {
      POST: (json) => {
        const { messageId } = parse(killRequest, json, '{"messageId":"..."}');
        return { killed: ports.lambda.killWorker(generates(messageId)) };
      },
    },
    '/local/pause-worker': {
      POST: (json) => {
        const expected = `{"messageId":"...","ms":1 to ${MAX_PAUSE_MS}}`;
        const { messageId, ms } = parse(pauseRequest, json, expected);
        return { paused: ports.lambda.pauseWorker(generates(messageId), ms) };
      },
    },
    '/local/metrics': {
      GET: (_json, query) => {
        const only = query.getAll('conversationId');
        return ports.metrics.read(only.length === 0 ? undefined : new Set(only));
      },
    },
  };
  return (request, response) => {
    const [path = '/', query] = (request.url ?? '/').split('?', 2);
    if (path !== '/local' && !path.startsWith('/local/')) return false;
    const access = switchAccess(request, ports.host);
    if (!access.isAllowed) {
      answer(response, 403, { error: access.reason });
      return true;
    }
    for (const [name, value] of Object.entries(access.headers)) response.setHeader(name, value);
    const methods = switches[path];
    if (methods && request.method === 'OPTIONS') {
      answerPreflight(response, Object.keys(methods));
      return true;
    }
    const run = methods?.[request.method ?? 'GET'];
    if (!run) {
      answer(response, methods ? 405 : 404, {
        error: methods ? `use ${Object.keys(methods).join(', ')}` : 'unknown switch',
      });
      return true;
    }
    void readJson(request)
      .then((json) => run(json, new URLSearchParams(query)))
      .then((result) => answer(response, 200, result))
      .catch((error: unknown) => {
        const isExpected = error instanceof SwitchError || error instanceof FaultSetError;
        // What is left of a body that was refused ends with the connection: the caller must not use that again.
        if (!request.complete) response.setHeader('connection', 'close');
        answer(response, isExpected ? 400 : 500, { error: isExpected ? error.message : 'the switch failed' });
      });
    return true;
  };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

function answerPreflight(response: ServerResponse, methods: readonly string[]): void {
  response.writeHead(204, {
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': 'content-type',
    'access-control-max-age': '600',
  });
  response.end();
}
