import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFaultControl, NO_FAULTS, type FaultSet } from '../../local/faults/index.ts';
import type { Metrics, Usage } from '../../local/metrics/index.ts';
import { createSwitches, type SwitchPorts } from '../../local/switches.ts';

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** The switches on a listener of their own, with ports that count what was done. */
async function startSwitches(given: Partial<SwitchPorts> = {}) {
  const issued: string[] = [];
  let faults: FaultSet = NO_FAULTS;
  let woken = 0;
  const switches = createSwitches({
    faults: createFaultControl(
      [
        {
          setFaults: (next) => void (faults = next),
          injectedFaults: () => Promise.resolve({ drop: 3, 'failPublish.refused': 1 }),
        },
        { setFaults: () => Promise.resolve(), injectedFaults: () => ({ 'model.cut': 2 }) },
      ],
      () => void (woken += 1),
    ),
    lambda: { killWorker: () => 1, pauseWorker: () => 1 },
    model: { lambdas: [] },
    token: (user) => {
      issued.push(user);
      return Promise.resolve(`token of ${user}`);
    },
    metrics: { read: () => Promise.reject(new Error('not asked for here')) },
    host: '127.0.0.1',
    ...given,
  });
  const server = createServer((request, response) => {
    if (!switches(request, response)) response.writeHead(418).end('not a switch');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  // fetch would not let a test set Host or Origin.
  const call = (path: string, { method = 'GET', headers = {}, body = '' }: Call = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const sent = httpRequest(
        { host: '127.0.0.1', port, path, method, headers, agent: false },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  return { call, issued, faults: () => faults, woken: () => woken };
}

const PAGE = 'http://127.0.0.1:4002';
const FOREIGN = 'https://elsewhere.example';

describe('createSwitches', () => {
  it('answers the preflight of a page on another port of this machine', async () => {
    const { call, issued } = await startSwitches();

    const preflight = await call('/local/token', {
      method: 'OPTIONS',
      headers: {
        origin: PAGE,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });

    expect(preflight.status).toBe(204);
    expect(preflight.body).toBe('');
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type',
      vary: 'origin',
    });
    expect(issued).toEqual([]);
  });

  it('lists in a preflight exactly the methods a switch has', async () => {
    const { call } = await startSwitches();

    const preflight = await call('/local/faults', { method: 'OPTIONS', headers: { origin: PAGE } });

    expect(preflight.headers['access-control-allow-methods']).toBe('GET, PUT, DELETE');
  });

  it.each(['http://localhost:4002', 'http://127.0.0.1:5173', 'http://[::1]:4002', 'http://LOCALHOST:1'])(
    'lets the page at %s read answers and errors',
    async (origin) => {
      const { call } = await startSwitches();
      const allowed = { 'access-control-allow-origin': origin };

      const token = await call('/local/token', {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json' },
        body: '{"user":"alice"}',
      });
      const wrongBody = await call('/local/token', { method: 'POST', headers: { origin }, body: '{}' });
      const wrongMethod = await call('/local/token', { headers: { origin } });
      const unknown = await call('/local/nothing', { method: 'OPTIONS', headers: { origin } });

      expect(JSON.parse(token.body)).toEqual({ token: 'token of alice' });
      expect([token.status, wrongBody.status, wrongMethod.status, unknown.status]).toEqual([
        200, 400, 405, 404,
      ]);
      for (const answer of [token, wrongBody, wrongMethod, unknown])
        expect(answer.headers).toMatchObject(allowed);
      expect(unknown.headers).not.toHaveProperty('access-control-allow-methods');
    },
  );

  it.each([FOREIGN, 'null', 'http://127.0.0.1.elsewhere.example', 'http://localhost.elsewhere.example:4002'])(
    'does nothing for a page at %s, preflight or not',
    async (origin) => {
      const { call, issued, faults } = await startSwitches();

      const answers = [
        await call('/local/token', { method: 'OPTIONS', headers: { origin } }),
        await call('/local/token', {
          method: 'POST',
          headers: { origin, 'content-type': 'text/plain' },
          body: '{"user":"alice"}',
        }),
        await call('/local/faults', { method: 'PUT', headers: { origin }, body: '{"drop":1}' }),
        await call('/local/faults', { headers: { origin } }),
      ];

      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
      for (const { headers } of answers) expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect(issued).toEqual([]);
      expect(faults()).toEqual(NO_FAULTS);
    },
  );

  it('does nothing under a name that was rebound to this machine', async () => {
    const { call, issued } = await startSwitches();
    const host = 'rebound.example:4000';

    const sameOrigin = await call('/local/token', {
      method: 'POST',
      headers: { host, origin: `http://${host}` },
      body: '{"user":"alice"}',
    });
    const withoutOrigin = await call('/local/faults', { headers: { host } });

    expect([sameOrigin.status, withoutOrigin.status]).toEqual([403, 403]);
    expect(issued).toEqual([]);
  });

  it('answers callers without an origin by any address of the machine', async () => {
    const { call } = await startSwitches({ host: '0.0.0.0' });

    const byAddress = await call('/local/faults', { headers: { host: '192.168.1.5:4000' } });
    const ownPage = await call('/local/faults', {
      headers: { host: '192.168.1.5:4000', origin: 'http://192.168.1.5:4002' },
    });
    const otherPage = await call('/local/faults', {
      headers: { host: '192.168.1.5:4000', origin: 'http://192.168.1.6:4002' },
    });

    expect([byAddress.status, ownPage.status, otherPage.status]).toEqual([200, 200, 403]);
  });

  it('takes the host it was started with as its own', async () => {
    const { call } = await startSwitches({ host: 'chat.test' });

    const answer = await call('/local/faults', {
      headers: { host: 'chat.test:4000', origin: 'http://chat.test:4002' },
    });

    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe('http://chat.test:4002');
  });

  it('gives the metrics of all conversations, or of those that are named', async () => {
    const asked: (readonly string[] | undefined)[] = [];
    const metrics: Metrics = { since: '2026-11-21T00:00:00.000Z', total: {} as Usage, conversations: {} };
    const read = (only?: ReadonlySet<string>) => {
      asked.push(only && [...only]);
      return Promise.resolve(metrics);
    };
    const { call } = await startSwitches({ metrics: { read } });

    const all = await call('/local/metrics');
    await call('/local/metrics?conversationId=a');
    await call('/local/metrics?conversationId=a&conversationId=b%2Dc');
    const posted = await call('/local/metrics', { method: 'POST' });

    expect(JSON.parse(all.body)).toEqual(metrics);
    expect(asked).toEqual([undefined, ['a'], ['a', 'b-c']]);
    expect(posted.status).toBe(405);
  });

  it('tells the faults and how often each happened, in all parts together', async () => {
    const { call } = await startSwitches();

    const put = await call('/local/faults', { method: 'PUT', body: '{"drop":0.5}' });
    const got = await call('/local/faults');

    expect(JSON.parse(put.body)).toEqual(JSON.parse(JSON.stringify({ ...NO_FAULTS, drop: 0.5 })));
    expect(JSON.parse(got.body)).toEqual({
      ...(JSON.parse(put.body) as object),
      injected: { drop: 3, 'failPublish.refused': 1, 'model.cut': 2 },
    });
  });

  it('wakes paused workers with a reset, not with another set', async () => {
    const { call, faults, woken } = await startSwitches();

    await call('/local/faults', { method: 'PUT', body: '{"drop":0.5}' });
    expect(woken()).toBe(0);
    await call('/local/faults', { method: 'DELETE' });

    expect(woken()).toBe(1);
    expect(faults()).toEqual(NO_FAULTS);
  });

  it('pauses the worker of a generation for a time', async () => {
    const paused: number[] = [];
    const lambda = {
      killWorker: () => 0,
      pauseWorker: (_matches: unknown, ms: number) => paused.push(ms),
    };
    const { call } = await startSwitches({ lambda });
    const pause = (body: object) =>
      call('/local/pause-worker', { method: 'POST', body: JSON.stringify(body) });

    const answer = await pause({ messageId: 'm', ms: 20_000 });
    const refused = [
      await pause({ messageId: 'm' }),
      await pause({ messageId: 'm', ms: 0 }),
      await pause({ messageId: 'm', ms: 700_000 }),
    ];

    expect(JSON.parse(answer.body)).toEqual({ paused: 1 });
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400]);
    expect(JSON.parse(refused[0]?.body ?? '')).toEqual({
      error: 'expected {"messageId":"...","ms":1 to 600000}',
    });
    expect(paused).toEqual([20_000]);
  });

  it('tells nothing of why a switch failed', async () => {
    const { call } = await startSwitches();

    const answer = await call('/local/metrics', { headers: { origin: PAGE } });

    expect(answer).toMatchObject({ status: 500, headers: { 'access-control-allow-origin': PAGE } });
    expect(JSON.parse(answer.body)).toEqual({ error: 'the switch failed' });
  });

  it('says what it takes to a body that is too large, and that the connection ends', async () => {
    const { call } = await startSwitches();

    const headers = { connection: 'keep-alive' };
    const answer = await call('/local/faults', { method: 'PUT', headers, body: 'x'.repeat(200_000) });

    expect(answer).toMatchObject({ status: 400, headers: { connection: 'close' } });
    expect(JSON.parse(answer.body)).toEqual({ error: 'the body is larger than 64 KB' });
  });

  it('leaves other paths alone', async () => {
    const { call } = await startSwitches();

    expect((await call('/graphql')).status).toBe(418);
    expect((await call('/localhost')).status).toBe(418);
  });
});
