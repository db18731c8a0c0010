import { readFileSync } from 'node:fs';
import path from 'node:path';

import { concatAST, GraphQLError, parse, Source, type DocumentNode } from 'graphql';
import { validateSDL } from 'graphql/validation/validate.js';

import { SynthesisError } from './synthesis-error.ts';

/** What AppSync adds to every schema. */
const APPSYNC_SDL = 'infra/appsync-directives.graphql';

function schemaProblems(schema: string, additions: string): readonly GraphQLError[] {
  let document: DocumentNode;
  try {
    document = parse(new Source(schema, 'schema.graphql'));
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
  return validateSDL(concatAST([document, parse(new Source(additions, APPSYNC_SDL))]));
}

function placeOf({ source, locations, message }: GraphQLError): string {
  const { line, column } = locations?.[0] ?? { line: 1, column: 1 };
  return `${source?.name ?? 'schema.graphql'}:${line}:${column} ${message}`;
}

/**
 * The schema to deploy: schema.graphql, without `@aws_api_key` unless the API has that mode (AppSync refuses a schema that names a
 * mode the API lacks, and no trace of the key may be left in a default deployment). Throws `SynthesisError` with file, line and column for
 * a schema that does not parse or names what it does not define.
 */
export function deployedSchema(root: string, playground: boolean): string {
  const text = readFileSync(path.join(root, 'schema.graphql'), 'utf8');
  const problems = schemaProblems(text, readFileSync(path.join(root, APPSYNC_SDL), 'utf8'));
  if (problems.length > 0) throw new SynthesisError(problems.map(placeOf).join('\n'));
  return playground ? text : withoutApiKey(text);
}

/** Removes every `@aws_api_key` directive and the whitespace before it; descriptions and comments stay as they are. */
export function withoutApiKey(schema: string): string {
  return schema.replace(/\s+@aws_api_key\b/g, '');
}
