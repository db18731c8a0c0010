/** What the people of one conversation do. Pure: the same seed draws the same schedule. */
import fc from 'fast-check';
import type { PacingProfile } from '../../protocol/generated/schema-types.ts';
import { drawnPrompt, type Prompt } from './drawn-prompt.ts';

/** What happens while an answer runs, once a share of it is shown. */
export interface Action {
  /**
   * `follow`: a plain HTTP client reads along. `offline`: a device has no network and knows it. `silent`: nothing gets through to a device or
   * from it, and nobody tells.
   */
  readonly kind:
    | 'join'
    | 'reload'
    | 'wake'
    | 'repeat'
    | 'repeatOverHttp'
    | 'cancel'
    | 'cancelOverHttp'
    | 'follow'
    | 'offline'
    | 'silent';
  /** 0 to 1 of the answer's length. */
  readonly atShare: number;
  /** Which of the open devices acts, counted round. */
  readonly device: number;
  /** How long a device is cut off, in milliseconds. */
  readonly forMs: number;
}

/** Where an HTTP reader leaves, and where it comes back. */
export interface Cut {
  /** 0 to 1 of the answer's length; 1 is after END. */
  readonly atShare: number;
  /** 0 to 1 of the events it has read: the last one it remembers. */
  readonly fromShare: number;
}

/** A send that is not accepted when its device reloads: the stored outbox has to bring it. */
export interface Unsent {
  /** Whether the device has no network until it has reloaded. */
  readonly isOffline: boolean;
  /** Whether every other device reloads as well. */
  readonly isEverywhere: boolean;
}

/** One question with all that follows from it. */
export interface Turn {
  readonly prompt: Prompt;
  readonly pacing: PacingProfile;
  /** How it is sent; `both`: at the same time, under one id. */
  readonly door: 'graphql' | 'http' | 'both';
  /** Further sends under the same id, at the same time, on all devices in turn. */
  readonly repeats: number;
  /** Only of what a device alone sends. */
  readonly unsent: Unsent | undefined;
  /** Of every HTTP reader of the answer, in this order. */
  readonly cuts: readonly Cut[];
  readonly actions: readonly Action[];
  /** Whether another answer is asked for in the end. */
  readonly isRegenerated: boolean;
  /** Whether the next question is sent while this one's answer runs. */
  readonly isOverlapped: boolean;
}

/** One conversation. */
export interface Schedule {
  readonly seed: number;
  readonly auth: 'apiKey' | 'token';
  /** Whether all devices are tabs of one browser, which share what is unsent. */
  readonly isOneBrowser: boolean;
  /** Deletes the conversation once a share of this turn's answer is shown. */
  readonly deletion: { readonly turn: number; readonly atShare: number } | undefined;
  readonly turns: readonly Turn[];
}

const upTo = (least: number, most: number) => fc.integer({ min: least, max: most });
const share = upTo(0, 100).map((percent) => percent / 100);
const inPercent = (percent: number) => upTo(1, 100).map((draw) => draw <= percent);
const sometimes = <Value>(percent: number, value: fc.Arbitrary<Value>) =>
  inPercent(percent).chain((happens) => (happens ? value : fc.constant(undefined)));

const ACTIONS: Readonly<Record<Action['kind'], number>> = {
  join: 6,
  reload: 6,
  wake: 2,
  repeat: 3,
  repeatOverHttp: 2,
  cancel: 1,
  cancelOverHttp: 1,
  follow: 3,
  offline: 2,
  silent: 2,
};

/** A cancel takes its time to arrive: a late one finds most answers ended. */
const early = (action: Action): Action =>
  action.kind.startsWith('cancel') ? { ...action, atShare: action.atShare / 4 } : action;

const action = (isBrief: boolean) =>
  fc
    .record<Action>({
      kind: fc.oneof(
        ...Object.entries(ACTIONS).map(([kind, weight]) => ({
          weight,
          arbitrary: fc.constant(kind as Action['kind']),
        })),
      ),
      atShare: share,
      device: upTo(0, 7),
      forMs: upTo(100, isBrief ? 1_500 : 7_000),
    })
    .map(early);

const turn = (isBrief: boolean) =>
  fc.record<Turn>({
    prompt: drawnPrompt(isBrief),
    pacing: fc.constantFrom('LIVE', 'BALANCED', 'ECONOMY'),
    door: fc.constantFrom('graphql', 'graphql', 'graphql', 'http', 'both'),
    repeats: fc.oneof(fc.constant(0), fc.constant(0), upTo(1, 6)),
    unsent: sometimes(25, fc.record<Unsent>({ isOffline: fc.boolean(), isEverywhere: fc.boolean() })),
    cuts: fc.array(fc.record<Cut>({ atShare: fc.oneof(share, fc.constant(1)), fromShare: share }), {
      maxLength: 2,
    }),
    actions: fc.array(action(isBrief), { maxLength: 3 }),
    isRegenerated: inPercent(20),
    isOverlapped: inPercent(25),
  });

/** The schedule of a seed; a brief one takes seconds when nothing goes wrong. */
export function drawSchedule(seed: number, isBrief: boolean): Schedule {
  const most = isBrief ? 2 : 3;
  const drawn = fc.record({
    auth: fc.constantFrom('apiKey' as const, 'token' as const),
    isOneBrowser: fc.boolean(),
    deletion: sometimes(8, fc.record({ turn: upTo(0, most - 1), atShare: share })),
    turns: fc.array(turn(isBrief), { minLength: 1, maxLength: most }),
  });
  const [first] = fc.sample(drawn, { seed: seed | 0, numRuns: 1, unbiased: true });
  if (!first) throw new Error(`Seed ${seed} drew nothing`);
  return { seed, ...first };
}
