import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copiedSources } from '../contract/edited-sources.ts';

describe('a synthesis of broken sources', () => {
  it.each([
    ['schema.graphql', 'type Query {', 'type Query {{', 'LINE:13 Syntax Error: Expected Name, found "{".'],
    ['schema.graphql', 'createdAt: AWSDateTime!', 'createdAt: AWSDay!', 'LINE:14 Unknown type "AWSDay".'],
    ['cdk.json', '{', '{,', "LINE:2 Expected property name or '}' in JSON at position 1 (line 1 column 2)"],
  ])('names the place in %s: %s', async (file, text, by, said) => {
    const sources = copiedSources();
    const line = sources.edit(file, text, by);

    await expect(sources.synthesize()).rejects.toThrow(`:\n${file}:${said.replace('LINE', String(line))}`);
  });

  it('names the end of a cdk.json that is cut off', async () => {
    const sources = copiedSources();
    const path = join(sources.root, 'cdk.json');
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 1));

    await expect(sources.synthesize()).rejects.toThrow(/\ncdk\.json:1:2 Expected/);
  });
});
