import { afterEach, describe, expect, it } from 'vitest';

import { createFunctionUrl } from '../../../local/lambda/index.ts';
import type { FunctionUrlEvent } from '../../../local/lambda/index.ts';
import { listen } from './http-fixture.ts';
import { lambdaModel, startLambdaService } from './lambda-fixture.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** SHA-256 of `hello` and of nothing. */
const HELLO = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
const NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const echo = 'export const handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });';

describe('a Function URL of AuthType AWS_IAM', () => {
  const signed = (isBehindCloudFront: boolean) =>
    lambdaModel('http', echo, {
      url: {
        invokeMode: 'RESPONSE_STREAM',
        url: 'http://127.0.0.1/',
        authType: 'AWS_IAM',
        isBehindCloudFront,
      },
    });

  it('is not supported without CloudFront before it', () => {
    const lambda = signed(false);
    const { service } = startLambdaService([lambda]);
    cleanups.push(() => service.close());
    expect(() => createFunctionUrl({ lambda, service })).toThrow('behind CloudFront alone');
  });

  it('takes from CloudFront what names the hash of its body, with its signature for Authorization', async () => {
    const lambda = signed(true);
    const { service, reports } = startLambdaService([lambda]);
    const { url, close } = await listen(createFunctionUrl({ lambda, service }));
    cleanups.push(close, () => service.close());
    const post = (hash: Record<string, string>, body = 'hello') =>
      fetch(url, { method: 'POST', headers: { authorization: 'Bearer mine', ...hash }, body });

    for (const [hash, body] of [
      [{ 'x-amz-content-sha256': '0'.repeat(64) }, 'hello'],
      [{ 'x-amz-content-sha256': '0'.repeat(64) }, ''],
      [{ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, 'hello'],
      [{ 'x-amz-content-sha256': NOTHING }, 'hello'],
      [{}, 'hello'],
    ] as const)
      expect((await post(hash, body)).status).toBe(403);
    expect(reports.all).toEqual([]);
    const taken = await post({ 'x-amz-content-sha256': HELLO });
    const { headers } = (await taken.json()) as FunctionUrlEvent;
    expect(headers['authorization']).toMatch(/^AWS4-HMAC-SHA256 /);
    expect((await post({ 'x-amz-content-sha256': NOTHING }, '')).status).toBe(200);
    expect((await fetch(url)).status).toBe(200);
  });
});
