import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The public entries of the library, from the repository's root. */
export const LIBRARY = './client/index.ts';
export const REACT_HOOKS = './client/react/index.ts';

/** The most that the library may weigh without Amplify, gzipped, in units of 1,000 bytes. */
export const LIBRARY_LIMIT_KB = 15;

/** One bundle: its files as a browser would load them. */
export interface Bundle {
  readonly files: readonly BundledFile[];
  /** Paths of everything that is in it, from the repository's root. */
  readonly inputs: readonly string[];
}

/** One file of a bundle. */
export interface BundledFile {
  /** Whether it is loaded at once, not by a later `import()`. */
  readonly isEager: boolean;
  readonly bytes: number;
  readonly gzipBytes: number;
}

/** Bytes after `gzip -9`. */
export function gzipSize(content: Uint8Array): number {
  return gzipSync(content, { level: 9 }).length;
}

/**
 * Bundles a module, given as source text that imports from the repository's root, as an application would: ESM, minified,
 * `import()` in files of its own. Packages named in `external` stay out with all their entries. Rejects with what esbuild printed.
 */
export async function bundle(source: string, external: readonly string[]): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: root, loader: 'ts', sourcefile: 'application.ts' },
    absWorkingDir: root,
    outdir: 'bundle',
    bundle: true,
    minify: true,
    format: 'esm',
    splitting: true,
    target: 'es2024',
    jsx: 'automatic',
    external: [...external],
    write: false,
    metafile: true,
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  });
  const outputs = Object.entries(metafile.outputs);
  const eager = eagerOutputs(metafile.outputs, outputs.find(([, { entryPoint }]) => entryPoint)?.[0]);
  return {
    files: outputs.map(([path]) => {
      const file = outputFiles.find((output) => output.path === `${root}${path}`);
      if (!file) throw new Error(`esbuild names ${path} and did not write it`);
      return {
        isEager: eager.has(path),
        bytes: file.contents.length,
        gzipBytes: gzipSize(file.contents),
      };
    }),
    inputs: [
      ...new Set(
        outputs.flatMap(([, { inputs }]) =>
          Object.entries(inputs)
            .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
            .map(([path]) => path),
        ),
      ),
    ],
  };
}

type Outputs = Record<
  string,
  { readonly imports: readonly { readonly path: string; readonly kind: string }[] }
>;

function eagerOutputs(outputs: Outputs, entry: string | undefined): ReadonlySet<string> {
  const reached = new Set<string>();
  const reach = (path: string | undefined) => {
    if (path === undefined || reached.has(path) || !outputs[path]) return;
    reached.add(path);
    for (const { path: imported, kind } of outputs[path].imports)
      if (kind === 'import-statement') reach(imported);
  };
  reach(entry);
  return reached;
}

/** Gzipped bytes of the files that are loaded at once, or of all. */
export function gzipTotal({ files }: Bundle, which: 'eager' | 'all'): number {
  return files
    .filter(({ isEager }) => isEager || which === 'all')
    .reduce((sum, { gzipBytes }) => sum + gzipBytes, 0);
}
