import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LambdaFailure } from '../lambda/index.ts';

/** A place in a source file; line and column count from 1. */
export interface SourcePosition {
  /** Path in the repository. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Finds where a place of a bundle was written; undefined when the assembly has no map for that text or the map has no such place. */
export type FindSource = (code: string, line: number, column: number) => SourcePosition | undefined;

/** `resolvers/Query.x.ts:3:5` */
export function positionText({ file, line, column }: SourcePosition): string {
  return `${file}:${line}:${column}`;
}

/** Looks into the source maps of an assembly that was synthesized with them. A map is read when it is first needed. */
export function createFindSource(cdkOut: string): FindSource {
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (code: string): SourceMap | undefined => {
    const digest = createHash('sha256').update(code).digest('hex');
    if (!maps.has(digest)) maps.set(digest, readMap(join(cdkOut, 'source-maps', `${digest}.json`)));
    return maps.get(digest);
  };
  return (code, line, column) => {
    const entry = mapOf(code)?.findEntry(line - 1, column - 1);
    if (!entry || !('originalSource' in entry)) return undefined;
    const { originalSource: file, originalLine, originalColumn } = entry;
    return { file, line: originalLine + 1, column: originalColumn + 1 };
  };
}

function readMap(path: string): SourceMap | undefined {
  if (!existsSync(path)) return undefined;
  return new SourceMap(JSON.parse(readFileSync(path, 'utf8')) as SourceMapPayload);
}

/** A frame of V8: `at name (file:///x/index.mjs:1:2)`, or without name and parentheses. */
const FRAME = /\(?((?:file:\/\/)?\/[^()]*\.[mc]?js):(\d+):(\d+)\)?$/;

/**
 * Where a function failed: the topmost frame of its own sources, or of a package when none is. Undefined when what was thrown was no
 * error, or when no frame has a source map.
 */
export function failurePosition(failure: LambdaFailure, findSource: FindSource): SourcePosition | undefined {
  const positions = (failure.trace ?? []).flatMap((frame) => {
    const [, path, line, column] = FRAME.exec(frame) ?? [];
    if (path === undefined) return [];
    const file = path.startsWith('file:') ? fileURLToPath(path) : path;
    if (!existsSync(file)) return [];
    return findSource(readFileSync(file, 'utf8'), Number(line), Number(column)) ?? [];
  });
  return positions.find(({ file }) => !file.includes('node_modules/')) ?? positions[0];
}
