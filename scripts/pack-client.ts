/**
 * `npm run pack:client [-- FOLDER]`: packs the client library as a tarball that an application installs, and prints its path.
 * What the repository needs for itself (the service's packages, the pinned Node) is no dependency of the library, so the
 * manifest is written from what the built files import (docs/decisions/0008-library-manifest.md).
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const KEPT_FIELDS = ['name', 'version', 'description', 'license', 'type', 'exports', 'sideEffects'] as const;

/** What is read of the repository's own manifest. */
type RepositoryManifest = Readonly<Record<(typeof KEPT_FIELDS)[number], unknown>> & {
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
};

/** `react/jsx-runtime` belongs to `react`, `@scope/name/part` to `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The packages that built files import, however deep, sorted. */
function importedPackages(files: readonly string[]): string[] {
  const { metafile } = buildSync({
    entryPoints: [...files],
    bundle: true,
    packages: 'external',
    format: 'esm',
    outdir: 'unwritten',
    write: false,
    metafile: true,
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return [...new Set(imports.filter(({ external }) => external).map(({ path }) => packageOf(path)))].sort();
}

/**
 * The library's manifest. A peer is what must be in an application once: React, and Amplify, whose configuration lives in the
 * copy that was configured. Everything else that is imported is a dependency, in the range of the tested version.
 */
function libraryManifest(repository: RepositoryManifest, imported: readonly string[]): object {
  const peers = { ...repository.peerDependencies };
  const dependencies: Record<string, string> = {};
  for (const name of imported.filter((each) => !(each in peers))) {
    const tested = repository.dependencies[name];
    if (!tested) throw new Error(`The library imports ${name}, which package.json does not name`);
    (name === 'aws-amplify' ? peers : dependencies)[name] = `^${tested}`;
  }
  return {
    ...Object.fromEntries(KEPT_FIELDS.map((field) => [field, repository[field]])),
    engines: { node: '>=22' },
    dependencies,
    peerDependencies: peers,
    peerDependenciesMeta: repository.peerDependenciesMeta,
  };
}

/** Packs the library into a folder; returns the tarball's path. Builds in a folder of its own, so that two may run at a time. */
function packClient(destination: string): string {
  const staging = mkdtempSync(join(tmpdir(), 'appsync-chat-pack-'));
  try {
    const compiler = join(root, 'node_modules/typescript-7/bin/tsc');
    // The compiler prints its errors to the standard output, which is the tarball's path here.
    execFileSync(
      process.execPath,
      [compiler, '-p', 'client/tsconfig.json', '--outDir', join(staging, 'dist')],
      { cwd: root, stdio: ['ignore', process.stderr, process.stderr] },
    );
    const repository = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as RepositoryManifest;
    const entries = Object.values(repository.exports).map((entry) => join(staging, entry.default));
    const manifest = libraryManifest(repository, importedPackages(entries));
    writeFileSync(join(staging, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    for (const file of ['README.md', 'LICENSE']) copyFileSync(join(root, file), join(staging, file));
    const words = ['pack', staging, '--silent', '--pack-destination', destination];
    const name = execFileSync('npm', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    return join(destination, name.trim());
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

console.log(packClient(resolve(process.argv[2] ?? '.')));
