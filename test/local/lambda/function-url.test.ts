import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';

import { afterEach, describe, expect, it } from 'vitest';

import { createFunctionUrl } from '../../../local/lambda/index.ts';
import type { FunctionUrlEvent } from '../../../local/lambda/index.ts';
import { closedGate, lambdaModel, startLambdaService } from './lambda-fixture.ts';
import type { Fixture } from './lambda-fixture.ts';
import { listen } from './http-fixture.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

interface Url extends Fixture {
  url: string;
}

async function startUrl(
  code: string,
  invokeMode: 'BUFFERED' | 'RESPONSE_STREAM' = 'RESPONSE_STREAM',
  timeoutMs = 10_000,
): Promise<Url> {
  const lambda = lambdaModel('http', code, {
    timeoutMs,
    url: { invokeMode, url: 'http://127.0.0.1/', authType: 'NONE' },
  });
  const fixture = startLambdaService([lambda]);
  const { url, close } = await listen(createFunctionUrl({ lambda, service: fixture.service }));
  cleanups.push(close, () => fixture.service.close());
  return { ...fixture, url };
}

/** A streaming handler whose body is `statements`; `http(meta)` is `HttpResponseStream.from`. */
const streaming = (statements: string): string => `
  export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
    const http = (meta) => awslambda.HttpResponseStream.from(stream, meta);
    ${statements}
  });`;

const echo =
  "export const handler = async (event) => ({ statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) });";

function open(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest(url, resolve).on('error', reject).end();
  });
}

describe('the event', () => {
  it('has payload format 2.0', async () => {
    const { url } = await startUrl(echo);
    const response = await fetch(`${url}/chat/a%20b?x=1&x=2&y=%C3%A4`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-Custom': 'V',
        cookie: 'a=1; b=2',
        'user-agent': 'test',
      },
      body: '{"text":"ä😀"}',
    });
    const event = (await response.json()) as FunctionUrlEvent;
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/chat/a%20b',
      rawQueryString: 'x=1&x=2&y=%C3%A4',
      queryStringParameters: { x: '1,2', y: 'ä' },
      cookies: ['a=1', 'b=2'],
      headers: { 'content-type': 'application/json', 'x-custom': 'V', host: new URL(url).host },
      body: '{"text":"ä😀"}',
      isBase64Encoded: false,
      requestContext: {
        accountId: 'anonymous',
        stage: '$default',
        http: {
          method: 'POST',
          path: '/chat/a%20b',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test',
        },
      },
    });
    expect(event.headers).not.toHaveProperty('cookie');
    expect(event.headers).not.toHaveProperty('connection');
    expect(event.requestContext.time).toMatch(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
    expect(response.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ['application/x-www-form-urlencoded', 'a=1'],
    ['application/octet-stream', '\u0000\u0001'],
  ])('has a body of %s in base64', async (type, body) => {
    const { url } = await startUrl(echo);
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
    const event = (await response.json()) as FunctionUrlEvent;
    expect(event.isBase64Encoded).toBe(true);
    expect(Buffer.from(event.body!, 'base64').toString()).toBe(body);
  });

  it('has no body when there is none', async () => {
    const { url } = await startUrl(echo);
    const event = (await (await fetch(url)).json()) as FunctionUrlEvent;
    expect(event).not.toHaveProperty('body');
    expect(event.isBase64Encoded).toBe(false);
    expect(event).not.toHaveProperty('queryStringParameters');
  });

  it.each([
    ['6 MB', 'text/plain', 6 * 1024 * 1024 + 1],
    ['what is 6 MB in base64', 'application/octet-stream', 5 * 1024 * 1024],
  ])('is refused above %s without running the function', async (_name, type, bytes) => {
    const { url, reports } = await startUrl(echo);
    const body = 'x'.repeat(bytes);
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ Message: expect.stringContaining('6291456 bytes') as string });
    expect(reports.all).toEqual([]);
  });
});

describe('a streamed answer', () => {
  it('is reported with its headers and the bytes of its body', async () => {
    const { url, reports } = await startUrl(
      streaming(`
        http({ statusCode: 200, headers: { 'x-conversation-id': 'c1' } });
        stream.write('ä😀');
        stream.write(Buffer.from('four'));
        stream.end();`),
    );

    const body = await (await fetch(url)).text();

    const report = await reports.when(() => true);
    expect(report).toMatchObject({
      ok: true,
      responseHeaders: { 'x-conversation-id': 'c1' },
      streamedBytes: Buffer.byteLength(body),
    });
    expect(report.streamedBytes).toBe(10);
  });

  it('carries status, headers and cookies, then each write as it comes', async () => {
    const gate = closedGate();
    const { url, logs } = await startUrl(
      gate.code +
        streaming(`
        const meta = { statusCode: 201, headers: { 'Content-Type': 'text/event-stream', 'x-message-id': 'm1' }, cookies: ['a=1', 'b=2'] };
        const same = http(meta);
        meta.statusCode = 500;
        console.log('same ' + (same === stream));
        stream.write('data: ä😀\\n\\n');
        await opened;
        stream.write(Buffer.from('data: two\\n\\n'));
        stream.end();`),
    );
    const response = await fetch(url);
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toBe('data: ä😀\n\n');
    gate.open();
    expect((await reader.read()).value).toBe('data: two\n\n');
    expect((await reader.read()).done).toBe(true);
    expect(logs.all.map(({ message }) => message)).toContain('same true');
  });

  it('leaves with an empty first write', async () => {
    const { url } = await startUrl(streaming("http({ statusCode: 204 }).write(''); stream.end();"));
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  it.each([
    ['end alone', 'http({ statusCode: 200 }).end();'],
    ['end with text', "http({ statusCode: 200 }).end('text');"],
  ])('sends no prelude with %s, which is a bad gateway', async (_name, statements) => {
    const { url } = await startUrl(streaming(statements));
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([502, 'Internal Server Error']);
  });

  it('without a prelude is 200 with the content type that was set', async () => {
    const { url } = await startUrl(
      streaming("stream.setContentType('text/plain'); stream.write({ a: 1 }); stream.end();"),
    );
    const response = await fetch(url);
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'text/plain',
      '{"a":1}',
    ]);
  });

  it('arrives whole and in order, strings and bytes mixed, with pipeline', async () => {
    const { url } = await startUrl(`
      import { pipeline } from 'node:stream/promises';
      export const handler = awslambda.streamifyResponse(async (event, stream) => {
        const body = awslambda.HttpResponseStream.from(stream, { statusCode: 200 });
        async function* parts() {
          for (let n = 0; n < 2000; n += 1) yield n % 2 === 0 ? 'w' + n + ' ' : Buffer.from('ä' + n + ' ');
        }
        await pipeline(parts(), body);
      });`);
    const expected = Array.from({ length: 2000 }, (_, n) => (n % 2 === 0 ? `w${n} ` : `ä${n} `)).join('');
    expect(await (await fetch(url)).text()).toBe(expected);
  });

  it('slows the function down to the pace of the client', async () => {
    const { url, logs } = await startUrl(
      streaming(`
        http({ statusCode: 200 });
        for (let n = 0; n < 400; n += 1) {
          if (!stream.write('x'.repeat(64 * 1024))) await new Promise((r) => stream.once('drain', r));
          if (n % 10 === 0) console.log('written ' + n);
        }
        stream.end();`),
    );
    const response = await open(url);
    response.pause();
    await logs.when(({ message }) => message === 'written 0');
    const progress = (): number => logs.all.filter(({ message }) => message.startsWith('written')).length;
    let before = -1;
    await expect
      .poll(
        () => {
          const stalled = progress() === before;
          before = progress();
          return stalled;
        },
        { interval: 100 },
      )
      .toBe(true);
    expect(progress()).toBeLessThan(40);
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length;
    expect(bytes).toBe(400 * 64 * 1024);
  });

  it('does not stop the function when the client leaves', async () => {
    const { url, logs, reports } = await startUrl(
      streaming(`
        http({ statusCode: 200 }).write('first');
        for (let n = 0; n < 40; n += 1) {
          await new Promise((r) => setTimeout(r, 2));
          if (!stream.write('y'.repeat(64 * 1024))) await new Promise((r) => stream.once('drain', r));
        }
        stream.end();
        console.log('completed');`),
    );
    const response = await open(url);
    await new Promise((resolve) => response.once('data', resolve));
    response.destroy();
    await logs.when(({ message }) => message === 'completed');
    expect(await reports.when(() => true)).toMatchObject({ ok: true });
  });

  it('may end before the invocation does, which goes on', async () => {
    const gate = closedGate();
    const { url, logs, service } = await startUrl(
      gate.code +
        streaming(
          "http({ statusCode: 200 }).write('body'); stream.end(); await opened; console.log('after body');",
        ),
    );
    expect(await (await fetch(url)).text()).toBe('body');
    expect(service.load()['http']).toMatchObject({ running: 1 });
    gate.open();
    await logs.when(({ message }) => message === 'after body');
  });

  it('of a function that fails before it wrote is a bad gateway without the cause', async () => {
    const { url } = await startUrl(streaming("throw new Error('secret cause');"));
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([502, 'Internal Server Error']);
  });

  it.each([
    ['fails', "throw new Error('late');", 10_000],
    ['crashes', 'process.exit(1);', 10_000],
    ['never ends its stream', '', 1_000],
  ])(
    'is cut without a proper end when the function %s after its first write',
    async (_name, statement, timeoutMs) => {
      const { url } = await startUrl(
        streaming(
          `http({ statusCode: 200 }).write('part'); await new Promise((r) => setTimeout(r, 20)); ${statement}`,
        ),
        'RESPONSE_STREAM',
        timeoutMs,
      );
      const response = await fetch(url);
      expect(response.status).toBe(200);
      await expect(response.text()).rejects.toThrow('terminated');
    },
  );

  it('is found by its metadata when its worker is to be killed', async () => {
    const { url, service } = await startUrl(
      streaming(
        "http({ statusCode: 200, headers: { 'x-message-id': 'm7' } }).write('part'); await new Promise(() => {});",
      ),
    );
    const response = await fetch(url);
    const kill = (id: string): number =>
      service.killWorker(({ metadata }) => metadata?.headers['x-message-id'] === id);
    expect(kill('m8')).toBe(0);
    expect(kill('m7')).toBe(1);
    await expect(response.text()).rejects.toThrow('terminated');
  });
});

describe('a buffered answer', () => {
  it.each<[string, string, number, string, string]>([
    [
      'a response object',
      "({ statusCode: 418, headers: { 'Content-Type': 'text/x' }, body: 'tea' })",
      418,
      'text/x',
      'tea',
    ],
    [
      'base64',
      "({ statusCode: 200, body: Buffer.from('ä').toString('base64'), isBase64Encoded: true })",
      200,
      'application/json',
      'ä',
    ],
    ['any object', '({ a: 1 })', 200, 'application/json', '{"a":1}'],
    ['a string', "'hello'", 200, 'application/json', 'hello'],
    ['nothing', 'undefined', 200, 'application/json', 'null'],
  ])('from %s', async (_name, value, status, type, text) => {
    for (const mode of ['BUFFERED', 'RESPONSE_STREAM'] as const) {
      const { url } = await startUrl(`export const handler = async () => ${value};`, mode);
      const response = await fetch(url);
      expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
        status,
        type,
        text,
      ]);
    }
  });

  it('of a failed function is a bad gateway', async () => {
    const { url } = await startUrl(
      "export const handler = async () => { throw new Error('x'); };",
      'BUFFERED',
    );
    expect((await fetch(url)).status).toBe(502);
  });
});

describe('createFunctionUrl', () => {
  it('refuses what it would serve differently', () => {
    const lambda = lambdaModel('f', '');
    const { service } = startLambdaService([lambda]);
    cleanups.push(() => service.close());
    expect(() => createFunctionUrl({ lambda, service })).toThrow('f has no Function URL');
    const signed = { ...lambda, url: { invokeMode: 'BUFFERED', url: '', authType: 'AWS_IAM' } as const };
    expect(() => createFunctionUrl({ lambda: signed, service })).toThrow('AuthType AWS_IAM');
  });
});
