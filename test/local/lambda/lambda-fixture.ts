import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

import { createPrincipals } from '../../../local/iam/index.ts';
import type { PolicyStatement, Principals } from '../../../local/iam/index.ts';
import { createLambdaService } from '../../../local/lambda/index.ts';
import type {
  InvocationReport,
  LambdaService,
  LambdaServiceOptions,
  LogLevel,
} from '../../../local/lambda/index.ts';
import type { LambdaModel } from '../../../local/template/index.ts';

const ACCOUNT = '111122223333';

export const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${name}`;
export const roleArnOf = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;

/** All bundles of one test file. */
const bundles = mkdtempSync(join(tmpdir(), 'appsync-chat-bundles-'));
afterAll(() => rmSync(bundles, { recursive: true, force: true }));

/** A function whose bundle is `code`, written to a fresh folder that goes with the test file. */
export function lambdaModel(name: string, code: string, overrides: Partial<LambdaModel> = {}): LambdaModel {
  const assetPath = mkdtempSync(join(bundles, `${name}-`));
  writeFileSync(join(assetPath, 'index.mjs'), code);
  return {
    logicalId: name,
    name,
    arn: arnOf(name),
    handler: 'index.handler',
    runtime: 'nodejs24.x',
    assetPath,
    environment: {},
    timeoutMs: 10_000,
    memoryMb: 256,
    roleArn: roleArnOf(name),
    logGroupName: `/aws/lambda/${name}`,
    asyncConfig: { retryAttempts: 0, maxEventAgeMs: 60_000 },
    ...overrides,
  };
}

/** A gate that functions wait at until the test opens it, once and for all. */
export interface Gate {
  /** Goes before a handler's code, which then may `await opened`. */
  readonly code: string;
  open(): void;
}

/** A closed gate for the workers that are loaded before it opens. */
export function closedGate(): Gate {
  const name = randomUUID();
  return {
    code: `const opened = new Promise((resolve) => {
      const channel = new BroadcastChannel('${name}');
      channel.onmessage = () => { channel.close(); resolve(); };
    });\n`,
    open() {
      const channel = new BroadcastChannel(name);
      channel.postMessage('open');
      channel.close();
    },
  };
}

/** Collects values and lets a test wait for the one it needs. */
export class Recorder<T> {
  readonly all: T[] = [];
  readonly #waiting = new Set<() => void>();

  add = (value: T): void => {
    this.all.push(value);
    for (const check of this.#waiting) check();
  };

  /** Resolves with the first value, past or future, that matches. */
  when(matches: (value: T) => boolean): Promise<T> {
    return new Promise((resolve) => {
      const check = (): void => {
        const found = this.all.find(matches);
        if (found === undefined) return;
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }
}

export interface LogEntry {
  functionName: string;
  requestId: string | undefined;
  level: LogLevel;
  message: string;
}

export interface Fixture {
  service: LambdaService;
  principals: Principals;
  logs: Recorder<LogEntry>;
  reports: Recorder<InvocationReport>;
}

/** A running service for the functions; `statements` go to the role of the function of that name. */
export function startLambdaService(
  lambdas: LambdaModel[],
  options: Partial<LambdaServiceOptions> = {},
  statements: Record<string, PolicyStatement[]> = {},
): Fixture {
  const logs = new Recorder<LogEntry>();
  const reports = new Recorder<InvocationReport>();
  const principals = createPrincipals(
    lambdas.map(({ name }) => ({ name, arn: roleArnOf(name), statements: statements[name] ?? [] })),
    'test',
  );
  const service = createLambdaService({
    lambdas,
    principals,
    region: 'us-east-1',
    log: logs.add,
    report: reports.add,
    retryDelayFactor: 0.0001,
    ...options,
  });
  return { service, principals, logs, reports };
}

export const allow = (action: string, resource: string): PolicyStatement => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
});
