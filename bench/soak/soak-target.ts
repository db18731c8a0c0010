import type { DrawnFaults } from './drawn-faults.ts';
import type { ModelRequests } from './model-requests.ts';

/** A stack to run schedules against. */
export interface SoakTarget {
  readonly graphqlUrl: string;
  /** The HTTP door, without a trailing slash. */
  readonly httpUrl: string;
  readonly apiKey: string;
  readonly token: (user: string) => Promise<string>;
  readonly modelRequests: ModelRequests;
  /** Whether no other schedule of the run asks the same; told once for each prompt. */
  readonly claimPrompt: (prompt: string) => boolean;
  /** The sets of faults that counted at some time from then to now. */
  readonly faultsSince: (since: number) => readonly DrawnFaults[];
}
