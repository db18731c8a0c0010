import { cancelMessage } from '../../functions/rules/cancel.ts';
import { invoke, type Operation, type Rule } from '../../functions/rules/operations.ts';
import { settleAnswer } from '../../functions/rules/settle.ts';
import { storeSend } from '../../functions/rules/start-send.ts';
import { isChatError } from '../../protocol/errors.ts';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem, GenerationEvent, SendInput } from '../../protocol/items.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import type { Actor, Removal, Tally } from './actor.ts';
import { host, ResolverError, util } from './appsync-utils.ts';
import { resolve, UnknownOutcome, type PipelineField } from './pipelines.ts';
import { purgeOnce } from './purge.ts';
import { isOnce, isStart, lineOf } from './operation-lines.ts';
import { Random } from './random.ts';
import { Reader } from './reader.ts';
import type { TableOperation } from './store.ts';
import { Truth, Violation } from './truth.ts';
import { Fenced, runAttempt } from './worker.ts';

const SUB = 'alice';
const OWNER = `u:${SUB}`;
const CONVERSATION = 'c1';
const START_MS = Date.UTC(2030, 0, 1);
/** Past every lease and start-by time. */
const LONG_MS = 70_000;
/** More steps than any schedule needs: one that does not end is a violation, too. */
const MAX_STEPS = 5_000;

/** Runs one random schedule of all actors; throws Violation. The same seed runs the same schedule. */
export class Schedule {
  readonly truth = new Truth();
  readonly tally: Tally;
  readonly #random: Random;
  readonly #removal: Removal;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #readers: Reader[] = [];
  readonly #ghosts: TableOperation[] = [];
  readonly #deliveries: { readonly reader: Reader; readonly batch: TokenBatch }[] = [];
  readonly #actors: Actor[] = [];
  /** The attempts that Lambda was asked to run, as far as callers know. */
  readonly #asked = new Set<string>();
  #faults: number;
  #requests = 0;
  #steps = 0;

  constructor(seed: number, removal: Removal = {}, tally: Tally = {}, trace?: (line: string) => void) {
    this.#random = new Random(seed);
    this.#removal = removal;
    this.tally = tally;
    this.#trace = trace;
    this.#faults = this.#random.pick([0, 0.05, 0.2]);
    host.now = START_MS;
    host.ulids = 0;
    this.#cast();
  }

  /** Runs until every actor is done or dead, then asks as readers do until nothing is open. */
  run(): void {
    while (this.#actors.length > 0) this.#step();
    this.#faults = 0;
    for (const ghost of this.#ghosts.splice(0)) this.#land(ghost);
    if (this.truth.isDeleted) this.#purged();
    else this.#quiet();
  }

  #count(name: string): void {
    this.tally[name] = (this.tally[name] ?? 0) + 1;
  }

  #cast(): void {
    const random = this.#random;
    for (let index = 1 + random.below(2); index > 0; index -= 1) this.#readers.push(new Reader(this.truth));
    for (let index = 1 + random.below(3); index > 0; index -= 1) this.#send('k1', undefined);
    if (random.chance(0.25)) this.#send('k2', undefined);
    if (random.chance(0.3)) this.#onMessage('Mutation.cancelMessage', () => true);
    if (random.chance(0.2)) this.#cancelsOverHttp();
    for (let index = random.below(3); index > 0; index -= 1)
      this.#onMessage('Mutation.continueMessage', ({ status }) => status === 'INTERRUPTED');
    if (random.chance(0.25))
      this.#onMessage('Mutation.regenerateMessage', ({ status }) => isTerminal(status), 'r1');
    for (let index = random.below(3); index > 0; index -= 1) this.#reads();
    if (random.chance(0.1)) this.#mutate('Mutation.deleteConversation', { id: CONVERSATION });
  }

  #send(clientMessageId: string, parentId: string | undefined): void {
    const input: SendInput = { conversationId: CONVERSATION, clientMessageId, text: clientMessageId };
    if (parentId !== undefined) input.parentId = parentId;
    const overGraphql = () => this.#accepted('Mutation.sendMessage', { input });
    const world = this.#worker();
    const overHttp = function* (this: void): Rule<unknown> {
      const { message, mayRun } = yield* storeSend(OWNER, input, host.now, util.autoUlid());
      if (mayRun) yield* runAttempt(world, eventOf(message), `http-${util.autoUlid()}`);
      return undefined;
    };
    this.#repeated(`send ${clientMessageId}`, this.#random.chance(0.6) ? overGraphql : overHttp);
  }

  #worker() {
    return {
      random: this.#random,
      now: () => host.now,
      isPublishedFirst: this.#removal.isPublishedFirst ?? false,
    };
  }

  /** A client's request: repeated when it failed with a cause that may pass. */
  #repeated(name: string, request: () => Rule<unknown>, isDue?: () => boolean): void {
    const tries = 1 + this.#random.below(3);
    const make = function* (this: void): Rule<void> {
      for (let left = tries; left > 0; left -= 1) {
        try {
          yield* request();
          return;
        } catch (thrown) {
          const isPassing =
            thrown instanceof UnknownOutcome ||
            (thrown instanceof ResolverError && thrown.type === 'INTERNAL') ||
            thrown instanceof Fenced;
          if (!isPassing) throw thrown;
        }
      }
    };
    this.#actors.push({ name, make, ...(isDue ? { isDue } : {}) });
  }

  #mutate(field: PipelineField, args: object, isDue?: () => boolean): void {
    this.#repeated(field, () => resolve(field, args, SUB), isDue);
  }

  /** I3: of an answer that waits to be started, somebody was asked to start it. */
  *#accepted(field: PipelineField, args: object): Rule<void> {
    const answer = (yield* resolve(field, args, SUB)) as Started | { assistantMessage: Started };
    const { id, attempt, status } = 'assistantMessage' in answer ? answer.assistantMessage : answer;
    if (status === 'PENDING' && !this.#asked.has(`${id}#${attempt}`))
      throw new Violation(`I3: ${id}#${attempt} is accepted though nobody was asked to start it`);
  }

  /** A request about a message that is there and as wanted when it begins. */
  #onMessage(
    field: PipelineField,
    isWanted: (message: AssistantMessageItem) => boolean,
    clientMessageId?: string,
  ): void {
    let target: AssistantMessageItem | undefined;
    const isDue = () => {
      target ??= this.truth.messages().find(isWanted);
      return target !== undefined;
    };
    const request = () => {
      const named = { conversationId: CONVERSATION, messageId: target?.id };
      const args = clientMessageId ? { input: { ...named, clientMessageId } } : named;
      return field === 'Mutation.cancelMessage' ? resolve(field, args, SUB) : this.#accepted(field, args);
    };
    this.#repeated(field, request, isDue);
  }

  #cancelsOverHttp(): void {
    let event: GenerationEvent | undefined;
    const isDue = () => {
      const [message] = this.truth.messages();
      if (message) event ??= eventOf(message);
      return event !== undefined;
    };
    const request = function* (this: void): Rule<void> {
      const named = event as GenerationEvent;
      const { message, needsSettle } = yield* cancelMessage(named, host.now);
      if (needsSettle) yield* invoke('step.settle', eventOf(message));
    };
    this.#repeated('cancel over HTTP', request, isDue);
  }

  #reads(): void {
    const reader = this.#random.pick(this.#readers);
    let id: string | undefined;
    const isDue = () => (id ??= this.truth.messages()[0]?.id) !== undefined;
    this.#repeated('read', () => reader.ask(CONVERSATION, id ?? '', SUB), isDue);
  }

  #step(): void {
    this.#steps += 1;
    if (this.#steps > MAX_STEPS) throw new Violation('a schedule does not end');
    const random = this.#random;
    host.now += random.chance(0.03) ? random.below(LONG_MS) : random.below(40);
    if (this.#ghosts.length > 0 && random.chance(0.1)) {
      const [ghost] = this.#ghosts.splice(random.below(this.#ghosts.length), 1);
      if (ghost) this.#land(ghost);
      return;
    }
    if (this.#deliveries.length > 0 && random.chance(0.25)) {
      const [delivery] = this.#deliveries.splice(random.below(this.#deliveries.length), 1);
      delivery?.reader.hear(delivery.batch, host.now);
      return;
    }
    const index = random.below(this.#actors.length);
    const actor = this.#actors[index] as Actor;
    if ((actor.wakesAt ?? 0) > this.#steps) return;
    // What waits for a message that never comes is given up in the end.
    if (!actor.rule && actor.isDue && !actor.isDue()) {
      if (this.#actors.every(({ rule, isDue }) => !rule && isDue)) this.#actors.splice(index, 1);
      return;
    }
    if (random.chance(this.#faults * 0.06)) this.#crash(actor, index);
    else if (actor.rule && random.chance(this.#pauseChance(actor))) this.#pause(actor);
    // A run of steps of one actor now and then: pauses of the others are what zombies are made of.
    else
      for (let left = random.chance(0.3) ? 1 + random.below(6) : 1; left > 0; left -= 1) {
        if (this.#advance(actor)) continue;
        this.#actors.splice(this.#actors.indexOf(actor), 1);
        break;
      }
  }

  #crash(actor: Actor, index: number): void {
    this.#trace?.(`${actor.name} dies`);
    this.#count('crash');
    this.#actors.splice(index, 1);
    if (this.#random.chance(0.5)) actor.onFailure?.();
  }

  #pauseChance({ pending, wakesAt }: Actor): number {
    const { pausesAt } = this.#removal;
    return pausesAt !== undefined && pending?.step === pausesAt && wakesAt === undefined ? 0.5 : 0.03;
  }

  #pause(actor: Actor): void {
    const random = this.#random;
    actor.wakesAt = this.#steps + 10 + random.below(150);
    this.#trace?.(`${actor.name} pauses`);
    this.#count('pause');
    if (random.chance(0.5)) host.now += LONG_MS;
    if (random.chance(0.3)) this.#reads();
  }

  /** One operation of an actor; false when it is done. */
  #advance(actor: Actor): boolean {
    if (!actor.rule) {
      actor.rule = actor.make();
      return this.#resume(actor, () => (actor.rule as Rule<void>).next());
    }
    const { pending, rule } = actor;
    if (!pending) return false;
    let answer: unknown;
    try {
      answer = this.#perform(actor, pending);
    } catch (thrown) {
      if (!(thrown instanceof UnknownOutcome)) throw thrown;
      // Production repeats what must be known on the same operation.
      if (!isOnce(pending)) return true;
      return this.#resume(actor, () => rule.throw(thrown));
    }
    return this.#resume(actor, () => rule.next(answer));
  }

  #resume(actor: Actor, next: () => IteratorResult<Operation, void>): boolean {
    try {
      const step = next();
      if (step.done) return false;
      actor.pending = step.value;
      return true;
    } catch (thrown) {
      const isOwnFailure = thrown instanceof Fenced || thrown instanceof UnknownOutcome;
      if (!isOwnFailure && !(thrown instanceof ResolverError) && !isChatError(thrown)) throw thrown;
      const why = thrown instanceof ResolverError ? thrown.type : thrown.constructor.name;
      this.#trace?.(`${actor.name} fails: ${why}`);
      this.#count(`fails ${why}`);
      if (isOwnFailure) actor.onFailure?.();
      return false;
    }
  }

  #perform(actor: Actor, asked: Operation): unknown {
    const altered = this.#removal.alter?.(asked, this.truth) ?? asked;
    if ('answer' in altered) return altered.answer;
    const fate = this.#random.chance(this.#faults) ? this.#random.below(4) : -1;
    this.#trace?.(`${actor.name}: ${lineOf(altered)}${fate < 0 ? '' : ` [${FATES[fate]}]`}`);
    if (fate >= 0) this.#count(FATES[fate] as string);
    switch (altered.kind) {
      case 'get':
      case 'range':
        if (fate === 0 || fate === 1) throw new UnknownOutcome() as unknown as Error;
        return this.truth.store.apply(altered);
      case 'invoke':
        return this.#invoke(altered.step, altered.event, fate);
      case 'publish':
        return this.#publish(altered.batch);
      default:
        return this.#write(altered, fate);
    }
  }

  #write(operation: TableOperation, fate: number): unknown {
    if (fate === 0) throw new UnknownOutcome() as unknown as Error;
    if (fate === 1) {
      this.#ghosts.push(operation);
      throw new UnknownOutcome() as unknown as Error;
    }
    const answer = this.truth.store.apply(operation);
    this.#trace?.(`  -> ${answer === 'refused' ? 'refused' : 'done'}`);
    if (answer === 'refused') this.#count(`refused ${operation.step}`);
    if (fate === 2) throw new UnknownOutcome() as unknown as Error;
    if (fate === 3) this.#ghosts.push(operation);
    return answer;
  }

  #land(ghost: TableOperation): void {
    const altered = this.#removal.alter?.(ghost, this.truth) ?? ghost;
    if ('answer' in altered) return;
    const answer = this.truth.store.apply(altered as TableOperation);
    this.#trace?.(`late: ${lineOf(ghost)} -> ${answer === 'refused' ? 'refused' : 'done'}`);
  }

  #invoke(step: string, event: GenerationEvent, fate: number): undefined {
    if (fate === 0) throw new UnknownOutcome() as unknown as Error;
    if (fate !== 3 && isStart(step)) this.#asked.add(`${event.messageId}#${event.attempt}`);
    // Accepted and lost for good, delivered twice, or delivered although the caller saw an error.
    const times = fate === 1 ? 0 : fate === 2 ? 2 : 1;
    this.#requests += 1;
    for (let left = times; left > 0; left -= 1) this.#start(step, event, `request-${this.#requests}`);
    if (fate === 3) throw new UnknownOutcome() as unknown as Error;
    return undefined;
  }

  #start(step: string, event: GenerationEvent, requestId: string): void {
    if (step === 'Mutation.deleteConversation.purge') {
      this.#actors.push({ name: 'purge', make: () => purgeOnce(`${OWNER}#${CONVERSATION}`) });
    } else if (step === 'step.settle') {
      this.#settle(event);
    } else {
      const name = `worker ${requestId} of ${event.messageId}#${event.attempt}`;
      const make = () => runAttempt(this.#worker(), event, requestId);
      const onFailure = () => {
        if (this.#random.chance(0.7)) this.#settle(event, requestId);
      };
      this.#actors.push({ name, make, onFailure });
    }
  }

  #settle(event: GenerationEvent, deadRequestId?: string): void {
    this.#count('settle');
    const make = function* (this: void): Rule<void> {
      yield* settleAnswer(event, () => host.now, deadRequestId);
    };
    this.#actors.push({ name: `settle ${event.messageId}`, make });
  }

  #publish(batch: Omit<TokenBatch, 'publishedAt'>): boolean {
    this.truth.published(batch);
    this.#count(`published ${batch.kind}`);
    for (const reader of this.#readers) {
      // Dropped, delivered or delivered twice, at any time.
      for (let times = this.#random.below(3); times > 0; times -= 1)
        this.#deliveries.push({ reader, batch: { ...batch, publishedAt: '' } });
    }
    return this.#random.chance(0.9);
  }

  /** I3 and I6: readers ask, and nothing stays open; every reader ends with what is stored. */
  #quiet(): void {
    for (const { reader, batch } of this.#deliveries.splice(0)) reader.hear(batch, host.now);
    for (let round = 0; round < 4; round += 1) {
      host.now += LONG_MS;
      for (const message of this.truth.messages())
        for (const reader of this.#readers) this.#whole(() => reader.ask(CONVERSATION, message.id, SUB));
      while (this.#actors.length > 0) this.#step();
    }
    for (const message of this.truth.messages()) {
      this.#count(`ends ${message.status}`);
      if (!isTerminal(message.status))
        throw new Violation(`I3: ${message.id} stays ${message.status} though readers ask`);
      for (const reader of this.#readers) {
        const shown = reader.of(message.id);
        const text = this.truth.attempt(message.id, message.attempt)?.text;
        if (!shown.end || shown.text !== text)
          throw new Violation(`I6: a reader ends with "${shown.text}", stored is "${text}"`);
      }
    }
  }

  #whole(make: () => Rule<void>): void {
    this.#actors.push({ name: 'reader', make });
    while (this.#actors.length > 0) this.#step();
  }

  /** After the second pass of the purge nothing but the tombstone is left. */
  #purged(): void {
    this.#count('ends deleted');
    if (!this.#removal.isPurgedOnce) this.#whole(() => purgeOnce(`${OWNER}#${CONVERSATION}`));
    const left = [...this.truth.store.items.keys()].filter((sk) => sk !== 'C');
    if (left.length > 0) throw new Violation(`I3: ${left.join(', ')} is left of a deleted conversation`);
  }
}

type Started = Pick<AssistantMessageItem, 'id' | 'attempt' | 'status'>;

const FATES = ['lost', 'late', 'unknown', 'twice'];

function eventOf(message: AssistantMessageItem): GenerationEvent {
  const { owner, conversationId, id: messageId, attempt } = message;
  return { owner, conversationId, messageId, attempt };
}
