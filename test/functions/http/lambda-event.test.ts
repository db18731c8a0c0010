import type { APIGatewayProxyEvent, LambdaFunctionURLEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { requestOf, type HttpEvent } from '../../../functions/http/lambda-event.ts';

/** A request as a front meets it. */
interface Sent {
  method?: string;
  path?: string;
  query?: [string, string][];
  headers?: [string, string][];
  body?: string;
  isBase64?: boolean;
}

/** As a Function URL gives it: values of one name joined, cookies apart. */
function functionUrlEvent({
  method = 'GET',
  path = '/chat',
  query = [],
  headers = [],
  body,
  isBase64,
}: Sent) {
  const joined: Record<string, string> = {};
  for (const [name, value] of headers)
    if (name !== 'cookie') joined[name] = name in joined ? `${joined[name]},${value}` : value;
  const cookies = headers.flatMap(([name, value]) => (name === 'cookie' ? value.split('; ') : []));
  return {
    version: '2.0',
    rawPath: path,
    rawQueryString: new URLSearchParams(query).toString(),
    headers: joined,
    ...(cookies.length > 0 ? { cookies } : {}),
    requestContext: { domainName: 'abc.lambda-url.us-east-1.on.aws', http: { method } },
    ...(body === undefined ? {} : { body }),
    isBase64Encoded: isBase64 ?? false,
  } as unknown as LambdaFunctionURLEvent;
}

function valuesByName(pairs: [string, string][]): Record<string, string[]> | null {
  const values: Record<string, string[]> = {};
  for (const [name, value] of pairs) (values[name] ??= []).push(value);
  return pairs.length > 0 ? values : null;
}

/** As a REST API gives it: every value in a list, and the last one beside it. */
function restEvent({ method = 'GET', path = '/chat', query = [], headers = [], body, isBase64 }: Sent) {
  const proxy = path.slice(1);
  return {
    resource: proxy === '' ? '/' : '/{proxy+}',
    path,
    httpMethod: method,
    headers: headers.length > 0 ? Object.fromEntries(headers) : null,
    multiValueHeaders: valuesByName(headers),
    queryStringParameters: query.length > 0 ? Object.fromEntries(query) : null,
    multiValueQueryStringParameters: valuesByName(query),
    pathParameters: proxy === '' ? null : { proxy },
    stageVariables: null,
    requestContext: {
      path: `/live${path}`,
      stage: 'live',
      domainName: 'abc.execute-api.us-east-1.amazonaws.com',
    },
    body: body ?? null,
    isBase64Encoded: isBase64 ?? false,
  } as unknown as APIGatewayProxyEvent;
}

const FRONTS: [string, (sent: Sent) => HttpEvent][] = [
  ['a Function URL', functionUrlEvent],
  ['a REST API', restEvent],
];

describe.each(FRONTS)('requestOf with the event of %s', (_name, eventOf) => {
  it('has method, path, headers and body', async () => {
    const headers: [string, string][] = [
      ['Content-Type', 'application/json'],
      ['X-Chat-Token', 'abc'],
    ];
    const request = requestOf(eventOf({ method: 'POST', path: '/chat', headers, body: '{"text":"ä😀"}' }));

    expect(request.method).toBe('POST');
    expect(new URL(request.url).pathname).toBe('/chat');
    expect(new URL(request.url).search).toBe('');
    expect(request.headers.get('content-type')).toBe('application/json');
    expect(request.headers.get('x-chat-token')).toBe('abc');
    expect(await request.text()).toBe('{"text":"ä😀"}');
  });

  it('reads a base64 body as the bytes it holds', async () => {
    const bytes = Buffer.from([0, 0xff, 0xc3, 0x28, 10]);
    const request = requestOf(eventOf({ method: 'POST', body: bytes.toString('base64'), isBase64: true }));

    expect(Buffer.from(await request.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('keeps repeated, empty and encoded parameters', () => {
    const query: [string, string][] = [
      ['limit', '1'],
      ['limit', '2'],
      ['empty', ''],
      ['nextToken', 'a+b/c=&?#%20 é😀'],
    ];
    const { searchParams } = new URL(requestOf(eventOf({ query })).url);

    expect([...searchParams]).toEqual(query);
  });

  it('keeps every value of a repeated header', () => {
    const headers: [string, string][] = [
      ['accept', 'text/plain'],
      ['accept', 'text/html'],
      ['cookie', 'a=1; b=2'],
    ];
    const request = requestOf(eventOf({ headers }));

    expect(request.headers.get('accept')?.replace(', ', ',')).toBe('text/plain,text/html');
    expect(request.headers.get('cookie')).toBe('a=1; b=2');
  });

  it.each(['GET', 'HEAD'])('drops the body of a %s, which has none', async (method) => {
    const request = requestOf(eventOf({ method, body: '{}' }));

    expect(request.method).toBe(method);
    expect(await request.text()).toBe('');
  });

  it.each(['TRACE', 'CONNECT', 'trace'])(
    'has a method that no route has for %s, which fetch has not',
    (method) => {
      expect(requestOf(eventOf({ method, path: '/v1/models' }))).toMatchObject({
        method: 'UNKNOWN',
        url: expect.stringMatching(/\/v1\/models$/) as string,
      });
    },
  );

  it('takes every header value, encoding what no header can hold', () => {
    const headers: [string, string][] = [['user-agent', 'Zürich 東京 \ud800\u0000 x']];
    const request = requestOf(eventOf({ headers }));

    expect(request.headers.get('user-agent')).toBe('Z%C3%BCrich %E6%9D%B1%E4%BA%AC %EF%BF%BD%00 x');
  });

  it.each([
    ['a question mark', '/chat?x', '/chat%3Fx'],
    ['a hash', '/chat#x', '/chat%23x'],
    ['an address', '//example.org/chat', '//example.org/chat'],
    ['a percent sign alone', '/chat%', '/chat%'],
    ['what is still encoded', '/conversations/a%20b', '/conversations/a%20b'],
    ['nothing', '/', '/'],
    ['a slash at its end', '/chat/', '/chat/'],
  ])('leaves %s in the path where it is', (_what, path, expected) => {
    const url = new URL(requestOf(eventOf({ path })).url);

    expect(url.pathname).toBe(expected);
    expect(url.search).toBe('');
  });

  it.each([undefined, '', 'a b', 'a/b'])('asks nothing of the domain name %j', (domainName) => {
    const event = eventOf({ path: '/health' });
    Object.assign(event.requestContext, { domainName });

    expect(new URL(requestOf(event).url).pathname).toBe('/health');
  });
});

describe('requestOf behind a custom domain', () => {
  const mapped = (path: string, proxy: string | null): HttpEvent => ({
    ...restEvent({}),
    path,
    pathParameters: proxy === null ? null : { proxy },
  });

  it.each([
    ['/assistant/chat', 'chat', '/chat'],
    ['/chat/chat', 'chat', '/chat'],
    ['/a/b/conversations/c/messages/m/events', 'conversations/c/messages/m/events', null],
    ['/assistant/chat/', 'chat', '/chat/'],
    ['/assistant/', null, '/'],
    ['/assistant', null, '/'],
  ])('leaves out the base path of %s', (path, proxy, expected) => {
    expect(new URL(requestOf(mapped(path, proxy)).url).pathname).toBe(expected ?? `/${proxy}`);
  });
});

describe("requestOf with a test event of API Gateway's console", () => {
  it('takes single values where there are no lists, and a context without a domain', () => {
    const event = {
      ...restEvent({}),
      headers: { Accept: 'text/plain' },
      multiValueHeaders: null,
      queryStringParameters: { limit: '3' },
      multiValueQueryStringParameters: null,
      requestContext: { stage: 'test-invoke-stage' },
    } as unknown as HttpEvent;
    const request = requestOf(event);

    expect(new URL(request.url)).toMatchObject({ pathname: '/chat', search: '?limit=3' });
    expect(request.headers.get('accept')).toBe('text/plain');
  });
});
