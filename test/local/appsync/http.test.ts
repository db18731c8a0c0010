import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sign } from './signed-request.ts';
import { apiStack, post, publish, startApi } from './api-fixture.ts';
import type { RunningApi } from './api-fixture.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const UNPARSABLE = { message: 'Unable to parse GraphQL query.', errorType: 'MalformedHttpRequestException' };

describe('the HTTP endpoint', () => {
  it.each([
    ['an empty body', '', { message: 'Request body is empty.', errorType: 'MalformedHttpRequestException' }],
    ['an empty object', '{}', UNPARSABLE],
    ['a list', '[]', UNPARSABLE],
    ['a string', '"x"', UNPARSABLE],
    ['null', 'null', UNPARSABLE],
    ['broken JSON', '{"query":', UNPARSABLE],
    ['a query that is no GraphQL', '{"query":"{"}', UNPARSABLE],
    ['a query without operations', '{"query":"fragment F on Query { strict }"}', UNPARSABLE],
    ['variables that are a list', '{"query":"{ raises }","variables":[]}', UNPARSABLE],
  ])('answers 400 to %s', async (_, body, error) => {
    const answer = await post(api, body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('x-amzn-errortype')).toBe('MalformedHttpRequestException');
    expect(answer.body).toEqual({ errors: [error] });
  });

  it.each([
    ['no credential', {}, 'Valid authorization header not provided.'],
    ['a wrong key', { 'x-api-key': 'da2-wrong' }, 'You are not authorized to make this call.'],
    ['a token that is no JWT', { authorization: 'nonsense' }, 'Unable to parse JWT token.'],
    ['an expired token', { authorization: 'Bearer expired.a.b' }, 'Token has expired.'],
    [
      'a token of another issuer',
      { authorization: 'other.a.b' },
      'You are not authorized to make this call.',
    ],
  ])('answers 401 to %s', async (_, headers, message) => {
    const answer = await post(api, { query: '{ mine }' }, headers);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('x-amzn-errortype')).toBe('UnauthorizedException');
    expect(answer.body).toEqual({ errors: [{ errorType: 'UnauthorizedException', message }] });
  });

  it('answers validation errors with 200, null data and AppSync locations', async () => {
    const answer = await post(api, { query: '{badfield}' });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      data: null,
      errors: [
        {
          path: null,
          locations: [{ line: 1, column: 2, sourceName: null }],
          message:
            "Validation error of type FieldUndefined: Field 'badfield' in type 'Query' is undefined @ 'badfield'",
        },
      ],
    });
  });

  it('answers util.error in the shape of AppSync', async () => {
    const answer = await post(api, { query: '{\n  raises\n}' });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      data: { raises: null },
      errors: [
        {
          path: ['raises'],
          data: { a: 1 },
          errorType: 'NOT_FOUND',
          errorInfo: { retryable: false },
          locations: [{ line: 2, column: 3, sourceName: null }],
          message: 'nothing there',
        },
      ],
    });
  });

  it('answers a field the mode may not reach with Unauthorized beside the other data', async () => {
    const query = 'mutation { lockedPublish(input: {conversationId: "c", seq: 1, text: "t"}) { seq } }';
    const { status, body } = await post(api, { query });
    expect(status).toBe(200);
    expect(body).toEqual({
      data: { lockedPublish: null },
      errors: [
        {
          path: ['lockedPublish'],
          data: null,
          errorType: 'Unauthorized',
          errorInfo: null,
          locations: [{ line: 1, column: 12, sourceName: null }],
          message: 'Not Authorized to access lockedPublish on type Mutation',
        },
      ],
    });
  });

  it('carries the headers of AppSync on every answer', async () => {
    const answer = await post(api, { query: '{ note(id: "1") { id } }' });
    expect(answer.headers.get('content-type')).toBe('application/json;charset=UTF-8');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-expose-headers')).toContain('x-amzn-ErrorType');
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers.get('x-amzn-appsync-tokensconsumed')).toBe('1');
  });

  it('serves queries over GET', async () => {
    const search = new URLSearchParams({
      query: 'query N($id: ID!) { note(id: $id) { id } }',
      variables: '{"id":"7"}',
    });
    const response = await fetch(`${api.url}?${search.toString()}`, {
      headers: { 'x-api-key': 'da2-local' },
    });
    expect(await response.json()).toEqual({ data: { note: { id: '7' } } });
  });

  it('echoes the headers a browser asks for by name', async () => {
    const response = await fetch(api.url, {
      method: 'OPTIONS',
      headers: { 'access-control-request-headers': 'authorization,x-amz-user-agent' },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization,x-amz-user-agent');
  });

  it('leaves other paths alone', async () => {
    const response = await fetch(api.url.replace('/graphql', '/other'));
    expect([response.status, await response.text()]).toEqual([404, 'not mine']);
  });

  it('refuses a body over the limit with 413', async () => {
    const answer = await post(api, `{"query":"${'x'.repeat(2 * 1024 * 1024)}"}`);
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([
      413,
      'RequestEntityTooLargeException',
    ]);
  });

  it('refuses subscriptions, other methods and unknown operation names', async () => {
    const subscription = await post(api, { query: 'subscription { onOwned { seq } }' });
    expect([subscription.status, subscription.body.errors?.[0]?.['errorType']]).toEqual([
      400,
      'UnsupportedOperation',
    ]);
    const put = await fetch(api.url, { method: 'PUT', headers: { 'x-api-key': 'da2-local' }, body: 'x' });
    expect(put.status).toBe(405);
    const named = await post(api, { query: 'query A { raises }', operationName: 'B' });
    expect(named.body.errors?.[0]?.['message']).toBe("Unknown operation named 'B'.");
  });

  it('keeps answering with the old version when a new one does not compile', async () => {
    const broken = { ...apiStack(), resolvers: [{ ...apiStack().resolvers[0]!, fieldName: 'absent' }] };
    expect(() => api.appSync.swapResolvers(broken)).toThrow('the schema has no field Query.absent');
    expect((await publish(api, { conversationId: 'c', seq: 1, text: 't' })).body.errors).toBeUndefined();
  });
});

describe('IAM over HTTP', () => {
  const query = 'mutation P($i: BatchInput!) { lockedPublish(input: $i) { seq secret } }';
  const body = JSON.stringify({
    query,
    variables: { i: { conversationId: 'c', seq: 4, text: 't', secret: 's' } },
  });

  it('lets a granted role publish', async () => {
    const headers = await sign(api, 'publisher', body);
    expect((await post(api, body, headers)).body).toEqual({
      data: { lockedPublish: { seq: 4, secret: 's' } },
    });
  });

  it('names action and resource when the grant is missing', async () => {
    const answer = await post(api, body, await sign(api, 'stranger', body));
    expect(answer.body.data).toEqual({ lockedPublish: null });
    expect(answer.body.errors?.[0]).toMatchObject({
      errorType: 'Unauthorized',
      message:
        'Not Authorized to access lockedPublish on type Mutation: User: arn:aws:sts::123456789012:assumed-role/stranger/stranger' +
        ' is not authorized to perform: appsync:GraphQL on resource: ' +
        'arn:aws:appsync:eu-central-1:123456789012:apis/local/types/Mutation/fields/lockedPublish' +
        ' because no identity-based policy allows the appsync:GraphQL action',
    });
  });

  it('refuses a body that was changed after signing', async () => {
    const headers = await sign(api, 'publisher', body);
    const answer = await post(api, body.replace('"seq":4', '"seq":5'), headers);
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([401, 'UnauthorizedException']);
  });
});
