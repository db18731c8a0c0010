import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { ESLint, type Linter } from 'eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { REPOSITORY } from '../../infra/repository.ts';

const { appsyncGaps, zones } = (await import(path.join(REPOSITORY, 'eslint.config.mjs'))) as {
  appsyncGaps: {
    'no-restricted-syntax': [string, ...{ selector: string; message: string }[]];
    'no-restricted-globals': [string, ...{ name: string; message: string }[]];
  };
  zones: { target: string; from: string }[];
};

const TREES = ['protocol', 'resolvers', 'functions', 'infra', 'client', 'local', 'test', 'bench', 'scripts'];

/** Who may import whom (docs/architecture.md), written down a second time on purpose: a slip in the configuration shows here. */
const GRANTED: Record<string, readonly string[]> = {
  protocol: [],
  resolvers: ['protocol'],
  functions: ['protocol'],
  client: ['protocol'],
  infra: ['protocol'],
  local: ['protocol'],
};

const planted: { file: string; code: string }[] = [];
const plant = (file: string, code: string): string => {
  planted.push({ file, code });
  return file;
};
const name = (words: string): string => words.replace(/[^A-Za-z0-9]+/g, '-');

const imports = Object.entries(GRANTED).flatMap(([target, granted]) =>
  TREES.filter((from) => from !== target).map((from) => ({
    target,
    from,
    allowed: granted.includes(from),
    file: plant(`${target}/imports-${from}.ts`, `import '../${from}/present.ts';\n`),
  })),
);
const deepImport = plant('functions/http/imports-client.ts', "import '../../client/present.ts';\n");

const amplify = ['resolvers', 'functions', 'infra', 'local', 'client', 'scripts'].map((tree) =>
  plant(`${tree}/imports-amplify.ts`, "import 'aws-amplify/api';\n"),
);
const amplifyTransport = plant('client/amplify-transport.ts', "import 'aws-amplify/api';\n");

const WITHOUT_REACT = [
  'resolvers/imports-react.ts',
  'functions/imports-react.ts',
  'infra/imports-react.ts',
  'local/imports-react.ts',
  'client/imports-react.ts',
];
const react = WITHOUT_REACT.map((file) => plant(file, "import 'react';\nimport 'react-dom/client';\n"));
const reactHooks = ['client/react/imports-react.ts', 'client/app/imports-react.tsx'].map((file) =>
  plant(file, "import 'react';\nimport 'react-dom/client';\n"),
);
const amplifyInHooks = plant('client/react/imports-amplify.ts', "import 'aws-amplify/api';\n");

const dependencies = ['ulid', 'node:crypto', '@aws-sdk/client-lambda', 'aws-amplify'].map((dependency) =>
  plant(`protocol/imports-${name(dependency)}.ts`, `import '${dependency}';\n`),
);

const lines = (count: number): string => 'export {};\n'.repeat(count);
const full = plant('infra/four-hundred-lines.ts', lines(400));
const overfull = plant('infra/too-many-lines.ts', lines(401));

/** One piece of code for each construct that APPSYNC_JS lacks; each must trip exactly the selector beside it. */
const SYNTAX: [string, string][] = [
  ['ThrowStatement', "export function f() { throw 'x'; }"],
  ['NewExpression', 'export const f = (a: any) => new a();'],
  [
    "CallExpression[callee.property.name='sort']",
    'export const f = (a: string[]) => a.sort((b, c) => (b > c ? 1 : -1));',
  ],
  ["CallExpression[callee.object.name='Number']", "export const f = Number.parseInt('1');"],
  ['CallExpression[callee.property.name=/^(padStart', "export const f = 'a'.padStart(2);"],
  ["MemberExpression[object.name='Math']", 'export const f = Math.abs(1);'],
  ['ForStatement, WhileStatement', 'export function f() { for (let i = 0; i < 1; i += 1) f(); }'],
];
const syntax = SYNTAX.map(([selector, code], index) => ({
  selector,
  file: plant(`resolvers/gap-${index}.ts`, `${code}\n`),
}));
const [, ...globals] = appsyncGaps['no-restricted-globals'];
const globalFiles = globals.map((global) => ({
  ...global,
  file: plant(`resolvers/global-${global.name}.ts`, `export const f = () => ${global.name};\n`),
}));

let repository: string;
let reports: Map<string, Linter.LintMessage[]>;

/** A small repository under the real configuration: planting into the real folders would disturb whoever reads them meanwhile. */
beforeAll(async () => {
  repository = realpathSync(mkdtempSync(path.join(tmpdir(), 'appsync-chat-lint-')));
  for (const tree of TREES) {
    mkdirSync(path.join(repository, tree));
    writeFileSync(path.join(repository, tree, 'present.ts'), 'export {};\n');
  }
  for (const file of ['eslint.config.mjs', 'tsconfig.json', 'resolvers/tsconfig.json', 'package.json'])
    copyFileSync(path.join(REPOSITORY, file), path.join(repository, file));
  symlinkSync(path.join(REPOSITORY, 'node_modules'), path.join(repository, 'node_modules'));
  // Typed rules need every file in a TypeScript project, whatever trees the root one names.
  writeFileSync(
    path.join(repository, 'client/tsconfig.json'),
    '{"extends":"../tsconfig.json","include":["."]}',
  );
  for (const { file, code } of planted) {
    mkdirSync(path.dirname(path.join(repository, file)), { recursive: true });
    writeFileSync(path.join(repository, file), code);
  }
  const results = await new ESLint({ cwd: repository }).lintFiles(planted.map(({ file }) => file));
  reports = new Map(
    results.map(({ filePath, messages }) => [
      path.relative(repository, filePath).replaceAll('\\', '/'),
      messages,
    ]),
  );
});
afterAll(() => rmSync(repository, { recursive: true }));

const messagesOf = (file: string): Linter.LintMessage[] => {
  const messages = reports.get(file);
  if (messages === undefined) throw new Error(`${file} was not linted`);
  return messages;
};
const rulesOf = (file: string): (string | null)[] => messagesOf(file).map(({ ruleId }) => ruleId);

describe('import zones', () => {
  it.each(imports)('$target importing $from: allowed is $allowed', ({ file, target, from, allowed }) => {
    expect(rulesOf(file)).toEqual(allowed ? [] : ['import-x/no-restricted-paths']);
    if (!allowed) expect(messagesOf(file)[0]?.message).toContain(`${target}/ may not import ${from}/`);
  });

  it('hold in subfolders, too', () => {
    expect(rulesOf(deepImport)).toEqual(['import-x/no-restricted-paths']);
  });

  it('are all planted here', () => {
    expect(zones.map(({ target, from }) => `${target} ${from}`).sort()).toEqual(
      imports
        .filter(({ allowed }) => !allowed)
        .map(({ target, from }) => `./${target} ./${from}`)
        .sort(),
    );
  });
});

describe('dependencies', () => {
  it.each(amplify)('%s is refused aws-amplify', (file) => {
    expect(rulesOf(file)).toEqual(['no-restricted-imports']);
  });

  it('let the Amplify transport of the client have aws-amplify', () => {
    expect(rulesOf(amplifyTransport)).toEqual([]);
  });

  it.each(react)('%s is refused: react belongs to the hooks and the page', (file) => {
    expect(rulesOf(file)).toEqual(['no-restricted-imports', 'no-restricted-imports']);
  });

  it.each(reactHooks)('%s is let have react', (file) => {
    expect(rulesOf(file)).toEqual([]);
  });

  it('refuse aws-amplify to the hooks', () => {
    expect(rulesOf(amplifyInHooks)).toEqual(['no-restricted-imports']);
  });

  it.each(dependencies)('%s is refused: protocol has no dependencies', (file) => {
    expect(rulesOf(file)).toEqual(['no-restricted-imports']);
  });
});

describe('file size', () => {
  it('may be 400 lines and no more', () => {
    expect(rulesOf(full)).not.toContain('max-lines');
    expect(rulesOf(overfull)).toContain('max-lines');
  });
});

describe('what APPSYNC_JS lacks', () => {
  const restrictions = appsyncGaps['no-restricted-syntax'].slice(1) as {
    selector: string;
    message: string;
  }[];

  it.each(syntax)('$selector is refused', ({ selector, file }) => {
    const [restriction, ...others] = restrictions.filter((entry) => entry.selector.startsWith(selector));
    expect(others).toEqual([]);
    const reported = messagesOf(file).filter(({ ruleId }) => ruleId === 'no-restricted-syntax');
    expect(reported.map(({ message }) => message)).toEqual([restriction?.message]);
  });

  it('has a piece of code here for every selector', () => {
    expect(syntax).toHaveLength(restrictions.length);
  });

  it.each(globalFiles)('$name is refused', ({ message, file }) => {
    const reported = messagesOf(file).filter(({ ruleId }) => ruleId === 'no-restricted-globals');
    expect(reported.map(({ message: text }) => text)).toEqual([expect.stringContaining(message)]);
  });
});
