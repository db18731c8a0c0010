import path from 'node:path';

import { buildSync } from 'esbuild';

import { SynthesisError } from './synthesis-error.ts';

/** The Lambda functions: each is the folder of that name under functions/. */
export const FUNCTION_NAMES = ['generate', 'http', 'settle', 'purge'] as const;

/** The name of one Lambda function. */
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** AppSync takes code of at most 32,768 characters: https://docs.aws.amazon.com/appsync/latest/APIReference/API_CreateResolver.html */
export const MAX_RESOLVER_CHARACTERS = 32_768;

/** Packages in CommonJS format call `require` for Node's own modules, which an ES module does not have. */
const REQUIRE_BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/**
 * Bundles every function with everything it imports, the AWS SDK included, into `<outdir>/<name>/index.mjs` with one esbuild call, and
 * returns the folders. The output depends on the sources alone, not on `root`, `outdir` or the working directory.
 */
export function bundleFunctions(root: string, outdir: string): Record<FunctionName, string> {
  buildSync({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(
      FUNCTION_NAMES.map((name) => [`${name}/index`, path.join(root, 'functions', name, 'handler.ts')]),
    ),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    mainFields: ['module', 'main'],
    conditions: ['import'],
    banner: { js: REQUIRE_BANNER },
    legalComments: 'none',
    logLevel: 'error',
  });
  return Object.fromEntries(FUNCTION_NAMES.map((name) => [name, path.join(outdir, name)])) as Record<
    FunctionName,
    string
  >;
}

/**
 * Bundles `resolvers/<name>.ts` for each name into one piece of APPSYNC_JS and returns the texts by name. Only whitespace is minified,
 * because full minification writes statements as expressions of forms that APPSYNC_JS is not documented to take.
 * Throws `SynthesisError` for a bundle that is longer than AppSync takes.
 */
export function bundleResolvers(root: string, names: readonly string[]): Record<string, string> {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(names.map((name) => [name, path.join(root, 'resolvers', `${name}.ts`)])),
    outdir: path.join(root, 'resolvers'),
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'esnext',
    external: ['@aws-appsync/utils', '@aws-appsync/utils/*'],
    treeShaking: true,
    minifyWhitespace: true,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'error',
  });
  const bundles = Object.fromEntries(outputFiles.map((file) => [path.basename(file.path, '.js'), file.text]));
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
