import { describe, expect, it } from 'vitest';
import { AppSyncCodeError, loadAppSyncCode } from '../../../../local/appsync/js/index.ts';
import { contextWith, evaluate, runBody } from './handlers.ts';

const HANDLERS =
  'export function request(ctx) { return ctx.args; } export function response(ctx) { return ctx.result; }';

describe('loadAppSyncCode', () => {
  it('throws an error that lists all problems', () => {
    const load = (): unknown =>
      loadAppSyncCode(`${HANDLERS}\nfunction f() { throw 1; }\nconst a = ~1;`, 'Query.x');

    expect(load).toThrow(AppSyncCodeError);
    expect(load).toThrow(/Query\.x:2:16 throw .*\n.*Query\.x:3:11 ~ /);
  });

  it.each(['rds', 'ai'])('refuses @aws-appsync/utils/%s by name', (module) => {
    expect(() =>
      loadAppSyncCode(`import * as m from '@aws-appsync/utils/${module}';${HANDLERS}`, 'x'),
    ).toThrow(`x:1:1 @aws-appsync/utils/${module} is not supported by the local APPSYNC_JS runtime`);
  });

  it('runs both handlers under their exported names', () => {
    const code = loadAppSyncCode(
      'const a = () => 1, b = () => 2; export { a as request, b as response };',
      'Query.x',
    );

    expect(code.name).toBe('Query.x');
    expect(code.request(contextWith()).result).toBe(1);
    expect(code.response(contextWith()).result).toBe(2);
  });

  it('gives utilities as globals too', () => {
    const code = loadAppSyncCode(
      'export function request() { return util.base64Encode("a"); } export function response() { return runtime.earlyReturn(extensions ? 1 : 0); }',
      'x',
    );

    expect(code.request(contextWith()).result).toBe('YQ==');
    expect(code.response(contextWith()).earlyReturn?.value).toBe(1);
  });

  it('keeps nothing of the module between calls', () => {
    const code = loadAppSyncCode(
      'let calls = 0; const seen = []; export function request() { calls += 1; seen.push(calls); return seen; } export function response() {}',
      'x',
    );

    expect([code.request(contextWith()).result, code.request(contextWith()).result]).toEqual([[1], [1]]);
  });

  it('reads imports under any local name', () => {
    const code = loadAppSyncCode(
      `import { util as u, "runtime" as r } from '@aws-appsync/utils';
      import { get, operations as o } from '@aws-appsync/utils/dynamodb';
      import * as all from '@aws-appsync/utils';
      import '@aws-appsync/utils';
      export const request = () => [u.base64Encode('a'), get({ key: {} }).operation, typeof o.add, all.util.autoId === u.autoId];
      export const response = () => r.earlyReturn(5);`,
      'x',
    );

    expect(code.request(contextWith()).result).toEqual(['YQ==', 'GetItem', 'function', true]);
    expect(code.response(contextWith()).earlyReturn).toEqual({ value: 5, skipTo: 'NEXT' });
  });
});

describe('the context', () => {
  it('shows the documented members and hides the authorization type', () => {
    const context = {
      args: { id: 'a' },
      source: { s: 1 },
      result: 2,
      error: { message: 'm', type: 't' },
      stash: { c: 1 },
      prev: { result: 3 },
      authType: 'API_KEY' as const,
    };

    expect(evaluate('ctx', context)).toEqual({
      args: { id: 'a' },
      arguments: { id: 'a' },
      identity: null,
      source: { s: 1 },
      result: 2,
      error: { message: 'm', type: 't' },
      stash: { c: 1 },
      prev: { result: 3 },
      env: { TABLE: 'chat' },
      request: { headers: { accept: 'application/json' }, domainName: null },
      info: { fieldName: 'conversation', parentTypeName: 'Query', variables: {} },
    });
    expect(evaluate('typeof ctx.authType', context)).toBe('undefined');
  });

  it('leaves the selection set out of a stringified ctx.info, but readable', () => {
    expect(evaluate('JSON.stringify(ctx.info)')).not.toContain('selectionSet');
    expect(evaluate('[ctx.info.selectionSetList, ctx.info.selectionSetGraphQL]')).toEqual([
      ['id', 'owner/name'],
      '{ id owner { name } }',
    ]);
  });

  it('gives back changed stash and args and leaves the caller alone', () => {
    const context = contextWith({ args: { id: 'a' }, stash: { kept: true } });
    const { stash, args } = runBody('ctx.stash.added = [1]; ctx.arguments.id = ctx.args.id + "b";', context);

    expect(stash).toEqual({ kept: true, added: [1] });
    expect(args).toEqual({ id: 'ab' });
    expect(context).toMatchObject({ args: { id: 'a' }, stash: { kept: true } });
  });

  it('gives back the stash of a call that failed', () => {
    expect(runBody("ctx.stash.before = 1; util.error('x'); ctx.stash.after = 1;").stash).toEqual({
      before: 1,
    });
  });

  it.each([
    'context.stash = {};',
    'context.added = 1;',
    'context.env.TABLE = 1;',
    'context.identity.sub = 1;',
  ])('is read-only through another name: %s', (statement) => {
    const { error } = runBody(`const context = ctx; ${statement}`, { identity: { sub: 'a' } });

    expect(error?.message).toMatch(/read only|not extensible/);
  });
});

describe('the JSON boundary', () => {
  it.each([
    ['undefined', null],
    ['{ a: undefined, b: null }', { b: null }],
    ['[undefined]', [null]],
    ['{ a: 0 / 0, b: Infinity }', { a: null, b: null }],
    ['{ f: (n) => n }', {}],
    ["'\\ud800 \\u0000'", '\ud800 \u0000'],
  ])('turns %s into JSON', (expression, value) => {
    expect(evaluate(expression)).toEqual(value);
  });

  it('refuses a cyclic result', () => {
    expect(runBody('const a = {}; a.a = a; return a;').error?.message).toMatch('circular structure');
  });

  it('keeps the given stash when the code left a cyclic one', () => {
    const outcome = runBody('ctx.stash.self = ctx.stash; return 1;', { stash: { kept: 1 } });

    expect(outcome).toMatchObject({ result: null, stash: { kept: 1 }, error: { type: null } });
  });

  it('refuses a thenable', () => {
    expect(runBody('return { then: (done) => 1 };').error?.message).toMatch('request returned a promise');
  });
});

describe('errors', () => {
  it('ends the call at util.error with all four members', () => {
    const { result, error } = runBody(
      "util.error('no', 'NOT_FOUND', { a: undefined, b: 1 }, { c: 2 }); return 5;",
    );

    expect(result).toBeNull();
    expect(error).toEqual({ message: 'no', type: 'NOT_FOUND', data: { b: 1 }, errorInfo: { c: 2 } });
  });

  it('fills omitted members with null', () => {
    expect(runBody("util.error('no');").error).toEqual({
      message: 'no',
      type: null,
      data: null,
      errorInfo: null,
    });
  });

  it('goes on after util.appendError', () => {
    const { result, error, appendedErrors } = runBody(
      "util.appendError('a', 'A'); util.appendError('b', 'B', 1, 2); return 5;",
    );

    expect({ result, error }).toEqual({ result: 5, error: undefined });
    expect(appendedErrors).toEqual([
      { message: 'a', type: 'A', data: null, errorInfo: null },
      { message: 'b', type: 'B', data: 1, errorInfo: 2 },
    ]);
  });

  it('names the field in util.unauthorized', () => {
    expect(runBody('util.unauthorized();').error).toMatchObject({
      message: 'Not Authorized to access conversation on type Query',
      type: 'Unauthorized',
    });
  });

  it('gives line and column of the source for a run-time failure', () => {
    const code = loadAppSyncCode(
      `import {
        util,
      } from '@aws-appsync/utils';
export function request(ctx) {
  for (const a of [1]) { return ctx.missing.x; }
}
export function response(ctx) { return util.base64Encode(5); }`,
      'Query.x',
    );

    expect(code.request(contextWith()).error?.message).toMatch(/\(Query\.x, line 5, column 45\)$/);
    expect(code.response(contextWith()).error).toMatchObject({
      type: null,
      message: 'util.base64Encode expects a string, got 5 (Query.x, line 7, column 45)',
    });
  });

  it('reports endless recursion that no static check can see', () => {
    const { error } = runBody('const o = { f: (n) => o.f(n) }; return o.f(1);');

    expect(error).toMatchObject({ type: null, message: expect.stringContaining('call stack') as string });
  });
});
