/** Runs one conversation against a stack and judges it. */
import { randomUUID } from 'node:crypto';
import type { ChatAuth, ChatMessage, Conversation, RequestedAnswer } from '../../client/index.ts';
import { isChatError } from '../../client/index.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import type { Message } from '../../protocol/generated/schema-types.ts';
import { Device } from './device.ts';
import type { Action, Schedule, Turn } from './drawn-schedule.ts';
import { judge, type Request } from './judge.ts';
import type { ModelRequests } from './model-requests.ts';
import { storedMessages, type StoredSource } from './stored-answers.ts';
import { Stuck, within } from './within.ts';

/** A stack to run schedules against. */
export interface SoakTarget {
  readonly graphqlUrl: string;
  readonly apiKey: string;
  readonly token: (user: string) => Promise<string>;
  readonly modelRequests: ModelRequests;
  /** Whether no other schedule of the run asks the same; told once for each prompt. */
  readonly claimPrompt: (prompt: string) => boolean;
}

/** What one schedule came to. */
export interface ScheduleResult {
  readonly seed: number;
  /** Every answer as it was in the end: its status, with the code of an error. */
  readonly endings: readonly string[];
  readonly attempts: number;
  /** Questions for missing text that clients asked. */
  readonly repairs: number;
  readonly problems: readonly string[];
  readonly stuck: readonly string[];
  /** What was done, in order, each with the milliseconds since the start. */
  readonly steps: readonly string[];
}

/**
 * How long an answer may take to its end while everything goes wrong: a lost invocation is only found after a minute, and what finds it may
 * be lost as well.
 */
const TERMINAL_WITHIN_MS = 240_000;
const REQUEST_WITHIN_MS = 120_000;
const CONVERGE_WITHIN_MS = 90_000;
const MOST_CONTINUES = 8;
/** Spellings of the loopback address: Amplify shares one socket among all clients of the same endpoint, devices must not. */
const SPELLINGS = ['127.0.0.1', '127.1', '2130706433', '0x7f000001'];

/** Runs a schedule to its end; never rejects. */
export async function runSchedule(schedule: Schedule, target: SoakTarget): Promise<ScheduleResult> {
  const run = new ScheduleRun(schedule, target);
  return run.toEnd();
}

class ScheduleRun {
  readonly #schedule: Schedule;
  readonly #target: SoakTarget;
  readonly #conversationId = randomUUID();
  readonly #devices: Device[] = [];
  readonly #requests: (Request & { messageIds: Set<string> })[] = [];
  readonly #problems: string[] = [];
  readonly #stuck: string[] = [];
  readonly #steps: string[] = [];
  readonly #startedAt = Date.now();
  #stored: readonly Message[] = [];
  #repairs = 0;

  constructor(schedule: Schedule, target: SoakTarget) {
    this.#schedule = schedule;
    this.#target = target;
  }

  async toEnd(): Promise<ScheduleResult> {
    try {
      this.#open();
      const running: Promise<void>[] = [];
      for (const turn of this.#schedule.turns) {
        const { messageId, hasActed } = await this.#ask(turn);
        const ended = this.#toEndOf(turn, messageId, hasActed);
        if (turn.isOverlapped) {
          running.push(ended);
          // Awaited below; until then a failure is no unhandled one.
          ended.catch(() => undefined);
        } else await ended;
      }
      await Promise.all(running);
      await this.#converge();
      await this.#judge();
    } catch (error) {
      if (error instanceof Stuck) this.#stuck.push(error.message);
      else this.#problems.push(describe(error));
    }
    for (const device of this.#devices) device.close();
    const answers = this.#stored.filter(({ role }) => role === 'ASSISTANT');
    return {
      seed: this.#schedule.seed,
      endings: answers.map(({ status, end }) => [status, end?.error?.code].filter(Boolean).join(' ')),
      attempts: answers.reduce((sum, { attempt }) => sum + attempt, 0),
      repairs: this.#repairs,
      problems: this.#problems,
      stuck: this.#stuck,
      steps: [`conversation ${this.#conversationId}`, ...this.#steps],
    };
  }

  #step(what: string): void {
    this.#steps.push(`${Date.now() - this.#startedAt} ms: ${what}`);
  }

  async #token(): Promise<string> {
    return this.#target.token(`soak-${this.#schedule.seed}`);
  }

  #auth(): ChatAuth {
    return this.#schedule.auth === 'apiKey'
      ? { type: 'apiKey', apiKey: this.#target.apiKey }
      : { type: 'token', getToken: () => this.#token() };
  }

  #open(): Device {
    const spelling = SPELLINGS[this.#devices.length % SPELLINGS.length] ?? '127.0.0.1';
    const device = new Device({
      graphqlUrl: this.#target.graphqlUrl.replace('127.0.0.1', spelling),
      auth: this.#auth(),
      conversationId: this.#conversationId,
      asked: () => (this.#repairs += 1),
    });
    this.#devices.push(device);
    return device;
  }

  #device(index: number): Device {
    const device = this.#devices[index % this.#devices.length];
    if (!device) throw new Error('No device is open');
    return device;
  }

  /** Sends a question, on several devices at once when it is repeated, and lets the turn's actions follow. */
  async #ask(turn: Turn): Promise<{ messageId: string; hasActed: Promise<void> }> {
    const { prompt, pacing, repeats } = turn;
    const clientMessageId = randomUUID();
    const request = { kind: 'send' as const, clientMessageId, prompt, messageIds: new Set<string>() };
    this.#requests.push(request);
    this.#step(`send ${clientMessageId} ${JSON.stringify(prompt.text.slice(0, 40))}, ${repeats} repeats`);
    // The parent is named: without it, a repeat that comes later would follow another answer, and be other input.
    const parentId = this.#device(0).state.messages.findLast(({ role }) => role === 'ASSISTANT')?.id ?? null;
    const send = (conversation: Conversation) =>
      conversation.send({ text: prompt.text, clientMessageId, pacing, parentId });
    const sends = Array.from({ length: repeats + 1 }, (_none, index) =>
      this.#request(request, this.#device(index), send),
    );
    const [messageId = ''] = await Promise.all(sends);
    this.#step(`accepted ${messageId}`);
    const repeat = (device: Device) => this.#request(request, device, send);
    const hasActed = Promise.all(
      turn.actions.map((action) => this.#act(action, messageId, prompt.answer.length, repeat)),
    ).then(() => undefined);
    return { messageId, hasActed };
  }

  async #request(
    request: { readonly messageIds: Set<string> },
    device: Device,
    ask: (conversation: Conversation) => Promise<RequestedAnswer>,
  ): Promise<string> {
    const asked = device.perform(ask);
    const { messageId, ended } = await within(asked, REQUEST_WITHIN_MS, 'a request that is repeated');
    request.messageIds.add(messageId);
    ended.then(
      (message) => this.#checkEnded(message, messageId),
      (error: unknown) => {
        // A reload and the end of the schedule close a client; nothing else may end the wait.
        if (!isChatError(error) || error.code !== 'NETWORK')
          this.#problems.push(`ended rejects: ${describe(error)}`);
      },
    );
    return messageId;
  }

  #checkEnded(message: ChatMessage, messageId: string): void {
    if (message.id !== messageId || !isTerminal(message.status) || !message.end)
      this.#problems.push(`ended resolves with ${message.id} ${message.status} for ${messageId}`);
  }

  async #act(
    action: Action,
    messageId: string,
    length: number,
    repeat: (device: Device) => Promise<string>,
  ): Promise<void> {
    const hasReached = (message: ChatMessage) =>
      isTerminal(message.status) || message.text.length >= action.atShare * length;
    await this.#device(0).until(
      ({ messages }) => messages.find((message) => message.id === messageId && hasReached(message)),
      TERMINAL_WITHIN_MS,
      `a share of ${action.atShare} of ${messageId} on the first device`,
    );
    const device = this.#device(action.device);
    this.#step(`${action.kind} at ${action.atShare} of ${messageId}`);
    switch (action.kind) {
      case 'join':
        if (this.#devices.length < SPELLINGS.length) this.#open();
        return;
      case 'reload':
        return device.reload();
      case 'wake':
        return device.wake();
      case 'repeat':
        return void (await repeat(device));
      case 'cancel':
        await within(
          device.perform((conversation) => conversation.cancel(messageId)),
          REQUEST_WITHIN_MS,
          `cancel of ${messageId}`,
        );
    }
  }

  /** Waits for the end of an answer as a person does, on a device, and goes on with it while it is interrupted. */
  async #toTerminal(messageId: string): Promise<ChatMessage> {
    let attempt = 0;
    for (let continues = 0; ; continues += 1) {
      const device = this.#device(continues);
      const after = attempt;
      const message = await device.until(
        ({ messages }) =>
          messages.find(
            ({ id, ...own }) => id === messageId && isTerminal(own.status) && own.attempt > after,
          ),
        TERMINAL_WITHIN_MS,
        `the end of ${messageId} after attempt ${after}`,
      );
      this.#step(
        `${message.status} ${message.end?.error?.code ?? ''} ${messageId} attempt ${message.attempt}`,
      );
      if (message.status !== 'INTERRUPTED' || continues >= MOST_CONTINUES) return message;
      attempt = message.attempt;
      await this.#continue(device, messageId, attempt);
    }
  }

  async #continue(device: Device, messageId: string, attempt: number): Promise<void> {
    try {
      const asked = device.perform((conversation) => conversation.continue(messageId));
      await within(asked, REQUEST_WITHIN_MS, `continue of ${messageId}`);
    } catch (error) {
      // A repeat whose first try took effect may find the next attempt ended.
      const stored = await this.#read();
      const hasMoved = (stored.find(({ id }) => id === messageId)?.attempt ?? 0) > attempt;
      if (!isChatError(error) || error.code !== 'CONFLICT' || !hasMoved) throw error;
    }
  }

  async #toEndOf(turn: Turn, messageId: string, hasActed: Promise<void>): Promise<void> {
    await Promise.all([hasActed, this.#toTerminal(messageId)]);
    if (!turn.isRegenerated) return;
    const clientMessageId = randomUUID();
    const request = {
      kind: 'regenerate' as const,
      clientMessageId,
      prompt: turn.prompt,
      messageIds: new Set<string>(),
    };
    this.#requests.push(request);
    this.#step(`regenerate ${clientMessageId} of ${messageId}`);
    const made = await this.#request(request, this.#device(0), (conversation) =>
      conversation.regenerate(messageId, { clientMessageId, pacing: turn.pacing }),
    );
    await this.#toTerminal(made);
  }

  async #read(): Promise<readonly Message[]> {
    const headers = async (): Promise<Record<string, string>> =>
      this.#schedule.auth === 'apiKey'
        ? { 'x-api-key': this.#target.apiKey }
        : { authorization: await this.#token() };
    const source: StoredSource = { graphqlUrl: this.#target.graphqlUrl, headers };
    this.#stored = await storedMessages(source, this.#conversationId, REQUEST_WITHIN_MS);
    return this.#stored;
  }

  /** Every device shows what is stored, and nothing else. */
  async #converge(): Promise<void> {
    const stored = await this.#read();
    const isSame = (shown: readonly ChatMessage[]) =>
      shown.length === stored.length &&
      stored.every((message) => {
        const own = shown.find(({ id }) => id === message.id);
        return (
          own?.text === message.text &&
          own.status === message.status &&
          own.attempt === message.attempt &&
          own.end?.sha256 === message.end?.sha256
        );
      });
    for (const [index, device] of this.#devices.entries()) {
      await device.until(
        ({ messages }) => isSame(messages) || undefined,
        CONVERGE_WITHIN_MS,
        `device ${index} shows what is stored`,
      );
    }
    this.#step('all devices show what is stored');
  }

  async #judge(): Promise<void> {
    await this.#target.modelRequests.read();
    this.#problems.push(
      ...judge({
        requests: this.#requests,
        stored: this.#stored,
        shown: this.#devices.flatMap((device) => device.shown),
        modelRequests: (prompt) =>
          this.#target.claimPrompt(prompt) ? this.#target.modelRequests.of(prompt) : undefined,
      }),
    );
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
