import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * The schema to deploy: schema.graphql, without `@aws_api_key` unless the API has that mode (AppSync refuses a schema that names a
 * mode the API lacks, and no trace of the key may be left in a default deployment).
 */
export function deployedSchema(root: string, playground: boolean): string {
  const text = readFileSync(path.join(root, 'schema.graphql'), 'utf8');
  return playground ? text : withoutApiKey(text);
}

/** Removes every `@aws_api_key` directive and the whitespace before it; descriptions and comments stay as they are. */
export function withoutApiKey(schema: string): string {
  return schema.replace(/\s+@aws_api_key\b/g, '');
}
