/**
 * What does a batch cost the page, and does it grow with the conversation?
 *
 * Criteria: a list that selects ids, its rows in groups, and rows that select their message, in a simulated document (happy-dom), with React's
 * production build for profiling. 10, 100 and 1,000 messages in turn, 3 rounds; of each, 100 batches of 24 units warm up
 * and 300 count. React: `actualDuration` of the whole page by its Profiler. Library: the time until `onBatch` returns in a
 * conversation that one listener hears, without React. Every batch must render its row once and nothing else, and the text
 * must be right, else there is no figure. Layout and paint are the browser's and not in it. Target: with 1,000 messages
 * React renders for at most 100 µs.
 */
import { Window } from 'happy-dom';
import type * as ReactDom from 'react-dom/client';
import type { ChatClient } from '../client/index.ts';
import { longConversation, type LongConversation } from './long-conversation.ts';
import { answer, type Figure } from './report.ts';
import { median } from './statistics.ts';

const COUNTS = [10, 100, 1_000] as const;
const ROUNDS = 3;
const WARM_UP = 100;
const BATCHES = 300;
const BATCH_TEXT = 'twenty-four units, yes. ';
const LOADED_WITHIN_MS = 10_000;
/** Under one hundredth of a frame at 60 a second. */
const TARGET_MICROSECONDS = 100;
/** Has the types of `react-dom/client`, and none of its own. */
const PROFILING_BUILD: string = 'react-dom/profiling';

/** React reads it when it is loaded: the development build spends most of its time on checks. */
process.env.NODE_ENV = 'production';
const window = new Window();
Object.assign(globalThis, { window, document: window.document });
const { createChatClient } = await import('../client/index.ts');
const { showListPage } = await import('./list-page.ts');
const { createRoot } = (await import(PROFILING_BUILD)) as typeof ReactDom;

/** React has rendered and run its effects. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Waits for the conversation to have so many messages, and for React to have rendered them. */
async function loaded(chat: ChatClient, count: number): Promise<void> {
  const { getSnapshot } = chat.conversation('bench');
  const limit = performance.now() + LOADED_WITHIN_MS;
  while (getSnapshot().messages.length !== count) {
    if (performance.now() > limit) throw new Error(`${count} messages were not loaded in time`);
    await turn();
  }
  for (let turns = 0; turns < 20; turns += 1) await turn();
}

/** A client whose timers never fire: nothing but batches happens. */
function clientOf({ transport }: LongConversation): ChatClient {
  return createChatClient({ transport, clock: { now: () => 0, after: () => () => undefined } });
}

/** Loads the conversation, begins its running answer, then lets every batch through `hear`. */
async function publishAll(
  conversation: LongConversation,
  chat: ChatClient,
  count: number,
  hear: (publish: () => void) => Promise<void>,
): Promise<void> {
  await turn();
  conversation.acknowledge();
  await loaded(chat, count - 1);
  conversation.publish('');
  await loaded(chat, count);
  for (let index = 0; index < WARM_UP + BATCHES; index += 1)
    await hear(() => conversation.publish(BATCH_TEXT));
}

/** Milliseconds React rendered for, for each batch that counts. */
async function measureReact(count: number): Promise<number[]> {
  const conversation = longConversation(count);
  const chat = clientOf(conversation);
  const element = document.body.appendChild(document.createElement('main'));
  const page = showListPage(createRoot(element), element, chat);
  const samples: number[] = [];
  await publishAll(conversation, chat, count, async (publish) => {
    if (samples.length === 0) page.take();
    publish();
    await turn();
    const { milliseconds, rows, lists } = page.take();
    if (rows !== 1 || lists !== 0)
      throw new Error(`A batch of ${count} messages rendered ${rows} rows and ${lists} lists`);
    samples.push(milliseconds);
  });
  if (element.querySelectorAll('li').length !== count)
    throw new Error(`The page shows not ${count} messages`);
  if (page.newestText() !== BATCH_TEXT.repeat(WARM_UP + BATCHES)) throw new Error('The text is wrong');
  page.unmount();
  element.remove();
  chat.close();
  return samples.slice(WARM_UP);
}

/** Milliseconds until the library has taken a batch and told it, for each batch that counts. */
async function measureLibrary(count: number): Promise<number[]> {
  const conversation = longConversation(count);
  const chat = clientOf(conversation);
  let told = 0;
  const opened = chat.conversation('bench');
  opened.subscribe(() => (told += 1));
  const samples: number[] = [];
  await publishAll(conversation, chat, count, (publish) => {
    const before = told;
    const startedAt = performance.now();
    publish();
    samples.push(performance.now() - startedAt);
    if (told !== before + 1) throw new Error(`A batch was told ${told - before} times`);
    return Promise.resolve();
  });
  if (opened.getSnapshot().messages.length !== count)
    throw new Error(`The library has not ${count} messages`);
  chat.close();
  return samples.slice(WARM_UP);
}

await answer('render-cost', async () => {
  const react = new Map<number, number[]>();
  const library = new Map<number, number[]>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const count of round % 2 === 0 ? COUNTS : COUNTS.toReversed()) {
      react.set(count, [...(react.get(count) ?? []), ...(await measureReact(count))]);
      library.set(count, [...(library.get(count) ?? []), ...(await measureLibrary(count))]);
    }
  }
  await window.happyDOM.close();
  const figures = (name: string, samples: ReadonlyMap<number, number[]>, target?: number): Figure[] => {
    const medianOf = (count: number) => median(samples.get(count) ?? []);
    const perBatch = COUNTS.map((count): Figure => ({
      name: `${name}, ${count} messages, p50`,
      value: medianOf(count) * 1_000,
      unit: 'µs',
      ...(count === 1_000 && target !== undefined && { target }),
    }));
    const ratio = medianOf(1_000) / medianOf(10);
    return [...perBatch, { name: `${name}, 1000 messages against 10`, value: ratio, unit: 'times' }];
  };
  return {
    figures: [...figures('React', react, TARGET_MICROSECONDS), ...figures('library', library)],
    samples: Object.fromEntries(
      COUNTS.flatMap((count) => [
        [`react, ${count} messages, ms`, react.get(count) ?? []],
        [`library, ${count} messages, ms`, library.get(count) ?? []],
      ]),
    ),
    notes: [`${BATCHES * ROUNDS} batches each: every one rendered its row once, and the list never`],
  };
});
