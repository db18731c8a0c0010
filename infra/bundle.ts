import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { buildSync, type BuildFailure, type BuildOptions, type Message, type OutputFile } from 'esbuild';

import { writeSourceMaps } from './source-maps.ts';
import { SynthesisError } from './synthesis-error.ts';

/** The Lambda functions: each is the folder of that name under functions/. */
export const FUNCTION_NAMES = ['generate', 'http', 'settle', 'purge'] as const;

/** The name of one Lambda function. */
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** AppSync takes code of at most 32,768 characters: https://docs.aws.amazon.com/appsync/latest/APIReference/API_CreateResolver.html */
export const MAX_RESOLVER_CHARACTERS = 32_768;

/** Packages in CommonJS format call `require` for Node's own modules, which an ES module does not have. */
const REQUIRE_BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

function placeOf({ text, location }: Message): string {
  if (location === null) return text;
  return `${location.file}:${location.line}:${location.column + 1} ${text}\n    ${location.lineText}`;
}

/** The bundles of one esbuild call. With `sourceMaps` their maps go into that folder; the bundles are the same with and without. */
function build(root: string, options: BuildOptions, sourceMaps: string | undefined): OutputFile[] {
  let outputFiles: OutputFile[];
  try {
    ({ outputFiles } = buildSync({
      ...options,
      absWorkingDir: root,
      bundle: true,
      format: 'esm',
      platform: 'node',
      legalComments: 'none',
      logLevel: 'silent',
      write: false,
      sourcemap: sourceMaps === undefined ? false : 'external',
      sourcesContent: false,
    }));
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    throw errors === undefined ? error : new SynthesisError(errors.map(placeOf).join('\n'));
  }
  if (sourceMaps !== undefined) writeSourceMaps(outputFiles, { folder: sourceMaps, root });
  return outputFiles.filter((file) => !file.path.endsWith('.map'));
}

/**
 * Bundles every function with everything it imports, the AWS SDK included, into `<outdir>/<name>/index.mjs` with one esbuild call, and
 * returns the folders. The output depends on the sources alone, not on `root`, `outdir` or the working directory. Source maps go into
 * the folder `sourceMaps` when it is given. Throws `SynthesisError` with file, line and column for sources that cannot be bundled.
 */
export function bundleFunctions(
  root: string,
  outdir: string,
  sourceMaps?: string,
): Record<FunctionName, string> {
  const options: BuildOptions = {
    entryPoints: Object.fromEntries(
      FUNCTION_NAMES.map((name) => [`${name}/index`, path.join(root, 'functions', name, 'handler.ts')]),
    ),
    outdir,
    outExtension: { '.js': '.mjs' },
    target: 'node24',
    minify: true,
    mainFields: ['module', 'main'],
    conditions: ['import'],
    banner: { js: REQUIRE_BANNER },
  };
  for (const file of build(root, options, sourceMaps)) {
    mkdirSync(path.dirname(file.path), { recursive: true });
    writeFileSync(file.path, file.contents);
  }
  return Object.fromEntries(FUNCTION_NAMES.map((name) => [name, path.join(outdir, name)])) as Record<
    FunctionName,
    string
  >;
}

/**
 * Bundles `resolvers/<name>.ts` for each name into one piece of APPSYNC_JS and returns the texts by name. Only whitespace is minified,
 * because full minification writes statements as expressions of forms that APPSYNC_JS is not documented to take.
 * Source maps go into the folder `sourceMaps` when it is given. Throws `SynthesisError` with file, line and column for sources that
 * cannot be bundled, and for a bundle that is longer than AppSync takes.
 */
export function bundleResolvers(
  root: string,
  names: readonly string[],
  sourceMaps?: string,
): Record<string, string> {
  const options: BuildOptions = {
    entryPoints: Object.fromEntries(names.map((name) => [name, path.join(root, 'resolvers', `${name}.ts`)])),
    outdir: path.join(root, 'resolvers'),
    target: 'esnext',
    external: ['@aws-appsync/utils', '@aws-appsync/utils/*'],
    treeShaking: true,
    minifyWhitespace: true,
    charset: 'utf8',
  };
  const bundles = Object.fromEntries(
    build(root, options, sourceMaps).map((file) => [path.basename(file.path, '.js'), file.text]),
  );
  const tooLong = Object.entries(bundles).filter(([, code]) => code.length >= MAX_RESOLVER_CHARACTERS);
  if (tooLong.length > 0)
    throw new SynthesisError(
      tooLong
        .map(
          ([name, code]) =>
            `resolvers/${name}.ts: its bundle has ${code.length} characters; AppSync takes fewer than ${MAX_RESOLVER_CHARACTERS}`,
        )
        .join('\n'),
    );
  return bundles;
}
