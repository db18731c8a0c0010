import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInvocationFates, NO_FAULTS } from '../../../local/faults/index.ts';
import type { FaultSet, WorkerFate } from '../../../local/faults/index.ts';
import { allow, arnOf, lambdaModel, startLambdaService } from './lambda-fixture.ts';
import type { Fixture } from './lambda-fixture.ts';

/** Calls a server `event.calls` times, by turns as the AWS SDK does and as the model's package does. */
const CALLS = `
  import { request } from 'node:http';
  const byHttp = (url) => new Promise((resolve, reject) =>
    request(url, { method: 'POST' }, (answer) => answer.resume().on('end', resolve)).on('error', reject).end('x'));
  const byFetch = async (url) => void (await (await fetch(url, { method: 'POST', body: 'x' })).text());
  export const handler = async ({ url, calls, ticking }) => {
    const ticks = ticking ? setInterval(() => console.log('tick'), 5) : undefined;
    for (let call = 1; call <= calls; call += 1) await (call % 2 ? byHttp(url) : byFetch(url));
    if (ticking) await new Promise((resolve) => setTimeout(resolve, ticking));
    clearInterval(ticks);
    return 'done';
  };`;
const RECORD = 'export const handler = async () => undefined;';

let fixture: Fixture;
let server: Server;
let url: string;
let served = 0;

beforeEach(async () => {
  served = 0;
  server = createServer((request, response) => {
    served += 1;
    request.resume().on('end', () => response.end('y'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await fixture.service.close();
  server.closeAllConnections();
  server.close();
});

/** `generate` has a destination, as functions that run generations have; `settle` has none. */
function start(timeoutMs = 30_000): void {
  const asyncConfig = { retryAttempts: 0, maxEventAgeMs: 60_000, onFailureArn: arnOf('settle') };
  fixture = startLambdaService(
    [lambdaModel('generate', CALLS, { asyncConfig, timeoutMs }), lambdaModel('settle', RECORD)],
    {},
    { generate: [allow('lambda:InvokeFunction', arnOf('settle'))] },
  );
}

const call = (payload: object, functionArn = 'generate') =>
  fixture.service.invoke({ functionArn, invocationType: 'RequestResponse', payload: { url, ...payload } });

/** A seed under which the first worker meets a fate that fits. */
function seedFor(faults: Partial<FaultSet>, fits: (fate: WorkerFate) => boolean): FaultSet {
  for (let seed = 1; seed < 10_000; seed += 1) {
    const set = { ...NO_FAULTS, ...faults, seed };
    const fate = createInvocationFates(set).worker(true);
    if (fate !== undefined && fits(fate)) return set;
  }
  throw new Error('no seed fits');
}

describe('a crash', () => {
  it.each([
    ['before', 3, 2],
    ['before', 4, 3],
    ['after', 3, 3],
    ['after', 4, 4],
  ] as const)('%s call %d lets exactly %d calls through', async (side, at, expected) => {
    start();
    const set = seedFor({ crashWorker: 1 }, ({ crash }) => crash?.call === at && crash.side === side);
    fixture.service.setFaults(set);

    const answer = await call({ calls: 10 });

    expect(answer.functionError, `seed ${set.seed}`).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('exit status 1') as string,
    });
    expect(served, `seed ${set.seed}`).toBe(expected);
    expect(fixture.service.injectedFaults()).toEqual({ crashWorker: 1 });
  });

  it('does not come to an invocation that ends before, nor to the next one after a reset', async () => {
    start();
    fixture.service.setFaults(seedFor({ crashWorker: 1 }, ({ crash }) => crash?.call === 5));

    expect((await call({ calls: 2 })).payload).toBe('done');
    fixture.service.setFaults(NO_FAULTS);
    expect((await call({ calls: 10 })).payload).toBe('done');
    expect(fixture.service.injectedFaults()).toEqual({});
  });

  it('spares functions that run no generations', async () => {
    start();
    fixture.service.setFaults({ ...NO_FAULTS, crashWorker: 1 });

    expect((await call({}, 'settle')).functionError).toBeUndefined();
  });
});

describe('a pause', () => {
  const ticks = () => fixture.logs.all.filter(({ message }) => message === 'tick').length;

  it('stops timers and sockets of the worker for its time, and the function goes on as if nothing was', async () => {
    start();
    const set = seedFor(
      { pauseWorker: { p: 1, ms: [600, 600] } },
      ({ pause }) => pause?.call === 2 && pause.side === 'before',
    );
    fixture.service.setFaults(set);
    const begun = performance.now();

    const answer = await call({ calls: 4 });

    expect(answer.payload).toBe('done');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(595);
    expect(served).toBe(4);
    expect(fixture.service.injectedFaults()).toEqual({ pauseWorker: 1 });
  });

  it('can be asked for at any moment, and be ended early', async () => {
    start();
    const answer = call({ ticking: 60_000 });
    await fixture.logs.when(({ message }) => message === 'tick');

    expect(fixture.service.pauseWorker(() => false, 60_000)).toBe(0);
    expect(fixture.service.pauseWorker(({ functionName }) => functionName === 'generate', 60_000)).toBe(1);
    await expect.poll(() => fixture.service.injectedFaults(), { interval: 5 }).toEqual({ pauseWorker: 1 });
    const before = ticks();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(ticks()).toBe(before);
    fixture.service.wakeWorkers();

    await expect.poll(ticks, { timeout: 10_000, interval: 5 }).toBeGreaterThan(before);
    await fixture.service.close();
    await answer;
  });

  it('does not hold up Lambda, which ends the worker at its timeout', async () => {
    start(2_000);
    const answer = call({ ticking: 60_000 });
    await fixture.logs.when(({ message }) => message === 'tick');
    fixture.service.pauseWorker(() => true, 60_000);

    expect((await answer).functionError).toMatchObject({ errorType: 'Sandbox.Timedout' });
  });

  it('is no obstacle to the end of the service', async () => {
    start();
    const answer = call({ ticking: 60_000 });
    await fixture.logs.when(({ message }) => message === 'tick');
    fixture.service.pauseWorker(() => true, 60_000);
    await expect.poll(() => fixture.service.injectedFaults(), { interval: 5 }).toEqual({ pauseWorker: 1 });

    await fixture.service.close();

    expect((await answer).functionError).toMatchObject({ errorType: 'Runtime.ExitError' });
  });
});
