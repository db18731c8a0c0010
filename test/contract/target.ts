import { afterAll, beforeAll, inject } from 'vitest';
import type { LambdaLog } from '../../local/lambda/index.ts';
import { startLocalStack, type LocalStack, type LocalStackOptions } from '../../local/stack.ts';

/** The service a contract test talks to: the local stack, or a deployed one named by CHAT_ENDPOINT. */
export interface Target {
  readonly graphqlUrl: string;
  readonly realtimeUrl: string;
  /** The HTTP door, without a trailing slash. */
  readonly httpUrl: string;
  readonly apiKey: string;
  /** An access token of a test user. */
  token(user: 'alice' | 'bob'): Promise<string>;
}

/** A log line of the local stack. */
export type StackLine = Parameters<LambdaLog>[0];

/** A local stack with everything it logged. */
export interface LocalTarget extends Target {
  readonly stack: LocalStack;
  readonly lines: StackLine[];
}

/** Starts a local stack on free ports from the app as synthesized for this run; the caller closes `stack`. */
export async function startTarget(options: Partial<LocalStackOptions> = {}): Promise<LocalTarget> {
  const lines: StackLine[] = [];
  const stack = await startLocalStack({
    cdkOut: inject('cdkOut'),
    apiPort: 0,
    httpPort: 0,
    withOfflineModel: true,
    log: (line) => lines.push(line),
    ...options,
  });
  const { graphqlUrl, realtimeUrl, httpUrl, apiKey } = stack;
  return { stack, lines, graphqlUrl, realtimeUrl, httpUrl, apiKey, token: (user) => stack.token(user) };
}

/** A local stack for the tests of one file; options that are known only once another hook has run come as a function. */
export function useLocalTarget(
  options: Partial<LocalStackOptions> | (() => Partial<LocalStackOptions>) = {},
): () => LocalTarget {
  let target: LocalTarget | undefined;
  beforeAll(async () => {
    target = await startTarget(typeof options === 'function' ? options() : options);
  });
  afterAll(async () => {
    await target?.stack.close();
  });
  return () => {
    if (!target) throw new Error('The local stack has not started');
    return target;
  };
}

function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`Contract tests against a deployed stack need ${name}`);
  return value;
}

/** The deployed stack when CHAT_ENDPOINT is set (docs/operations.md lists the variables), else a local one. */
export function useTarget(): () => Target {
  if (!process.env.CHAT_ENDPOINT) return useLocalTarget();
  const deployed: Target = {
    graphqlUrl: fromEnvironment('CHAT_ENDPOINT'),
    realtimeUrl: fromEnvironment('CHAT_REALTIME_ENDPOINT'),
    httpUrl: fromEnvironment('CHAT_HTTP_ENDPOINT').replace(/\/$/, ''),
    apiKey: fromEnvironment('CHAT_API_KEY'),
    token: (user) => Promise.resolve(fromEnvironment(`CHAT_TOKEN_${user.toUpperCase()}`)),
  };
  return () => deployed;
}
