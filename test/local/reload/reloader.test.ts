import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  BrokenEdit,
  startReloader,
  type ReloaderOptions,
  type ReloadReport,
} from '../../../local/reload/index.ts';
import { watchSources, type Target } from '../../../local/reload/watch.ts';
import { Recorder } from '../lambda/lambda-fixture.ts';

/** A reloader over a small folder, whose synthesis writes an empty folder and whose stack answers what the test says. */
async function reloading(answers: (() => Promise<ReloadReport>)[], options: Partial<ReloaderOptions> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'appsync-chat-reloader-'));
  const save = (path: string): string => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), String(Math.random()));
    return join(root, path);
  };
  save('resolvers/Query.a.ts');
  save('client/app/page.css');
  const printed = new Recorder<string>();
  const folders: string[] = [];
  const reloader = await startReloader({
    root,
    folder: join(root, '.local/reloads'),
    ready: Promise.resolve(),
    synthesize: (outdir) => {
      mkdirSync(outdir, { recursive: true });
      folders.push(outdir);
      return Promise.resolve();
    },
    reload: () => answers.shift()?.() ?? Promise.reject(new Error('not expected')),
    print: printed.add,
    settleMs: 60,
    now: () => 0,
    ...options,
  });
  onTestFinished(async () => {
    await reloader.close();
    rmSync(root, { recursive: true });
  });
  const saidAfter = async (path: string): Promise<string> => {
    const before = printed.all.length;
    save(path);
    await printed.when(() => printed.all.length > before);
    return printed.all.at(-1) ?? '';
  };
  return { reloader, folders, printed, saidAfter, save };
}

const changed =
  (...names: string[]) =>
  () =>
    Promise.resolve({ changed: names });

describe('startReloader', () => {
  it('says in one line what was reloaded and how long it took', async () => {
    const many = Array.from({ length: 9 }, (_, index) => `Query.f${index}`);
    const { saidAfter } = await reloading([
      changed('Mutation.sendMessage', 'generate'),
      changed(),
      changed(...many),
    ]);
    expect(await saidAfter('resolvers/Query.a.ts')).toBe('reloaded Mutation.sendMessage, generate in 0.0 s');
    expect(await saidAfter('resolvers/Query.a.ts')).toBe('nothing changed in 0.0 s');
    expect(await saidAfter('resolvers/Query.a.ts')).toBe(
      'reloaded Query.f0, Query.f1, Query.f2, Query.f3, Query.f4, Query.f5 and 3 more in 0.0 s',
    );
  });

  it('prints why an edit was not taken over, and takes over the next', async () => {
    const { saidAfter } = await reloading([
      () => Promise.reject(new BrokenEdit('resolvers/Query.a.ts:3:1 no\nresolvers/Query.a.ts:4:1 no')),
      () => Promise.reject(new BrokenEdit('changed table T: this needs a restart')),
      changed('Query.a'),
    ]);
    expect(await saidAfter('resolvers/Query.a.ts')).toBe(
      'not reloaded, the old code runs on (0.0 s):\n  resolvers/Query.a.ts:3:1 no\n  resolvers/Query.a.ts:4:1 no',
    );
    expect(await saidAfter('resolvers/Query.a.ts')).toBe(
      'not reloaded, the old code runs on (0.0 s): changed table T: this needs a restart',
    );
    expect(await saidAfter('resolvers/Query.a.ts')).toBe('reloaded Query.a in 0.0 s');
  });

  it('keeps the folder that runs and the one before, and no other', async () => {
    const { saidAfter, folders, reloader } = await reloading([
      changed('a'),
      () => Promise.reject(new BrokenEdit('no')),
      changed('b'),
      changed(),
      changed('c'),
    ]);
    for (let edit = 0; edit < 5; edit += 1) await saidAfter('resolvers/Query.a.ts');
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, false, true, false, true]);
    await reloader.close();
    expect(folders.some((folder) => existsSync(folder))).toBe(false);
  });

  it('builds the page for an edit of the page, and does not touch the service', async () => {
    const builds = [() => Promise.resolve(), () => Promise.reject(new Error('client/app/page.css:1:1 no'))];
    const { saidAfter, folders } = await reloading([], {
      buildPage: () => builds.shift()?.() ?? Promise.reject(new Error('not expected')),
    });
    expect(await saidAfter('client/app/page.css')).toBe('rebuilt the web page in 0.0 s');
    expect(await saidAfter('client/app/page.css')).toBe(
      'the web page was not rebuilt, the old one stays (0.0 s): client/app/page.css:1:1 no',
    );
    expect(folders).toEqual([]);
  });

  it('takes over as one what was saved before the stack was ready, and nothing before then', async () => {
    const ready = Promise.withResolvers<void>();
    const { folders, printed, save } = await reloading([changed('a', 'b')], {
      ready: ready.promise,
      settleMs: 1,
      buildPage: () => Promise.resolve(),
    });
    const seen = new Recorder<Target>();
    const other = await watchSources(
      dirname(dirname(save('resolvers/Query.a.ts'))),
      seen.add,
      () => undefined,
    );
    onTestFinished(() => other.close());
    save('resolvers/Query.b.ts');
    save('client/app/page.css');
    await seen.when((target) => target === 'page');
    expect(folders).toEqual([]);

    ready.resolve();
    await printed.when(() => printed.all.length === 2);
    expect(printed.all.toSorted()).toEqual(['rebuilt the web page in 0.0 s', 'reloaded a, b in 0.0 s']);
    expect(folders).toHaveLength(1);
  });

  it('aborts a synthesis when it is closed, and says nothing of it', async () => {
    const begun = new Recorder<AbortSignal>();
    const { reloader, printed, save } = await reloading([], {
      synthesize: (_outdir, signal) =>
        new Promise((_resolve, reject) => {
          begun.add(signal);
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    });
    save('resolvers/Query.a.ts');
    await begun.when(() => true);
    await reloader.close();
    expect(begun.all.map(({ aborted }) => aborted)).toEqual([true]);
    expect(printed.all).toEqual([]);
  });
});
