import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const installed = join(root, 'node_modules');
const PAGE = fileURLToPath(new URL('./application-page.ts', import.meta.url));

/** What an application with React and TypeScript brings itself. */
const BROUGHT = ['react-dom', '@types/node', '@types/react', '@types/react-dom'];

/** The manifest of the packed library, as far as tests read it. */
export interface LibraryManifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** An application in a folder of its own with the packed library, its declared dependencies and nothing else. */
export interface Application {
  readonly folder: string;
  readonly manifest: LibraryManifest;
  /** Paths in the tarball, without its `package/`, sorted. */
  readonly packed: readonly string[];
  readonly write: (file: string, content: string) => void;
  /** What the compiler printed; empty when the files are fine. Declarations of the library are checked too. */
  readonly typeCheck: (files: readonly string[], compiler: Compiler) => Promise<string>;
  /** What a program printed; rejects when it fails. */
  readonly run: (file: string, ...words: string[]) => Promise<string>;
  /**
   * Every text that a document showed until `awaited` was in it. The module's `App`, if it has one, is rendered and sent a
   * prompt from its only field.
   */
  readonly shown: (file: string, awaited: string, prompt?: string) => Promise<readonly string[]>;
}

/** A compiler and how it finds modules. */
export interface Compiler {
  readonly version: 'typescript' | 'typescript-7';
  readonly resolution: 'nodenext' | 'bundler';
}

/** Packs the library for the tests of one file and makes an application of it. */
export function useApplication(): () => Application {
  let application: Application | undefined;
  beforeAll(async () => {
    application = await createApplication();
  });
  afterAll(() => {
    if (application) rmSync(application.folder, { recursive: true, force: true });
  });
  return () => {
    if (!application) throw new Error('The library was not packed');
    return application;
  };
}

async function createApplication(): Promise<Application> {
  const folder = mkdtempSync(join(tmpdir(), 'appsync-chat-app-'));
  const node = (words: readonly string[], cwd = folder) => run(process.execPath, words, { cwd });
  const { stdout } = await node(['scripts/pack-client.ts', folder], root);
  const tarball = stdout.trim();
  const library = join(folder, 'node_modules/appsync-chat');
  mkdirSync(library, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', library, '--strip-components', '1']);
  const listing = (await run('tar', ['-tzf', tarball])).stdout.trim().split('\n');
  const manifest = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8')) as LibraryManifest;
  const { dependencies, peerDependencies } = manifest;
  for (const name of [...Object.keys({ ...dependencies, ...peerDependencies }), ...BROUGHT]) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(installed, name), join(folder, 'node_modules', name));
  }
  const write = (file: string, content: string) => writeFileSync(join(folder, file), content);
  write('package.json', JSON.stringify({ type: 'module' }));
  return {
    folder,
    manifest,
    packed: listing.map((path) => path.split('/').slice(1).join('/')).sort(),
    write,
    typeCheck: (files, { version, resolution }) => {
      const words = ['--noEmit', '--strict', '--target', 'es2024', '--types', 'node', '--jsx', 'react-jsx'];
      words.push('--module', resolution === 'nodenext' ? 'nodenext' : 'esnext', '--resolveJsonModule');
      words.push('--moduleResolution', resolution, '--skipLibCheck', 'false', ...files);
      return node([join(installed, version, 'bin/tsc'), ...words]).then(
        () => '',
        (error: { stdout: string }) => error.stdout,
      );
    },
    run: async (file, ...words) => (await node([file, ...words])).stdout,
    shown: async (file, awaited, prompt = '') => {
      await build({
        entryPoints: [join(folder, file)],
        outfile: join(folder, `${file}.bundle.js`),
        bundle: true,
        packages: 'external',
        format: 'esm',
        jsx: 'automatic',
        logLevel: 'silent',
      });
      const page = await node([PAGE, join(folder, `${file}.bundle.js`), awaited, prompt]);
      return JSON.parse(page.stdout) as readonly string[];
    },
  };
}
