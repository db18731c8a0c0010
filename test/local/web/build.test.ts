import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildPage } from '../../../local/web/build.ts';

/** Folders of a small page and of what is built from it. */
async function smallPage(): Promise<{
  source: string;
  outDir: string;
  write: (script: string) => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'appsync-chat-build-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const source = join(folder, 'app');
  await mkdir(source);
  await writeFile(
    join(source, 'index.html'),
    '<div id="root"></div><script type="module" src="./main.ts"></script>',
  );
  return {
    source,
    outDir: join(folder, 'out'),
    write: (script) => writeFile(join(source, 'main.ts'), script),
  };
}

async function builtScript(outDir: string): Promise<string> {
  const names = await readdir(join(outDir, 'assets'));
  expect(names).toEqual([expect.stringMatching(/^index-[\w-]{8}\.js$/)]);
  return readFile(join(outDir, 'assets', names[0] ?? ''), 'utf8');
}

describe('buildPage', () => {
  it('builds for production and replaces what was there', async () => {
    const { source, outDir, write } = await smallPage();
    await write(`document.title = 'first ' + process.env.NODE_ENV;`);
    await buildPage(outDir, { source });
    const first = await builtScript(outDir);
    await write(`document.title = 'second';`);

    await buildPage(outDir, { source });

    expect(first).toContain('first production');
    expect(await builtScript(outDir)).toContain('second');
    expect(await readFile(join(outDir, 'index.html'), 'utf8')).toContain('<div id="root"></div>');
    expect(await readdir(join(outDir, '..'))).toEqual(['app', 'out']);
  });

  it.each([
    ['does not parse', `export const x = ;`, /main\.ts:1:18/],
    ['imports what is not there', `import './gone.ts';`, /'\.\/gone\.ts'.*\n.*main\.ts:1:8/],
  ])('says where a page %s and keeps the one that was there', async (_name, script, place) => {
    const { source, outDir, write } = await smallPage();
    await write(`document.title = 'kept';`);
    await buildPage(outDir, { source });
    await write(script);

    const failure = await buildPage(outDir, { source }).catch((error: unknown) => error as Error);

    expect(failure).toBeInstanceOf(Error);
    expect(failure?.message).toMatch(/^The web page could not be built:\n/);
    expect(failure?.message).toMatch(place);
    expect(failure?.message).not.toMatch(/^\s+at |Build failed in|\u001b/m);
    expect(await builtScript(outDir)).toContain('kept');
    expect(await readdir(join(outDir, '..'))).toEqual(['app', 'out']);
  });

  it('names files of the repository by their path in it', async () => {
    const { outDir } = await smallPage();
    const root = fileURLToPath(new URL('../../..', import.meta.url));

    const failure = await buildPage(outDir, { source: `${root}local/absent` }).catch(
      (error: unknown) => error as Error,
    );

    expect(failure?.message).toContain('local/absent/index.html');
    expect(failure?.message).not.toContain(root);
  });

  it('ends its process and leaves nothing when it is aborted', async () => {
    const { source, outDir, write } = await smallPage();
    await write(`document.title = 'never';`);
    const abort = new AbortController();
    const building = buildPage(outDir, { source, signal: abort.signal });
    const refused = expect(building).rejects.toThrow('aborted');

    abort.abort();

    await refused;
    expect(await readdir(join(outDir, '..'))).toEqual(['app']);
  });
});
