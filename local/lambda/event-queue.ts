import type { AsyncConfig } from '../template/lambda-model.ts';
import type { Outcome } from './failure.ts';

/** An asynchronous event; its id is the request id of every try. */
export interface QueuedEvent {
  requestId: string;
  functionArn: string;
  /** JSON text. */
  payload: string;
  /** The function's settings when the event was accepted. */
  config: AsyncConfig;
}

/** The record that a destination receives. */
export interface DestinationRecord {
  version: '1.0';
  timestamp: string;
  requestContext: {
    requestId: string;
    functionArn: string;
    condition: 'RetriesExhausted' | 'EventAgeExceeded' | 'Success';
    approximateInvokeCount: number;
  };
  requestPayload: unknown;
  responseContext?: { statusCode: number; executedVersion: string; functionError?: 'Unhandled' };
  responsePayload?: unknown;
}

/** What the queue needs of its surroundings. */
export interface EventQueuePorts {
  /** Runs one try, never rejects; `notAfter` is when the event gets too old to start. */
  run(event: QueuedEvent, notAfter: number): Promise<Outcome>;
  /** Hands a record to a destination with the role of the function that the event was for. Never throws. */
  deliver(destinationArn: string, record: DestinationRecord, event: QueuedEvent): void;
  now(): number;
  /** Multiplies Lambda's pauses of one and two minutes. */
  retryDelayFactor: number;
  /** The waits after which an accepted event is delivered, one for each delivery: the queue on AWS is at-least-once. */
  deliveries(event: QueuedEvent): readonly number[];
}

/** Lambda waits one minute before the second try and two minutes before the third. */
const RETRY_DELAYS_MS = [60_000, 120_000];

/** The asynchronous queue: tries, pauses, ages and destinations as the template configures them. Kept in memory: a restart loses it. */
export class EventQueue {
  readonly #ports: EventQueuePorts;
  readonly #pauses = new Set<NodeJS.Timeout>();
  #closed = false;

  constructor(ports: EventQueuePorts) {
    this.#ports = ports;
  }

  /** Accepts the event and returns at once; all that follows happens later. */
  accept(event: QueuedEvent): void {
    const acceptedAt = this.#ports.now();
    for (const waitMs of this.#ports.deliveries(event)) {
      if (waitMs > 0) this.#later(waitMs, () => void this.#try(event, acceptedAt, 1));
      else void this.#try(event, acceptedAt, 1);
    }
  }

  /** Starts no further try and delivers no further record. */
  close(): void {
    this.#closed = true;
    for (const pause of this.#pauses) clearTimeout(pause);
    this.#pauses.clear();
  }

  async #try(event: QueuedEvent, acceptedAt: number, attempt: number): Promise<void> {
    const { config } = event;
    const notAfter = acceptedAt + config.maxEventAgeMs;
    const outcome = await this.#ports.run(event, notAfter);
    if (this.#closed) return;
    if (outcome.ok) return this.#conclude(config.onSuccessArn, event, 'Success', attempt, outcome);
    if (outcome.expired)
      return this.#conclude(config.onFailureArn, event, 'EventAgeExceeded', attempt - 1, outcome);
    if (attempt > config.retryAttempts)
      return this.#conclude(config.onFailureArn, event, 'RetriesExhausted', attempt, outcome);
    const pauseMs = (RETRY_DELAYS_MS[attempt - 1] ?? 0) * this.#ports.retryDelayFactor;
    if (this.#ports.now() + pauseMs > notAfter)
      return this.#conclude(config.onFailureArn, event, 'EventAgeExceeded', attempt, outcome);
    this.#later(pauseMs, () => void this.#try(event, acceptedAt, attempt + 1));
  }

  #later(ms: number, run: () => void): void {
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      run();
    }, ms);
    this.#pauses.add(pause);
  }

  #conclude(
    destinationArn: string | undefined,
    event: QueuedEvent,
    condition: DestinationRecord['requestContext']['condition'],
    approximateInvokeCount: number,
    outcome: Outcome,
  ): void {
    if (destinationArn === undefined) return;
    const ran = outcome.ok || outcome.expired === undefined;
    const record: DestinationRecord = {
      version: '1.0',
      timestamp: new Date(this.#ports.now()).toISOString(),
      requestContext: {
        requestId: event.requestId,
        functionArn: `${event.functionArn}:$LATEST`,
        condition,
        approximateInvokeCount,
      },
      requestPayload: JSON.parse(event.payload) as unknown,
      ...(ran && {
        responseContext: {
          statusCode: 200,
          executedVersion: '$LATEST',
          ...(outcome.ok ? {} : { functionError: 'Unhandled' as const }),
        },
        responsePayload: outcome.ok ? (JSON.parse(outcome.payload ?? 'null') as unknown) : outcome.failure,
      }),
    };
    this.#ports.deliver(destinationArn, record, event);
  }
}
