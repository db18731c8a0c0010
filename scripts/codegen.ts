/**
 * Generates what follows from schema.graphql alone: TypeScript types and the publish document. The results are committed,
 * so that a deploy needs no generator; test/protocol/generated.test.ts fails when they fall behind.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { codegen } from '@graphql-codegen/core';
import * as typescriptPlugin from '@graphql-codegen/typescript';
import { buildSchema, getNamedType, isObjectType, parse, type GraphQLObjectType } from 'graphql';

const root = new URL('..', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

const HEADER = '// Generated from schema.graphql by `npm run codegen`. Do not edit.\n';

/** Selects every field of a type, depth first: AppSync gives subscribers only what the publishing mutation selected. */
function selectEverything(type: GraphQLObjectType, indent: string): string {
  return Object.values(type.getFields())
    .map((field) => {
      const inner = getNamedType(field.type);
      if (!isObjectType(inner)) return `${indent}${field.name}`;
      return `${indent}${field.name} {\n${selectEverything(inner, `${indent}  `)}\n${indent}}`;
    })
    .join('\n');
}

function publishDocument(sdl: string): string {
  const schema = buildSchema(sdl);
  const field = schema.getMutationType()?.getFields()['publishTokens'];
  const type = field && getNamedType(field.type);
  if (!isObjectType(type))
    throw new Error('schema.graphql has no publishTokens mutation that returns an object');
  return [
    'mutation PublishTokens($input: TokenBatchInput!) {',
    '  publishTokens(input: $input) {',
    selectEverything(type, '    '),
    '  }',
    '}',
    '',
  ].join('\n');
}

/** Returns the content of every generated file by its path from the repository's root. */
export async function generate(): Promise<Record<string, string>> {
  const sdl = `${read('schema.graphql')}\n${read('infra/appsync-directives.graphql')}`;
  const types = await codegen({
    filename: 'schema-types.ts',
    schema: parse(sdl),
    documents: [],
    config: {},
    plugins: [
      {
        typescript: {
          enumsAsTypes: true,
          useTypeImports: true,
          skipTypename: true,
          onlyOperationTypes: false,
          scalars: { AWSDateTime: 'string', ID: 'string' },
          inputMaybeValue: 'T | null',
        },
      },
    ],
    pluginMap: { typescript: typescriptPlugin },
  });
  return {
    'protocol/generated/schema-types.ts': `${HEADER}${types}`,
    'protocol/generated/publish-document.ts':
      `${HEADER}\n/** Publishes one token batch; selects every field of TokenBatch, because subscribers receive only what it selects. */\n` +
      `export const PUBLISH_TOKENS_DOCUMENT = \`${publishDocument(sdl)}\`;\n`,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, content] of Object.entries(await generate())) writeFileSync(new URL(path, root), content);
}
