import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import { systemClock } from '../generation/clock.ts';
import { failureRecord, generationEvent } from '../generation/events.ts';
import { createPublishOnce, withRetries } from '../generation/signed-publish.ts';
import { required } from '../service/config.ts';
import { logLine } from '../service/log-line.ts';
import { createTable } from '../table/table.ts';
import { settle } from './settle.ts';

const table = createTable(required(process.env, 'TABLE_NAME'));
const publishOnce = createPublishOnce(required(process.env, 'GRAPHQL_URL'), process.env);

/** Ends what has no worker: invoked by readers and mutations, and as on-failure destination of `generate`. */
export async function handler(event: unknown, context: Context): Promise<void> {
  const log = logLine(context.awsRequestId);
  const ports = { table, publish: withRetries(publishOnce, log), clock: systemClock, log };
  const record = v.safeParse(failureRecord, event);
  const outcome = record.success
    ? await settle(ports, record.output.requestPayload, record.output.requestContext.requestId)
    : await settle(ports, v.parse(generationEvent, event));
  log('info', 'settle', { outcome, byRecord: record.success });
}
