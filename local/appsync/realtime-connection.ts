import type { IncomingMessage } from 'node:http';
import { OperationTypeNode } from 'graphql';
import type { WebSocket } from 'ws';
import type { Caller, RequestCredentials } from './auth.ts';
import type { CompiledApi } from './compiled-api.ts';
import type { ConnectionMeter } from './connection-meter.ts';
import { conversationOf } from './counters.ts';
import { prepareOperation } from './engine.ts';
import { FieldError, messageOf, RequestRefused } from './errors.ts';
import type { WireError } from './errors.ts';
import { readEnvelope } from './http.ts';
import type { LogLine } from './ports.ts';
import { startCredentials } from './realtime-handshake.ts';
import { startSubscription } from './subscription-start.ts';
import type { Subscriptions } from './subscriptions.ts';

/** AppSync quota: subscriptions of one connection (adjustable on AWS). */
export const MAX_SUBSCRIPTIONS = 200;
/** A client that leaves this much unread is closed: the local stack does not keep what a reader will not take. */
export const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;
/** What `connection_ack` announces: a client that hears nothing for this long gives the connection up. */
export const CONNECTION_TIMEOUT_MS = 300_000;

/** What a connection needs. */
export interface ConnectionPorts {
  api(): CompiledApi;
  identify(request: RequestCredentials): Promise<Caller>;
  subscriptions: Subscriptions;
  meter: ConnectionMeter;
  log: LogLine;
}

/** One authorised connection; `close` ends its subscriptions and is called when the socket closes. */
export interface Connection {
  receive(text: string): void;
  keepAlive(): void;
  close(): void;
}

interface Started {
  /** Set once start_ack is out. */
  end: (() => void) | undefined;
}

/**
 * Speaks AppSync's dialect of graphql-ws on an open socket. `connection_init` is optional. Each `start` is authorised on its own;
 * its id is taken from its arrival until `stop`, `complete` or its `error`.
 */
export function createConnection(
  socket: Pick<WebSocket, 'send' | 'close' | 'terminate' | 'bufferedAmount'>,
  request: IncomingMessage,
  headers: Record<string, string | string[]>,
  ports: ConnectionPorts,
): Connection {
  const started = new Map<string, Started>();
  let open = true;

  const sendText = (text: string): void => {
    if (!open) return;
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      ports.log('a subscriber does not read: its connection is closed');
      open = false;
      socket.terminate();
      return;
    }
    socket.send(text);
  };
  const send = (message: object): void => sendText(JSON.stringify(message));
  const fail = (id: string | undefined, errors: readonly WireError[]): void =>
    send({ ...(id === undefined ? {} : { id }), type: 'error', payload: { errors } });

  const start = async (id: string, entry: Started, payload: unknown): Promise<void> => {
    const { data, extensions } = (payload ?? {}) as {
      data?: unknown;
      extensions?: { authorization?: unknown };
    };
    const text = String(data);
    const caller = await ports.identify(startCredentials(request, extensions?.authorization, text));
    const api = ports.api();
    const operation = prepareOperation(api, readEnvelope(parseData(text)));
    if (Array.isArray(operation)) throw new StartRefused(operation);
    const kind = operation.operation.operation;
    if (kind !== OperationTypeNode.SUBSCRIPTION) throw new StartRefused([unsupported(kind)]);
    const plan = await startSubscription(api, operation, { caller, headers });
    // `stop` or the end of the connection came first.
    if (!open || started.get(id) !== entry) return;
    const prefix = `{"id":${JSON.stringify(id)},"type":"data","payload":`;
    const end = ports.subscriptions.add(plan, {
      send: (json) => sendText(`${prefix}${json}}`),
      invalidate: () => {
        stop(id);
        socket.close(1000);
      },
    });
    const unwatch = ports.meter.subscribed(conversationOf(plan.fieldName, plan.args));
    entry.end = () => {
      end();
      unwatch();
    };
    send({ id, type: 'start_ack' });
  };
  const stop = (id: string): void => {
    const entry = started.get(id);
    if (entry === undefined) return;
    started.delete(id);
    entry.end?.();
    send({ id, type: 'complete' });
  };
  const receiveStart = (id: string, payload: unknown): void => {
    if (started.has(id)) {
      fail(id, [
        { errorType: 'DuplicatedOperationError', message: `Operation with id ${id} is already running` },
      ]);
      return;
    }
    if (started.size >= MAX_SUBSCRIPTIONS) {
      const message = `Max number of ${MAX_SUBSCRIPTIONS} subscriptions reached`;
      fail(id, [{ errorType: 'MaxSubscriptionsReachedError', message }]);
      return;
    }
    const entry: Started = { end: undefined };
    started.set(id, entry);
    start(id, entry, payload).catch((cause: unknown) => {
      if (started.get(id) === entry) started.delete(id);
      fail(id, startErrors(cause, ports.log));
    });
  };

  return {
    receive(text) {
      const message = readMessage(text);
      switch (message?.type) {
        case 'connection_init':
          send({ type: 'connection_ack', payload: { connectionTimeoutMs: CONNECTION_TIMEOUT_MS } });
          return;
        case 'start':
          if (typeof message.id === 'string' && hasData(message.payload))
            receiveStart(message.id, message.payload);
          else fail('', [unsupported('unknown')]);
          return;
        case 'stop':
          if (typeof message.id === 'string') stop(message.id);
          return;
        default:
          fail('', [unsupported('unknown')]);
      }
    },
    keepAlive: () => send({ type: 'ka' }),
    close() {
      open = false;
      for (const entry of started.values()) entry.end?.();
      started.clear();
    },
  };
}

class StartRefused extends Error {
  readonly errors: readonly WireError[];
  constructor(errors: readonly WireError[]) {
    super('start refused');
    this.errors = errors;
  }
}

function unsupported(operation: string): WireError {
  return {
    errorType: 'UnsupportedOperation',
    message: `${operation} not supported through the realtime channel`,
  };
}

function startErrors(cause: unknown, log: LogLine): WireError[] {
  // Captured answers carry the bare sentence of validation and variables, without path and locations.
  if (cause instanceof StartRefused) {
    return cause.errors.map(({ message, errorType }) =>
      errorType == null ? { message } : { errorType, message },
    );
  }
  if (cause instanceof FieldError) {
    const { errorType, message, data, errorInfo } = cause;
    return [
      {
        ...(errorType === null ? {} : { errorType }),
        message,
        ...(data === null ? {} : { data }),
        ...(errorInfo === null ? {} : { errorInfo }),
      },
    ];
  }
  if (cause instanceof RequestRefused) return [{ ...cause.toWire(), errorCode: cause.status }];
  log(`internal failure at a subscription: ${messageOf(cause)}`);
  return [{ errorType: 'InternalFailure', message: 'Internal Failure' }];
}

function parseData(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function hasData(payload: unknown): boolean {
  return typeof (payload as { data?: unknown } | null | undefined)?.data === 'string';
}

function readMessage(text: string): { type?: unknown; id?: unknown; payload?: unknown } | undefined {
  const value = parseData(text);
  return value !== null && typeof value === 'object' ? value : undefined;
}
