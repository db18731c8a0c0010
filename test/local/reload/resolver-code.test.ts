import { describe, expect, it } from 'vitest';
import { loadAppSyncCode } from '../../../local/appsync/js/index.ts';
import { BrokenEdit } from '../../../local/reload/broken-edit.ts';
import { createResolverCode } from '../../../local/reload/resolver-code.ts';
import type { FindSource } from '../../../local/reload/source-positions.ts';

const GOOD = 'export const request=()=>({});export const response=(ctx)=>ctx.result;';
const SHARED = 'const now=()=>new Date();';
const bad = (name: string) => `${SHARED}export const request=()=>now();export const response=()=>"${name}";`;

const resolver = (fieldName: string, code: string) => ({
  typeName: 'Query',
  fieldName,
  kind: 'UNIT' as const,
  functions: [],
  code,
});
const nowhere: FindSource = () => undefined;

function countingCode() {
  const loads: string[] = [];
  const code = createResolverCode((text, name) => {
    loads.push(name);
    return loadAppSyncCode(text, name);
  });
  return { loads, code };
}

describe('createResolverCode', () => {
  it('loads what is new only, and forgets what is not needed any more', async () => {
    const { loads, code } = countingCode();
    const functions = { f: { id: 'f', name: 'step', dataSource: 'D', code: GOOD } };
    const before = { resolvers: [resolver('a', GOOD), resolver('b', GOOD)], functions };
    await code.check(before, nowhere);
    expect(loads).toEqual(['step', 'Query.a', 'Query.b']);
    const after = { resolvers: [resolver('a', `${GOOD}//`), resolver('b', GOOD)], functions };
    await code.check(after, nowhere);
    expect(code.load(GOOD, 'Query.b')).toBe(code.load(GOOD, 'Query.b'));
    expect(loads).toEqual(['step', 'Query.a', 'Query.b', 'Query.a']);
    code.keepOnly(after);
    code.load(GOOD, 'Query.a');
    expect(loads.slice(4)).toEqual(['Query.a']);
  });

  it('lists every refused construct at its place in the sources, shared code once', async () => {
    const { code } = countingCode();
    const findSource: FindSource = (text, line, column) =>
      column < SHARED.length
        ? { file: 'resolvers/shared.ts', line: line + 6, column }
        : { file: text, line, column };
    const checked = code.check(
      { resolvers: [resolver('a', bad('a')), resolver('b', bad('b'))], functions: {} },
      findSource,
    );
    await expect(checked).rejects.toThrow(
      new BrokenEdit(
        'resolvers/shared.ts:7:15 new is not supported by APPSYNC_JS\n' +
          'resolvers/shared.ts:7:19 global Date does not exist in APPSYNC_JS',
      ),
    );
  });

  it('names the place in the bundle when the assembly has no source maps', async () => {
    const { code } = countingCode();
    await expect(
      code.check({ resolvers: [resolver('a', bad('a'))], functions: {} }, nowhere),
    ).rejects.toThrow('Query.a:1:15 new is not supported by APPSYNC_JS');
  });
});
