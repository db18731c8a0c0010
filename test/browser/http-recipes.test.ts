import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { GenerationEnd } from '../../protocol/generated/schema-types.ts';
import { callerOf } from '../contract/api.ts';
import { recipe } from '../contract/recipe-blocks.ts';
import { countedText, expectReceipt } from '../contract/streamed-answer.ts';
import { useLocalTarget } from '../contract/target.ts';
import { describeInChromium, useBrowser } from './chromium.ts';
import { useFixturePage } from './fixture-page.ts';

/** What the page's recipes export, and what they showed. */
declare global {
  interface Window {
    recipe: {
      ask(door: string, token: string, text: string, show: (shown: string) => void): Promise<Whole>;
      follow(
        ...given: [
          door: string,
          token: string,
          conversationId: string,
          messageId: string,
          show: (shown: string, end: GenerationEnd | null) => void,
        ]
      ): Promise<EventSource>;
    };
  }
}

interface Whole {
  readonly text: string;
  readonly end: GenerationEnd;
}

/** Gives a page what a block exports, bundled as an application's own is. */
async function load(page: Page, block: string): Promise<void> {
  const { outputFiles } = await build({
    stdin: { contents: block, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    format: 'iife',
    globalName: 'recipe',
    write: false,
    logLevel: 'silent',
  });
  await page.addScriptTag({ content: outputFiles[0]?.text ?? '' });
}

describeInChromium('the recipes for a page in Chromium', () => {
  const target = useLocalTarget();
  const fixture = useFixturePage('event-source');
  const openContext = useBrowser();

  it('fetch streams an answer', async () => {
    const page = await (await openContext()).open(fixture());
    await load(page, recipe('fetch', 'js'));
    const { whole, shown } = await page.evaluate(
      async ([door = '', token = '']) => {
        const seen: string[] = [];
        const answer = await window.recipe.ask(door, token, '/tokens 60 60', (text) => seen.push(text));
        return { whole: answer, shown: seen };
      },
      [target().httpUrl, await target().token('alice')],
    );

    expect(whole.text).toBe(countedText(60));
    expectReceipt(whole.end, whole.text);
    expect(shown.filter((text) => !countedText(60).startsWith(text))).toEqual([]);
    expect(new Set(shown).size).toBeGreaterThan(20);
  });

  it('EventSource follows an answer with a ticket and stops after its end', async () => {
    const token = await target().token('alice');
    const { assistantMessage } = await callerOf(target(), { token }).send('/tokens 60 60');
    const page = await (await openContext()).open(fixture());
    await load(page, recipe('EventSource', 'js'));
    const whole = await page.evaluate(
      async ([door = '', jwt = '', conversationId = '', messageId = '']) => {
        let ended: Whole | undefined;
        const source = await window.recipe.follow(door, jwt, conversationId, messageId, (text, end) => {
          if (end) ended = { text, end };
        });
        await new Promise<void>((resolve) => {
          source.onerror = () => {
            if (source.readyState === EventSource.CLOSED) resolve();
          };
        });
        return ended;
      },
      [target().httpUrl, token, assistantMessage.conversationId, assistantMessage.id],
    );

    expect(whole?.text).toBe(countedText(60));
    expectReceipt(whole?.end, whole?.text ?? '');
  });
});
