import { readFileSync } from 'node:fs';

const PAGE = readFileSync(new URL('../../docs/http-recipes.md', import.meta.url), 'utf8');

/** The only code block of docs/http-recipes.md under a heading, before the next one. */
export function recipe(heading: string, language: string): string {
  const sections = PAGE.split(/^#+ /m).filter((text) => text.startsWith(`${heading}\n`));
  const blocks = sections.flatMap((text) => [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)]);
  const [block] = blocks;
  if (blocks.length !== 1 || block?.[1] !== language || !block[2])
    throw new Error(`Not one block of ${language} under ${heading}`);
  return block[2];
}

/** Every heading of the page that has a block right under it. */
export const recipeHeadings = (): string[] =>
  PAGE.split(/^#+ /m).flatMap((text) => (text.includes('\n```') ? [text.slice(0, text.indexOf('\n'))] : []));
