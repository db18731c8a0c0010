import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

import { afterEach, describe, expect, it, onTestFinished } from 'vitest';

import { createPrincipals } from '../../../local/iam/index.ts';
import { FunctionLoadError } from '../../../local/lambda/index.ts';
import type { LambdaModel } from '../../../local/template/index.ts';
import { closedGate, lambdaModel, roleArnOf, startLambdaService } from './lambda-fixture.ts';
import type { Fixture } from './lambda-fixture.ts';

const fixtures: Fixture[] = [];

afterEach(async () => {
  await Promise.all(fixtures.splice(0).map(({ service }) => service.close()));
});

function start(...[lambdas, options]: Parameters<typeof startLambdaService>): Fixture {
  const fixture = startLambdaService(lambdas, options);
  fixtures.push(fixture);
  return fixture;
}

async function answerOf({ service }: Fixture, { arn }: LambdaModel): Promise<unknown> {
  return (await service.invoke({ functionArn: arn, invocationType: 'RequestResponse', payload: {} })).payload;
}

const workersOf = ({ service }: Fixture, { name }: LambdaModel) => service.load()[name]?.workers;
const answering = (text: string) => `export const handler = async () => '${text}';`;

describe('prepare', () => {
  it('changes nothing until the functions are put into service, and has them loaded then', async () => {
    const old = lambdaModel('f', answering('old'));
    const fixture = start([old]);
    const next = lambdaModel('f', `console.log('loaded'); ${answering('new')}`);
    const functions = await fixture.service.prepare([next], fixture.principals, new Set(['f']));

    expect(fixture.logs.all.map(({ message }) => message)).toEqual(['loaded']);
    expect(await answerOf(fixture, old)).toBe('old');
    functions.putIntoService();
    expect(workersOf(fixture, next)).toBe(1);
    expect(await answerOf(fixture, next)).toBe('new');
    expect(fixture.logs.all).toHaveLength(1);
  });

  it.each([
    ['throws', "throw new Error('not today');", /^f cannot be loaded: Error: not today$/],
    ['exports no handler', 'export const other = 1;', /Runtime.HandlerNotFound/],
    ['imports what is not there', "import 'absent';", /Runtime.ImportModuleError/],
    ['ends its process', 'process.exit(3);', /Runtime.ExitError/],
  ])('refuses a function that %s, and the old one goes on', async (_what, code, message) => {
    const old = lambdaModel('f', answering('old'));
    const fixture = start([old]);
    const refused = await fixture.service
      .prepare([lambdaModel('f', code)], fixture.principals, new Set(['f']))
      .catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(FunctionLoadError);
    expect((refused as Error).message).toMatch(message);
    expect(await answerOf(fixture, old)).toBe('old');
  });

  it('loads only what it is told to', async () => {
    const fixture = start([lambdaModel('f', answering('old'))]);
    const functions = await fixture.service.prepare(
      [lambdaModel('f', "throw new Error('not looked at');")],
      fixture.principals,
      new Set(),
    );
    functions.putIntoService();
    expect(workersOf(fixture, lambdaModel('f', ''))).toBe(0);
  });

  it('takes the roles it is given, and refuses a role that is not among them', async () => {
    const fixture = start([lambdaModel('f', answering('old'))]);
    const added = lambdaModel('g', answering('g'), { roleArn: roleArnOf('new') });
    await expect(fixture.service.prepare([added], fixture.principals, new Set())).rejects.toThrow(
      'role arn:aws:iam::111122223333:role/new is not in the template',
    );
    const roles = createPrincipals([{ name: 'new', arn: roleArnOf('new'), statements: [] }], 'test');
    const functions = await fixture.service.prepare([added], roles, new Set(['g']));
    functions.putIntoService();
    expect(await answerOf(fixture, added)).toBe('g');
  });

  it('ends the workers of discarded functions', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const fixture = start([lambdaModel('f', answering('old'))]);
    const code = `import { connect } from 'node:net'; connect(${(server.address() as AddressInfo).port}, '127.0.0.1');`;
    const functions = await fixture.service.prepare(
      [lambdaModel('f', code + answering('new'))],
      fixture.principals,
      new Set(['f']),
    );
    const [socket] = await connected;
    const ended = once(socket.on('error', () => undefined).resume(), 'close');
    await functions.discard();
    await ended;
  });

  it('lets what runs end with the old code and gives what waits the new', async () => {
    const gate = closedGate();
    const old = lambdaModel(
      'f',
      `${gate.code} export const handler = async () => { console.log('in'); await opened; return 'old'; };`,
    );
    const fixture = start([old], { maxWorkers: 1 });
    const running = answerOf(fixture, old);
    await fixture.logs.when(({ message }) => message === 'in');
    const waiting = [answerOf(fixture, old), answerOf(fixture, old)];
    const functions = await fixture.service.prepare(
      [lambdaModel('f', answering('new'))],
      fixture.principals,
      new Set(['f']),
    );
    functions.putIntoService();
    expect(await Promise.all(waiting)).toEqual(['new', 'new']);
    gate.open();
    expect(await running).toBe('old');
  });
});
