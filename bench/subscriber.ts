import { WebSocket } from 'ws';
import type { TokenBatch } from '../protocol/generated/schema-types.ts';
import { machineNow } from './clock.ts';

/** A subscription that delivers until it is closed. */
export interface Subscription {
  close(): void;
}

/** Where and as whom to subscribe. */
export interface SubscriberOptions {
  readonly graphqlUrl: string;
  readonly realtimeUrl: string;
  readonly token: string;
  readonly conversationId: string;
  /** `at`: `machineNow()` when the frame was handed over by the socket, before it is parsed. */
  readonly onBatch: (batch: TokenBatch, at: number) => void;
  readonly onError: (error: Error) => void;
}

const DOCUMENT = `subscription OnTokens($conversationId: ID!) { onTokens(conversationId: $conversationId) {
  conversationId messageId owner attempt seq kind part offset text resumeOffset resumeReasoningOffset nextWithinMs status
  userMessageId publishedAt end { reason length sha256 reasoningLength continuable cancel { requestedAt latencyMs tokensAfterCancel } } } }`;

interface Frame {
  readonly type?: string;
  readonly payload?: { readonly data?: { readonly onTokens?: TokenBatch }; readonly errors?: unknown };
}

/** Subscribes to a conversation over a socket of its own; resolves after start_ack. */
export async function subscribe(options: SubscriberOptions): Promise<Subscription> {
  const authorization = { host: new URL(options.graphqlUrl).host, authorization: options.token };
  const header = Buffer.from(JSON.stringify(authorization)).toString('base64url');
  const socket = new WebSocket(options.realtimeUrl, ['graphql-ws', `header-${header}`]);
  const acknowledged = Promise.withResolvers<void>();
  socket.on('error', acknowledged.reject);
  socket.on('close', () => acknowledged.reject(new Error('The socket closed before start_ack')));
  socket.on('open', () => {
    const data = JSON.stringify({
      query: DOCUMENT,
      variables: { conversationId: options.conversationId },
    });
    socket.send(JSON.stringify({ type: 'connection_init' }));
    socket.send(
      JSON.stringify({ id: 'bench', type: 'start', payload: { data, extensions: { authorization } } }),
    );
  });
  socket.on('message', (data: Buffer) => {
    const at = machineNow();
    const { type, payload } = JSON.parse(data.toString('utf8')) as Frame;
    if (type === 'start_ack') acknowledged.resolve();
    else if (type === 'data' && payload?.data?.onTokens) options.onBatch(payload.data.onTokens, at);
    else if (type === 'error' || type === 'connection_error' || type === 'data') {
      const error = new Error(`The real-time endpoint answered ${JSON.stringify(payload)}`);
      acknowledged.reject(error);
      options.onError(error);
    }
  });
  await acknowledged.promise;
  return { close: () => socket.terminate() };
}
