import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import { Mailbox } from '../contract/mailbox.ts';
import { countedText, expectReceipt } from '../contract/streamed-answer.ts';
import { useLocalTarget } from '../contract/target.ts';
import { describeInChromium, useBrowser } from './chromium.ts';

/** What subscriptions of a page received: `null` for an acknowledgement. */
function deliveriesTo(page: Page): Mailbox<TokenBatch | null> {
  const deliveries = new Mailbox<TokenBatch | null>();
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload: frame }) => {
      const { type, payload } = JSON.parse(frame.toString()) as {
        type: string;
        payload: { data: { onTokens: TokenBatch } };
      };
      if (type === 'start_ack') deliveries.put(null);
      if (type === 'data') deliveries.put(payload.data.onTokens);
    });
  });
  return deliveries;
}

describeInChromium('the playground', () => {
  const target = useLocalTarget();
  const openContext = useBrowser();

  it('sends, receives tokens, reads the state and cancels with its examples as they stand', async () => {
    const { context } = await openContext();
    const page = await context.newPage();
    const deliveries = deliveriesTo(page);
    const result = page.locator('app-query-result');
    const run = async (example: string) => {
      await page.locator('.window-switcher__input').getByText(example, { exact: true }).click();
      await page.getByRole('button', { name: 'Send Request' }).click();
    };
    await page.goto(target().graphqlUrl.replace('/graphql', '/playground'));

    await run('subscribe');
    await deliveries.first((batch) => batch === null, 'start_ack');
    await run('send');
    await result.getByText('"assistantMessage"').waitFor();
    const last = await deliveries.first((batch) => batch?.kind === 'END', 'END');
    await run('state');
    await result.getByText('"COMPLETE"').waitFor();
    await run('cancel');
    await result.getByText('"cancelMessage"').waitFor();
    await page.locator('.window-switcher__input').getByText('subscribe', { exact: true }).click();
    await result.getByText('"END"', { exact: true }).waitFor();

    const text = deliveries.items.map((batch) => batch?.text ?? '').join('');
    expect(text).toBe(countedText(20));
    expectReceipt(last?.end, text);
  });
});
