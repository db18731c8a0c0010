import { expect, it } from 'vitest';
import { MAX_TEXT_UNITS } from '../../protocol/limits.ts';
import { countedText, storedMessages } from '../contract/streamed-answer.ts';
import { describeInChromium } from './chromium.ts';
import { eventually, expectGrowth, useWebPages } from './web-page.ts';

describeInChromium('sending on the page', () => {
  const { target, open } = useWebPages();

  it('streams an answer token by token to somebody who has only a keyboard', async () => {
    const { page, live, answers, questions, shownTexts } = await open();
    await live();

    await page.keyboard.type('/tokens 120 60');
    await page.keyboard.press('Enter');
    await answers.filter({ hasText: 'w120' }).waitFor();

    expectGrowth(await shownTexts(0), countedText(120));
    await eventually(() => questions.first().textContent()).toContain('/tokens 120 60');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('message');
    expect(new URL(page.url()).pathname).toMatch(/^\/c\/[\w-]+$/);
  });

  it('makes a new line with Shift+Enter and sends with Enter', async () => {
    const { page, live, composer, questions, answers } = await open();
    await live();
    await page.keyboard.type('/echo one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('two');
    expect(await composer.inputValue()).toBe('/echo one\ntwo');
    expect(await questions.count()).toBe(0);

    await page.keyboard.press('Enter');
    await answers.filter({ hasText: 'two' }).waitFor();

    expect(await composer.inputValue()).toBe('');
  });

  it('does not send with the Enter that ends a composition', async () => {
    const { page, watched, live, composer, questions, answers } = await open();
    await live();
    await page.keyboard.type('/echo ');
    const keys = await page.evaluateHandle(() => {
      const heard: unknown[] = [];
      addEventListener('keydown', ({ key, isComposing }) => heard.push([key, isComposing]));
      return heard;
    });
    const devtools = await watched.context.newCDPSession(page);
    await devtools.send('Input.imeSetComposition', { text: 'にほん', selectionStart: 3, selectionEnd: 3 });
    // An input method keeps the key for itself: the page hears of it, and no character follows.
    const enter = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 };
    await devtools.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...enter });
    await devtools.send('Input.dispatchKeyEvent', { type: 'keyUp', ...enter });
    await devtools.send('Input.insertText', { text: '日本' });

    expect(await keys.jsonValue()).toEqual([['Enter', true]]);
    expect(await composer.inputValue()).toBe('/echo 日本');
    await page.keyboard.press('Enter');
    await answers.filter({ hasText: '日本' }).waitFor();
    expect(await questions.count()).toBe(1);
  });

  it('sends nothing without a text', async () => {
    const { composer, button, questions, answers } = await open();
    for (const text of ['', '   ', '\n']) {
      await composer.fill(text);
      expect(await button('Send').isDisabled()).toBe(true);
      await composer.press('Enter');
    }

    // What an Enter above had sent would stand above this.
    await composer.fill('/echo after');
    await composer.press('Enter');
    await answers.filter({ hasText: 'after' }).waitFor();
    expect(await questions.count()).toBe(1);
  });

  it('says that a text is too long, keeps it and sends nothing', async () => {
    const { page, composer, button, questions, answers } = await open();
    const text = `/echo ${'x'.repeat(MAX_TEXT_UNITS - 5)}`;
    await composer.fill(text);

    expect(await button('Send').isDisabled()).toBe(true);
    await page
      .getByRole('alert')
      .filter({ hasText: /too long.*32,000/ })
      .waitFor();
    await composer.press('Enter');
    expect((await composer.inputValue()).length).toBe(MAX_TEXT_UNITS + 1);
    expect(await questions.count()).toBe(0);

    await composer.fill(text.slice(0, -1));
    await composer.press('Enter');
    await answers.filter({ hasText: 'xxx' }).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('sends while an answer runs, and both answers come whole', async () => {
    const { send, answers, conversationId } = await open();
    await send('/tokens 100 50');
    await answers.filter({ hasText: 'w10' }).waitFor();
    await send('/echo second');
    await answers.filter({ hasText: 'second' }).waitFor();

    await eventually(async () => {
      const messages = await storedMessages(target(), { apiKey: target().apiKey }, conversationId());
      return messages.map(({ text, status }) => `${status} ${text}`).toSorted();
    }).toEqual(
      [
        'COMPLETE /tokens 100 50',
        `COMPLETE ${countedText(100)}`,
        'COMPLETE /echo second',
        'COMPLETE second',
      ].toSorted(),
    );
  });
});
