import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { NO_FAULTS } from '../../local/faults/index.ts';
import { seededRandom } from '../../local/faults/random.ts';
import { callerOf } from '../contract/api.ts';
import { useCountingModel, type CountedAnswer } from '../contract/counting-model.ts';
import { CurlReader, startWithCurl, type AnswerName } from '../contract/curl-reader.ts';
import { readToEnd } from '../contract/repairing-reader.ts';
import { resubscribingFeed, type ResubscribingFeed } from '../contract/resubscribing-feed.ts';
import { expectIdentical, sha256 } from '../contract/streamed-answer.ts';
import { describeInChromium } from './chromium.ts';
import { CutPage, CUTS } from './cut-page.ts';
import { startGatedPage } from './gated-page.ts';
import { UNREACHABLE, useWebPages, type WebPage } from './web-page.ts';

const SEED = Number(process.env.CUT_SEED ?? Math.floor(Math.random() * 2 ** 31));
const POINTS = 10;

/** An answer that runs, and who reads it. */
interface RunningAnswer {
  readonly prompt: string;
  readonly message: AnswerName;
  readonly curl: CurlReader;
  readonly page: CutPage;
  readonly feed: ResubscribingFeed;
}

describeInChromium(`one answer on both doors and in the page, cut at ten points (CUT_SEED=${SEED})`, () => {
  const model = useCountingModel();
  // Small windows: ten points within seconds.
  const { target, context, openIn } = useWebPages(() => ({
    functionEnvironment: { OPENAI_BASE_URL: model().baseUrl, LINGER_MS: '60', MAX_LINGER_MS: '200' },
  }));
  const credential = () => ({ apiKey: target().apiKey });

  afterEach(() => target().stack.appSync.setFaults(NO_FAULTS));

  /** The page of a conversation, whose connections can be cut. */
  async function openPage(conversationId: string): Promise<{ web: WebPage; page: CutPage }> {
    const { gate, origin } = await startGatedPage(target());
    const watched = await context();
    watched.expectErrors(...UNREACHABLE);
    const web = await openIn(watched, `/c/${conversationId}`, origin);
    return { web, page: new CutPage(web, gate, target()) };
  }

  /** What the model wrote for this text, which it was asked for once. */
  function written(prompt: string): CountedAnswer {
    const answers = model().answers.filter((answer) => answer.prompt === prompt);
    expect(answers).toHaveLength(1);
    return answers[0] as CountedAnswer;
  }

  /** Cuts curl and the page at every point while the answer runs, and lets both come back. */
  async function cutBoth({ curl, page }: RunningAnswer): Promise<void> {
    const random = seededRandom(SEED);
    const units = () => 1 + Math.floor(random() * 40);
    for (let point = 0; point < POINTS; point += 1) {
      const cut = CUTS[Math.floor(random() * CUTS.length)] ?? 'reload';
      await Promise.all([curl.readAndCut(units()), page.growAndCut(units(), cut)]);
    }
    expect(curl.received.end).toBeNull();
  }

  /** Cuts who reads, lets the answer end, and compares what everybody has by its bytes and by its digest. */
  async function expectOneText(answer: RunningAnswer): Promise<void> {
    const { prompt, message, curl, page, feed } = answer;
    const reading = readToEnd({
      ...message,
      target: target(),
      credential: credential(),
      received: feed.received.items,
      withinMs: 100_000,
    });
    // It is awaited last: the test tells what failed before it.
    reading.catch(() => undefined);
    await cutBoth(answer);
    written(prompt).finish();
    await Promise.all([curl.readToEnd(), page.ended()]);

    const { received } = curl;
    const everShown = await page.everShown();
    const shown = everShown.at(-1) ?? '';
    const subscribed = await reading;
    const { conversationId, messageId: id } = message;
    const stored = await callerOf(target(), credential()).ended({ conversationId, id });
    expect(stored.status).toBe('COMPLETE');
    const texts = { received: received.text, shown, subscribed: subscribed.message.text };
    expectIdentical(stored, { written: written(prompt).text, ...texts });
    for (const end of [received.end, subscribed.message.end, stored.end])
      expect(end).toMatchObject({ length: shown.length, sha256: sha256(shown) });
    expect(received.attempts).toEqual([1]);
    const isOther = (text: string) => !stored.text.startsWith(text);
    expect([...everShown, ...subscribed.shown].find(isOther)).toBeUndefined();
  }

  it('is the identical text for everybody when curl started it', async () => {
    const prompt = 'count for curl';
    const conversationId = randomUUID();
    const feed = await resubscribingFeed(target(), credential(), conversationId);
    const { message, reader: curl } = await startWithCurl(target(), { text: prompt, conversationId });
    const { page } = await openPage(conversationId);

    await expectOneText({ prompt, message, curl, page, feed });
  });

  it('is the identical text for everybody when the page started it', async () => {
    const prompt = 'count for the page';
    const conversationId = randomUUID();
    const feed = await resubscribingFeed(target(), credential(), conversationId);
    const { web, page } = await openPage(conversationId);
    await web.send(prompt);
    const { messageId } = await feed.received.first(({ kind }) => kind === 'START', 'START');
    const message = { conversationId, messageId };

    await expectOneText({ prompt, message, curl: new CurlReader(target(), message), page, feed });
  });
});
