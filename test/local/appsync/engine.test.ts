import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessDeniedError } from '../../../local/iam/index.ts';
import { apiStack, post, startApi } from './api-fixture.ts';
import type { Answer, RunningApi } from './api-fixture.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const ask = async (query: string, variables: Record<string, unknown> = {}): Promise<Answer['body']> =>
  (await post(api, { query, variables })).body;
const messageOf = async (query: string, variables: Record<string, unknown> = {}): Promise<unknown> => {
  const { data, errors } = await ask(query, variables);
  expect(data).toBeNull();
  return errors?.[0]?.['message'];
};

describe('validation', () => {
  it.each([
    ['{ note { id } }', "MissingFieldArgument: Missing field argument id @ 'note'"],
    ['{ note(id: "1", x: 2) { id } }', "UnknownArgument: Unknown field argument x @ 'note'"],
    [
      '{ note(id: "1") }',
      "SubSelectionRequired: Sub selection required for type Note of field note @ 'note'",
    ],
    [
      '{ note(id: "1") { id { x } } }',
      "SubSelectionNotAllowed: Sub selection not allowed on leaf type ID! of field id @ 'note/id'",
    ],
    [
      '{ note(id: "1") { author { x } } }',
      "FieldUndefined: Field 'x' in type 'Note' is undefined @ 'note/author/x'",
    ],
    ['{ raises ...F }', 'UndefinedFragment: Undefined fragment F'],
    ['{ raises } fragment F on Note { id }', 'UnusedFragment: Unused fragment F'],
    ['query Q($a: ID) { raises }', 'UnusedVariable: Unused variable a'],
    ['{ note(id: $a) { id } }', "UndefinedVariable: Undefined variable a @ 'note'"],
    ['query Q($a: Nope) { note(id: $a) { id } }', 'UnknownType: Unknown type Nope'],
    [
      'query Q($a: Int) { note(id: $a) { id } }',
      "VariableTypeMismatch: Variable type 'Int' doesn't match expected type 'ID!' @ 'note'",
    ],
    [
      '{ notes(limit: "x") { id } }',
      "WrongType: argument 'limit' with value 'StringValue{value='x'}' is not a valid 'Int' @ 'notes'",
    ],
    [
      '{ notes(kind: NOPE) { id } }',
      "WrongType: argument 'kind' with value 'EnumValue{name='NOPE'}' is not a valid 'Kind' @ 'notes'",
    ],
    [
      'mutation { publish(input: {conversationId: "c", seq: 1, text: "t", publishedAt: "2019"}) { seq } }',
      "WrongType: argument 'input.publishedAt' with value 'StringValue{value='2019'}' is not a valid 'AWSDateTime' @ 'publish'",
    ],
    [
      'mutation { publish(input: {conversationId: "c"}) { seq } }',
      "WrongType: argument 'input' with value 'ObjectValue{objectFields=[ObjectField{name='conversationId', value=StringValue{value='c'}}]}' is missing required fields '[seq, text]' @ 'publish'",
    ],
    [
      'mutation { bulk(input: {conversationId: "c", seq: 1, text: "t", usage: {tokens: 1, x: 2}}) { seq } }',
      "WrongType: argument 'input.usage' with value 'ObjectValue{objectFields=[ObjectField{name='tokens', value=IntValue{value=1}}, ObjectField{name='x', value=IntValue{value=2}}]}' contains a field not in 'UsageInput': 'x' @ 'bulk'",
    ],
  ])('of %s is worded like AppSync', async (query, text) => {
    expect(await messageOf(query)).toBe(`Validation error of type ${text}`);
  });

  it('hides introspection and limits depth when the API says so', async () => {
    const stack = apiStack();
    const limited = await startApi({
      model: { ...stack, api: { ...stack.api, introspection: false, queryDepthLimit: 2 } },
    });
    const hidden = await post(limited, { query: '{ __schema { queryType { name } } }' });
    expect(hidden.body.errors?.[0]?.['message']).toContain("Field '__schema' in type 'Query' is undefined");
    const deep = await post(limited, { query: '{ note(id: "1") { author { id } } }' });
    expect(deep.body.errors?.[0]?.['errorType']).toBe('QueryDepthLimitReached');
    expect((await post(limited, { query: '{ note(id: "1") { id } }' })).body.errors).toBeUndefined();
    await limited.stop();
  });
});

describe('variables', () => {
  const publish = 'mutation P($input: BatchInput!) { publish(input: $input) { seq } }';
  const input = { conversationId: 'c', seq: 1, text: 't' };

  it.each([
    [{}, "Variable 'input' has coerced Null value for NonNull type 'BatchInput!'"],
    [{ input: null }, "Variable 'input' has coerced Null value for NonNull type 'BatchInput!'"],
    [
      { input: { ...input, text: null } },
      "Variable 'input' has coerced Null value for NonNull type 'String!'",
    ],
    [{ input: { ...input, usage: {} } }, "Variable 'input' has coerced Null value for NonNull type 'Int!'"],
    [
      { input: { ...input, nope: 1 } },
      "The variables input contains a field name 'nope' that is not defined for input object type 'BatchInput' ",
    ],
    [
      { input: { ...input, publishedAt: '2019' } },
      "Variable 'publishedAt' has an invalid value. Unable to parse `2019` as a valid DateTime Object.",
    ],
    [
      { input: { ...input, seq: 'x' } },
      "Variable 'seq' has an invalid value. Expected type 'Int' but was 'String'.",
    ],
    [
      { input: { ...input, kind: 'NOPE' } },
      "Variable 'kind' has an invalid value. Invalid input for Enum 'Kind'. No value found for name 'NOPE'",
    ],
  ])('%j are refused in the words of AppSync', async (variables, text) => {
    expect(await messageOf(publish, variables)).toBe(text);
  });

  it('carry the position of their definition', async () => {
    const { errors } = await ask(publish, {});
    expect(errors?.[0]).toMatchObject({ path: null, locations: [{ line: 1, column: 12, sourceName: null }] });
  });

  it('bring AWSJSON parsed to the resolver', async () => {
    const { data } = await ask('query E($v: AWSJSON) { echo(value: $v) }', { v: '{"a":[1,null]}' });
    expect(data).toEqual({ echo: '{"a":[1,null]}' });
  });
});

describe('execution', () => {
  it('answers null without an error for a field that has no resolver', async () => {
    expect(await ask('{ unresolved }')).toEqual({ data: { unresolved: null } });
  });

  it('answers nulls of non-null fields like AppSync', async () => {
    expect(await ask('{ strict }')).toEqual({
      data: null,
      errors: [
        {
          path: ['strict'],
          locations: null,
          message: "Cannot return null for non-nullable type: 'String' within parent 'Query' (/strict)",
        },
      ],
    });
    expect((await ask('{ notes { id text } }')).errors?.[0]).toEqual({
      path: ['notes', 0, 'text'],
      locations: null,
      message: "Cannot return null for non-nullable type: 'String' within parent 'Note' (/notes[0]/text)",
    });
  });

  it('answers a value that does not fit its scalar', async () => {
    expect((await ask('{ badDate }')).errors?.[0]).toEqual({
      path: ['badDate'],
      locations: null,
      message:
        "Can't serialize value (/badDate) : Unable to serialize `2020-05-23T06:4:37.000Z` as a valid DateTime Object.",
    });
  });

  it('keeps the value beside appended errors', async () => {
    const { data, errors } = await ask('{ appends }');
    expect(data).toEqual({ appends: 'value' });
    expect(errors).toEqual([
      {
        path: ['appends'],
        data: null,
        errorType: 'WARNED',
        errorInfo: null,
        locations: [{ line: 1, column: 3, sourceName: null }],
        message: 'careful',
      },
    ]);
  });

  it('gives nested resolvers their source and selection', async () => {
    const { data } = await ask('{ note(id: "1") { id author { id text author { id } } } }');
    expect(data).toEqual({
      note: { id: '1', author: { id: 'of-1', text: 'id,text,author,author/id', author: { id: 'of-of-1' } } },
    });
  });

  it('gives resolvers lower-case headers without cookies, and the environment', async () => {
    const headers = { 'x-api-key': 'da2-local', 'X-Custom': 'v', cookie: 'a=b' };
    const { body } = await post(api, { query: '{ context }' }, headers);
    const context = JSON.parse(String(body.data?.['context'])) as {
      headers: Record<string, string>;
      env: object;
    };
    expect(context.headers['x-custom']).toBe('v');
    expect(context.headers).not.toHaveProperty('cookie');
    expect(context.env).toEqual({ TABLE: 'chat' });
  });
});

describe('a pipeline', () => {
  const run = async (path?: string): Promise<unknown> => {
    const { data } = await ask('query P($path: String) { pipeline(path: $path) }', { path });
    return JSON.parse(String(data?.['pipeline']));
  };

  it('passes prev.result and stash from step to step', async () => {
    const last = { saw: { saw: { from: 'before' } } };
    expect(await run()).toEqual({
      result: last,
      prev: last,
      log: ['before', 'first', 'first response', 'second'],
    });
  });

  it('goes on with the next function after an early return', async () => {
    const last = { saw: { early: 'next' } };
    expect(await run('next')).toEqual({ result: last, prev: last, log: ['before', 'first', 'second'] });
  });

  it('skips the rest after an early return to END', async () => {
    const early = { early: 'end' };
    expect(await run('end')).toEqual({ result: early, prev: early, log: ['before', 'first'] });
  });

  it('goes straight to its response handler after an early return of its request handler', async () => {
    const early = { early: true };
    expect(await run('skipAll')).toEqual({ result: early, prev: early, log: ['before'] });
  });
});

describe('Lambda data sources', () => {
  const invoke = async (on: RunningApi, kind: string): Promise<unknown> => {
    const { body } = await post(on, {
      query: 'query I($kind: String) { invokes(kind: $kind) }',
      variables: { kind },
    });
    return JSON.parse(String(body.data?.['invokes']));
  };

  it('send the payload only and answer the result, or null for an Event', async () => {
    api.lambdaCalls.length = 0;
    expect(await invoke(api, 'RequestResponse')).toEqual({ result: { got: { asked: 'RequestResponse' } } });
    expect(await invoke(api, 'Event')).toEqual({ result: null });
    expect(
      api.lambdaCalls.map((call) => [call.invocationType, call.payload, call.principal.roleName]),
    ).toEqual([
      ['RequestResponse', { asked: 'RequestResponse' }, 'data-source'],
      ['Event', { asked: 'Event' }, 'data-source'],
    ]);
  });

  it('leave failures in ctx.error', async () => {
    const failing = await startApi({
      invokeLambda: () =>
        Promise.resolve({ payload: null, functionError: { errorType: 'Error', errorMessage: 'it broke' } }),
    });
    expect(await invoke(failing, 'RequestResponse')).toEqual({
      result: null,
      error: { message: 'it broke', type: 'Lambda:Unhandled' },
    });
    await failing.stop();
    const denying = await startApi({
      invokeLambda: ({ principal, functionArn }) =>
        Promise.reject(new AccessDeniedError(principal, 'lambda:InvokeFunction', functionArn)),
    });
    expect(await invoke(denying, 'Event')).toMatchObject({ error: { type: 'Lambda:AccessDeniedException' } });
    await denying.stop();
  });

  it('without code get the whole context, and their errors are raised', async () => {
    const { data } = await ask('{ direct(id: "7") }');
    const sent = (JSON.parse(String(data?.['direct'])) as { got: Record<string, unknown> }).got;
    expect(sent).toMatchObject({
      arguments: { id: '7' },
      info: { fieldName: 'direct', parentTypeName: 'Query' },
    });
    expect(sent).not.toHaveProperty('authType');
  });
});

describe('authorization of fields', () => {
  const as = async (query: string, token: string): Promise<Answer['body']> =>
    (await post(api, { query }, { authorization: token })).body;

  it('gives a field without directives to the default mode alone', async () => {
    expect(await as('{ untagged }', 'user:alice')).toEqual({ data: { untagged: 'untagged' } });
    expect((await ask('{ untagged }')).errors?.[0]?.['message']).toBe(
      'Not Authorized to access untagged on type Query',
    );
  });

  it('checks Cognito groups', async () => {
    expect((await as('{ admins }', 'user:alice')).errors?.[0]?.['errorType']).toBe('Unauthorized');
    expect(await as('{ admins }', 'Bearer user:bob:admins')).toEqual({ data: { admins: 'admins' } });
  });

  it('checks nested fields', async () => {
    const input = '{conversationId: "c", seq: 1, text: "t", secret: "s"}';
    const { data, errors } = await ask(`mutation { publish(input: ${input}) { seq secret } }`);
    expect(data).toEqual({ publish: { seq: 1, secret: null } });
    expect(errors?.[0]).toMatchObject({ path: ['publish', 'secret'], errorType: 'Unauthorized' });
  });

  it('builds the identity of each mode', async () => {
    const read = (body: Answer['body']): unknown => JSON.parse(String(body.data?.['identity']));
    expect(read(await ask('{ identity }'))).toEqual({ identity: null, type: 'API Key Authorization' });
    expect(read(await as('{ identity }', 'user:alice:admins'))).toEqual({
      type: 'User Pool Authorization',
      identity: {
        sub: 'alice',
        issuer: 'https://issuer',
        username: 'alice',
        claims: { sub: 'alice', iss: 'https://issuer', username: 'alice', 'cognito:groups': ['admins'] },
        sourceIp: ['127.0.0.1'],
        groups: ['admins'],
        defaultAuthStrategy: 'ALLOW',
      },
    });
  });
});
