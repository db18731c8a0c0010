import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createInvoke } from '../../../functions/service/invoke.ts';
import { createTable } from '../../../functions/table/table.ts';
import { bodyOf, startHttpServer, type HttpServer } from '../http-server.ts';

/** Takes the first request and never answers it, answers those that follow. */
let server: HttpServer;
let requests = 0;

beforeEach(async () => {
  requests = 0;
  server = await startHttpServer((request, response) => {
    void bodyOf(request).then(() => {
      requests += 1;
      if (requests > 1) response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
    });
  });
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'ASIATEST');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', server.url);
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', server.url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

describe('a call that nobody answers', () => {
  it('is given up after 3 s and tried again', async () => {
    expect(await createTable('chat').get({ pk: 'u:1', sk: 'C' })).toBeUndefined();
    expect(requests).toBe(2);
  });
});

describe('an invocation that nobody answers', () => {
  it('is given up after 3 s and tried again', async () => {
    await createInvoke()('generate', {});
    expect(requests).toBe(2);
  });
});
