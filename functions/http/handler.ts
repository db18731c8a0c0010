import type { Context } from 'aws-lambda';
import { systemClock } from '../generation/clock.ts';
import { createCompletions } from '../generation/completions.ts';
import { createOpenAiModel } from '../generation/openai-model.ts';
import { createPublishOnce, withRetries } from '../generation/signed-publish.ts';
import { generationConfig, required } from '../service/config.ts';
import { createInvoke } from '../service/invoke.ts';
import { logLine } from '../service/log-line.ts';
import { createTable } from '../table/table.ts';
import { createApp } from './app.ts';
import { createAuthenticate } from './auth.ts';
import { requestOf, type HttpEvent } from './lambda-event.ts';
import { writeResponse } from './lambda-response.ts';

const environment = process.env;
const config = generationConfig(environment);
const completions = createCompletions(config);
const publishOnce = createPublishOnce(required(environment, 'GRAPHQL_URL'), environment);
const shared = {
  table: createTable(required(environment, 'TABLE_NAME')),
  completions,
  model: createOpenAiModel(config, completions),
  invoke: createInvoke(),
  generateFunction: required(environment, 'GENERATE_FUNCTION'),
  settleFunction: required(environment, 'SETTLE_FUNCTION'),
  config,
  clock: systemClock,
};

/** What each invocation must wait for before it ends. */
const open = new WeakMap<Context, Promise<unknown>[]>();

const app = createApp({
  authenticate: createAuthenticate({
    issuer: required(environment, 'ISSUER'),
    jwksUri: required(environment, 'JWKS_URI'),
    clientIds: required(environment, 'CLIENT_IDS').split(','),
    playgroundApiKey: environment.PLAYGROUND_API_KEY || undefined,
  }),
  portsFor: (log) => ({ ...shared, log, publish: withRetries(publishOnce, log) }),
  log: logLine,
  keepOpen: (context, work) => open.get(context)?.push(work),
});

/**
 * The HTTP door behind a Function URL or a REST API. The invocation ends when the body has ended and every generation it runs has come
 * to its terminal write or hand-over: what is open afterwards, Lambda freezes.
 */
export const handler = awslambda.streamifyResponse<HttpEvent>(async (event, stream, context) => {
  const work: Promise<unknown>[] = [];
  open.set(context, work);
  try {
    await writeResponse(await app.fetch(requestOf(event), { context }), stream);
  } finally {
    await Promise.allSettled(work);
  }
});
