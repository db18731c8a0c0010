import { describe, expect, it } from 'vitest';
import { loadAppSyncCode } from '../../../../local/appsync/js/index.ts';
import { contextWith, evaluate, runBody } from './handlers.ts';

describe('the realm', () => {
  it.each([
    ['Object.assign({ a: 1 }, { b: 2 })', { a: 1, b: 2 }],
    ['Object.entries({ a: 1 })', [['a', 1]]],
    ["Object.hasOwn({ a: 1 }, 'a')", true],
    ['Object.keys({ a: 1 })', ['a']],
    ['Object.values({ a: 1 })', [1]],
    ["'abc'.length", 3],
    ["'abc'.charAt(1)", 'b'],
    ["'a'.concat('b')", 'ab'],
    ["'abc'.endsWith('bc')", true],
    ["'abc'.indexOf('c')", 2],
    ["'aba'.lastIndexOf('a')", 2],
    ['String.raw`\\n${1}`', '\\n1'],
    ["'aa'.replace('a', 'b')", 'ba'],
    ["'aa'.replaceAll('a', 'b')", 'bb'],
    ["'abc'.slice(1, 2)", 'b'],
    ["'a,b'.split(',')", ['a', 'b']],
    ["'abc'.startsWith('a')", true],
    ["'A'.toLowerCase()", 'a'],
    ["'a'.toUpperCase()", 'A'],
    ["' a '.trim()", 'a'],
    ["' a '.trimEnd()", ' a'],
    ["' a '.trimStart()", 'a '],
    ['Number.isFinite(1)', true],
    ['Number.isNaN(0 / 0)', true],
    ['Math.min(2, 1)', 1],
    ['Math.max(2, 1)', 2],
    ['Math.round(1.5)', 2],
    ['Math.floor(1.5)', 1],
    ['Math.ceil(1.2)', 2],
    ['Math.random()', 0.25],
    ['[1].concat([2])', [1, 2]],
    ['[1, 2].fill(0)', [0, 0]],
    ['[[1], 2].flat()', [1, 2]],
    ['[1, 2].indexOf(2)', 1],
    ["[1, 2].join('-')", '1-2'],
    ['[1, 1].lastIndexOf(1)', 1],
    ['[1, 2].pop()', 2],
    ['[1].push(2)', 2],
    ['[1, 2].reverse()', [2, 1]],
    ['[1, 2].shift()', 1],
    ['[1, 2].slice(1)', [2]],
    ["['b', 'a'].sort()", ['a', 'b']],
    ['[1, 2].splice(0, 1)', [1]],
    ['[1].unshift(0)', 2],
    ['[1].forEach((n) => n) ?? null', null],
    ['[1].map((n) => n + 1)', [2]],
    ['[1].flatMap((n) => [n, n])', [1, 1]],
    ['[1, 2].filter((n) => n > 1)', [2]],
    ['[1, 2].reduce((a, b) => a + b, 0)', 3],
    ["['a', 'b'].reduceRight((a, b) => a + b, '')", 'ba'],
    ['[1, 2].find((n) => n > 1)', 2],
    ['[1].some((n) => n > 1)', false],
    ['[1].every((n) => n > 0)', true],
    ['[1, 2].findIndex((n) => n === 2)', 1],
    ['[1, 2].findLast((n) => n > 0)', 2],
    ['[1, 2].findLastIndex((n) => n > 0)', 1],
    ['JSON.parse(\'{"a":1}\')', { a: 1 }],
    ["JSON.parse('{')", ''],
    ['JSON.parse(undefined)', ''],
    ['JSON.stringify({ a: [1] })', '{"a":[1]}'],
    ['[NaN === NaN, Infinity > 1, undefined === void 0]', [false, true, true]],
    ["`${[1, 2]}|${{}}|${'' + 5}`", '1,2|[object Object]|5'],
    ["{ ...{ a: 1 }, b: [...'xy'] }", { a: 1, b: ['x', 'y'] }],
  ])('supports %s', (expression, value) => {
    expect(evaluate(expression, {}, { random: () => 0.25 })).toEqual(value);
  });

  it.each([
    "'a'.padStart(3)",
    "'a'.padEnd(3)",
    "'a'.repeat(3)",
    "'a'.includes('a')",
    "'a'.substring(0)",
    "'a'.substr(0)",
    "'a'.at(0)",
    "'a'.charCodeAt(0)",
    "'a'.codePointAt(0)",
    "'a'.match('a')",
    "'a'.matchAll('a')",
    "'a'.search('a')",
    "'a'.localeCompare('b')",
    "'a'.normalize()",
    "'a'.toString()",
    "'a'.toLocaleLowerCase()",
    '[1].includes(1)',
    '[1].at(0)',
    '[1].keys()',
    '[1].values()',
    '[1].entries()',
    '[1].copyWithin(0)',
    '[1].toSorted()',
    '[1].toReversed()',
    '[1].with(0, 1)',
    '[1].toString()',
    '(1).toFixed(2)',
    '(1).toString()',
    'true.toString()',
    '({}).toString()',
    "({}).hasOwnProperty('a')",
    '({}).valueOf()',
    '((n) => n).toString()',
  ])('has no %s', (expression) => {
    expect(runBody(`return ${expression};`).error).toMatchObject({
      type: null,
      message: expect.stringContaining('is not a function') as string,
    });
  });

  it.each([
    'Date',
    'Map',
    'Set',
    'WeakMap',
    'RegExp',
    'Promise',
    'Symbol',
    'Proxy',
    'Reflect',
    'Function',
    'Array',
    'Boolean',
    'BigInt',
    'Error',
    'Intl',
    'eval',
    'parseInt',
    'parseFloat',
    'isNaN',
    'encodeURIComponent',
    'globalThis',
    'process',
    'require',
    'fetch',
    'setTimeout',
    'queueMicrotask',
    'structuredClone',
    'Buffer',
    'crypto',
    'URL',
    'TextEncoder',
    'WebAssembly',
  ])('has no global %s', (name) => {
    expect(evaluate(`typeof ${name}`)).toBe('undefined');
  });

  it.each([
    "''",
    '[]',
    '({})',
    '(1)',
    'true',
    '((n) => n)',
    'util',
    'util.error',
    'ctx',
    'console.log',
    'Object.keys',
  ])('shows no constructor and no prototype behind %s', (expression) => {
    expect(evaluate(`[typeof ${expression}.constructor, typeof ${expression}.__proto__]`)).toEqual([
      'undefined',
      'undefined',
    ]);
  });

  it('refuses a comparator that only shows at run time', () => {
    expect(runBody("return [2, 1]['so' + 'rt'](1);").error?.message).toMatch(
      'Array.prototype.sort does not support arguments',
    );
  });

  it('takes the pattern of replace and replaceAll as a Java regular expression', () => {
    expect(evaluate("'a.b.c'.replace('.', '-')")).toBe('-.b.c');
    expect(evaluate("'a1b22'.replaceAll('([0-9]+)', '<$1>')")).toBe('a<1>b<22>');
  });

  it('hands console lines to the log port', () => {
    const lines: unknown[] = [];

    runBody(
      "console.log('a', { b: 1 }); console.error(undefined);",
      {},
      { log: (...line) => lines.push(line) },
    );

    expect(lines).toEqual([
      ['log', ['a', { b: 1 }]],
      ['error', [null]],
    ]);
  });

  it('cannot be changed by one call for the next', () => {
    const code = loadAppSyncCode(
      `import { util } from '@aws-appsync/utils';
      export function request() { util.autoId = 'x'; return 1; }
      export function response() { return typeof util.autoId(); }`,
      'x',
    );

    expect(code.request(contextWith()).error?.message).toMatch(/read only|Cannot assign/);
    expect(code.response(contextWith()).result).toBe('string');
  });
});
