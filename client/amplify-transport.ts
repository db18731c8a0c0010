/** Carries operations with the Amplify client. The only module that knows aws-amplify. */
import { Amplify } from 'aws-amplify';
import { fetchAuthSession } from 'aws-amplify/auth';
import { CONNECTION_STATE_CHANGE, ConnectionState, generateClient } from 'aws-amplify/api';
import { Hub } from 'aws-amplify/utils';
import { ChatError, isChatError } from '../protocol/errors.ts';
import type { Subscription, TokenBatch } from '../protocol/generated/schema-types.ts';
import type { ChatAuth, ChatEndpoint } from './auth.ts';
import type { Clock } from './clock.ts';
import { requestError, subscriptionError } from './request-error.ts';
import type { SubscriptionObserver, Transport, Variables } from './transport.ts';

/**
 * A request that takes longer counts as unanswered, and so does a question for a token: Amplify has no limit of its own,
 * AppSync's is 30 s.
 */
export const REQUEST_TIMEOUT_MS = 15_000;

/** What an Amplify transport is made with. */
export interface AmplifyTransportOptions {
  /** Absent: the endpoint that `Amplify.configure` was given. */
  readonly endpoint: ChatEndpoint | undefined;
  readonly auth: ChatAuth;
  readonly clock: Clock;
}

type AuthMode = 'apiKey' | 'userPool' | 'oidc' | 'none' | 'iam' | 'identityPool' | 'lambda';

/** How one request is authorized. */
interface RequestAuth {
  readonly authMode: AuthMode;
  readonly apiKey?: string;
  readonly authToken?: string;
}

interface Observable {
  subscribe(observer: { next(value: unknown): void; error(cause: unknown): void }): { unsubscribe(): void };
}

/** What is used of Amplify's client; its own type is generic over a model we do not have, too deep for the compiler. */
interface AmplifyClient {
  graphql(request: { query: string; variables: Variables } & RequestAuth): unknown;
  cancel(promise: Promise<unknown>, message?: string): boolean;
}

/** States in which nothing is delivered. A socket outlives its network, silently and for minutes: the browser's word counts. */
const LOST: readonly string[] = [
  ConnectionState.ConnectedPendingNetwork,
  ConnectionState.ConnectionDisrupted,
  ConnectionState.ConnectionDisruptedPendingNetwork,
  ConnectionState.Disconnected,
];

/** The transport over Amplify. Configures Amplify's API only when the application has not. */
export function createAmplifyTransport(options: AmplifyTransportOptions): Transport {
  const { auth, clock } = options;
  const endpoint = spelledForAmplify(options.endpoint ?? Amplify.getConfig().API?.GraphQL?.endpoint);
  const client = amplifyClient(endpoint, auth);

  const authorize = (refused?: string) => inTime(clock, requestAuth(auth, endpoint, refused));

  const request = async <Data>(query: string, variables: Variables): Promise<Data> => {
    const used = await authorize();
    try {
      return await send<Data>(client, clock, { query, variables, ...used });
    } catch (thrown) {
      const error = requestError(thrown);
      if (error.code !== 'UNAUTHENTICATED' || auth.type !== 'token') throw error;
      // The token may have expired: the application is asked once more, and believed when it gives another one.
      const renewed = await authorize(used.authToken);
      if (renewed.authToken === used.authToken) throw error;
      return await send<Data>(client, clock, { query, variables, ...renewed }).catch((again: unknown) => {
        throw requestError(again);
      });
    }
  };

  return {
    query: request,
    mutate: request,
    subscribe(query, given, observer) {
      // Amplify tells acknowledgements by Hub alone, with the variables of the call: this object names the subscription.
      const variables = { ...given };
      return watch(variables, observer, async () => {
        const used = await requestAuth(auth, endpoint);
        return client.graphql({ query, variables, ...used }) as Observable;
      });
    },
    async identity() {
      const user = await inTime(clock, userOf(auth, endpoint));
      return user && `${endpoint ?? ''} ${user}`;
    },
  };
}

/** A key belongs to no user: all who have it share what they see. */
async function userOf(auth: ChatAuth, endpoint: string | undefined): Promise<string | undefined> {
  if (auth.type === 'token') return auth.user ?? subjectOf(await auth.getToken());
  return staticAuth(auth, endpoint).authMode === 'apiKey' ? 'key' : (await fetchAuthSession()).userSub;
}

/** The claim is not verified here: the service does that. @throws what is no token */
function subjectOf(token: string): string | undefined {
  const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
  return (JSON.parse(atob(payload)) as { sub?: string }).sub;
}

/** Amplify makes `wss:` of `http:`; this spelling it leaves to the WebSocket, which takes http for ws. */
function spelledForAmplify(endpoint: ChatEndpoint | undefined): string | undefined {
  const url = typeof endpoint === 'object' ? endpoint.data.url : endpoint;
  return url?.replace(/^http:/, 'HTTP:');
}

function amplifyClient(endpoint: string | undefined, auth: ChatAuth): AmplifyClient {
  const generate = generateClient as (options?: object) => unknown;
  const config = Amplify.getConfig();
  if (endpoint === undefined) return generate() as AmplifyClient;
  if (!config.API?.GraphQL) {
    // Without any configuration Amplify warns at every call.
    const defaultAuthMode = auth.type === 'apiKey' ? 'apiKey' : 'userPool';
    const apiKey = auth.type === 'apiKey' ? { apiKey: auth.apiKey } : {};
    Amplify.configure({
      ...config,
      API: { ...config.API, GraphQL: { endpoint, defaultAuthMode, ...apiKey } },
    });
  }
  const { authMode, apiKey } = staticAuth(auth, endpoint);
  return generate({ endpoint, authMode, ...(apiKey !== undefined && { apiKey }) }) as AmplifyClient;
}

function staticAuth(auth: ChatAuth, endpoint: string | undefined): RequestAuth {
  if (auth.type === 'apiKey') return { authMode: 'apiKey', apiKey: auth.apiKey };
  if (auth.type === 'token') return { authMode: 'none' };
  const configured = Amplify.getConfig().API?.GraphQL;
  // The key and the default mode of the application's own API are for that one alone.
  if (endpoint !== undefined && spelledForAmplify(configured?.endpoint) !== endpoint)
    return { authMode: 'userPool' };
  const { defaultAuthMode = 'userPool', apiKey } = configured ?? {};
  return { authMode: defaultAuthMode, ...(defaultAuthMode === 'apiKey' && { apiKey }) };
}

async function requestAuth(
  auth: ChatAuth,
  endpoint: string | undefined,
  refused?: string,
): Promise<RequestAuth> {
  if (auth.type !== 'token') return staticAuth(auth, endpoint);
  try {
    const authToken = await auth.getToken(refused);
    if (authToken) return { ...staticAuth(auth, endpoint), authToken };
  } catch (thrown) {
    if (isChatError(thrown)) throw thrown;
    // fetch rejects with a TypeError when there is no network: that is no refusal.
    throw new ChatError(thrown instanceof TypeError ? 'NETWORK' : 'UNAUTHENTICATED', { cause: thrown });
  }
  throw new ChatError('UNAUTHENTICATED');
}

async function send<Data>(
  client: AmplifyClient,
  clock: Clock,
  request: { query: string; variables: Variables } & RequestAuth,
): Promise<Data> {
  const answer = client.graphql(request) as Promise<{ data: Data }>;
  return (await inTime(clock, answer, () => client.cancel(answer))).data;
}

async function inTime<Value>(clock: Clock, value: Promise<Value>, giveUp?: () => void): Promise<Value> {
  let cancelTimer: () => void = () => undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    cancelTimer = clock.after(REQUEST_TIMEOUT_MS, () => {
      reject(new ChatError('NETWORK', { cause: new Error(`No answer within ${REQUEST_TIMEOUT_MS} ms`) }));
      giveUp?.();
    });
  });
  try {
    return await Promise.race([value, timeout]);
  } finally {
    cancelTimer();
  }
}

function watch(
  variables: Variables,
  observer: SubscriptionObserver,
  open: () => Promise<Observable>,
): () => void {
  let isEnded = false;
  let subscription: { unsubscribe(): void } | undefined;
  const lose = (error: ChatError) => {
    if (!isEnded) observer.onLost(error);
  };
  const stopListening = Hub.listen('api', ({ payload }) => {
    if (isEnded || !subscription) return;
    const data = payload.data as { variables?: unknown; connectionState?: string } | undefined;
    if (payload.event === 'Subscription ack' && data?.variables === variables) observer.onAck();
    if (payload.event === CONNECTION_STATE_CHANGE && LOST.includes(data?.connectionState ?? ''))
      lose(new ChatError('NETWORK', { cause: data?.connectionState }));
  });
  const start = async () => {
    const observable = await open();
    if (isEnded) return;
    subscription = observable.subscribe({
      next: (value) => {
        const batch = batchOf(value);
        if (batch && !isEnded) observer.onBatch(batch);
      },
      error: (cause) => lose(subscriptionError(cause)),
    });
  };
  start().catch((thrown: unknown) => lose(subscriptionError(thrown)));
  return () => {
    if (isEnded) return;
    isEnded = true;
    stopListening();
    subscription?.unsubscribe();
  };
}

/** A delivery whose fields could not be read has no batch; catch-up heals it like a lost one. */
function batchOf(value: unknown): TokenBatch | null | undefined {
  return (value as { data?: Partial<Pick<Subscription, 'onTokens'>> | null }).data?.onTokens;
}
