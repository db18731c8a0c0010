import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module';
import path from 'node:path';

import appsync from '@aws-appsync/eslint-plugin';
import { ESLint, type Linter } from 'eslint';
import { getIntrospectionQuery, Kind, parse, type SelectionSetNode } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';

import { bundleResolvers, MAX_RESOLVER_CHARACTERS } from '../../infra/bundle.ts';
import { REPOSITORY } from '../../infra/repository.ts';
import { deployedFiles, manifestProblems, MAX_PIPELINE_STEPS, RESOLVERS } from '../../infra/resolvers.ts';
import { withoutApiKey } from '../../infra/schema.ts';
import { SynthesisError } from '../../infra/synthesis-error.ts';
import { checkAppSyncSyntax } from '../../local/appsync/js/syntax.ts';
import { onlyResource, resourcesOf, temporaryFolder, useSynthesized } from './synthesized.ts';

const { appsyncGaps } = (await import(path.join(REPOSITORY, 'eslint.config.mjs'))) as {
  appsyncGaps: Linter.RulesRecord;
};

/** Levels of nested fields; fragments count where they are spread. */
function depthOf(query: string): number {
  const { definitions } = parse(query);
  const measure = (set: SelectionSetNode | undefined): number =>
    Math.max(
      0,
      ...(set?.selections ?? []).map((selection) => {
        if (selection.kind === Kind.FIELD) return 1 + measure(selection.selectionSet);
        if (selection.kind === Kind.INLINE_FRAGMENT) return measure(selection.selectionSet);
        const fragment = definitions.find(
          (definition) =>
            definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value,
        );
        return fragment?.kind === Kind.FRAGMENT_DEFINITION ? measure(fragment.selectionSet) : 0;
      }),
    );
  const operation = definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return measure(operation?.kind === Kind.OPERATION_DEFINITION ? operation.selectionSet : undefined);
}

const SCHEMA = 'type Query { a: Int b: Int } type Mutation { c: Int } type Thing { d: Int }';
const MANIFEST = {
  steps: { 'step.one': 'TABLE' },
  fields: {
    'Query.a': { source: 'TABLE' },
    'Query.b': { source: 'NONE' },
    'Mutation.c': { steps: ['step.one'] },
  },
} as const;
const FILES = ['Query.a', 'Query.b', 'Mutation.c', 'step.one', 'caller'];

describe('manifestProblems', () => {
  it('finds nothing when manifest, schema and files fit', () => {
    expect(manifestProblems(MANIFEST, SCHEMA, FILES)).toEqual([]);
  });

  it('names a root field without resolver', () => {
    expect(manifestProblems(MANIFEST, `${SCHEMA} type Subscription { e: Int }`, FILES)).toEqual([
      'Subscription.e of the schema has no resolver',
    ]);
  });

  it('names a resolver whose field is gone', () => {
    expect(manifestProblems(MANIFEST, SCHEMA.replace(' b: Int', ''), FILES)).toEqual([
      'Query.b has a resolver but is no field of the schema',
    ]);
  });

  it('names missing files and files that nothing deploys', () => {
    expect(manifestProblems(MANIFEST, SCHEMA, [...FILES.slice(1), 'step.two'])).toEqual([
      'resolvers/Query.a.ts does not exist',
      'resolvers/step.two.ts is not in the manifest',
    ]);
  });

  it('names steps without data source, steps in no pipeline and pipelines that are too long', () => {
    const steps = Array.from({ length: MAX_PIPELINE_STEPS + 1 }, () => 'step.none');
    const fields = { ...MANIFEST.fields, 'Mutation.c': { steps } };
    expect(manifestProblems({ ...MANIFEST, fields }, SCHEMA, FILES)).toEqual([
      'step step.none has no data source',
      'step step.one is in no pipeline',
      'Mutation.c has more than 10 steps',
    ]);
  });
});

describe('the deployed schema', () => {
  it('loses the API key directive wherever it stands, and nothing else', () => {
    expect(
      withoutApiKey('type A @aws_iam @aws_api_key {\n  b: Int\n    @aws_api_key\n}\n# @aws_api_keys\n'),
    ).toBe('type A @aws_iam {\n  b: Int\n}\n# @aws_api_keys\n');
  });
});

describe('the deployed resolvers', () => {
  const synthesized = useSynthesized();

  it('are all there, each step once', () => {
    const { template } = synthesized();
    const fields = Object.values(resourcesOf(template, 'AWS::AppSync::Resolver')).map(
      ({ Properties }) => `${String(Properties['TypeName'])}.${String(Properties['FieldName'])}`,
    );
    expect(fields.sort()).toEqual(Object.keys(RESOLVERS.fields).sort());
    const steps = Object.values(resourcesOf(template, 'AWS::AppSync::FunctionConfiguration')).map(
      ({ Properties }) =>
        `${String(Properties['Name']).replaceAll('_', '.')} ${String(Properties['DataSourceName'])}`,
    );
    expect(steps.sort()).toEqual(
      Object.entries(RESOLVERS.steps)
        .map(([step, name]) => `${step} ${name}`)
        .sort(),
    );
  });

  it('run their steps in the order of the manifest', () => {
    const names = new Map(
      Object.entries(synthesized().template.Resources)
        .filter(([, { Type }]) => Type === 'AWS::AppSync::FunctionConfiguration')
        .map(([id, { Properties }]) => [id, String(Properties['Name']).replaceAll('_', '.')]),
    );
    for (const { Properties } of Object.values(
      resourcesOf(synthesized().template, 'AWS::AppSync::Resolver'),
    )) {
      const field = `${String(Properties['TypeName'])}.${String(Properties['FieldName'])}`;
      const row = RESOLVERS.fields[field as keyof typeof RESOLVERS.fields];
      const { Functions } = (Properties['PipelineConfig'] ?? { Functions: [] }) as {
        Functions: { 'Fn::GetAtt': [string, string] }[];
      };
      expect(
        Functions.map(({ 'Fn::GetAtt': [id] }) => names.get(id)),
        field,
      ).toEqual('steps' in row ? [...row.steps] : []);
      expect(Properties['Kind'], field).toBe('steps' in row ? 'PIPELINE' : 'UNIT');
    }
  });

  it('carry the bundled code inline in a template well below 1 MB', () => {
    const bundles = bundleResolvers(REPOSITORY, deployedFiles(RESOLVERS));
    const deployed = ['AWS::AppSync::Resolver', 'AWS::AppSync::FunctionConfiguration'].flatMap((type) =>
      Object.values(resourcesOf(synthesized().template, type)).map(({ Properties }) => Properties['Code']),
    );
    expect(deployed.sort()).toEqual(Object.values(bundles).sort());
    expect(statSync(path.join(synthesized().outdir, 'AppsyncChat.template.json')).size).toBeLessThan(900_000);
  });

  it('let the standard introspection query through the depth limit', () => {
    const { QueryDepthLimit } = onlyResource(synthesized().template, 'AWS::AppSync::GraphQLApi').Properties;
    expect(depthOf(getIntrospectionQuery())).toBe(15);
    expect(QueryDepthLimit).toBeGreaterThanOrEqual(15);
  });

  it('come after the schema they resolve', () => {
    for (const [id, { DependsOn }] of Object.entries(
      resourcesOf(synthesized().template, 'AWS::AppSync::Resolver'),
    ))
      expect(DependsOn, id).toContainEqual(expect.stringMatching(/^ChatApiSchema/));
  });
});

describe('bundleResolvers', () => {
  it('refuses a bundle that is longer than AppSync takes, by name and length', () => {
    const root = temporaryFolder();
    onTestFinished(() => rmSync(root, { recursive: true }));
    mkdirSync(path.join(root, 'resolvers'));
    const write = (length: number) =>
      writeFileSync(
        path.join(root, 'resolvers/Query.large.ts'),
        `export const request=()=>'${'x'.repeat(length)}';`,
      );
    write(32_000);
    expect(bundleResolvers(root, ['Query.large'])['Query.large']).toContain('x'.repeat(32_000));
    write(32_768);
    expect(() => bundleResolvers(root, ['Query.large'])).toThrow(
      /^resolvers\/Query\.large\.ts: its bundle has 328\d\d characters; AppSync takes fewer than 32768$/,
    );
  });

  it('names file, line and column of a source that does not parse', () => {
    const root = temporaryFolder();
    onTestFinished(() => rmSync(root, { recursive: true }));
    mkdirSync(path.join(root, 'resolvers'));
    writeFileSync(path.join(root, 'resolvers/Query.broken.ts'), 'const a = 1;\n  const b = (2;\n');
    expect(() => bundleResolvers(root, ['Query.broken'])).toThrow(
      new SynthesisError('resolvers/Query.broken.ts:2:15 Expected ")" but found ";"\n      const b = (2;'),
    );
  });

  it('gives every bundle a source map by its text that leads back to the source', () => {
    const folder = temporaryFolder();
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const bundles = bundleResolvers(REPOSITORY, ['Mutation.sendMessage'], folder);
    expect(bundles).toEqual(bundleResolvers(REPOSITORY, ['Mutation.sendMessage']));
    const code = bundles['Mutation.sendMessage'] ?? '';
    const name = createHash('sha256').update(code).digest('hex');
    const map = JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as SourceMapPayload;
    const at = code.indexOf('function request(');
    const { originalSource, originalLine } = new SourceMap(map).findEntry(
      code.slice(0, at).split('\n').length - 1,
      at - code.lastIndexOf('\n', at) - 1,
    ) as SourceMapping;
    expect(originalSource).toBe('resolvers/Mutation.sendMessage.ts');
    const source = readFileSync(path.join(REPOSITORY, originalSource), 'utf8').split('\n');
    expect(source[originalLine]).toContain('export function request(');
  });
});

describe('each bundle', () => {
  const bundles = bundleResolvers(REPOSITORY, deployedFiles(RESOLVERS));
  const lint = new ESLint({
    cwd: REPOSITORY,
    overrideConfigFile: true,
    overrideConfig: [appsync.configs?.['base'] as Linter.Config, { rules: appsyncGaps }],
  });

  it.each(deployedFiles(RESOLVERS))('%s is APPSYNC_JS that AppSync takes', async (name) => {
    const code = bundles[name] ?? '';
    expect(code.length).toBeLessThan(MAX_RESOLVER_CHARACTERS);
    expect(checkAppSyncSyntax(code, name)).toEqual([]);
    const [report] = await lint.lintText(code, { filePath: path.join(REPOSITORY, `${name}.js`) });
    expect(report?.messages.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
  });

  it('is looked at by rules that do report', async () => {
    const code = 'export function request(){while(1){};return new Date();}export function response(){}';
    const [report] = await lint.lintText(code, { filePath: path.join(REPOSITORY, 'planted.js') });
    expect(report?.messages.map(({ ruleId }) => ruleId)).toEqual(
      expect.arrayContaining(['@aws-appsync/no-while', 'no-restricted-syntax', 'no-restricted-globals']),
    );
    expect(checkAppSyncSyntax(code, 'planted').length).toBeGreaterThan(0);
  });
});
