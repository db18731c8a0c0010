/**
 * The local stack in a process of its own, put together as `npm start` does, on free ports and in memory. Forked by
 * `startStackProcess`; ends with its parent.
 */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LambdaLog } from '../local/lambda/index.ts';
import { chooseModel } from '../local/model-choice.ts';
import { startLocalStack, type LocalStack } from '../local/stack.ts';
import { synthesize } from '../local/synthesize.ts';
import type { StackModel } from '../local/template/index.ts';
import type { FromStackProcess, StackProcessStart } from './stack-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'appsync-chat-bench-'));
let stack: LocalStack | undefined;

function tell(message: FromStackProcess): void {
  if (process.connected) process.send?.(message);
}

function logTo(file: string | undefined): LambdaLog {
  if (file === undefined)
    return ({ functionName, level, message }) => {
      if (level === 'ERROR' || level === 'WARN') console.error(`[${functionName}] ${message.trimEnd()}`);
    };
  const lines = createWriteStream(file);
  return ({ functionName, requestId, message }) =>
    lines.write(`${new Date().toISOString()} [${functionName} ${requestId}] ${message.trimEnd()}\n`);
}

/** The one function with a destination for failures is the one that `sendMessage` invokes. */
function withTimeout(model: StackModel, timeoutMs: number | undefined): StackModel {
  if (timeoutMs === undefined) return model;
  const lambdas = model.lambdas.map((lambda) =>
    lambda.asyncConfig.onFailureArn ? { ...lambda, timeoutMs } : lambda,
  );
  return { ...model, lambdas };
}

async function start(given: StackProcessStart): Promise<void> {
  const model = chooseModel({});
  await synthesize(folder, model.context);
  stack = await startLocalStack({
    cdkOut: folder,
    apiPort: 0,
    httpPort: 0,
    withOfflineModel: model.isOffline,
    secret: model.secret,
    functionEnvironment: given.functionEnvironment,
    edit: (template) => withTimeout(template, given.generateTimeoutMs),
    log: logTo(given.logFile),
  });
  const { graphqlUrl, realtimeUrl, httpUrl, offlineModelUrl = '', apiKey } = stack;
  const token = await stack.token('bench');
  tell({ kind: 'ready', graphqlUrl, realtimeUrl, httpUrl, offlineModelUrl, apiKey, token });
}

async function end(code: number): Promise<void> {
  await stack?.close().catch(() => undefined);
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}

process.once('message', (message: StackProcessStart) => {
  start(message).catch((error: unknown) => {
    tell({
      kind: 'failed',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    void end(1);
  });
});
process.once('disconnect', () => void end(0));
// Ctrl-C goes to the whole process group; the end of the parent follows and ends this one in order.
process.on('SIGINT', () => undefined);
