import { request as httpRequest, type IncomingMessage } from 'node:http';

import { afterEach, describe, expect, it } from 'vitest';

import { createRestApi, type RestEvent } from '../../../local/api-gateway/index.ts';
import type { RestApiModel } from '../../../local/template/index.ts';
import { listen } from '../lambda/http-fixture.ts';
import { closedGate, lambdaModel, startLambdaService, type Fixture } from '../lambda/lambda-fixture.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

interface Rest extends Fixture {
  /** With the stage. */
  url: string;
  origin: string;
}

async function startRest(
  code: string,
  overrides: Partial<RestApiModel> & { timeoutMs?: number } = {},
): Promise<Rest> {
  const lambda = lambdaModel('http', code);
  const fixture = startLambdaService([lambda]);
  const { timeoutMs = 900_000, ...others } = overrides;
  const api: RestApiModel = {
    logicalId: 'Api',
    id: 'abc123',
    stageName: 'live',
    idleMs: 300_000,
    throttle: undefined,
    methods: ['/', '/{proxy+}'].map((path) => ({ path, functionArn: lambda.arn, timeoutMs })),
    gatewayResponses: [
      { type: 'DEFAULT_4XX', headers: { 'Access-Control-Allow-Origin': '*' } },
      { type: 'DEFAULT_5XX', headers: { 'Access-Control-Allow-Origin': '*' } },
    ],
    ...others,
  };
  const { url, close } = await listen(createRestApi({ api, service: fixture.service }));
  cleanups.push(close, () => fixture.service.close());
  return { ...fixture, url: `${url}/live`, origin: url };
}

/** A streaming handler whose body is `statements`; `http(meta)` is `HttpResponseStream.from`. */
const streaming = (statements: string): string => `
  export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
    const http = (meta) => awslambda.HttpResponseStream.from(stream, meta);
    ${statements}
  });`;

const echo = streaming('http({}).write(JSON.stringify(event)); stream.end();');

/** Sends a request with its headers as they are given, names and repeats included. */
function send(url: string, rawHeaders: string[], method = 'GET'): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { method, headers: rawHeaders }, resolve).on('error', reject).end();
  });
}

async function eventOf(answer: IncomingMessage): Promise<RestEvent> {
  return JSON.parse(Buffer.concat(await answer.toArray()).toString()) as RestEvent;
}

describe('the event', () => {
  it('has payload format 1.0: repeats in lists, names as sent, path without the stage', async () => {
    const { url } = await startRest(echo);
    const { host } = new URL(url);
    const headers = ['Host', host, 'Accept', 'a', 'Accept', 'b', 'X-Chat-Token', 't', 'Cookie', 'c=1; d=2'];
    const event = await eventOf(await send(`${url}/chat/a%20b?x=1&x=2&y=%C3%A4`, headers));

    expect(event).toMatchObject({
      resource: '/{proxy+}',
      path: '/chat/a%20b',
      httpMethod: 'GET',
      headers: { Accept: 'b', 'X-Chat-Token': 't', Cookie: 'c=1; d=2' },
      multiValueHeaders: { Accept: ['a', 'b'], 'X-Chat-Token': ['t'] },
      queryStringParameters: { x: '2', y: 'ä' },
      multiValueQueryStringParameters: { x: ['1', '2'], y: ['ä'] },
      pathParameters: { proxy: 'chat/a b' },
      stageVariables: null,
      requestContext: { path: '/live/chat/a%20b', stage: 'live', apiId: 'abc123', domainName: host },
      body: null,
      isBase64Encoded: false,
    });
    expect(event).not.toHaveProperty('version');
    expect(Object.keys(event.headers)).not.toContain('Connection');
  });

  it('has a body as text, null for no query, and no path parameter at the root', async () => {
    const { url } = await startRest(echo);
    const answer = await fetch(`${url}/`, { method: 'POST', body: '{"text":"ä😀"}' });
    const event = (await answer.json()) as RestEvent;

    expect(event).toMatchObject({
      resource: '/',
      path: '/',
      body: '{"text":"ä😀"}',
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      pathParameters: null,
    });
  });
});

describe('a streamed answer', () => {
  it('carries status, headers and cookies, then each write as it comes', async () => {
    const gate = closedGate();
    const { url } = await startRest(
      gate.code +
        streaming(`
        http({ statusCode: 201, headers: { 'Content-Type': 'text/event-stream' },
               multiValueHeaders: { 'X-Many': ['1', '2'] }, cookies: ['a=1', 'b=2'] });
        stream.write('data: ä😀\\n\\n');
        await opened;
        stream.write(Buffer.from('data: two\\n\\n'));
        stream.end();`),
    );
    const answer = await fetch(`${url}/chat`);
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();

    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('x-many')).toBe('1, 2');
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect((await reader.read()).value).toBe('data: ä😀\n\n');
    gate.open();
    expect((await reader.read()).value).toBe('data: two\n\n');
    expect((await reader.read()).done).toBe(true);
  });

  it('may write metadata and eight NUL bytes itself, in pieces', async () => {
    const { url } = await startRest(
      streaming(`
        stream.write('{"statusCode":418}\\0\\0\\0');
        stream.write('\\0\\0\\0\\0\\0tea');
        stream.end('pot');`),
    );
    const answer = await fetch(`${url}/chat`);
    expect([answer.status, await answer.text()]).toEqual([418, 'teapot']);
  });

  it('may have no body', async () => {
    const { url } = await startRest(streaming("http({ statusCode: 204 }).write(''); stream.end();"));
    const answer = await fetch(`${url}/chat`);
    expect([answer.status, await answer.text()]).toEqual([204, '']);
  });

  it('does not stop the function when the client leaves', async () => {
    const gate = closedGate();
    const { url, logs, reports } = await startRest(
      gate.code +
        streaming(`
        http({}).write('first');
        await opened;
        for (let n = 0; n < 40; n += 1)
          if (!stream.write('y'.repeat(64 * 1024))) await new Promise((r) => stream.once('drain', r));
        stream.end();
        console.log('completed');`),
    );
    const answer = await send(`${url}/chat`, ['Host', 'h']);
    await new Promise((resolve) => answer.once('data', resolve));
    answer.destroy();
    gate.open();
    await logs.when(({ message }) => message === 'completed');
    expect(await reports.when(() => true)).toMatchObject({ ok: true });
  });

  it.each([
    ['text without a delimiter', "stream.write('text'); stream.end();"],
    ['nothing', 'stream.end();'],
    ['broken metadata', "stream.write('{' + '\\0'.repeat(8)); stream.end();"],
    ['metadata alone', "http({ statusCode: 200 }).end('text');"],
    ['an error before it wrote', "throw new Error('secret cause');"],
  ])('of %s is a bad gateway that pages may read', async (_name, statements) => {
    const { url } = await startRest(streaming(statements));
    const answer = await fetch(`${url}/chat`);
    expect([answer.status, await answer.json()]).toEqual([502, { message: 'Internal server error' }]);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('of a function that answers without a stream is a bad gateway', async () => {
    const { url } = await startRest('export const handler = async () => ({ statusCode: 200, body: "x" });');
    expect((await fetch(`${url}/chat`)).status).toBe(502);
  });

  it('is cut without a proper end when the function fails after its first write', async () => {
    const gate = closedGate();
    const { url } = await startRest(
      gate.code + streaming("http({}).write('part'); await opened; throw new Error('late');"),
    );
    const answer = await fetch(`${url}/chat`);
    expect(answer.status).toBe(200);
    gate.open();
    await expect(answer.text()).rejects.toThrow('terminated');
  });

  /** Answers `/warm` at once, so that no limit counts the start of a worker. */
  async function startWarm(statements: string, limits: { idleMs?: number; timeoutMs?: number }) {
    const warm = "if (event.path === '/warm') { http({}).write(''); return stream.end(); }";
    const rest = await startRest(streaming(`${warm} ${statements} await new Promise(() => {});`), limits);
    await (await fetch(`${rest.url}/warm`)).text();
    return rest;
  }

  it('that is silent from the beginning is refused', async () => {
    const { url } = await startWarm('', { idleMs: 2_000 });
    const answer = await fetch(`${url}/chat`);
    expect([answer.status, await answer.json()]).toEqual([504, { message: 'Endpoint request timed out' }]);
  });

  it('that falls silent is cut', async () => {
    const { url } = await startWarm("http({}).write('part');", { idleMs: 2_000 });
    const answer = await fetch(`${url}/chat`);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow('terminated');
  });

  it('that is never silent ends with the time of its integration', async () => {
    const { url } = await startWarm("http({}); setInterval(() => stream.write('x'), 20);", {
      timeoutMs: 2_000,
    });
    const answer = await fetch(`${url}/chat`);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow('terminated');
  });
});

describe('a request that never reaches the function', () => {
  it.each([
    ['another stage', '/other/chat', 403, 'Forbidden'],
    ['no stage', '/', 403, 'Forbidden'],
  ])('is refused: %s', async (_name, path, status, message) => {
    const { origin, reports } = await startRest(echo);
    const answer = await fetch(`${origin}${path}`);
    expect([answer.status, await answer.json()]).toEqual([status, { message }]);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(reports.all).toEqual([]);
  });

  it.each([
    ['10 MB', 10 * 1024 * 1024 + 1],
    ['what Lambda takes', 6 * 1024 * 1024],
  ])('is too long above %s', async (_name, bytes) => {
    const { url, reports } = await startRest(echo);
    const answer = await fetch(`${url}/chat`, { method: 'POST', body: 'x'.repeat(bytes) });
    expect([answer.status, await answer.json()]).toEqual([413, { message: 'Request Too Long' }]);
    expect(reports.all).toEqual([]);
  });

  it('is one too many within the burst', async () => {
    const { url } = await startRest(echo, { throttle: { ratePerSecond: 0.001, burst: 2 } });
    const statuses = [];
    for (let requests = 0; requests < 3; requests += 1) {
      const answer = await fetch(`${url}/chat`);
      await answer.text();
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });
});
