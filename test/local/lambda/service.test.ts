import { afterEach, describe, expect, it } from 'vitest';

import { AccessDeniedError } from '../../../local/iam/index.ts';
import type { PolicyStatement } from '../../../local/iam/index.ts';
import type { LambdaServiceOptions } from '../../../local/lambda/index.ts';
import type { LambdaModel } from '../../../local/template/index.ts';
import { allow, arnOf, closedGate, lambdaModel, startLambdaService } from './lambda-fixture.ts';
import type { Fixture } from './lambda-fixture.ts';

const running: Fixture[] = [];

function start(
  lambdas: LambdaModel[],
  options?: Partial<LambdaServiceOptions>,
  statements?: Record<string, PolicyStatement[]>,
): Fixture {
  const fixture = startLambdaService(lambdas, options, statements);
  running.push(fixture);
  return fixture;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ service }) => service.close()));
});

const call = (fixture: Fixture, name: string, payload: unknown = {}) =>
  fixture.service.invoke({ functionArn: name, invocationType: 'RequestResponse', payload });

describe('a synchronous invocation', () => {
  it('answers what the handler returns, by name and by ARN', async () => {
    const fixture = start([lambdaModel('echo', 'export const handler = async (event) => ({ got: event });')]);
    const answer = await call(fixture, 'echo', { a: [1, 'ä😀'] });
    expect(answer).toEqual({ requestId: expect.any(String) as string, payload: { got: { a: [1, 'ä😀'] } } });
    expect((await call(fixture, `${arnOf('echo')}:$LATEST`, null)).payload).toEqual({ got: null });
  });

  it('gives undefined as null and takes undefined as null', async () => {
    const fixture = start([
      lambdaModel('nothing', 'export const handler = async (event) => (event === null ? undefined : 1);'),
    ]);
    const answer = await fixture.service.invoke({
      functionArn: 'nothing',
      invocationType: 'RequestResponse',
      payload: undefined,
    });
    expect(answer.payload).toBeNull();
  });

  it('passes the context of the function', async () => {
    const fixture = start([
      lambdaModel(
        'context',
        'export const handler = async (e, c) => ({ ...c, left: c.getRemainingTimeInMillis() });',
        { timeoutMs: 5_000 },
      ),
    ]);
    const { payload, requestId } = await call(fixture, 'context');
    expect(payload).toMatchObject({
      awsRequestId: requestId,
      functionName: 'context',
      functionVersion: '$LATEST',
      invokedFunctionArn: arnOf('context'),
      memoryLimitInMB: '256',
      callbackWaitsForEmptyEventLoop: true,
    });
    const { left } = payload as { left: number };
    expect(left).toBeGreaterThan(3_000);
    expect(left).toBeLessThanOrEqual(5_000);
  });

  it("has exactly Lambda's and the template's variables, and none of this process", async () => {
    process.env['LEAK_FOR_TEST'] = 'leaked';
    const fixture = start(
      [
        lambdaModel('env', 'export const handler = async () => ({ ...process.env });', {
          environment: { TABLE: 't', AWS_REGION: 'x' },
        }),
      ],
      { environment: () => ({ AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' }) },
    );
    const env = (await call(fixture, 'env')).payload as Record<string, string>;
    delete process.env['LEAK_FOR_TEST'];
    const principal = fixture.principals.list()[0]!;
    expect(env).toMatchObject({
      TABLE: 't',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'env',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/env',
      AWS_ACCESS_KEY_ID: principal.accessKeyId,
      AWS_SECRET_ACCESS_KEY: principal.secretAccessKey,
      AWS_SESSION_TOKEN: principal.sessionToken,
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1',
      _HANDLER: 'index.handler',
      TZ: ':UTC',
    });
    expect(env['LEAK_FOR_TEST']).toBeUndefined();
    expect(env['PATH']).toBeUndefined();
    expect(env['HOME']).toBeUndefined();
    expect(env['NODE_COMPILE_CACHE']).toBeUndefined();
  });

  it.each([
    ['an error', "throw new TypeError('bad')", { errorType: 'TypeError', errorMessage: 'bad' }],
    ['a string', "throw 'text'", { errorType: 'string', errorMessage: 'text', trace: [] }],
    [
      'a rejection',
      "await Promise.reject(new RangeError('far'))",
      { errorType: 'RangeError', errorMessage: 'far' },
    ],
    ['an unserialisable result', 'return 1n', { errorType: 'Runtime.MarshalError' }],
  ])('reports %s in the shape of Lambda', async (_name, statement, expected) => {
    const fixture = start([lambdaModel('broken', `export const handler = async () => { ${statement} };`)]);
    const answer = await call(fixture, 'broken');
    expect(answer.functionError).toMatchObject(expected);
    expect(answer.payload).toEqual(answer.functionError);
    expect(
      fixture.logs.all.some(({ level, message }) => level === 'ERROR' && message.startsWith('Invoke Error')),
    ).toBe(true);
  });

  it('keeps the worker after a thrown error and loses it after a crash', async () => {
    const fixture = start([
      lambdaModel(
        'state',
        `let runs = 0;
         export const handler = async ({ how }) => {
           runs += 1;
           if (how === 'throw') throw new Error('x');
           if (how === 'exit') process.exit(3);
           if (how === 'reject') { Promise.reject(new Error('nobody listens')); await new Promise(() => {}); }
           if (how === 'later') { setTimeout(() => { throw new Error('uncaught'); }); await new Promise(() => {}); }
           return runs;
         };`,
      ),
    ]);
    await call(fixture, 'state', { how: 'throw' });
    expect((await call(fixture, 'state')).payload).toBe(2);
    const exit = await call(fixture, 'state', { how: 'exit' });
    expect(exit.functionError).toEqual({
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: ${exit.requestId} Error: Runtime exited with error: exit status 3`,
    });
    expect((await call(fixture, 'state')).payload).toBe(1);
    expect((await call(fixture, 'state', { how: 'reject' })).functionError).toMatchObject({
      errorType: 'Runtime.UnhandledPromiseRejection',
      errorMessage: 'nobody listens',
    });
    expect((await call(fixture, 'state')).payload).toBe(1);
    expect((await call(fixture, 'state', { how: 'later' })).functionError).toMatchObject({
      errorMessage: 'uncaught',
    });
    expect((await call(fixture, 'state')).payload).toBe(1);
  });

  it('is stopped at the timeout, even in a busy loop', async () => {
    const fixture = start([
      lambdaModel('slow', 'export const handler = async () => { for (;;); };', { timeoutMs: 150 }),
    ]);
    const answer = await call(fixture, 'slow');
    expect(answer.functionError).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: `RequestId: ${answer.requestId} Error: Task timed out after 0.15 seconds`,
    });
  });

  it('fails when the function outgrows its memory', async () => {
    const code =
      'const kept = []; export const handler = async () => { for (;;) kept.push(Array.from({ length: 1e5 }, () => ({}))); };';
    const fixture = start([lambdaModel('hungry', code, { memoryMb: 32 })]);
    expect((await call(fixture, 'hungry')).functionError?.errorType).toBe('Runtime.OutOfMemory');
  });

  it.each([
    ['a missing export', 'export const other = 1;', 'Runtime.HandlerNotFound'],
    [
      'a missing module',
      "import 'not-there-at-all'; export const handler = async () => 1;",
      'Runtime.ImportModuleError',
    ],
    ['an exit while loading', 'process.exit(4); export const handler = async () => 1;', 'Runtime.ExitError'],
    [
      'a callback handler',
      'export const handler = (event, context, callback) => callback(null, 1);',
      'Runtime.CallbackHandlerDeprecated',
    ],
    ['an error while loading', "throw new Error('at load'); export const handler = 1;", 'Error'],
  ])('fails for %s, each time anew', async (_name, code, errorType) => {
    const fixture = start([lambdaModel('unloadable', code)]);
    expect((await call(fixture, 'unloadable')).functionError).toMatchObject({ errorType });
    expect((await call(fixture, 'unloadable')).functionError).toMatchObject({ errorType });
  });

  it('logs console output with function name, request id and level', async () => {
    const fixture = start([
      lambdaModel(
        'talk',
        "export const handler = async () => { console.log('a %d', 1); console.error({ b: 2 }); process.stdout.write('raw\\n'); };",
      ),
    ]);
    const { requestId } = await call(fixture, 'talk');
    await fixture.logs.when(({ message }) => message === 'raw');
    expect(fixture.logs.all).toEqual(
      expect.arrayContaining([
        { functionName: 'talk', requestId, level: 'INFO', message: 'a 1' },
        { functionName: 'talk', requestId, level: 'ERROR', message: '{ b: 2 }' },
      ]),
    );
  });

  it('refuses unknown functions, missing grants and payloads that are too large', async () => {
    const fixture = start(
      [lambdaModel('f', 'export const handler = async () => 1;'), lambdaModel('caller', '')],
      {},
      {
        caller: [allow('lambda:InvokeFunction', arnOf('other'))],
      },
    );
    const principal = fixture.principals.list().find(({ roleName }) => roleName === 'caller')!;
    await expect(call(fixture, 'gone')).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      statusCode: 404,
    });
    const refused = fixture.service.invoke({
      functionArn: 'f',
      invocationType: 'Event',
      payload: 1,
      principal,
    });
    await expect(refused).rejects.toThrow(AccessDeniedError);
    await expect(refused).rejects.toThrow(`lambda:InvokeFunction on resource: ${arnOf('f')}`);
    const large = 'x'.repeat(1024 * 1024);
    await expect(
      fixture.service.invoke({ functionArn: 'f', invocationType: 'Event', payload: large }),
    ).rejects.toMatchObject({
      code: 'RequestTooLargeException',
      statusCode: 413,
    });
    expect((await call(fixture, 'f', large)).payload).toBe(1);
  });

  it('fails an answer over 6 MB', async () => {
    const fixture = start([
      lambdaModel('big', "export const handler = async () => 'x'.repeat(6 * 1024 * 1024);"),
    ]);
    expect((await call(fixture, 'big')).functionError?.errorType).toBe('Function.ResponseSizeTooLarge');
  });
});

describe('workers', () => {
  const counting = `
    import { threadId } from 'node:worker_threads';
    export const handler = async ({ ms = 0 }) => { await new Promise((r) => setTimeout(r, ms)); return threadId; };`;

  it('run one invocation at a time, up to the limit, the rest in order', async () => {
    const gate = closedGate();
    const waiting = `${gate.code} let runs = 0;
      export const handler = async () => { await opened; return (runs += 1); };`;
    const fixture = start([lambdaModel('many', waiting)], { maxWorkers: 2 });
    const load = () => fixture.service.load()['many'];
    const answers = Promise.all(Array.from({ length: 6 }, () => call(fixture, 'many')));
    expect(load()).toEqual({ running: 0, waiting: 6, workers: 2 });
    await expect.poll(load, { interval: 5 }).toEqual({ running: 2, waiting: 4, workers: 2 });
    gate.open();
    const runs = (await answers).map(({ payload }) => payload);
    expect(runs.slice(0, 2)).toEqual([1, 1]);
    expect(load()).toEqual({ running: 0, waiting: 0, workers: 2 });
  });

  it('obey reserved concurrency', async () => {
    const fixture = start([lambdaModel('one', counting, { reservedConcurrency: 1 })]);
    const answers = await Promise.all([1, 2, 3].map(() => call(fixture, 'one', { ms: 5 })));
    expect(new Set(answers.map(({ payload }) => payload)).size).toBe(1);
  });

  it('end when idle', async () => {
    const fixture = start([lambdaModel('idle', counting)], { idleMs: 20 });
    const first = (await call(fixture, 'idle')).payload;
    await expect.poll(() => fixture.service.load()['idle']!.workers, { interval: 5 }).toBe(0);
    expect((await call(fixture, 'idle')).payload).not.toBe(first);
  });

  it('are started ahead and kept when the function is to be warm', async () => {
    const fixture = start([lambdaModel('warm', `console.log('loaded'); ${counting}`)], {
      warmWorkers: () => 1,
      idleMs: 1,
    });
    await fixture.logs.when(({ message }) => message === 'loaded');
    const first = (await call(fixture, 'warm')).payload;
    await call(fixture, 'warm', { ms: 20 });
    expect((await call(fixture, 'warm')).payload).toBe(first);
  });

  it('run replaced code from the next invocation on while running ones end with the old', async () => {
    const gate = closedGate();
    const fixture = start([
      lambdaModel(
        'swap',
        `${gate.code} export const handler = async () => { console.log('in'); await opened; return 'old'; };`,
      ),
    ]);
    const old = call(fixture, 'swap');
    await fixture.logs.when(({ message }) => message === 'in');
    fixture.service.replace([lambdaModel('swap', "export const handler = async () => 'new';")]);
    expect((await call(fixture, 'swap')).payload).toBe('new');
    gate.open();
    expect((await old).payload).toBe('old');
  });

  it('refuse a destination outside the app', () => {
    const lambda = lambdaModel('f', '', {
      asyncConfig: { retryAttempts: 0, maxEventAgeMs: 1, onFailureArn: arnOf('gone') },
    });
    expect(() => start([lambda])).toThrow(/destination .*gone is no function of the app/);
  });
});

describe('the report of an invocation', () => {
  it('has the time of the handler, not of the wait for a worker', async () => {
    const slow =
      'export const handler = async ({ ms }) => { await new Promise((r) => setTimeout(r, ms)); return 1; };';
    const fixture = start([lambdaModel('slow', slow)], { maxWorkers: 1 });
    const begin = Date.now();

    await Promise.all([1, 2, 3].map(() => call(fixture, 'slow', { ms: 40 })));

    const passedMs = Date.now() - begin;
    const durations = fixture.reports.all.map(({ durationMs }) => durationMs);
    expect(durations).toHaveLength(3);
    // One after the other on one worker: with the waits counted, the sum would be twice as long as what passed.
    for (const durationMs of durations) expect(durationMs).toBeGreaterThan(35);
    expect(durations.reduce((sum, durationMs) => sum + durationMs)).toBeLessThanOrEqual(passedMs + 3);
    expect(fixture.reports.all.every(({ hasStarted }) => hasStarted)).toBe(true);
  });

  it('tells that a function which cannot be loaded never started', async () => {
    const fixture = start([lambdaModel('broken', 'export const handler = ;')]);

    await call(fixture, 'broken');

    expect(fixture.reports.all).toMatchObject([{ ok: false, hasStarted: false, durationMs: 0 }]);
  });
});
