import appsync from '@aws-appsync/eslint-plugin';
import { defineConfig, globalIgnores } from 'eslint/config';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

// Named: left to the project service, lint loaded projects for a second time and took half as long again.
const typedBy = (project) => ({ parserOptions: { project, tsconfigRootDir: import.meta.dirname } });

/** What APPSYNC_JS lacks and the AppSync plugin does not flag (facts: throw, Date, Map, comparator sort, Number.parseInt, timers). */
export const appsyncGaps = {
  'no-restricted-syntax': [
    'error',
    { selector: 'ThrowStatement', message: 'APPSYNC_JS has no throw: use util.error(message, code).' },
    { selector: 'NewExpression', message: 'APPSYNC_JS has no constructors: use literals and util.time.' },
    {
      selector: "CallExpression[callee.property.name='sort'][arguments.length>0]",
      message: 'APPSYNC_JS sort() takes no comparator: let the key order do it.',
    },
    {
      selector:
        "CallExpression[callee.object.name='Number'][callee.property.name=/^(parseInt|parseFloat|isInteger|isSafeInteger)$/]",
      message: 'APPSYNC_JS has only Number.isFinite and Number.isNaN.',
    },
    {
      selector:
        'CallExpression[callee.property.name=/^(padStart|padEnd|repeat|match|matchAll|search|substring|substr|at|codePointAt|normalize)$/]',
      message: 'This string method is not in the APPSYNC_JS list: use slice, charAt, split or util.',
    },
    {
      selector: "MemberExpression[object.name='Math'][property.name=/^(abs|pow|sqrt|trunc|sign|log)$/]",
      message: 'APPSYNC_JS Math has only random, min, max, round, floor, ceil.',
    },
    {
      selector: 'ForStatement, WhileStatement, DoWhileStatement',
      message: 'APPSYNC_JS has only for-of and for-in.',
    },
  ],
  'no-restricted-globals': [
    'error',
    ...[
      'Date',
      'Map',
      'Set',
      'WeakMap',
      'Symbol',
      'Promise',
      'setTimeout',
      'setInterval',
      'fetch',
      'Buffer',
      'process',
      'parseInt',
      'parseFloat',
      'BigInt',
      'structuredClone',
      'crypto',
      'globalThis',
    ].map((name) => ({ name, message: `APPSYNC_JS has no ${name}.` })),
  ],
};

const zone = (target, from, except, message) => ({ target, from, ...(except ? { except } : {}), message });
const TREES = ['protocol', 'resolvers', 'functions', 'infra', 'client', 'local', 'test', 'bench', 'scripts'];

/** design.md 1: who may import whom. Everything a folder is not granted here is forbidden to it. */
const GRANTS = {
  protocol: [],
  resolvers: ['protocol'],
  functions: ['protocol'],
  client: ['protocol'],
  infra: ['protocol'],
  local: ['protocol'],
};
export const zones = Object.entries(GRANTS).flatMap(([target, granted]) =>
  TREES.filter((from) => from !== target && !granted.includes(from)).map((from) =>
    zone(
      `./${target}`,
      `./${from}`,
      undefined,
      `${target}/ may not import ${from}/ (dependency direction, docs/architecture.md)`,
    ),
  ),
);

const AMPLIFY = {
  group: ['aws-amplify', 'aws-amplify/*'],
  message: 'aws-amplify belongs in the client Amplify transport only.',
};
const REACT = {
  group: ['react', 'react/*', 'react-dom', 'react-dom/*'],
  message: 'react belongs in client/react and client/app only.',
};

export default defineConfig(
  globalIgnores(['**/dist', 'cdk.out', '.local', 'coverage', 'protocol/generated']),
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: typedBy('tsconfig.json'),
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver({ project: 'tsconfig.json' })] },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'no-console': 'error',
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones }],
      'import-x/no-cycle': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    ignores: ['client/amplify-transport.ts', 'client/react/**', 'client/app/**', 'test/**', 'bench/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [AMPLIFY, REACT] }] },
  },
  {
    files: ['client/amplify-transport.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [REACT] }] },
  },
  {
    files: ['client/react/**/*.{ts,tsx}', 'client/app/**/*.{ts,tsx}'],
    extends: [reactHooks.configs.flat['recommended-latest']],
    rules: { 'no-restricted-imports': ['error', { patterns: [AMPLIFY] }] },
  },
  {
    files: ['protocol/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^[^.]', message: 'protocol/ has no dependencies: pure code only.' }] },
      ],
    },
  },
  {
    ...appsync.configs.recommended,
    files: ['resolvers/**/*.ts'],
    languageOptions: {
      ...appsync.configs.recommended.languageOptions,
      ...typedBy('resolvers/tsconfig.json'),
    },
  },
  { files: ['resolvers/**/*.ts'], rules: { ...appsyncGaps, 'no-console': 'off' } },
  {
    files: [
      'functions/service/log-line.ts',
      'local/start.ts',
      'local/token.ts',
      'local/**/process.ts',
      'scripts/**',
      'bench/**',
    ],
    rules: { 'no-console': 'off' },
  },
);
