import { tmpdir } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LocalStack, LocalStackOptions } from '../../local/stack.ts';
import { editedAssembly, resourcesOf } from './edited-assembly.ts';
import { startTarget } from './target.ts';

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

  it('serves no page when none is asked for', async () => {
    const stack = await startStack({});

    expect(stack.webUrl).toBeUndefined();
  });
});
