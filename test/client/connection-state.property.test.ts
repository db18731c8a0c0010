/** What `connection` says is true after any sequence of losses, acknowledgements, holes, outages and wakes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChatError, type ConnectionState, type Variables } from '../../client/index.ts';
import { GAP_PATIENCE_MS } from '../../protocol/limits.ts';
import { propertyRuns } from '../protocol/property-runs.ts';
import { batch, fakeConversation, FakeService, message, receipt, state } from './fake-service.ts';
import { settled } from './manual-clock.ts';

const WHOLE = 'abcdefghijklmnopqrst';

type Outage = 'NETWORK' | 'INTERNAL' | 'UNAUTHENTICATED';
type Event =
  | { readonly kind: 'acknowledge' | 'wake' | 'deliver' | 'lose a batch' | 'recover' }
  | { readonly kind: 'cut'; readonly code: Outage }
  | { readonly kind: 'fail'; readonly code: Outage }
  | { readonly kind: 'pass'; readonly ms: number };

const code = fc.constantFrom<Outage>('NETWORK', 'INTERNAL', 'UNAUTHENTICATED');
const events = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Event>({ kind: 'acknowledge' }) },
    { weight: 4, arbitrary: fc.constant<Event>({ kind: 'deliver' }) },
    { weight: 2, arbitrary: fc.constant<Event>({ kind: 'lose a batch' }) },
    { weight: 1, arbitrary: fc.constant<Event>({ kind: 'wake' }) },
    { weight: 3, arbitrary: fc.constant<Event>({ kind: 'recover' }) },
    { weight: 2, arbitrary: code.map<Event>((failure) => ({ kind: 'fail', code: failure })) },
    { weight: 2, arbitrary: code.map<Event>((failure) => ({ kind: 'cut', code: failure })) },
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 9_000 }).map<Event>((ms) => ({ kind: 'pass', ms })) },
  ),
  { minLength: 1, maxLength: 30 },
);

/** A conversation whose answer grows by a letter a batch, with what is true about its connection. */
async function observed() {
  const service = new FakeService();
  service.stored.push(message({ id: 'm1-0', role: 'USER', status: 'COMPLETE', text: 'hi' }));
  service.stored.push(message({ id: 'm1-1', parentId: 'm1-0', status: 'STREAMING' }));
  let published = 0;
  let outage: Outage | undefined;
  let subscription = service.current;
  /** By kind of request: how the last one ended. */
  const last = { listing: undefined as Outage | undefined, state: undefined as Outage | undefined };
  let lastRequest: Outage | undefined;
  let [isDelivering, wasLost] = [false, false];
  /** When the first of the batches that are missing was passed by a later one. */
  let holeSince: number | undefined;
  const list = service.answers.messages as () => unknown;
  const noted = (kind: 'listing' | 'state' | undefined, answer: () => unknown) => {
    if (kind) last[kind] = outage;
    lastRequest = outage;
    return outage ? new ChatError(outage) : answer();
  };
  // A listing asks for a page, a probe for one message.
  service.answers.messages = ({ limit }: Variables) =>
    noted(limit === undefined ? 'listing' : undefined, list);
  service.answers.messageState = ({ fromOffset }: Variables) =>
    noted('state', () => {
      holeSince = undefined;
      const end = published === WHOLE.length ? receipt(WHOLE) : null;
      const text = WHOLE.slice(Number(fromOffset), published);
      return state({ offset: Number(fromOffset), text, throughSeq: published, end });
    });
  const fake = fakeConversation(service);
  await settled();
  return {
    ...fake,
    connection: () => fake.conversation.getSnapshot().connection,
    truth: () => ({ isDelivering, wasLost, last, lastRequest, holeSince, now: fake.clock.now() }),
    text: () => fake.answer()?.text ?? '',
    async apply(event: Event) {
      if (service.current !== subscription) {
        subscription = service.current;
        isDelivering = false;
      }
      switch (event.kind) {
        case 'acknowledge':
          if (!subscription.isEnded) {
            isDelivering = true;
            subscription.observer.onAck();
          }
          break;
        case 'cut':
          isDelivering = false;
          wasLost = true;
          subscription.observer.onLost(new ChatError(event.code));
          break;
        case 'deliver':
          if (published >= WHOLE.length - 1) break;
          if (isDelivering) {
            const offset = published;
            subscription.observer.onBatch(batch({ seq: offset + 1, offset, text: WHOLE.charAt(offset) }));
            if (offset > (fake.answer()?.text.length ?? 0)) holeSince ??= fake.clock.now();
          }
          published += 1;
          break;
        case 'lose a batch':
          if (published < WHOLE.length - 1) published += 1;
          break;
        case 'wake':
          for (const wake of fake.wakes) wake();
          break;
        case 'fail':
          outage = event.code;
          break;
        case 'recover':
          outage = undefined;
          break;
        case 'pass':
          await fake.clock.advance(event.ms);
          break;
      }
      await settled();
      if (service.current !== subscription) {
        subscription = service.current;
        isDelivering = false;
      }
      if (fake.answer()?.text.length === published) holeSince = undefined;
    },
    end() {
      outage = undefined;
      published = WHOLE.length;
    },
  };
}

type Truth = ReturnType<Awaited<ReturnType<typeof observed>>['truth']>;

/** Why a state is a lie; undefined when it is true. */
function lie(connection: ConnectionState, truth: Truth): string | undefined {
  const { isDelivering, wasLost, last, lastRequest, holeSince, now } = truth;
  const isConnected = connection === 'live' || connection === 'catching-up';
  if (isConnected !== isDelivering) return isDelivering ? 'batches arrive' : 'no batch can arrive';
  if (connection === 'live' && last.listing) return 'the listing failed';
  if (connection === 'live' && holeSince !== undefined && now - holeSince > GAP_PATIENCE_MS)
    return 'text is missing';
  if (connection === 'catching-up' && !last.listing && !last.state) return 'everything was read';
  if (connection === 'offline' && lastRequest !== 'NETWORK') return 'the service answered';
  if (connection === 'connecting' && wasLost) return 'the subscription was lost';
  return undefined;
}

describe('the connection state', () => {
  it('is true after every event, and live with the whole text once everything works', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (sequence) => {
        const fake = await observed();
        try {
          for (const event of sequence) {
            await fake.apply(event);
            const connection = fake.connection();
            expect(
              lie(connection, fake.truth()),
              `${connection} after ${JSON.stringify(event)}`,
            ).toBeUndefined();
            expect(WHOLE.startsWith(fake.text())).toBe(true);
          }
          fake.end();
          for (let tries = 0; tries < 8; tries += 1) {
            await fake.apply({ kind: 'pass', ms: 10_500 });
            await fake.apply({ kind: 'acknowledge' });
          }
          await fake.apply({ kind: 'pass', ms: 15_000 });
          expect(fake.connection()).toBe('live');
          expect(fake.answer()).toMatchObject({ text: WHOLE, status: 'COMPLETE' });
        } finally {
          fake.chat.close();
        }
      }),
      propertyRuns(600),
    );
  });
});
