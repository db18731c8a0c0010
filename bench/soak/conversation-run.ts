import { randomUUID } from 'node:crypto';
import { ChatError, isChatError } from '../../client/index.ts';
import type { ChatMessage, Conversation, ConversationState, RequestedAnswer } from '../../client/index.ts';
import type { Message } from '../../protocol/generated/schema-types.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import type { Device } from './device.ts';
import type { Prompt } from './drawn-prompt.ts';
import type { Schedule } from './drawn-schedule.ts';
import type { SeenEnding } from './fault-kinds.ts';
import type { HttpReader, Rest } from './http-reader.ts';
import type { Request } from './judge.ts';
import { Participants } from './participants.ts';
import { REQUEST_WITHIN_MS } from './patience.ts';
import type { SoakTarget } from './soak-target.ts';
import { ScheduleRecord } from './schedule-record.ts';
import { storedMessages, type StoredSource } from './stored-answers.ts';
import { within } from './within.ts';

/** What was asked for, and since when. */
export interface AskedRequest extends Request {
  readonly messageIds: Set<string>;
  readonly since: number;
}

/** One conversation while it is held, with everything that was asked and seen. */
export class ConversationRun {
  readonly id = randomUUID();
  readonly record = new ScheduleRecord();
  readonly target: SoakTarget;
  readonly people: Participants;
  readonly source: StoredSource;
  readonly requests: AskedRequest[] = [];
  readonly endings: SeenEnding[] = [];
  /** Answers that somebody cancels. */
  readonly cancelled = new Set<string>();
  /** How every HTTP reader came to rest. */
  readonly rests: Promise<Rest>[] = [];
  /** Whether somebody has begun to delete it: from then on NOT_FOUND is right. */
  isDeleted = false;
  repairs = 0;
  stored: readonly Message[] = [];

  constructor(schedule: Schedule, target: SoakTarget) {
    this.target = target;
    this.people = new Participants(schedule, target, this.id, {
      asked: () => (this.repairs += 1),
      resumed: () => this.record.did('HTTP resume'),
    });
    this.source = { graphqlUrl: target.graphqlUrl, headers: this.people.headers };
    this.record.step(`conversation ${this.id}`);
  }

  newRequest(kind: Request['kind'], prompt: Prompt): AskedRequest {
    const request = {
      kind,
      clientMessageId: randomUUID(),
      prompt,
      messageIds: new Set<string>(),
      since: Date.now(),
    };
    this.requests.push(request);
    return request;
  }

  /** Whether an error only says that the conversation is deleted. */
  isOfDeletion(error: unknown): boolean {
    return this.isDeleted && isChatError(error) && error.code === 'NOT_FOUND';
  }

  /** Whether a device knows of a deletion, or never knew of anything that was deleted. */
  isGoneOn({ error, messages }: ConversationState): boolean {
    return error?.code === 'NOT_FOUND' || (this.isDeleted && messages.every(({ pending }) => pending));
  }

  /** As `Device.until`. @throws ChatError NOT_FOUND once the conversation is gone there */
  until<Found>(
    device: Device,
    look: (state: ConversationState) => Found | undefined,
    withinMs: number,
    what: string,
  ): Promise<Found> {
    const lookUnlessGone = (state: ConversationState) => {
      if (this.isGoneOn(state)) throw new ChatError('NOT_FOUND', { cause: new Error(what) });
      return look(state);
    };
    return device.until(lookUnlessGone, withinMs, what);
  }

  /** Asks for an answer on a device; resolves to its id. */
  async ask(
    request: AskedRequest,
    device: Device,
    operation: (conversation: Conversation) => Promise<RequestedAnswer>,
  ): Promise<string> {
    const asked = device.perform(operation);
    const { messageId, ended } = await within(asked, REQUEST_WITHIN_MS, 'a request that is repeated');
    request.messageIds.add(messageId);
    ended.then(
      (message) => this.#checkEnded(message, messageId),
      (error: unknown) => {
        // A reload and the end of the schedule close a client; nothing else may end the wait.
        const isClosing = isChatError(error) && error.code === 'NETWORK';
        if (!isClosing && !this.isOfDeletion(error)) this.record.fail(error);
      },
    );
    return messageId;
  }

  /** Lets an HTTP reader come to rest by itself; whoever only looks at a page looks then. */
  reads(reader: HttpReader, rest: Promise<Rest>): void {
    const rested = rest.finally(() => this.people.wake());
    // Awaited in the end; until then a failure is no unhandled one.
    rested.catch(() => undefined);
    this.rests.push(rested);
  }

  /** Reads what is stored. */
  async read(): Promise<readonly Message[]> {
    this.stored = await storedMessages(this.source, this.id, REQUEST_WITHIN_MS);
    return this.stored;
  }

  /** Notes an end as a device showed it. */
  sawEnd({ id: messageId, status, attempt, end }: ChatMessage, since: number): void {
    const code = end?.error?.code;
    this.record.step(`${status} ${code ?? ''} ${messageId} attempt ${attempt}`);
    const faults = this.target.faultsSince(since);
    this.endings.push({ messageId, status, code, isCancelled: this.cancelled.has(messageId), faults });
  }

  #checkEnded(message: ChatMessage, messageId: string): void {
    if (message.id !== messageId || !isTerminal(message.status) || !message.end)
      this.record.problems.push(`ended resolves with ${message.id} ${message.status} for ${messageId}`);
  }
}
