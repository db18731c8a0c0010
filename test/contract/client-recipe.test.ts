import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useApplication } from './application.ts';
import { countedText } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const MAX_LINES = 30;
const README = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
const target = useLocalTarget();
const application = useApplication();

/** The code block of a language in the README's section for Amplify applications. */
function recipe(language: 'tsx' | 'ts' | 'json'): string {
  const section = README.split('\n## ').find((text) => text.startsWith('Put it into an Amplify app')) ?? '';
  const blocks = [...section.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))];
  if (blocks.length !== 1) throw new Error(`The section has ${blocks.length} blocks of ${language}`);
  return blocks[0]?.[1] ?? '';
}

/** The README's outputs with the address and the key of this test's stack. */
function writeOutputs(): void {
  const { graphqlUrl, apiKey } = target();
  const outputs = JSON.parse(recipe('json')) as { data: object };
  const data = { ...outputs.data, url: graphqlUrl, api_key: apiKey };
  application().write('amplify_outputs.json', JSON.stringify({ ...outputs, data }));
}

describe("the README's recipe for an Amplify application", () => {
  it.each(['tsx', 'ts'] as const)('has at most 30 lines of %s', (language) => {
    expect(recipe(language).trimEnd().split('\n').length).toBeLessThanOrEqual(MAX_LINES);
  });

  it('type-checks', async () => {
    const { write, typeCheck } = application();
    write('recipe.tsx', recipe('tsx'));
    write('recipe.ts', recipe('ts'));
    writeOutputs();
    const compiler = { version: 'typescript-7', resolution: 'bundler' } as const;

    expect(await typeCheck(['recipe.tsx'], compiler)).toBe('');
    expect(await typeCheck(['recipe.ts'], compiler)).toBe('');
  });

  it('streams an answer into a React application', async () => {
    application().write('recipe.tsx', recipe('tsx'));
    writeOutputs();

    const shown = await application().shown('recipe.tsx', `: ${countedText(40)} live`, '/tokens 40 40');

    const answers = shown.flatMap((text) => /ASSISTANT: (.*?) ?[a-z-]*$/.exec(text)?.[1] ?? []);
    expect(shown.at(-1)).toMatch(/^USER: \/tokens 40 40ASSISTANT: w1 .* w40 live$/);
    expect(new Set(answers).size).toBeGreaterThan(3);
    expect(answers.filter((answer) => !countedText(40).startsWith(answer))).toEqual([]);
  });

  it('streams an answer into a document without React', async () => {
    application().write('recipe.ts', recipe('ts'));
    writeOutputs();

    const shown = await application().shown('recipe.ts', '> hello');

    expect(shown.at(-1)).toMatch(/^USER: hello\nASSISTANT: /);
  });
});
