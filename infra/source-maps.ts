import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { OutputFile } from 'esbuild';

/** Where source maps go, and what their sources are named relative to. */
export interface SourceMapFolder {
  folder: string;
  root: string;
}

/**
 * Writes the map of every bundle in `files` as `<SHA-256 of the bundle's text>.json`, its sources as paths in the repository. A bundle
 * is found by its text, because AppSync code has no file name; equal bundles share one map. Bundles themselves are left as they are.
 */
export function writeSourceMaps(files: readonly OutputFile[], { folder, root }: SourceMapFolder): void {
  mkdirSync(folder, { recursive: true });
  for (const bundle of files) {
    const map = files.find((file) => file.path === `${bundle.path}.map`);
    if (map === undefined) continue;
    const { sources, ...others } = JSON.parse(map.text) as { sources: string[] };
    const inRepository = (source: string): string =>
      path.relative(root, path.resolve(path.dirname(bundle.path), source));
    const name = createHash('sha256').update(bundle.contents).digest('hex');
    writeFileSync(
      path.join(folder, `${name}.json`),
      JSON.stringify({ ...others, sources: sources.map(inRepository) }),
    );
  }
}
