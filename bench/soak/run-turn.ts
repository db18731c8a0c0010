/** What follows a question that was accepted. */
import { setTimeout as delay } from 'node:timers/promises';
import { isChatError, type ChatMessage } from '../../client/index.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import type { ConversationRun } from './conversation-run.ts';
import type { Device } from './device.ts';
import type { Action, Turn } from './drawn-schedule.ts';
import { REQUEST_WITHIN_MS, TERMINAL_WITHIN_MS } from './patience.ts';
import { sendOverHttp, sendTurn, type SentTurn } from './send-turn.ts';
import { within } from './within.ts';

const MOST_CONTINUES = 8;

/** An accepted question whose answer runs. */
export interface RunningTurn extends SentTurn {
  readonly turn: Turn;
  readonly messageId: string;
}

/** Begins a turn: resolves once its question is accepted. */
export async function beginTurn(run: ConversationRun, turn: Turn): Promise<RunningTurn> {
  return { turn, ...(await sendTurn(run, turn)) };
}

/** Lets the turn's actions happen and waits for the end of its answer, and of another one if it is asked for. */
export async function endTurn(run: ConversationRun, running: RunningTurn): Promise<void> {
  const { turn, messageId, request } = running;
  const acting = turn.actions.map((action) => act(run, running, action));
  await Promise.all([...acting, toTerminal(run, messageId, request.since)]);
  if (!turn.isRegenerated) return;
  const again = run.newRequest('regenerate', turn.prompt);
  const { clientMessageId } = again;
  run.record.step(`regenerate ${clientMessageId} of ${messageId}`, 'regenerate');
  const made = await run.ask(again, run.people.device(0), (conversation) =>
    conversation.regenerate(messageId, { clientMessageId, pacing: turn.pacing }),
  );
  await toTerminal(run, made, again.since);
}

/** Resolves once the first device shows a share of the answer, or its end. */
export async function untilShown(run: ConversationRun, running: RunningTurn, share: number): Promise<void> {
  const { messageId, turn } = running;
  const hasReached = (message: ChatMessage) =>
    isTerminal(message.status) || message.text.length >= share * turn.prompt.answer.length;
  await run.until(
    run.people.device(0),
    ({ messages }) => messages.find((message) => message.id === messageId && hasReached(message)),
    TERMINAL_WITHIN_MS,
    `a share of ${share} of ${messageId} on the first device`,
  );
}

async function act(run: ConversationRun, running: RunningTurn, action: Action): Promise<void> {
  const { messageId, turn, request, send } = running;
  const { people, record } = run;
  const { kind, forMs } = action;
  await untilShown(run, running, action.atShare);
  const device = people.device(action.device);
  record.step(`${kind} at ${action.atShare} of ${messageId}`, kind);
  switch (kind) {
    case 'join':
      return people.open();
    case 'reload':
      return device.reload();
    case 'wake':
      return device.wake();
    case 'repeat':
      return void (await run.ask(request, device, (conversation) => conversation.send(send)));
    case 'repeatOverHttp':
      return void (await sendOverHttp(run, turn, { request, send }));
    case 'cancel': {
      run.cancelled.add(messageId);
      const cancelled = device.perform((conversation) => conversation.cancel(messageId));
      return void (await within(cancelled, REQUEST_WITHIN_MS, `cancel of ${messageId}`));
    }
    case 'cancelOverHttp':
      run.cancelled.add(messageId);
      return cancelOverHttp(run, messageId);
    case 'follow': {
      const reader = people.reader(turn, messageId);
      return run.reads(reader, reader.toRest(TERMINAL_WITHIN_MS));
    }
    case 'offline':
      return cutOff(device, 'down', forMs);
    case 'silent':
      return cutOff(device, 'silent', forMs);
  }
}

async function cutOff(device: Device, outage: 'down' | 'silent', forMs: number): Promise<void> {
  device.fail(outage);
  await delay(forMs);
  device.restore(outage);
}

async function cancelOverHttp(run: ConversationRun, messageId: string): Promise<void> {
  const path = `/conversations/${run.id}/messages/${messageId}/cancel`;
  const deadline = Date.now() + REQUEST_WITHIN_MS;
  const message = await run.people.door.json(path, { method: 'POST' }, deadline);
  if (message === 'gone' && run.isDeleted) return;
  const { id } = message as { id?: string };
  if (id !== messageId)
    run.record.problems.push(`cancel of ${messageId} over HTTP answers ${JSON.stringify(message)}`);
}

/** Waits for the end of an answer as a person does, on a device, and goes on with it while it is interrupted. */
async function toTerminal(run: ConversationRun, messageId: string, since: number): Promise<void> {
  let attempt = 0;
  for (let continues = 0; ; continues += 1) {
    const device = run.people.device(continues);
    const after = attempt;
    const message = await run.until(
      device,
      ({ messages }) =>
        messages.find(({ id, ...own }) => id === messageId && isTerminal(own.status) && own.attempt > after),
      TERMINAL_WITHIN_MS,
      `the end of ${messageId} after attempt ${after}`,
    );
    run.sawEnd(message, since);
    if (message.status !== 'INTERRUPTED' || continues >= MOST_CONTINUES) return;
    attempt = message.attempt;
    await goOn(run, device, messageId, attempt);
  }
}

async function goOn(run: ConversationRun, device: Device, messageId: string, attempt: number): Promise<void> {
  run.record.did('continue');
  try {
    const asked = device.perform((conversation) => conversation.continue(messageId));
    await within(asked, REQUEST_WITHIN_MS, `continue of ${messageId}`);
  } catch (error) {
    if (!isChatError(error) || error.code !== 'CONFLICT') throw error;
    // A repeat whose first try took effect may find the next attempt ended.
    const stored = await run.read();
    const hasMoved = (stored.find(({ id }) => id === messageId)?.attempt ?? 0) > attempt;
    if (!hasMoved) throw error;
  }
}
