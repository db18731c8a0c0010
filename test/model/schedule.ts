import type { Operation, Rule } from '../../functions/rules/operations.ts';
import { settleAnswer } from '../../functions/rules/settle.ts';
import { isChatError } from '../../protocol/errors.ts';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import type { GenerationEvent } from '../../protocol/items.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import type { Actor, Removal, Tally } from './actor.ts';
import { host, ResolverError } from './appsync-utils.ts';
import { Clients, CONVERSATION, OWNER, SUB } from './clients.ts';
import { UnknownOutcome } from './pipelines.ts';
import { purgeOnce } from './purge.ts';
import { isOnce, isStart, lineOf } from './operation-lines.ts';
import { Random } from './random.ts';
import type { Reader } from './reader.ts';
import type { TableOperation } from './store.ts';
import { Truth, Violation } from './truth.ts';
import { Fenced, runAttempt, type WorkerWorld } from './worker.ts';

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
  readonly #worker: WorkerWorld;
  readonly #clients: Clients;
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
    this.#worker = {
      random: this.#random,
      now: () => host.now,
      isPublishedFirst: removal.isPublishedFirst ?? false,
    };
    this.#clients = new Clients({
      random: this.#random,
      truth: this.truth,
      worker: this.#worker,
      actors: this.#actors,
      asked: this.#asked,
    });
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
    if (random.chance(0.3)) this.#clients.reads();
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
      const make = () => runAttempt(this.#worker, event, requestId);
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
    for (const reader of this.#clients.readers) {
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
        for (const reader of this.#clients.readers)
          this.#whole(() => reader.ask(CONVERSATION, message.id, SUB));
      while (this.#actors.length > 0) this.#step();
    }
    for (const message of this.truth.messages()) {
      this.#count(`ends ${message.status}`);
      if (!isTerminal(message.status))
        throw new Violation(`I3: ${message.id} stays ${message.status} though readers ask`);
      for (const reader of this.#clients.readers) {
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

const FATES = ['lost', 'late', 'unknown', 'twice'];
