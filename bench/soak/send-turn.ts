/** How the question of a turn is sent. */
import { ChatError, isChatError, type Conversation } from '../../client/index.ts';
import type { AskedRequest, ConversationRun } from './conversation-run.ts';
import type { Turn, Unsent } from './drawn-schedule.ts';
import { REQUEST_WITHIN_MS, TERMINAL_WITHIN_MS } from './patience.ts';

/** The fields that every repeat has to have, over either door. */
export type Send = Parameters<Conversation['send']>[0] & { readonly clientMessageId: string };

/** A question that is on its way or accepted. */
export interface SentTurn {
  readonly request: AskedRequest;
  readonly send: Send;
}

/** Sends the question of a turn over its doors, repeats included; resolves to the one answer's id once every send is accepted. */
export async function sendTurn(
  run: ConversationRun,
  turn: Turn,
): Promise<SentTurn & { readonly messageId: string }> {
  const { prompt, pacing, repeats, door } = turn;
  const { people, record } = run;
  const request = run.newRequest('send', prompt);
  const { clientMessageId } = request;
  // The parent is named: without it, a repeat that comes later would follow another answer, and be other input.
  const parentId = people.device(0).state.messages.findLast(({ role }) => role === 'ASSISTANT')?.id ?? null;
  const send = { text: prompt.text, clientMessageId, pacing, parentId };
  const isUnsent = door === 'graphql' && turn.unsent !== undefined;
  const how = isUnsent ? 'send that a reload meets' : `send over ${door}`;
  record.step(
    `${how} ${clientMessageId} ${JSON.stringify(prompt.text.slice(0, 40))}, ${repeats} repeats`,
    how,
  );
  const sends: Promise<string>[] = [];
  if (door !== 'graphql') sends.push(sendOverHttp(run, turn, { request, send }));
  if (isUnsent) sends.push(sendUnsent(run, turn.unsent, { request, send }));
  else if (door !== 'http')
    for (let index = 0; index <= repeats; index += 1)
      sends.push(run.ask(request, people.device(index), (conversation) => conversation.send(send)));
  const [messageId = ''] = await Promise.all(sends);
  record.step(`accepted ${messageId}`);
  return { request, send, messageId };
}

/** Sends a question over HTTP, with a reader of its own; resolves to the answer's id once it is accepted. */
export async function sendOverHttp(
  run: ConversationRun,
  turn: Turn,
  { request, send }: SentTurn,
): Promise<string> {
  const reader = run.people.reader(turn);
  const messageId = await new Promise<string>((resolve, reject) => {
    const rest = reader.send({ conversationId: run.id, ...send }, resolve, TERMINAL_WITHIN_MS);
    rest.then((how) => how === 'gone' && reject(new ChatError('NOT_FOUND')), reject);
    run.reads(reader, rest);
  });
  request.messageIds.add(messageId);
  return messageId;
}

/** The device is reloaded with the send on its way: what the browser keeps has to bring it, once. */
async function sendUnsent(
  run: ConversationRun,
  { isOffline, isEverywhere }: Unsent,
  { request, send }: SentTurn,
): Promise<string> {
  const { clientMessageId } = request;
  const [device, ...others] = run.people.devices;
  if (!device) throw new Error('No device is open');
  if (isOffline) device.fail('down');
  device.sendOnce(send).catch((error: unknown) => {
    const isReload = isChatError(error) && error.code === 'NETWORK';
    if (!isReload && !run.isOfDeletion(error)) run.record.fail(error);
  });
  await run.until(
    device,
    () => device.keepsUnsent(clientMessageId) || undefined,
    REQUEST_WITHIN_MS,
    `${clientMessageId} is kept`,
  );
  device.reload();
  if (isEverywhere) for (const other of others) other.reload();
  if (isOffline) device.restore('down');
  const { id } = await run.until(
    device,
    ({ messages }) =>
      messages.find((message) => message.role === 'ASSISTANT' && message.clientMessageId === clientMessageId),
    TERMINAL_WITHIN_MS,
    `the answer to ${clientMessageId}, which was kept through a reload`,
  );
  request.messageIds.add(id);
  return id;
}
