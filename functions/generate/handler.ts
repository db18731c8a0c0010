import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import { DEADLINE_MARGIN_MS } from '../../protocol/limits.ts';
import { systemClock } from '../generation/clock.ts';
import { generationEvent } from '../generation/events.ts';
import { runGeneration } from '../generation/generation.ts';
import { createOpenAiModel } from '../generation/openai-model.ts';
import { createPublishOnce, withRetries } from '../generation/signed-publish.ts';
import { generationConfig, required } from '../service/config.ts';
import { createInvoke } from '../service/invoke.ts';
import { logLine } from '../service/log-line.ts';
import { createTable } from '../table/table.ts';

const config = generationConfig(process.env);
const table = createTable(required(process.env, 'TABLE_NAME'));
const publishOnce = createPublishOnce(required(process.env, 'GRAPHQL_URL'), process.env);
const model = createOpenAiModel(config);
const invoke = createInvoke();

/** Runs one attempt of a generation. Invoked asynchronously without retries; a failure goes to settle. */
export async function handler(event: unknown, context: Context): Promise<void> {
  const log = logLine(context.awsRequestId);
  await runGeneration(
    {
      table,
      model,
      publish: withRetries(publishOnce, log),
      invoke,
      generateFunction: context.functionName,
      config,
      clock: systemClock,
      log,
    },
    {
      event: v.parse(generationEvent, event),
      claimId: `${context.awsRequestId}:${randomUUID()}`,
      requestId: context.awsRequestId,
      deadlineAt: Date.now() + context.getRemainingTimeInMillis() - DEADLINE_MARGIN_MS,
    },
  );
}
