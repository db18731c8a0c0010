import { afterEach, describe, expect, it } from 'vitest';

import { createFunctionUrl } from '../../../local/lambda/index.ts';
import type { FunctionUrlEvent } from '../../../local/lambda/index.ts';
import { listen } from './http-fixture.ts';
import { lambdaModel, startLambdaService } from './lambda-fixture.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

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
    const post = (hash: string) =>
      fetch(url, {
        method: 'POST',
        headers: { authorization: 'Bearer mine', 'x-amz-content-sha256': hash },
        body: 'hello',
      });

    const refused = await post('0'.repeat(64));
    expect([refused.status, reports.all]).toEqual([403, []]);
    const taken = await post('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
    const { headers } = (await taken.json()) as FunctionUrlEvent;
    expect(headers['authorization']).toMatch(/^AWS4-HMAC-SHA256 /);
    expect((await fetch(url)).status).toBe(200);
  });
});
