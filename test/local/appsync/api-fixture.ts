import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAppSync } from '../../../local/appsync/index.ts';
import type {
  ApiStack,
  AppSync,
  AppSyncOptions,
  LambdaCall,
  TokenVerdict,
} from '../../../local/appsync/index.ts';
import { loadAppSyncCode } from '../../../local/appsync/js/index.ts';
import { createPrincipals } from '../../../local/iam/index.ts';
import type { Principals } from '../../../local/iam/index.ts';

export const SCHEMA = /* GraphQL */ `
  enum Kind { DELTA END }
  type Usage @aws_iam @aws_api_key @aws_cognito_user_pools { tokens: Int! cost: Float }
  type Batch @aws_iam @aws_api_key @aws_cognito_user_pools {
    conversationId: ID!
    messageId: ID
    seq: Int!
    kind: Kind
    text: String!
    usage: Usage
    tags: [String!]
    secret: String @aws_iam
    publishedAt: AWSDateTime
  }
  input UsageInput { tokens: Int! cost: Float }
  input BatchInput {
    conversationId: ID!
    messageId: ID
    seq: Int!
    kind: Kind
    text: String!
    usage: UsageInput
    tags: [String!]
    secret: String
    publishedAt: AWSDateTime
  }
  type Note @aws_api_key @aws_cognito_user_pools { id: ID! text: String! author: Note items: [Note!] }
  type Query {
    echo(value: AWSJSON): String @aws_api_key @aws_cognito_user_pools
    note(id: ID!): Note @aws_api_key @aws_cognito_user_pools
    notes(kind: Kind, limit: Int): [Note!] @aws_api_key @aws_cognito_user_pools
    identity: AWSJSON @aws_api_key @aws_cognito_user_pools @aws_iam
    context: AWSJSON @aws_api_key
    raises: String @aws_api_key
    appends: String @aws_api_key
    unresolved: String @aws_api_key
    mine: String @aws_cognito_user_pools
    admins: String @aws_cognito_user_pools(cognito_groups: ["admins"])
    untagged: String
    badDate: AWSDateTime @aws_api_key
    strict: String! @aws_api_key
    pipeline(path: String): AWSJSON @aws_api_key
    invokes(kind: String): AWSJSON @aws_api_key
    direct(id: ID): AWSJSON @aws_api_key
  }
  type Mutation {
    publish(input: BatchInput!): Batch @aws_iam @aws_api_key
    lockedPublish(input: BatchInput!): Batch @aws_iam
    bulk(input: BatchInput!): Batch @aws_api_key
    sendMessage(id: ID!, input: BatchInput): String @aws_api_key
    kick(conversationId: ID!): String @aws_api_key
  }
  type Subscription {
    onBatch(conversationId: ID!, messageId: ID): Batch
      @aws_subscribe(mutations: ["publish", "lockedPublish", "bulk"]) @aws_api_key @aws_cognito_user_pools @aws_iam
    onFiltered(conversationId: ID): Batch @aws_subscribe(mutations: ["publish"]) @aws_api_key
    onGuarded(conversationId: ID!): Batch @aws_subscribe(mutations: ["publish"]) @aws_api_key
    onOwned: Batch @aws_subscribe(mutations: ["publish"]) @aws_cognito_user_pools
  }
`;

const UTILS = "import { util, runtime, extensions } from '@aws-appsync/utils';\n";
const handlers = (request: string, response: string): string =>
  `${UTILS}export function request(ctx) { ${request} }\nexport function response(ctx) { ${response} }\n`;
const PASS = 'return ctx.result;';

type Resolver = ApiStack['resolvers'][number];
function unit(
  typeName: string,
  fieldName: string,
  request: string,
  response = PASS,
  dataSource = 'none',
): Resolver {
  return { typeName, fieldName, kind: 'UNIT', dataSource, functions: [], code: handlers(request, response) };
}

const RESOLVERS: Resolver[] = [
  unit('Query', 'echo', 'return { payload: ctx.args.value };', 'return JSON.stringify(ctx.result);'),
  unit('Query', 'note', "return { payload: { id: ctx.args.id, text: 'hello' } };"),
  unit('Query', 'notes', "return { payload: [{ id: '1', text: null }] };"),
  unit('Query', 'identity', 'return { payload: { identity: ctx.identity, type: util.authType() } };'),
  unit(
    'Query',
    'context',
    'return { payload: { headers: ctx.request.headers, env: ctx.env, source: ctx.source } };',
  ),
  unit('Query', 'raises', "util.error('nothing there', 'NOT_FOUND', { a: 1 }, { retryable: false });"),
  unit('Query', 'appends', 'return {};', "util.appendError('careful', 'WARNED'); return 'value';"),
  unit('Query', 'mine', "return { payload: 'mine' };"),
  unit('Query', 'admins', "return { payload: 'admins' };"),
  unit('Query', 'untagged', "return { payload: 'untagged' };"),
  unit('Query', 'badDate', "return { payload: '2020-05-23T06:4:37.000Z' };"),
  unit('Query', 'strict', 'return {};', 'return null;'),
  unit(
    'Note',
    'author',
    "return { payload: { id: 'of-' + ctx.source.id, text: ctx.info.selectionSetList.join(',') } };",
  ),
  {
    typeName: 'Query',
    fieldName: 'pipeline',
    kind: 'PIPELINE',
    functions: ['first', 'second'],
    code: handlers(
      "ctx.stash.log = ['before']; if (ctx.args.path === 'skipAll') { runtime.earlyReturn({ early: true }); } return { from: 'before' };",
      'return { result: ctx.result, prev: ctx.prev.result, log: ctx.stash.log };',
    ),
  },
  unit(
    'Query',
    'invokes',
    "return { operation: 'Invoke', invocationType: ctx.args.kind, payload: { asked: ctx.args.kind } };",
    'return { result: ctx.result, error: ctx.error };',
    'function',
  ),
  {
    typeName: 'Query',
    fieldName: 'direct',
    kind: 'UNIT',
    dataSource: 'function',
    functions: [],
    code: undefined,
  },
  ...['publish', 'lockedPublish', 'bulk'].map((name) =>
    unit('Mutation', name, 'return { payload: ctx.args.input };'),
  ),
  unit('Mutation', 'sendMessage', 'return { payload: ctx.args.id };'),
  unit(
    'Mutation',
    'kick',
    'return { payload: ctx.args.conversationId };',
    "extensions.invalidateSubscriptions({ subscriptionField: 'onFiltered', payload: { conversationId: ctx.result } }); return 'done';",
  ),
  unit(
    'Subscription',
    'onFiltered',
    'return {};',
    "extensions.setSubscriptionFilter({ filterGroup: [{ filters: [{ fieldName: 'seq', operator: 'ge', value: 5 }] }] });" +
      "extensions.setSubscriptionInvalidationFilter({ filterGroup: [{ filters: [{ fieldName: 'conversationId', operator: 'eq', value: ctx.args.conversationId }] }] }); return null;",
  ),
  unit(
    'Subscription',
    'onGuarded',
    'return {};',
    "if (ctx.args.conversationId === 'foreign') { util.unauthorized(); } if (ctx.args.conversationId === 'wide') { extensions.setSubscriptionFilter({ filterGroup: [{ filters: [{ fieldName: 'seq', operator: 'in', value: [1, 2, 3, 4, 5, 6] }] }] }); } return null;",
  ),
];

const ACCOUNT = '123456789012';
export const REGION = 'eu-central-1';
const API_ARN = `arn:aws:appsync:${REGION}:${ACCOUNT}:apis/local`;
const ROLE_ARN = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;

export function apiStack(): ApiStack {
  return {
    region: REGION,
    accountId: ACCOUNT,
    api: {
      id: 'local',
      arn: API_ARN,
      schema: SCHEMA,
      authModes: ['AMAZON_COGNITO_USER_POOLS', 'AWS_IAM', 'API_KEY'],
      apiKeys: ['da2-local'],
      environment: { TABLE: 'chat' },
      userPools: [],
      introspection: true,
    },
    dataSources: {
      none: { name: 'none', type: 'NONE' },
      function: {
        name: 'function',
        type: 'AWS_LAMBDA',
        roleArn: ROLE_ARN('data-source'),
        lambdaArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:work`,
      },
    },
    functions: {
      first: {
        id: 'first',
        name: 'first',
        dataSource: 'none',
        code: handlers(
          "ctx.stash.log.push('first'); if (ctx.args.path === 'next') { runtime.earlyReturn({ early: 'next' }); } if (ctx.args.path === 'end') { runtime.earlyReturn({ early: 'end' }, { skipTo: 'END' }); } return { payload: { saw: ctx.prev.result } };",
          "ctx.stash.log.push('first response'); return ctx.result;",
        ),
      },
      second: {
        id: 'second',
        name: 'second',
        dataSource: 'none',
        code: handlers("ctx.stash.log.push('second'); return { payload: { saw: ctx.prev.result } };", PASS),
      },
    },
    resolvers: RESOLVERS,
  };
}

export function principalsOf(): Principals {
  const allow = (Resource: string) => [{ Effect: 'Allow' as const, Action: 'appsync:GraphQL', Resource }];
  return createPrincipals(
    [
      {
        name: 'publisher',
        arn: ROLE_ARN('publisher'),
        statements: allow(`${API_ARN}/types/Mutation/fields/lockedPublish`),
      },
      { name: 'stranger', arn: ROLE_ARN('stranger'), statements: [] },
      { name: 'data-source', arn: ROLE_ARN('data-source'), statements: [] },
    ],
    'test secret',
  );
}

export interface RunningApi {
  appSync: AppSync;
  url: string;
  wsUrl: string;
  host: string;
  principals: Principals;
  lambdaCalls: LambdaCall[];
  logged: string[];
  stop(): Promise<void>;
}

/** Tokens are their own verdict: `user:alice`, `user:alice:admins`, `expired.a.b`, `other.a.b`; anything else is malformed. */
function verifyToken(token: string): Promise<TokenVerdict> {
  const [kind, sub, group] = token.split(':');
  if (kind === 'user') {
    const groups = group === undefined ? {} : { 'cognito:groups': [group] };
    return Promise.resolve({ ok: true, claims: { sub, iss: 'https://issuer', username: sub, ...groups } });
  }
  if (token.startsWith('expired.')) return Promise.resolve({ ok: false, reason: 'expired' });
  return Promise.resolve({ ok: false, reason: token.startsWith('other.') ? 'refused' : 'malformed' });
}

export async function startApi(overrides: Partial<AppSyncOptions> = {}): Promise<RunningApi> {
  const principals = principalsOf();
  const lambdaCalls: LambdaCall[] = [];
  const logged: string[] = [];
  const appSync = createAppSync({
    model: apiStack(),
    loadCode: loadAppSyncCode,
    principals,
    verifyToken,
    invokeLambda: (call) => {
      lambdaCalls.push(call);
      return Promise.resolve({ payload: { got: call.payload } });
    },
    dynamoDbEndpoint: 'http://127.0.0.1:1',
    log: (line) => logged.push(line),
    ...overrides,
  });
  const server: Server = createServer((request, response) => {
    void appSync.handleHttp(request, response).then((handled) => {
      if (!handled) response.writeHead(404).end('not mine');
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    if (!appSync.handleUpgrade(request, socket, head)) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    appSync,
    url: `http://${host}/graphql`,
    wsUrl: `ws://${host}/graphql/realtime`,
    host,
    principals,
    lambdaCalls,
    logged,
    async stop() {
      await appSync.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Answer {
  status: number;
  headers: Headers;
  body: { data?: Record<string, unknown> | null; errors?: Record<string, unknown>[] };
}

export async function post(
  api: RunningApi,
  body: unknown,
  headers: Record<string, string> = { 'x-api-key': 'da2-local' },
): Promise<Answer> {
  const response = await fetch(api.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  };
}

export const ALL_FIELDS = 'conversationId messageId seq kind text usage { tokens cost } tags publishedAt';
export const PUBLISH = `mutation P($input: BatchInput!) { publish(input: $input) { ${ALL_FIELDS} } }`;

export function publish(api: RunningApi, input: Record<string, unknown>, query = PUBLISH): Promise<Answer> {
  return post(api, { query, variables: { input } });
}
