import { cancelMessage } from '../../functions/rules/cancel.ts';
import { invoke, type Rule } from '../../functions/rules/operations.ts';
import type { StartedAnswer } from '../../functions/rules/start-answer.ts';
import { storeRegenerate } from '../../functions/rules/start-regenerate.ts';
import { storeSend } from '../../functions/rules/start-send.ts';
import {
  generationEventOf,
  type AssistantMessageItem,
  type GenerationEvent,
  type SendInput,
} from '../../protocol/items.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import type { Actor } from './actor.ts';
import { host, ResolverError, util } from './appsync-utils.ts';
import { resolve, UnknownOutcome, type PipelineField } from './pipelines.ts';
import type { Random } from './random.ts';
import { Reader } from './reader.ts';
import { Violation, type Truth } from './truth.ts';
import { Fenced, runAttempt, type WorkerWorld } from './worker.ts';

export const SUB = 'alice';
export const OWNER = `u:${SUB}`;
export const CONVERSATION = 'c1';

/** What clients act in. */
export interface ClientWorld {
  readonly random: Random;
  readonly truth: Truth;
  readonly worker: WorkerWorld;
  /** Everybody who has a next step. */
  readonly actors: Actor[];
  /** The attempts that Lambda was asked to run, as far as callers know, as `<message id>#<attempt>`. */
  readonly asked: ReadonlySet<string>;
}

/** The clients of one conversation: what they read and ask for, over either door, and repeat when it fails. */
export class Clients {
  readonly readers: readonly Reader[];
  readonly #world: ClientWorld;

  /** Begins what a random cast of clients does. */
  constructor(world: ClientWorld) {
    const { random, truth } = world;
    this.#world = world;
    this.readers = Array.from({ length: 1 + random.below(2) }, () => new Reader(truth));
    for (let index = 1 + random.below(3); index > 0; index -= 1) this.#send('k1');
    if (random.chance(0.25)) this.#send('k2');
    if (random.chance(0.3)) this.#onMessage('Mutation.cancelMessage', () => true);
    if (random.chance(0.3)) this.#cancelsOverHttp();
    for (let index = random.below(3); index > 0; index -= 1)
      this.#onMessage('Mutation.continueMessage', ({ status }) => status === 'INTERRUPTED');
    if (random.chance(0.25)) this.#regenerates('r1', 1 + random.below(2));
    for (let index = random.below(3); index > 0; index -= 1) this.reads();
    if (random.chance(0.1))
      this.#repeated('delete', () => resolve('Mutation.deleteConversation', { id: CONVERSATION }, SUB));
  }

  #send(clientMessageId: string): void {
    const input: SendInput = { conversationId: CONVERSATION, clientMessageId, text: clientMessageId };
    const overGraphql = () => this.#accepted('Mutation.sendMessage', { input });
    const overHttp = () => this.#served(storeSend(OWNER, input, host.now, util.autoUlid()));
    this.#repeated(`send ${clientMessageId}`, this.#world.random.chance(0.6) ? overGraphql : overHttp);
  }

  /** Some requests for one more answer under one id, each over either door, once there is an answer that has ended. */
  #regenerates(clientMessageId: string, count: number): void {
    let target: AssistantMessageItem | undefined;
    const isDue = () => {
      target ??= this.#world.truth.messages().find(({ status }) => isTerminal(status));
      return target !== undefined;
    };
    const inputOf = () => ({ conversationId: CONVERSATION, clientMessageId, messageId: target?.id ?? '' });
    const overGraphql = () => this.#accepted('Mutation.regenerateMessage', { input: inputOf() });
    const overHttp = () => this.#served(storeRegenerate(OWNER, inputOf(), host.now, util.autoUlid()));
    for (let left = count; left > 0; left -= 1)
      this.#repeated('regenerate', this.#world.random.chance(0.5) ? overGraphql : overHttp, isDue);
  }

  /** The HTTP door runs what it has stored, unless somebody else does. */
  *#served(stored: Rule<StartedAnswer>): Rule<void> {
    const { message, mayRun } = yield* stored;
    if (mayRun) yield* runAttempt(this.#world.worker, generationEventOf(message), `http-${util.autoUlid()}`);
    else this.#expectAsked(message);
  }

  /** A client's request: repeated when it failed with a cause that may pass. */
  #repeated(name: string, request: () => Rule<unknown>, isDue?: () => boolean): void {
    const tries = 1 + this.#world.random.below(3);
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
    this.#world.actors.push({ name, make, ...(isDue ? { isDue } : {}) });
  }

  /** I3: of an answer that waits to be started, somebody was asked to start it. */
  *#accepted(field: PipelineField, args: object): Rule<void> {
    const answer = (yield* resolve(field, args, SUB)) as Started | { assistantMessage: Started };
    this.#expectAsked('assistantMessage' in answer ? answer.assistantMessage : answer);
  }

  #expectAsked({ id, attempt, status }: Started): void {
    if (status === 'PENDING' && !this.#world.asked.has(`${id}#${attempt}`))
      throw new Violation(`I3: ${id}#${attempt} is accepted though nobody was asked to start it`);
  }

  /** A request about a message that is there and as wanted when it begins. */
  #onMessage(field: PipelineField, isWanted: (message: AssistantMessageItem) => boolean): void {
    let target: AssistantMessageItem | undefined;
    const isDue = () => {
      target ??= this.#world.truth.messages().find(isWanted);
      return target !== undefined;
    };
    const request = () => {
      const args = { conversationId: CONVERSATION, messageId: target?.id };
      return field === 'Mutation.cancelMessage' ? resolve(field, args, SUB) : this.#accepted(field, args);
    };
    this.#repeated(field, request, isDue);
  }

  #cancelsOverHttp(): void {
    let event: GenerationEvent | undefined;
    const isDue = () => {
      const [message] = this.#world.truth.messages();
      if (message) event ??= generationEventOf(message);
      return event !== undefined;
    };
    const request = function* (this: void): Rule<void> {
      const named = event as GenerationEvent;
      const { message, needsSettle } = yield* cancelMessage(named, host.now);
      if (needsSettle) yield* invoke('step.settle', generationEventOf(message));
    };
    this.#repeated('cancel over HTTP', request, isDue);
  }

  /** One more reader asks for the first message, once there is one. */
  reads(): void {
    const reader = this.#world.random.pick(this.readers);
    let id: string | undefined;
    const isDue = () => (id ??= this.#world.truth.messages()[0]?.id) !== undefined;
    this.#repeated('read', () => reader.ask(CONVERSATION, id ?? '', SUB), isDue);
  }
}

type Started = Pick<AssistantMessageItem, 'id' | 'attempt' | 'status'>;
