import { WebSocket } from 'ws';
import type { RunningApi } from './api-fixture.ts';

export type Message = Record<string, unknown> & {
  type?: string;
  id?: string;
  payload?: Record<string, unknown>;
};

/** A raw client: `next` waits for the next message that passes, in order; messages are never skipped silently. */
export interface RawClient {
  socket: WebSocket;
  received: Message[];
  send(message: object | string): void;
  next(): Promise<Message>;
  closed: Promise<number>;
}

export const base64Url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export function keyHeader(api: RunningApi): Record<string, string> {
  return { host: api.host, 'x-api-key': 'da2-local' };
}

export async function connect(
  api: RunningApi,
  options: { protocols?: string[]; url?: string; headers?: Record<string, string> } = {},
): Promise<RawClient> {
  const protocols = options.protocols ?? ['graphql-ws', `header-${base64Url(keyHeader(api))}`];
  const socket = new WebSocket(options.url ?? api.wsUrl, protocols, { headers: options.headers ?? {} });
  const received: Message[] = [];
  let read = 0;
  const waiting: (() => void)[] = [];
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('message', (data: Buffer) => {
    received.push(JSON.parse(data.toString()) as Message);
    for (const wake of waiting.splice(0)) wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  return {
    socket,
    received,
    closed,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    async next() {
      while (read >= received.length) {
        await new Promise<void>((resolve, reject) => {
          waiting.push(resolve);
          socket.once('close', () => reject(new Error('the socket closed while a message was expected')));
        });
      }
      const message = received[read] ?? {};
      read += 1;
      return message;
    },
  };
}

export function startMessage(
  api: RunningApi,
  id: string,
  query: string,
  variables: Record<string, unknown> = {},
  authorization: Record<string, string> = keyHeader(api),
): object {
  return {
    id,
    type: 'start',
    payload: { data: JSON.stringify({ query, variables }), extensions: { authorization } },
  };
}

export const ON_BATCH = 'subscription S($c: ID!) { onBatch(conversationId: $c) { conversationId seq text } }';

/** Connects, subscribes to a conversation and waits for start_ack. */
export async function subscribe(
  api: RunningApi,
  conversationId = 'c1',
  query = ON_BATCH,
): Promise<RawClient> {
  const client = await connect(api);
  client.send(startMessage(api, 's1', query, { c: conversationId }));
  const ack = await client.next();
  if (ack.type !== 'start_ack') throw new Error(`no start_ack: ${JSON.stringify(ack)}`);
  return client;
}
