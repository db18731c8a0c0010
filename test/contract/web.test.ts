import { networkInterfaces, tmpdir } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LocalStack, LocalStackOptions } from '../../local/stack.ts';
import { editedAssembly, resourcesOf } from './edited-assembly.ts';
import { startTarget } from './target.ts';

const HAS_IPV6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);
const web = { port: 0, root: tmpdir() };

async function startStack(options: Partial<LocalStackOptions>): Promise<LocalStack> {
  const { stack } = await startTarget(options);
  onTestFinished(() => stack.close());
  return stack;
}

const origin = (stack: LocalStack) => new URL(stack.graphqlUrl).origin;

describe('startLocalStack', () => {
  it('serves a playground and tells the page its key when the template has one', async () => {
    const stack = await startStack({ web });

    const playground = await fetch(stack.playgroundUrl ?? '');
    const config = await fetch(`${stack.webUrl}/config.json`);

    expect(playground.status).toBe(200);
    expect(await config.json()).toEqual({
      endpoint: stack.graphqlUrl,
      apiKey: stack.apiKey,
      tokenUrl: `${origin(stack)}/local/token`,
      model: { name: 'offline', isOffline: true },
      playgroundUrl: `${origin(stack)}/playground`,
    });
  });

  it('has no playground and no key for the page without a playground key', async () => {
    const stack = await startStack({
      web,
      edit: (model) => ({ ...model, api: { ...model.api, apiKeys: [] } }),
    });

    const playground = await fetch(`${origin(stack)}/playground`);
    const config = (await (await fetch(`${stack.webUrl}/config.json`)).json()) as object;

    expect(stack.playgroundUrl).toBeUndefined();
    expect(playground.status).toBe(404);
    expect(Object.keys(config)).toEqual(['endpoint', 'tokenUrl', 'model']);
  });

  it('tells the page of the model that a reload brought', async () => {
    const stack = await startStack({ web });
    const modelName = async () =>
      ((await (await fetch(`${stack.webUrl}/config.json`)).json()) as { model: { name: string } }).model.name;
    expect(await modelName()).toBe('offline');

    await stack.reload(
      editedAssembly((resources) => {
        for (const [, { Properties }] of resourcesOf(resources, 'AWS::Lambda::Function', 'Http'))
          (Properties.Environment as { Variables: Record<string, string> }).Variables.MODELS =
            'newer,offline';
      }),
    );

    expect(await modelName()).toBe('newer');
  });

  it('keeps what is internal on loopback when it listens on every interface', async () => {
    const stack = await startStack({ host: '0.0.0.0' });

    for (const url of [stack.database.endpoint, stack.offlineModelUrl ?? ''])
      expect(new URL(url).hostname).toBe('127.0.0.1');
  });

  it.runIf(HAS_IPV6)('answers on an IPv6 address, page, API and door', async () => {
    const stack = await startStack({ host: '::1', web });

    const config = await fetch(`${stack.webUrl}/config.json`);
    const answer = await fetch(`${stack.httpUrl}/chat`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await stack.token('alice')}`,
        'content-type': 'application/json',
        accept: 'text/plain',
      },
      body: '{"text":"/echo six"}',
    });

    expect(await config.json()).toMatchObject({ endpoint: stack.graphqlUrl });
    expect(config.headers.get('content-security-policy')).toContain(`'self' ${origin(stack)} ws://[::1]:`);
    expect(await answer.text()).toBe('six\n');
  });

  it('serves no page when none is asked for', async () => {
    const stack = await startStack({});

    expect(stack.webUrl).toBeUndefined();
  });
});
