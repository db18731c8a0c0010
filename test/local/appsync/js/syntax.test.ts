import { describe, expect, it } from 'vitest';
import { checkAppSyncSyntax } from '../../../../local/appsync/js/index.ts';

const RESPONSE = 'export function response(ctx) { return ctx.result; }';

/** The statement stands at line 2, column 3. */
function problemsOf(statement: string): string[] {
  const code = `export function request(ctx) {\n  ${statement}\n  return {};\n}\n${RESPONSE}`;
  return checkAppSyncSyntax(code, 'Query.x').map(
    ({ construct, line, column }) => `${construct} ${line}:${column}`,
  );
}

function constructsIn(code: string): string[] {
  return checkAppSyncSyntax(code, 'Query.x').map(({ construct }) => construct);
}

describe('checkAppSyncSyntax', () => {
  it.each([
    ['let a = 1; a++;', '++ 2:14'],
    ['let a = 1; --a;', '-- 2:14'],
    ['const a = ~1;', '~ 2:13'],
    ["const a = 'x' in ctx;", 'in 2:13'],
    ['const a = ctx instanceof Object;', 'instanceof 2:13'],
    ['for (const a of []) continue;', 'continue 2:23'],
    ['do {} while (false);', 'do-while 2:3'],
    ['while (false) {}', 'while 2:3'],
    ['for (;;) break;', 'for(;;) 2:3'],
    ['for (let i = 0; i < 3; i += 1) {}', 'for(;;) 2:3'],
    ['a: for (const b of []) break a;', 'label 2:3'],
    ["throw 'x';", 'throw 2:3'],
    ['class A {}', 'class 2:3'],
    ['const A = class {};', 'class 2:13'],
    ['function* f() {}', 'generator function 2:3'],
    ['async function f() {}', 'async function 2:3'],
    ['const f = async () => 1;', 'async function 2:13'],
    ["const a = /x/.test('x');", 'regular expression literal 2:13'],
    ['const a = 10n;', 'bigint literal 2:13'],
    ['const a = this;', 'this 2:13'],
    ["const a = import('x');", 'import() 2:13'],
    ['const a = import.meta;', 'meta property 2:13'],
    ['debugger;', 'debugger 2:3'],
    ['const f = (s) => s; const a = f`x`;', 'tagged template 2:33'],
    ['const f = () => 1; f.call(null);', '.call() 2:22'],
    ['const f = () => 1; f.apply(null, []);', '.apply() 2:22'],
    ['const f = () => 1; f.bind(null);', '.bind() 2:22'],
    ['[2, 1].sort((a, b) => a - b);', 'sort() with a comparator 2:3'],
    ['const f = (g) => g; f(() => 1);', 'function as an argument 2:23'],
    ['const f = (g) => g; const g = () => 1; f(g);', 'function as an argument 2:42'],
    ["'a'.replace('a', () => 'b');", 'function as an argument 2:3'],
    ['const f = () => () => 1;', 'returning a function 2:19'],
    ['function f() { return function () {}; }', 'returning a function 2:18'],
    ['const f = () => 1; const g = f;', 'assigning a function 2:28'],
    ['let g; g = () => 1;', 'assigning a function 2:10'],
    ["ctx = 'x';", 'write to the context 2:3'],
    ['ctx.stash = {};', 'write to the context 2:3'],
    ["ctx['args'] = {};", 'write to the context 2:3'],
    ['delete ctx.args;', 'write to the context 2:3'],
    ['const a = Date();', 'Date 2:13'],
    ["const a = parseInt('1');", 'parseInt 2:13'],
    ["const a = Number('1');", 'Number() 2:13'],
    ['const a = String(1);', 'String() 2:13'],
    ["const a = Number.parseInt('1');", 'Number.parseInt 2:13'],
    ['const a = Math.abs(1);', 'Math.abs 2:13'],
    ['const a = Object.fromEntries([]);', 'Object.fromEntries 2:13'],
    ['const a = Array.isArray([]);', 'Array 2:13'],
    ['const a = globalThis;', 'globalThis 2:13'],
    ['const a = [1].filter(Boolean);', 'Boolean 2:24'],
  ])('refuses %s', (statement, problem) => {
    expect(problemsOf(statement)).toEqual([problem]);
  });

  it.each([
    ['new', 'const a = new Date();', ['new 2:13', 'Date 2:17']],
    ['new Map', 'const a = new Map();', ['new 2:13', 'Map 2:17']],
    ['try, catch, finally', 'try {} catch {} finally {}', ['try 2:3', 'catch 2:10', 'finally 2:27']],
    ['await', 'const f = async () => await 1;', ['async function 2:13', 'await 2:25']],
    [
      'for await',
      'const f = async () => { for await (const a of []) {} };',
      ['async function 2:13', 'for await 2:27'],
    ],
    ['yield', 'function* f() { yield 1; }', ['generator function 2:3', 'yield 2:19']],
    ['Promise', 'const a = new Promise((r) => r());', ['new 2:13', 'Promise 2:17']],
    ['super', 'const a = { f() { return super.f; } };', ['super 2:28']],
  ])('refuses %s', (_name, statement, problems) => {
    expect(problemsOf(statement)).toEqual(problems);
  });

  it.each([
    ['direct', 'function f(n) { return f(n); }', ['recursion 2:26']],
    [
      'mutual',
      'function f(n) { return g(n); } function g(n) { return f(n); }',
      ['recursion 2:26', 'recursion 2:57'],
    ],
    ['through a constant', 'const f = (n) => (n ? f(n - 1) : 0);', ['recursion 2:25']],
    ['through a callback', 'const f = (n) => n.map((m) => f(m));', ['recursion 2:33']],
    ['of a passed callback', 'function f(n) { return n.map(f); }', ['recursion 2:32']],
  ])('refuses %s recursion', (_name, statement, problems) => {
    expect(problemsOf(statement)).toEqual(problems);
  });

  it('does not take a parameter with the name of a function for that function', () => {
    expect(problemsOf('function f(n) { return n; } const g = (f) => f; g(1); f(1);')).toEqual([]);
  });

  it('accepts every documented construct', () => {
    const code = `import { util, extensions as e } from '@aws-appsync/utils';
      import * as ddb from '@aws-appsync/utils/dynamodb';
      const LIMIT = 3;
      var double = (n) => n * 2;
      function label(first, ...rest) { return \`\${first}\${\`\${rest.length}\`} \${String.raw\`\\n\`}\`; }
      export const request = (ctx) => {
        let total = 0;
        for (const n of [1, 2]) { if (n > LIMIT) break; else total += double(n); }
        for (const key in ctx.args) total = total + key.length;
        switch (total) { case 1: return null; default: break; }
        const { a, ...others } = { ...ctx.args, b: [...[1]] };
        delete others.b;
        ctx.args.id = ctx.args.id ?? util.autoId();
        ctx.stash.list = [3, 1].map((n) => n | 1).sort();
        const kind = typeof Date === 'undefined' ? void 0 : label('a', a?.b, 2 ** 3);
        return ddb.get({ key: { id: kind, list: [1].reduce((x, y) => x + y, 0) } });
      };
      function answer(ctx) { if (ctx.error) util.error(ctx.error.message, ctx.error.type); return ctx.result; }
      export { answer as response };`;

    expect(checkAppSyncSyntax(code, 'Query.x')).toEqual([]);
  });

  it('gives a message with name, line and column', () => {
    const [problem] = checkAppSyncSyntax(
      `export function request() { while (true) {} }\n${RESPONSE}`,
      'Query.x',
    );

    expect(problem?.message).toBe('Query.x:1:29 while is not supported by APPSYNC_JS');
    expect(problem?.name).toBe('Query.x');
  });

  it('lists problems in source order', () => {
    const code = `export function request() { this.a = ~1; throw 1; }\n${RESPONSE}`;

    expect(constructsIn(code)).toEqual(['this', '~', 'throw']);
  });

  it.each([
    ['export function request() {}', ['missing export']],
    ['const a = 1;', ['missing export', 'missing export']],
    [`export default {}; export function request() {} ${RESPONSE}`, ['default export']],
    [`export * from '@aws-appsync/utils'; export function request() {} ${RESPONSE}`, ['export from']],
  ])('refuses the exports of %s', (code, constructs) => {
    expect(constructsIn(code)).toEqual(constructs);
  });

  it.each([
    ["import fs from 'node:fs'", 'import'],
    ["import { x } from './x.js'", 'import'],
    ["import { nope } from '@aws-appsync/utils'", 'import'],
    ["import { fetchAll } from '@aws-appsync/utils/dynamodb'", 'import'],
    ["import utils from '@aws-appsync/utils'", 'default import'],
  ])('refuses %s', (statement, construct) => {
    expect(constructsIn(`${statement}; export function request() {} ${RESPONSE}`)).toEqual([construct]);
  });

  it('accepts modules that AWS has and the local runtime has not', () => {
    const code = `import { select } from '@aws-appsync/utils/rds'; export function request() { return select({}); } ${RESPONSE}`;

    expect(constructsIn(code)).toEqual([]);
  });

  it('refuses code of 32,769 characters and accepts 32,768', () => {
    const code = `export function request() {} ${RESPONSE} //`;

    expect(constructsIn(code.padEnd(32_768, 'x'))).toEqual([]);
    expect(constructsIn(code.padEnd(32_769, 'x'))).toEqual(['code length']);
  });

  it('reports text that does not parse at its place', () => {
    const [problem, ...others] = checkAppSyncSyntax('export function request() {\n  return ];\n}', 'Query.x');

    expect(others).toEqual([]);
    expect(problem).toMatchObject({ construct: 'syntax error', line: 2, column: 10 });
  });

  it('reads what a bundler emits', () => {
    const code =
      'import{util as u}from"@aws-appsync/utils";var l=["a"],n=t=>t.trim();function request(e){return{payload:l.map(t=>n(t)+u.autoId())}}function response(e){return e.result}export{request,response};\n//# sourceMappingURL=data:application/json;base64,e30=\n';

    expect(checkAppSyncSyntax(code, 'Query.x')).toEqual([]);
  });
});
