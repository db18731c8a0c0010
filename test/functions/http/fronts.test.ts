import type { Writable } from 'node:stream';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { requestOf, type HttpEvent } from '../../../functions/http/lambda-event.ts';
import { writeResponse } from '../../../functions/http/lambda-response.ts';
import { createRestApi } from '../../../local/api-gateway/index.ts';
import { createFunctionUrl, type LambdaService } from '../../../local/lambda/index.ts';
import { readHead } from '../../../local/lambda/invocation.ts';
import type { FromWorker } from '../../../local/lambda/messages.ts';
import { awslambda as runtime, ResponseStream } from '../../../local/lambda/response-stream.ts';
import { listen } from '../../local/lambda/http-fixture.ts';
import { STOP, type Step } from '../chat-fixture.ts';
import { door, eventsOf, STREAM_HEAD } from './door.ts';

beforeAll(() => {
  Object.assign(globalThis, { awslambda: runtime });
});
afterAll(() => {
  Reflect.deleteProperty(globalThis, 'awslambda');
});

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

type Handler = (event: HttpEvent, stream: Writable) => Promise<void>;

/** Runs a streaming handler in this thread, with the runtime's own stream. */
function serviceOf(handler: Handler): Pick<LambdaService, 'invoke' | 'stream'> {
  return {
    invoke: () => Promise.reject(new Error('not buffered')),
    stream({ payload, sink }) {
      const stream: ResponseStream = new ResponseStream((message: FromWorker) => {
        if (message.kind === 'head') sink.head(readHead(message.contentType, message.prelude));
        else if (message.kind === 'chunk') {
          const { data } = message;
          sink.write(data, () => stream.taken(data.length));
        } else if (message.kind === 'bodyEnd') sink.end();
      });
      const run = handler(JSON.parse(payload) as HttpEvent, stream);
      return { requestId: 'r1', done: run.then(() => ({ ok: true, payload: undefined })) };
    },
  };
}

const FRONTS = {
  'the Function URL': async (handler: Handler) => {
    const url = { invokeMode: 'RESPONSE_STREAM', url: 'http://127.0.0.1/', authType: 'NONE' } as const;
    const lambda = { arn: 'arn:door', logicalId: 'Door', url };
    const front = await listen(createFunctionUrl({ lambda, service: serviceOf(handler) }));
    cleanups.push(front.close);
    return front.url;
  },
  'a REST API': async (handler: Handler) => {
    const methods = ['/', '/{proxy+}'].map((path) => ({ path, functionArn: 'arn:door', timeoutMs: 900_000 }));
    const limits = { idleMs: 300_000, throttle: undefined, gatewayResponses: [] };
    const api = { logicalId: 'Rest', id: 'rest', stageName: 'live', methods, ...limits };
    const front = await listen(createRestApi({ api, service: serviceOf(handler) }));
    cleanups.push(front.close);
    return `${front.url}/live`;
  },
};

describe.each(Object.entries(FRONTS))('the HTTP door behind %s', (_name, start) => {
  async function open(steps?: readonly Step[]) {
    const at = door(steps);
    const respond = (event: HttpEvent) => {
      const { url, method, headers, body } = requestOf(event);
      const init = { method, headers, ...(body ? { body, duplex: 'half' } : {}) };
      return at.request(url, init);
    };
    const url = await start(async (event, stream) => writeResponse(await respond(event), stream));
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(`${url}${path}`, {
        ...init,
        headers: { authorization: 'Bearer alice', ...(init.headers as Record<string, string> | undefined) },
      });
    const post = (body: string, headers: Record<string, string> = {}) =>
      ask('/chat', { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
    return { ...at, url, ask, postBody: post };
  }

  it('streams an answer with its headers, and replays it after a cursor', async () => {
    const at = await open();
    const answer = await at.postBody('{"text":"Grüße 👋🏽","conversationId":"c7"}');
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      ...STREAM_HEAD,
      'x-conversation-id': 'c7',
    });
    const body = await answer.text();
    expect(body.startsWith(': ok\nretry: 2000\n\nid: ')).toBe(true);
    expect(eventsOf(body).map(({ kind, text }) => [kind, text])).toEqual([
      ['START', ''],
      ['DELTA', 'hello '],
      ['DELTA', 'world'],
      ['END', ''],
    ]);
    await Promise.all(at.work);

    const messageId = answer.headers.get('x-message-id');
    const path = `/conversations/c7/messages/${messageId}/events`;
    const rest = await at.ask(path, { headers: { 'last-event-id': `${messageId}:1:4.0` } });
    expect(eventsOf(await rest.text()).map(({ text }) => text)).toContain('o world');
    const after = await at.ask(path, { headers: { 'last-event-id': `${messageId}:1:11.0:end` } });
    expect([after.status, await after.text()]).toEqual([204, '']);
    const cancelled = await at.ask(path.replace('events', 'cancel'), { method: 'POST' });
    expect(await cancelled.json()).toMatchObject({ id: messageId, status: 'COMPLETE', text: 'hello world' });
  });

  it('gives raw text as it comes', async () => {
    const at = await open(['one ', 'two', STOP]);
    const answer = await at.postBody('{"text":"hi"}', { accept: 'text/plain' });

    expect(await answer.text()).toBe('one two\n');
  });

  it.each<[string, string, RequestInit, number, string]>([
    ['broken JSON', '/chat', chat('{"text":'), 400, 'INVALID_INPUT'],
    [
      'another content type',
      '/chat',
      chat('a=b', 'application/x-www-form-urlencoded'),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'bytes that are no text',
      '/chat',
      chat(new Uint8Array([0xff, 0xfe]), 'image/png'),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a body of 257 KB', '/chat', chat(`{"text":"a"${' '.repeat(257 * 1024)}}`), 413, 'PAYLOAD_TOO_LARGE'],
    [
      'a stranger',
      '/chat',
      { ...chat('{"text":"a"}'), headers: { authorization: 'x' } },
      401,
      'UNAUTHENTICATED',
    ],
    ['an encoded path', '/conversations/a%20b/messages/c%3Fd%23/events', {}, 400, 'INVALID_INPUT'],
    ['an absent message', '/conversations/a/messages/b/events', {}, 404, 'NOT_FOUND'],
    ['parameters it reads', '/conversations?limit=0&x=%C3%A4', {}, 400, 'INVALID_INPUT'],
    ['an unknown path', '/nothing?chat=1', {}, 404, 'NOT_FOUND'],
    ['the root', '/', {}, 404, 'NOT_FOUND'],
    ['a slash too many', '/chat/', chat('{"text":"a"}'), 404, 'NOT_FOUND'],
    ['a wrong method', '/chat', { method: 'PUT' }, 405, 'METHOD_NOT_ALLOWED'],
  ])('refuses %s, and writes nothing', async (_what, path, init, status, code) => {
    const at = await open();
    const answer = await at.ask(path, init);

    expect([answer.status, await answer.json()]).toMatchObject([status, { error: { code } }]);
    expect(at.table.all('')).toEqual([]);
  });

  it('refuses HEAD of events, and answers HEAD of health', async () => {
    const at = await open();
    const events = await at.ask('/conversations/a/messages/b/events', { method: 'HEAD' });
    expect([events.status, await events.text()]).toEqual([405, '']);
    expect((await at.ask('/health', { method: 'HEAD' })).status).toBe(200);
  });

  it.each<[string, string, number, object]>([
    ['GET', '/health', 200, { status: 'ok' }],
    ['TRACE', '/health', 405, { error: { code: 'METHOD_NOT_ALLOWED', requestId: 'r1' } }],
    ['TRACE', '/v1/models', 405, { error: { code: 'METHOD_NOT_ALLOWED', type: 'invalid_request_error' } }],
    ['TRACE', '/nothing', 404, { error: { code: 'NOT_FOUND', requestId: 'r1' } }],
  ])('answers a %s of %s that has a body', async (method, path, status, body) => {
    const { url } = await open();
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { 'content-length': 12 };
      const request = httpRequest(`${url}${path}`, { method, headers }, resolve);
      request.on('error', reject).end('{"text":"a"}');
    });

    expect([answer.statusCode, await json(answer)]).toMatchObject([status, body]);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
  });

  it('allows pages of any origin every header they ask for', async () => {
    const at = await open();
    const headers = 'content-type,x-amz-content-sha256,x-chat-token';
    const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': headers };
    const answer = await at.ask('/chat', {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', ...asked },
    });

    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-headers')).toBe(headers);
  });
});

function chat(body: string | Uint8Array<ArrayBuffer>, type = 'application/json'): RequestInit {
  return { method: 'POST', headers: { 'content-type': type }, body };
}
