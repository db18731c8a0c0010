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

/** How many code blocks of each language the section has: the second of tsx shows a long list. */
const BLOCKS = { tsx: 2, ts: 1, json: 1 } as const;

/** A code block in the README's section for Amplify applications. */
function recipe(language: keyof typeof BLOCKS, place = 0): string {
  const section = README.split('\n## ').find((text) => text.startsWith('Put it into an Amplify app')) ?? '';
  const blocks = [...section.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))];
  if (blocks.length !== BLOCKS[language])
    throw new Error(`The section has ${blocks.length} blocks of ${language}`);
  return blocks[place]?.[1] ?? '';
}

/** The component of the first block with the list of the second. */
function recipeWithLongList(): string {
  const all = '{messages.map(({ id, role, text }) => <p key={id}>{role}: {text}</p>)}';
  const component = recipe('tsx');
  if (!component.includes(all)) throw new Error('The component does not list the messages');
  return `import { Messages } from './messages.tsx';\n${component
    .replace('{ messages, connection', '{ connection')
    .replace(all, '<Messages conversationId={id} />')}`;
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
    write('component.tsx', recipe('tsx'));
    write('document.ts', recipe('ts'));
    write('messages.tsx', recipe('tsx', 1));
    writeOutputs();
    const files = ['component.tsx', 'document.ts', 'messages.tsx'];

    expect(await typeCheck(files, { version: 'typescript-7', resolution: 'bundler' })).toBe('');
  });

  it('streams an answer into a React application', async () => {
    application().write('component.tsx', recipe('tsx'));
    writeOutputs();

    const shown = await application().shown('component.tsx', `: ${countedText(40)} live`, '/tokens 40 40');

    const answers = shown.flatMap((text) => /ASSISTANT: (.*?) ?[a-z-]*$/.exec(text)?.[1] ?? []);
    expect(shown.at(-1)).toMatch(/^USER: \/tokens 40 40ASSISTANT: w1 .* w40 live$/);
    expect(new Set(answers).size).toBeGreaterThan(3);
    expect(answers.filter((answer) => !countedText(40).startsWith(answer))).toEqual([]);
  });

  it('streams an answer into a long list', async () => {
    const { write, shown } = application();
    write('messages.tsx', recipe('tsx', 1));
    write('long-list.tsx', recipeWithLongList());
    writeOutputs();

    const texts = await shown('long-list.tsx', `: ${countedText(40)} live`, '/tokens 40 40');
    expect(texts.at(-1)).toMatch(/^USER: \/tokens 40 40ASSISTANT: w1 .* w40 live$/);
  });

  it('streams an answer into a document without React', async () => {
    application().write('document.ts', recipe('ts'));
    writeOutputs();

    const shown = await application().shown('document.ts', '> hello');

    expect(shown.at(-1)).toMatch(/^USER: hello\nASSISTANT: /);
  });
});
