import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import { authHeaders, DOCUMENTS, type Credential } from './graphql.ts';
import { Mailbox } from './mailbox.ts';
import type { Target } from './target.ts';

/** The three ways a client may hand over its authorization when it connects. */
export type HeaderTransport = 'query' | 'sub-protocol' | 'http-headers';

/** An error as the real-time channel shapes it. */
export interface RealtimeError {
  message: string;
  errorType?: string;
  errorCode?: number;
  errorInfo?: Record<string, unknown>;
}

/** A message of the server. */
export interface RealtimeMessage {
  type: string;
  id?: string;
  payload?: {
    connectionTimeoutMs?: number;
    data?: { onTokens: TokenBatch | null } | null;
    errors?: RealtimeError[];
  };
}

type Endpoint = Pick<Target, 'graphqlUrl' | 'realtimeUrl'>;

/** One running subscription and the batches it received. */
export interface TokenFeed {
  readonly id: string;
  readonly batches: Mailbox<TokenBatch>;
  /** The first END, of this message when named. */
  end(messageId?: string, withinMs?: number): Promise<TokenBatch>;
  /** A round trip on the same socket: what the server sent before has arrived then, so that silence can be asserted. */
  drained(): Promise<void>;
}

function headersOf(endpoint: Endpoint, credential: Credential): Record<string, string> {
  const { authorization, ...others } = authHeaders(credential);
  return {
    host: new URL(endpoint.graphqlUrl).host,
    ...others,
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  };
}

function dial(endpoint: Endpoint, headers: Record<string, string>, transport: HeaderTransport): WebSocket {
  const json = Buffer.from(JSON.stringify(headers));
  if (transport === 'query') {
    const query = new URLSearchParams({ header: json.toString('base64'), payload: 'e30=' });
    return new WebSocket(`${endpoint.realtimeUrl}?${query}`, 'graphql-ws');
  }
  if (transport === 'sub-protocol')
    return new WebSocket(endpoint.realtimeUrl, ['graphql-ws', `header-${json.toString('base64url')}`]);
  const { host: _host, ...own } = headers;
  return new WebSocket(endpoint.realtimeUrl, 'graphql-ws', { headers: own });
}

/**
 * A client of AppSync's real-time protocol, written from its documentation: it knows nothing of the server. Keeps every
 * message; a socket that the server cuts is not opened again.
 */
export class RealtimeClient {
  readonly messages = new Mailbox<RealtimeMessage>();
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  readonly #endpoint: Endpoint;
  readonly #feeds = new Map<string, Mailbox<TokenBatch>>();

  private constructor(socket: WebSocket, endpoint: Endpoint) {
    this.#socket = socket;
    this.#endpoint = endpoint;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('message', (data: Buffer) => this.#receive(data.toString()));
    socket.on('error', () => undefined);
  }

  /** Opens a socket and waits for the handshake alone. The socket ends with the test. */
  static async open(
    endpoint: Endpoint,
    credential: Credential,
    transport: HeaderTransport = 'sub-protocol',
  ): Promise<RealtimeClient> {
    const socket = dial(endpoint, headersOf(endpoint, credential), transport);
    const client = new RealtimeClient(socket, endpoint);
    onTestFinished(() => client.close());
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  get subProtocol(): string {
    return this.#socket.protocol;
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as RealtimeMessage;
    const batch = message.type === 'data' ? message.payload?.data?.onTokens : undefined;
    if (batch) this.#feeds.get(message.id ?? '')?.put(batch);
    this.messages.put(message);
  }

  /** Sends any value as JSON, or text as it is. */
  send(message: object | string): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Sends `start` and waits for nothing. */
  start(id: string, credential: Credential, query: string, variables: Record<string, unknown>): void {
    const authorization = headersOf(this.#endpoint, credential);
    const data = JSON.stringify({ query, variables });
    this.send({ id, type: 'start', payload: { data, extensions: { authorization } } });
  }

  /** The answer to a start: `start_ack` or `error`. */
  answerTo(id: string): Promise<RealtimeMessage> {
    return this.messages.first(
      (message) => message.id === id && (message.type === 'start_ack' || message.type === 'error'),
      `an answer to start ${id}`,
    );
  }

  /** Subscribes to onTokens and waits for `start_ack`; rejects with the server's error. */
  async subscribe(
    credential: Credential,
    variables: { conversationId: string; messageId?: string | null },
    query: string = 'messageId' in variables ? DOCUMENTS.onTokens : DOCUMENTS.onConversation,
  ): Promise<TokenFeed> {
    const id = randomUUID();
    const batches = new Mailbox<TokenBatch>();
    this.#feeds.set(id, batches);
    this.start(id, credential, query, variables);
    const answer = await this.answerTo(id);
    if (answer.type !== 'start_ack') throw new Error(JSON.stringify(answer.payload));
    return {
      id,
      batches,
      end: (messageId, withinMs) =>
        batches.first(
          (batch) => batch.kind === 'END' && (messageId === undefined || batch.messageId === messageId),
          'END',
          withinMs,
        ),
      drained: async () => {
        const probe = randomUUID();
        this.start(probe, credential, DOCUMENTS.onConversation, { conversationId: probe });
        await this.answerTo(probe);
        await this.stop(probe);
      },
    };
  }

  /** Sends `stop` and waits for `complete`. */
  async stop(id: string): Promise<void> {
    this.send({ id, type: 'stop' });
    await this.messages.first(
      (message) => message.id === id && message.type === 'complete',
      `complete of ${id}`,
    );
  }

  /** Ends the socket; resolves when it is closed. */
  async close(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }
}

/** A socket and one subscription on it, acknowledged. */
export async function openFeed(
  endpoint: Endpoint,
  credential: Credential,
  variables: { conversationId: string; messageId?: string | null },
): Promise<TokenFeed> {
  return (await RealtimeClient.open(endpoint, credential)).subscribe(credential, variables);
}
