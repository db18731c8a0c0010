import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { changesBetween, functionLabel, loadedModel } from '../../../local/reload/changes.ts';
import type { LambdaModel, StackModel } from '../../../local/template/index.ts';

const root = mkdtempSync(join(tmpdir(), 'appsync-chat-changes-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;

/** A bundle in a folder of its own, as each synthesis writes it. */
function bundle(code: string): string {
  const folder = join(root, String((folders += 1)));
  mkdirSync(folder);
  writeFileSync(join(folder, 'index.mjs'), code);
  return folder;
}

function lambda(code: string, overrides: Partial<LambdaModel> = {}): LambdaModel {
  return {
    logicalId: 'FunctionsGenerateFunction5CA5D610',
    name: 'generate-name',
    arn: 'arn:generate',
    handler: 'index.handler',
    runtime: 'nodejs24.x',
    assetPath: bundle(code),
    environment: {},
    timeoutMs: 1_000,
    memoryMb: 128,
    roleArn: 'arn:role',
    logGroupName: 'logs',
    asyncConfig: { retryAttempts: 0, maxEventAgeMs: 1_000 },
    ...overrides,
  };
}

const url = { invokeMode: 'RESPONSE_STREAM', url: 'http://127.0.0.1:1/', authType: 'NONE' } as const;
const resolver = {
  typeName: 'Query',
  fieldName: 'a',
  kind: 'UNIT',
  dataSource: 'Table',
  functions: [],
  code: 'old',
} as const;

function model(overrides: Partial<StackModel> = {}): StackModel {
  return {
    region: 'us-east-1',
    accountId: '0',
    api: {
      id: 'api',
      arn: 'arn:api',
      schema: 'type Query { a: ID }',
      authModes: ['API_KEY'],
      apiKeys: ['key'],
      environment: { MODELS: 'offline' },
      userPools: [],
      introspection: true,
    },
    dataSources: { Table: { name: 'Table', type: 'AMAZON_DYNAMODB', tableName: 'table' } },
    functions: { f1: { id: 'f1', name: 'step_touch', dataSource: 'Table', code: 'old' } },
    resolvers: [{ ...resolver, functions: [] }],
    lambdas: [lambda('old')],
    tables: [
      {
        name: 'table',
        arn: 'arn:table',
        keySchema: [],
        attributeDefinitions: [],
        globalSecondaryIndexes: [],
      },
    ],
    roles: { 'arn:role': { name: 'role', arn: 'arn:role', statements: [], sessionName: 'session' } },
    userPools: [
      { id: 'pool', arn: 'arn:pool', providerUrl: 'http://127.0.0.1:1/pool', clientIds: ['client'] },
    ],
    outputs: {},
    ...overrides,
  };
}

const changes = (after: Partial<StackModel>, before: Partial<StackModel> = {}) =>
  changesBetween(loadedModel(model(before)), loadedModel(model(after)));

describe('changesBetween', () => {
  it('finds nothing between two syntheses of the same sources, whose folders differ', () => {
    expect(changes({})).toEqual({ swappable: [], needsRestart: [], functions: new Set() });
  });

  it.each<[string, Partial<StackModel>]>([
    ['Query.a', { resolvers: [{ ...resolver, functions: [], code: 'new' }] }],
    ['Query.a', { resolvers: [{ ...resolver, functions: ['f1'], kind: 'PIPELINE' }] }],
    ['step_touch', { functions: { f1: { id: 'f1', name: 'step_touch', dataSource: 'Table', code: 'new' } } }],
    ['data source Table', { dataSources: { Table: { name: 'Table', type: 'NONE' } } }],
    ['the schema', { api: { ...model().api, schema: 'type Query { a: Int }' } }],
    ['the settings of the API', { api: { ...model().api, environment: { MODELS: 'other' } } }],
    [
      'policies of role',
      {
        roles: {
          'arn:role': {
            name: 'role',
            arn: 'arn:role',
            statements: [{ Effect: 'Allow', Action: 'a:B', Resource: '*' }],
            sessionName: 'session',
          },
        },
      },
    ],
  ])('names %s as what a running stack takes over', (name, after) => {
    expect(changes(after)).toEqual({ swappable: [name], needsRestart: [], functions: new Set() });
  });

  it('names a function by its code and by its settings, and tells which to load', () => {
    for (const after of [lambda('new'), lambda('old', { environment: { A: '1' } })])
      expect(changes({ lambdas: [after] })).toEqual({
        swappable: ['generate'],
        needsRestart: [],
        functions: new Set(['generate-name']),
      });
  });

  it('names what is new and what is gone', () => {
    const added = lambda('new', { logicalId: 'FunctionsTitleFunction00000000', name: 'title-name' });
    expect(changes({ lambdas: [lambda('old'), added] })).toMatchObject({
      swappable: ['title (new)'],
      functions: new Set(['title-name']),
    });
    expect(changes({}, { lambdas: [lambda('old'), added] })).toMatchObject({
      swappable: ['title (removed)'],
      functions: new Set(),
    });
    expect(changes({ resolvers: [] }).swappable).toEqual(['Query.a (removed)']);
  });

  it.each<[string, Partial<StackModel>]>([
    [
      'table table',
      { tables: [{ ...(model().tables[0] as StackModel['tables'][number]), ttlAttribute: 'ttl' }] },
    ],
    ['table table (removed)', { tables: [] }],
    [
      'user pool pool',
      { userPools: [{ ...(model().userPools[0] as StackModel['userPools'][number]), clientIds: [] }] },
    ],
    ['the Function URL of generate (new)', { lambdas: [lambda('old', { url })] }],
    [
      'the REST API (new)',
      {
        restApi: {
          logicalId: 'Rest',
          id: 'rest',
          stageName: 'live',
          idleMs: 300_000,
          throttle: undefined,
          methods: [],
          gatewayResponses: [],
        },
      },
    ],
  ])('names %s as what needs a restart', (name, after) => {
    expect(changes(after)).toEqual({ swappable: [], needsRestart: [name], functions: new Set() });
  });
});

describe('functionLabel', () => {
  it.each([
    ['FunctionsGenerateFunction5CA5D610', 'generate'],
    ['HttpFunction3631F7A0', 'http'],
    ['Other', 'other'],
  ])('calls %s %s', (logicalId, label) => {
    expect(functionLabel({ logicalId })).toBe(label);
  });
});
