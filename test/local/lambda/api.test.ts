import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, describe, expect, it } from 'vitest';

import { createLambdaApi } from '../../../local/lambda/index.ts';
import { allow, arnOf, lambdaModel, startLambdaService } from './lambda-fixture.ts';
import type { Fixture } from './lambda-fixture.ts';
import { listen } from './http-fixture.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

interface Api extends Fixture {
  url: string;
  client: (role: string) => LambdaClient;
}

async function startApi(): Promise<Api> {
  const fixture = startLambdaService(
    [
      lambdaModel(
        'work',
        "export const handler = async (e) => { if (e.fail) throw new TypeError('no'); return { got: e }; };",
      ),
      lambdaModel('caller', ''),
      lambdaModel('stranger', ''),
    ],
    {},
    { caller: [allow('lambda:InvokeFunction', arnOf('work'))] },
  );
  const handle = createLambdaApi(fixture);
  const { url, close } = await listen((request, response) => {
    if (!handle(request, response)) response.writeHead(404).end('not lambda');
  });
  const client = (role: string): LambdaClient => {
    const credentials = fixture.principals.list().find(({ roleName }) => roleName === role) ?? {
      accessKeyId: 'ASIAUNKNOWN',
      secretAccessKey: 'x',
    };
    const made = new LambdaClient({ endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1 });
    cleanups.push(() => made.destroy());
    return made;
  };
  cleanups.push(close, () => fixture.service.close());
  return { ...fixture, url, client };
}

const invoke = (name: string, payload: unknown, type: 'Event' | 'RequestResponse' = 'RequestResponse') =>
  new InvokeCommand({ FunctionName: name, InvocationType: type, Payload: JSON.stringify(payload) });

describe('the Invoke API', () => {
  it.each([['work'], [arnOf('work')]])('runs %s for the AWS SDK', async (name) => {
    const { client } = await startApi();
    const answer = await client('caller').send(invoke(name, { a: 'ä😀' }));
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
    expect(answer.FunctionError).toBeUndefined();
    expect(JSON.parse(answer.Payload!.transformToString())).toEqual({ got: { a: 'ä😀' } });
  });

  it('queues an Event and answers 202', async () => {
    const { client, reports } = await startApi();
    const answer = await client('caller').send(invoke('work', { b: 1 }, 'Event'));
    expect(answer.StatusCode).toBe(202);
    const report = await reports.when(() => true);
    expect(report).toMatchObject({ event: { b: 1 }, requestId: answer.$metadata.requestId });
  });

  it('marks a failed function', async () => {
    const { client } = await startApi();
    const answer = await client('caller').send(invoke('work', { fail: true }));
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(JSON.parse(answer.Payload!.transformToString())).toMatchObject({
      errorType: 'TypeError',
      errorMessage: 'no',
    });
  });

  it('refuses a role without the grant, naming action and resource', async () => {
    const { client, reports } = await startApi();
    await expect(client('stranger').send(invoke('work', {}, 'Event'))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: arn:aws:sts::111122223333:assumed-role/stranger/stranger is not authorized to perform: lambda:InvokeFunction on resource: ${arnOf('work')} because no identity-based policy allows the lambda:InvokeFunction action`,
      $metadata: { httpStatusCode: 403 },
    });
    expect(reports.all).toEqual([]);
  });

  it('refuses an unknown key, an unknown function, and a payload that is too large', async () => {
    const { client } = await startApi();
    await expect(client('nobody').send(invoke('work', {}))).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    await expect(client('caller').send(invoke('gone', {}))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 404 },
    });
    await expect(
      client('caller').send(invoke('work', 'x'.repeat(1024 * 1024), 'Event')),
    ).rejects.toMatchObject({
      name: 'RequestTooLargeException',
      $metadata: { httpStatusCode: 413 },
    });
  });

  it.each<[string, string, Record<string, string>, string | undefined, number, string]>([
    ['no identity', 'work', {}, '{}', 403, 'MissingAuthenticationTokenException'],
    ['a payload that is no JSON', 'work', { key: 'caller' }, '{', 400, 'InvalidRequestContentException'],
    [
      'another invocation type',
      'work',
      { key: 'caller', 'x-amz-invocation-type': 'Later' },
      '{}',
      400,
      'InvalidParameterValueException',
    ],
  ])('refuses %s', async (_name, name, { key, ...headers }, body, status, code) => {
    const { url, principals } = await startApi();
    const accessKey = principals.list().find(({ roleName }) => roleName === key)?.accessKeyId;
    const authorization = `AWS4-HMAC-SHA256 Credential=${accessKey}/20261121/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
    const response = await fetch(`${url}/2015-03-31/functions/${name}/invocations`, {
      method: 'POST',
      headers: { ...headers, ...(accessKey === undefined ? {} : { authorization }) },
      body,
    });
    expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([status, code]);
  });

  it('is reached by the AWS SDK inside a function, with the credentials of its role', async () => {
    const sdk = import.meta.resolve('@aws-sdk/client-lambda');
    const code = `
      import { InvokeCommand, LambdaClient } from '${sdk}';
      export const handler = async (FunctionName) => {
        const client = new LambdaClient({});
        const answer = await client.send(new InvokeCommand({ FunctionName, Payload: '{"from":"inside"}' }));
        return JSON.parse(answer.Payload.transformToString());
      };`;
    let handle: ReturnType<typeof createLambdaApi> = () => false;
    const { url, close } = await listen((request, response) => handle(request, response));
    const fixture = startLambdaService(
      [
        lambdaModel('outer', code),
        lambdaModel('inner', 'export const handler = async (e) => e;'),
        lambdaModel('secret', ''),
      ],
      { environment: () => ({ AWS_ENDPOINT_URL_LAMBDA: url }) },
      { outer: [allow('lambda:InvokeFunction', arnOf('inner'))] },
    );
    handle = createLambdaApi(fixture);
    cleanups.push(close, () => fixture.service.close());
    const call = (payload: string) =>
      fixture.service.invoke({ functionArn: 'outer', invocationType: 'RequestResponse', payload });
    expect((await call('inner')).payload).toEqual({ from: 'inside' });
    expect((await call('secret')).functionError).toMatchObject({ errorType: 'AccessDeniedException' });
  });

  it('leaves other paths alone', async () => {
    const { url } = await startApi();
    expect(await (await fetch(`${url}/2015-03-31/functions`)).text()).toBe('not lambda');
  });
});
