import { afterEach, describe, expect, it } from 'vitest';

import { NO_FAULTS } from '../../../local/faults/index.ts';
import type { PolicyStatement } from '../../../local/iam/index.ts';
import type { LambdaServiceOptions } from '../../../local/lambda/index.ts';
import type { AsyncConfig } from '../../../local/template/index.ts';
import { allow, arnOf, lambdaModel, startLambdaService } from './lambda-fixture.ts';
import type { Fixture } from './lambda-fixture.ts';

let fixture: Fixture;
afterEach(() => fixture.service.close());

const MISBEHAVE = `
  let runs = 0;
  export const handler = async (event, context) => {
    runs += 1;
    console.log('run ' + context.awsRequestId + ' ' + event.name);
    if (event.name === 'hang') { console.log('hanging'); setInterval(() => console.log('tick'), 2); await new Promise(() => {}); }
    if (runs <= (event.failures ?? 0)) throw new Error('failure ' + runs);
    return { runs };
  };`;
const RECORD = 'export const handler = async (record) => console.log("record " + JSON.stringify(record));';

/** Function `flaky` with a destination `settle` that logs its records. */
function start(
  config: Partial<AsyncConfig>,
  options: Partial<LambdaServiceOptions> = {},
  statements: PolicyStatement[] = [allow('lambda:InvokeFunction', arnOf('settle'))],
): void {
  const asyncConfig = { retryAttempts: 2, maxEventAgeMs: 60_000, onFailureArn: arnOf('settle'), ...config };
  fixture = startLambdaService(
    [lambdaModel('flaky', MISBEHAVE, { asyncConfig }), lambdaModel('settle', RECORD)],
    options,
    { flaky: statements },
  );
}

const send = (payload: unknown) =>
  fixture.service.invoke({ functionArn: 'flaky', invocationType: 'Event', payload });

async function record(): Promise<Record<string, unknown>> {
  const { message } = await fixture.logs.when((entry) => entry.message.startsWith('record '));
  return JSON.parse(message.slice('record '.length)) as Record<string, unknown>;
}

const runs = () => fixture.logs.all.filter(({ message }) => message.startsWith('run '));

describe('an event', () => {
  it('is answered at once and runs later', async () => {
    start({});
    const answer = await send({ name: 'a' });
    expect(answer.payload).toBeNull();
    expect(runs()).toEqual([]);
    const report = await fixture.reports.when(({ functionName }) => functionName === 'flaky');
    expect(report).toMatchObject({
      ok: true,
      requestId: answer.requestId,
      event: { name: 'a' },
      memoryMb: 256,
    });
    expect(runs().map(({ message }) => message)).toEqual([`run ${answer.requestId} a`]);
  });

  it('is tried again with the same request id until it succeeds', async () => {
    start({});
    const { requestId } = await send({ name: 'b', failures: 2 });
    await fixture.reports.when(({ ok }) => ok);
    expect(runs().map((entry) => entry.message)).toEqual(Array(3).fill(`run ${requestId} b`));
  });

  it('goes to the on-failure destination when its tries are used up', async () => {
    start({ retryAttempts: 1 });
    const { requestId } = await send({ name: 'c', failures: 9 });
    expect(await record()).toEqual({
      version: '1.0',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      requestContext: {
        requestId,
        functionArn: `${arnOf('flaky')}:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: 2,
      },
      requestPayload: { name: 'c', failures: 9 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: {
        errorType: 'Error',
        errorMessage: 'failure 2',
        trace: expect.arrayContaining(['Error: failure 2']) as string[],
      },
    });
  });

  it('goes there at once without retries', async () => {
    start({ retryAttempts: 0 }, { retryDelayFactor: 1 });
    await send({ name: 'd', failures: 9 });
    expect(await record()).toMatchObject({ requestContext: { approximateInvokeCount: 1 } });
    expect(runs()).toHaveLength(1);
  });

  it('is given up when the next try would come too late', async () => {
    start({ maxEventAgeMs: 1_000 }, { retryDelayFactor: 1 });
    await send({ name: 'e', failures: 9 });
    expect(await record()).toMatchObject({
      requestContext: { condition: 'EventAgeExceeded', approximateInvokeCount: 1 },
      responsePayload: { errorMessage: 'failure 1' },
    });
  });

  it('is given up without running when it waited too long for a worker', async () => {
    let now = 1_000_000;
    start({ maxEventAgeMs: 60_000 }, { maxWorkers: 1, now: () => now });
    await send({ name: 'hang' });
    await fixture.logs.when(({ message }) => message === 'hanging');
    const { requestId } = await send({ name: 'late' });
    now += 60_001;
    fixture.service.killWorker(({ event }) => (event as { name: string }).name === 'hang');
    const { message } = await fixture.logs.when((entry) => entry.message.includes('"late"'));
    const given = JSON.parse(message.slice('record '.length)) as Record<string, unknown>;
    expect(given).toMatchObject({
      requestContext: { requestId, condition: 'EventAgeExceeded', approximateInvokeCount: 0 },
    });
    expect(given).not.toHaveProperty('responseContext');
    expect(runs().some((entry) => entry.message.endsWith('late'))).toBe(false);
  });

  it('reports success to the on-success destination', async () => {
    start({ onFailureArn: undefined, onSuccessArn: arnOf('settle') });
    await send({ name: 'f' });
    expect(await record()).toMatchObject({
      requestContext: { condition: 'Success' },
      responsePayload: { runs: 1 },
    });
  });

  it("does not reach a destination that the function's role may not invoke", async () => {
    start({ retryAttempts: 0 }, {}, []);
    await send({ name: 'g', failures: 9 });
    const { message } = await fixture.logs.when((entry) => entry.message.startsWith('destination '));
    expect(message).toContain(
      `assumed-role/flaky/flaky is not authorized to perform: lambda:InvokeFunction on resource: ${arnOf('settle')}`,
    );
  });

  it('may be delivered twice under one request id', async () => {
    start({});
    fixture.service.setFaults({ ...NO_FAULTS, duplicateInvocation: 1 });
    const { requestId } = await send({ name: 'h' });
    await expect.poll(() => fixture.reports.all.length, { interval: 5 }).toBe(2);
    expect(fixture.reports.all.map((report) => report.requestId)).toEqual([requestId, requestId]);
    expect(fixture.service.injectedFaults()).toEqual({ duplicateInvocation: 1 });
  });

  it('may be lost without a run, a retry or a record', async () => {
    start({});
    fixture.service.setFaults({ ...NO_FAULTS, loseInvocation: 1 });
    await send({ name: 'lost' });
    fixture.service.setFaults(NO_FAULTS);
    const { requestId } = await send({ name: 'kept' });
    await fixture.reports.when((report) => report.requestId === requestId);
    expect(runs().map(({ message }) => message)).toEqual([`run ${requestId} kept`]);
    expect(fixture.service.injectedFaults()).toEqual({ loseInvocation: 1 });
  });

  it('may be late, and is too old then when it has aged meanwhile', async () => {
    start({ maxEventAgeMs: 100 });
    fixture.service.setFaults({ ...NO_FAULTS, lateInvocation: { p: 1, ms: [200, 200] } });
    await send({ name: 'late' });
    fixture.service.setFaults(NO_FAULTS);
    expect(await record()).toMatchObject({ requestContext: { condition: 'EventAgeExceeded' } });
    expect(runs()).toEqual([]);
    expect(fixture.service.injectedFaults()).toEqual({ lateInvocation: 1 });
  });
});

describe('killing a worker', () => {
  it('stops the matching invocation dead, then the reaction of Lambda follows', async () => {
    start({ retryAttempts: 0 });
    const { requestId } = await send({ name: 'hang', messageId: 'm1' });
    await fixture.logs.when(({ message }) => message === 'tick');
    const other = send({ name: 'other', messageId: 'm2' });
    const matches = (messageId: string) =>
      fixture.service.killWorker(({ event }) => (event as { messageId?: string }).messageId === messageId);
    expect(matches('m3')).toBe(0);
    expect(matches('m1')).toBe(1);
    expect(await record()).toMatchObject({
      requestContext: { requestId, condition: 'RetriesExhausted' },
      responsePayload: {
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`,
      },
    });
    const ticks = (): number => fixture.logs.all.filter(({ message }) => message === 'tick').length;
    const before = ticks();
    expect(before).toBeGreaterThan(0);
    await other;
    await fixture.reports.when(({ event, ok }) => ok && (event as { name?: string }).name === 'other');
    await send({ name: 'last' });
    await fixture.reports.when(({ event, ok }) => ok && (event as { name?: string }).name === 'last');
    expect(ticks()).toBe(before);
  });

  it('is tried again when retries are configured', async () => {
    start({ retryAttempts: 1 });
    const { requestId } = await send({ name: 'hang' });
    await fixture.logs.when(({ message }) => message === 'hanging');
    fixture.service.killWorker(() => true);
    await expect.poll(() => runs().length, { interval: 5 }).toBe(2);
    expect(new Set(runs().map((entry) => entry.requestId))).toEqual(new Set([requestId]));
  });
});

describe('closing', () => {
  it('retries and delivers nothing afterwards', async () => {
    start({ retryAttempts: 0 });
    await send({ name: 'hang' });
    await fixture.logs.when(({ message }) => message === 'hanging');
    await fixture.service.close();
    expect(fixture.reports.all).toHaveLength(1);
    expect(fixture.logs.all.some(({ functionName }) => functionName === 'settle')).toBe(false);
    await expect(send({ name: 'x' })).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  });
});
