import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../protocol/error-codes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

const DOCUMENTS = [
  'README.md',
  'PROTOCOL.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'local/README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

const TREES = 'protocol|resolvers|functions|infra|client|local|test|bench|scripts|docs';
/** Names with a placeholder or a star stand for many files. */
const isPattern = (path: string) => /[*<[]|Type\.field/.test(path);

/** Every file or folder of the repository that a document names in backticks. */
function namedPaths(document: string): string[] {
  const paths = [...document.matchAll(new RegExp(`\`((?:${TREES})/[^\`\\s]*)\``, 'g'))].map(
    (match) => match[1] ?? '',
  );
  return paths.filter((path) => !isPattern(path));
}

/** Every relative link target of a document. */
function linkTargets(document: string): string[] {
  return [...document.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
}

describe.each(DOCUMENTS)('%s', (path) => {
  it('names only files that exist', () => {
    expect(namedPaths(read(path)).filter((named) => !existsSync(join(ROOT, named)))).toEqual([]);
  });

  it('links only to files that exist', () => {
    expect(
      linkTargets(read(path)).filter((target) => !existsSync(join(ROOT, dirname(path), target))),
    ).toEqual([]);
  });
});

describe('docs/invariants.md', () => {
  const rows = [...read('docs/invariants.md').matchAll(/^\| (I\d+) \|.*$/gm)];

  it('lists I1 to I10, each with code and with a test', () => {
    expect(rows.map((row) => row[1])).toEqual(Array.from({ length: 10 }, (_, index) => `I${index + 1}`));
    for (const [row] of rows) {
      const [code, tests] = row.split('|').slice(3, 5);
      expect(namedPaths(code ?? '').length, row).toBeGreaterThan(0);
      expect(
        namedPaths(tests ?? '').filter((named) => named.endsWith('.test.ts')).length,
        row,
      ).toBeGreaterThan(0);
    }
  });
});

describe('PROTOCOL.md', () => {
  it('lists exactly the error codes with their statuses and whether a repeat can succeed', () => {
    const rows = [...read('PROTOCOL.md').matchAll(/^\| ([A-Z_]+) \| (\d+|-) \| (yes|no)/gm)].map((row) =>
      row.slice(1, 4),
    );
    const codes = Object.entries(ERRORS).map(([code, { status, retryable }]) => [
      code,
      status === 0 ? '-' : String(status),
      retryable ? 'yes' : 'no',
    ]);

    expect(rows).toEqual(codes);
  });
});
