import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { CallMoment, WorkerFate } from '../faults/index.ts';

/** Where Node tells of requests: `node:http`, which the AWS SDK uses, and `fetch`. */
const SENT = ['http.client.request.created', 'undici:request:create'];
const ANSWERED = ['http.client.response.finish', 'undici:request:headers'];

/** What carries out the fate of an invocation, in the thread that it is meant for. */
export interface WorkerFaultPorts {
  /** Ends the thread; nothing runs after it. */
  crash(): void;
  /** Stops the thread for so long. */
  pause(ms: number): void;
}

/**
 * Watches the network calls of one invocation and lets its fate happen at the calls it names: right before a request leaves, or when
 * its answer has come and the function has not seen it. Returns what ends the watch.
 */
export function armWorkerFaults(fate: WorkerFate | undefined, ports: WorkerFaultPorts): () => void {
  if (fate === undefined) return () => undefined;
  const { crash, pause } = fate;
  const numbers = new WeakMap<object, number>();
  let calls = 0;
  const reached = (call: number | undefined, side: CallMoment['side']): void => {
    if (pause?.call === call && pause?.side === side) ports.pause(pause.ms);
    if (crash?.call === call && crash?.side === side) ports.crash();
  };
  const sent = (message: unknown): void => {
    calls += 1;
    numbers.set(requestOf(message), calls);
    reached(calls, 'before');
  };
  const answered = (message: unknown): void => reached(numbers.get(requestOf(message)), 'after');
  for (const channel of SENT) subscribe(channel, sent);
  for (const channel of ANSWERED) subscribe(channel, answered);
  return () => {
    for (const channel of SENT) unsubscribe(channel, sent);
    for (const channel of ANSWERED) unsubscribe(channel, answered);
  };
}

function requestOf(message: unknown): object {
  return (message as { request: object }).request;
}
