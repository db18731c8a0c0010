import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { watchSources, type Target } from '../../../local/reload/watch.ts';
import { Recorder } from '../lambda/lambda-fixture.ts';

/** A small repository and what its watcher told, in order. */
async function watched() {
  const root = mkdtempSync(join(tmpdir(), 'appsync-chat-watch-'));
  const write = (path: string, text = '1') => writeFileSync(join(root, path), text);
  for (const folder of ['resolvers', 'functions/generate', 'protocol', 'infra', 'client/app'])
    mkdirSync(join(root, folder), { recursive: true });
  for (const path of ['resolvers/Query.a.ts', 'protocol/ids.ts', 'client/app/page.css', 'schema.graphql'])
    write(path, '0');
  const told = new Recorder<Target>();
  const watching = await watchSources(root, told.add, (error) => {
    throw error;
  });
  onTestFinished(async () => {
    await watching.close();
    rmSync(root, { recursive: true });
  });
  return { root, write, told };
}

describe('watchSources', () => {
  it.each<[string, Target[]]>([
    ['resolvers/Query.a.ts', ['service']],
    ['functions/generate/handler.ts', ['service']],
    ['schema.graphql', ['service']],
    ['protocol/ids.ts', ['service', 'page']],
    ['client/app/page.css', ['page']],
  ])('tells of %s for %j', async (path, targets) => {
    const { write, told } = await watched();
    write(path);
    for (const target of targets) await told.when((one) => one === target);
    expect(new Set(told.all)).toEqual(new Set(targets));
  });

  it('tells of a file that an editor writes aside and moves into place', async () => {
    const { root, write, told } = await watched();
    write('resolvers/.Query.a.ts.tmp');
    renameSync(join(root, 'resolvers/.Query.a.ts.tmp'), join(root, 'resolvers/Query.a.ts'));
    expect(await told.when(() => true)).toBe('service');
  });

  it.each(['schema.graphql', 'resolvers'])(
    'tells of %s when it comes back, and of edits then',
    async (path) => {
      const { root, write, told } = await watched();
      const next = async (act: () => void) => {
        const before = told.all.length;
        act();
        await told.when(() => told.all.length > before);
      };
      const file = path === 'resolvers' ? 'resolvers/Query.a.ts' : path;
      await next(() => rmSync(join(root, path), { recursive: true }));
      await next(() => {
        mkdirSync(dirname(join(root, file)), { recursive: true });
        write(file, 'back');
      });
      await next(() => write(file, 'edited then'));
      expect(new Set(told.all)).toEqual(new Set(['service']));
    },
  );

  it('takes no notice of what lies beside the sources', async () => {
    const { root, write, told } = await watched();
    mkdirSync(join(root, 'docs'));
    for (const path of ['docs/page.html', 'package.json', 'other.ts']) write(path);
    write('schema.graphql');
    await told.when(() => true);
    expect(new Set(told.all)).toEqual(new Set(['service']));
  });

  it('takes no notice of backups and swap files', async () => {
    const { write, told } = await watched();
    for (const name of ['Query.a.ts~', '.Query.a.ts.swp', '4913']) write(`resolvers/${name}`);
    write('client/app/page.css');
    await told.when((target) => target === 'page');
    expect(new Set(told.all)).toEqual(new Set(['page']));
  });
});
