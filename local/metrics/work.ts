import { noAppSyncWork, type AppSyncWork } from '../appsync/index.ts';

/** What is charged as it happens: the work of AppSync and of Lambda. The database is asked when somebody looks. */
export interface Work extends AppSyncWork {
  lambdaInvocations: number;
  /** Milliseconds a handler ran, each invocation rounded up. */
  lambdaMs: number;
  /** The same times the function's memory. */
  lambdaGbSeconds: number;
  /** Bytes of streamed answers. */
  streamedBytes: number;
  /** Of them, those beyond the first 6 MB of an answer, which are billed. */
  billedStreamBytes: number;
}

/** No work yet. */
export function noWork(): Work {
  return {
    ...noAppSyncWork(),
    lambdaInvocations: 0,
    lambdaMs: 0,
    lambdaGbSeconds: 0,
    streamedBytes: 0,
    billedStreamBytes: 0,
  };
}

/** Adds work to a sum, in place. */
export function addWork(sum: Work, work: Partial<Work>): void {
  for (const unit of Object.keys(work) as (keyof Work)[]) sum[unit] += work[unit] ?? 0;
}
