/**
 * Generates what follows from schema.graphql alone: TypeScript types, the publish document and the client's. The results are committed,
 * so that a deploy needs no generator; test/protocol/generated.test.ts fails when they fall behind.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { codegen } from '@graphql-codegen/core';
import * as typescriptPlugin from '@graphql-codegen/typescript';
import {
  buildSchema,
  getNamedType,
  isObjectType,
  parse,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';

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

const CLIENT_OPERATIONS = {
  Query: ['conversations', 'messages', 'messageState'],
  Mutation: [
    'sendMessage',
    'regenerateMessage',
    'cancelMessage',
    'continueMessage',
    'renameConversation',
    'deleteConversation',
  ],
  Subscription: ['onTokens'],
} as const;

/** Arguments a client document leaves out: AppSync tells an argument that is null from one that is absent. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = { onTokens: ['messageId'] };

const pascalCase = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/**
 * One operation of the client library: every argument a variable of the same name, every field selected. On one line,
 * because it is loaded with every page and sent with every request.
 */
function clientDocument(schema: GraphQLSchema, root: string, name: string): string {
  const rootType = schema.getType(root);
  const field = isObjectType(rootType) ? rootType.getFields()[name] : undefined;
  if (!field) throw new Error(`schema.graphql has no ${root}.${name}`);
  const args = field.args.filter((arg) => !LEFT_OUT[name]?.includes(arg.name));
  const variables = args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
  const call = `${name}(${args.map((arg) => `${arg.name}: $${arg.name}`).join(', ')})`;
  const type = getNamedType(field.type);
  const selection = isObjectType(type) ? ` { ${selectEverything(type, '').replace(/\s+/g, ' ')} }` : '';
  return `${root.toLowerCase()} ${pascalCase(name)}(${variables}) { ${call}${selection} }`;
}

function clientDocuments(sdl: string): string {
  const schema = buildSchema(sdl);
  const entries = Object.entries(CLIENT_OPERATIONS).flatMap(([root, names]) =>
    names.map((name) => `  ${name}: \`${clientDocument(schema, root, name)}\`,\n`),
  );
  return `export const CLIENT_DOCUMENTS = {\n${entries.join('')}} as const;\n`;
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
    'protocol/generated/client-documents.ts':
      `${HEADER}\n/** The operations of the client library by field name; each selects every field and takes the field's arguments as variables. */\n` +
      clientDocuments(sdl),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, content] of Object.entries(await generate())) writeFileSync(new URL(path, root), content);
}
