/** Runs one conversation against a stack and judges it. */
import { setTimeout as delay } from 'node:timers/promises';
import { isChatError, type ChatMessage } from '../../client/index.ts';
import { ConversationRun } from './conversation-run.ts';
import type { Schedule } from './drawn-schedule.ts';
import type { Rest } from './http-reader.ts';
import { judge, judgeDeleted } from './judge.ts';
import { CONVERGE_WITHIN_MS, REQUEST_WITHIN_MS } from './patience.ts';
import { beginTurn, endTurn, untilShown, type RunningTurn } from './run-turn.ts';
import type { SoakTarget } from './soak-target.ts';
import { readableOf } from './stored-answers.ts';
import { within } from './within.ts';

/** What one schedule came to. */
export interface ScheduleResult {
  readonly seed: number;
  /** Every answer as it was in the end: its status, with the code of an error; DELETED when its conversation is. */
  readonly endings: readonly string[];
  readonly attempts: number;
  /** Questions for missing text that clients asked. */
  readonly repairs: number;
  /** How often each thing was done. */
  readonly done: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
  readonly stuck: readonly string[];
  /** What was done, in order, each with the milliseconds since the start. */
  readonly steps: readonly string[];
}

/** Runs a schedule to its end; never rejects. */
export async function runSchedule(schedule: Schedule, target: SoakTarget): Promise<ScheduleResult> {
  const run = new ConversationRun(schedule, target);
  try {
    await hold(run, schedule);
  } catch (error) {
    run.record.fail(error);
  }
  run.people.close();
  const answers = run.stored.filter(({ role }) => role === 'ASSISTANT');
  const { problems, stuck, steps, done } = run.record;
  return {
    seed: schedule.seed,
    endings: run.isDeleted
      ? run.requests.map(() => 'DELETED')
      : answers.map(({ status, end }) => [status, end?.error?.code].filter(Boolean).join(' ')),
    attempts: answers.reduce((sum, { attempt }) => sum + attempt, 0),
    repairs: run.repairs,
    ...{ done, problems, stuck, steps },
  };
}

async function hold(run: ConversationRun, schedule: Schedule): Promise<void> {
  const deleting: Promise<void>[] = [];
  run.people.open();
  try {
    await turns(run, schedule, (running, atShare) => {
      const deleted = deleteAt(run, running, atShare);
      deleting.push(deleted);
      // Awaited below; until then a failure is no unhandled one.
      deleted.catch(() => undefined);
    });
  } catch (error) {
    if (!run.isOfDeletion(error)) throw error;
  }
  await Promise.all(deleting);
  if (run.isDeleted) return judgeGone(run);
  await converge(run);
  await judgeStored(run);
}

async function turns(
  run: ConversationRun,
  { turns, deletion }: Schedule,
  deleteAt: (running: RunningTurn, share: number) => void,
): Promise<void> {
  const all: Promise<void>[] = [];
  const deletes = Math.min(deletion?.turn ?? Infinity, turns.length - 1);
  try {
    for (const [index, turn] of turns.entries()) {
      const running = await beginTurn(run, turn);
      if (deletion && index === deletes) deleteAt(running, deletion.atShare);
      const ended = endTurn(run, running);
      all.push(ended);
      // Awaited below; until then a failure is no unhandled one.
      ended.catch(() => undefined);
      if (!turn.isOverlapped) await ended;
    }
    await Promise.all(all);
  } finally {
    if (run.isDeleted) await Promise.allSettled(all);
  }
}

async function deleteAt(run: ConversationRun, running: RunningTurn, share: number): Promise<void> {
  await untilShown(run, running, share);
  run.record.step(`delete at ${share} of ${running.messageId}`, 'delete');
  run.isDeleted = true;
  const device = run.people.device(running.messageId.length);
  for (;;) {
    try {
      await within(device.deleteConversation(), REQUEST_WITHIN_MS, 'the deletion');
      break;
    } catch (error) {
      if (!isChatError(error)) throw error;
      if (!error.retryable) throw new Error(`The deletion is refused: ${error.code}`, { cause: error });
    }
    await delay(250);
  }
  run.record.step('deleted');
  run.people.wake();
}

/** Everybody finds out, and nobody can read anything any more. */
async function judgeGone(run: ConversationRun): Promise<void> {
  const { people, record, requests, endings } = run;
  for (const [index, device] of people.devices.entries()) {
    const isGone = () => run.isGoneOn(device.state) || undefined;
    device.wake();
    await device.until(isGone, CONVERGE_WITHIN_MS, `device ${index} finds out about the deletion`);
  }
  await Promise.all(run.rests.map((rest) => restOf(run, rest)));
  for (const reader of people.readers) {
    if (reader.messageId === '' || (await reader.toRest(CONVERGE_WITHIN_MS)) === 'gone') continue;
    record.problems.push(`${reader.messageId} is read over HTTP after the deletion`);
  }
  const ids = requests.flatMap(({ messageIds }) => [...messageIds]);
  for (const what of await readableOf(run.source, run.id, ids, CONVERGE_WITHIN_MS))
    record.problems.push(`${what} can be read after the deletion`);
  const shown = people.devices.flatMap((device) => device.shown);
  record.problems.push(...judgeDeleted({ requests, shown, readings: people.readers, endings }));
}

/** A refusal of the deleted conversation is a rest, too. */
async function restOf(run: ConversationRun, rest: Promise<Rest>): Promise<Rest> {
  try {
    return await rest;
  } catch (error) {
    if (run.isOfDeletion(error)) return 'gone';
    throw error;
  }
}

/** Every device shows what is stored, and nothing else; every HTTP reader has it; no browser keeps anything to send. */
async function converge(run: ConversationRun): Promise<void> {
  const { people, record } = run;
  await Promise.all(run.rests);
  for (const reader of people.readers)
    if ((await reader.toRest(CONVERGE_WITHIN_MS)) === 'gone')
      record.problems.push(`${reader.messageId} is gone over HTTP`);
  const stored = await run.read();
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
  for (const [index, device] of people.devices.entries()) {
    const shows = ({ messages }: { messages: readonly ChatMessage[] }) => isSame(messages) || undefined;
    await run.until(device, shows, CONVERGE_WITHIN_MS, `device ${index} shows what is stored`);
    const isEmpty = () => !device.keepsUnsent() || undefined;
    await run.until(device, isEmpty, CONVERGE_WITHIN_MS, `device ${index} keeps nothing to send`);
  }
  record.step('all devices show what is stored');
}

async function judgeStored(run: ConversationRun): Promise<void> {
  const { target, people, requests, endings, stored } = run;
  await target.modelRequests.read();
  run.record.problems.push(
    ...judge({
      requests,
      stored,
      endings,
      shown: people.devices.flatMap((device) => device.shown),
      readings: people.readers,
      modelRequests: (prompt) => (target.claimPrompt(prompt) ? target.modelRequests.of(prompt) : undefined),
    }),
  );
}
