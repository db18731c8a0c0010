import type { GenerationEnd } from '../../../protocol/generated/schema-types.ts';
import type { errorBody } from '../door.ts';

/** What the message of a finished answer is given as metadata: AI SDK's names where it has them. */
export interface UiMetadata extends Pick<GenerationEnd, 'length' | 'sha256' | 'model' | 'usage' | 'timing'> {
  readonly finishReason: 'stop' | 'length' | 'content-filter';
}

/**
 * The chunks of a UI message stream that the door writes. AI SDK 5.0.0 is the strictest reader: one key more than it knows
 * ends its stream, so nothing of the door's own is added to them.
 */
export type UiChunk =
  | { readonly type: 'start'; readonly messageId: string }
  | { readonly type: 'start-step' | 'finish-step' | 'abort' }
  | { readonly type: `${UiPart}-start` | `${UiPart}-end`; readonly id: string }
  | { readonly type: `${UiPart}-delta`; readonly id: string; readonly delta: string }
  | { readonly type: 'finish'; readonly messageMetadata: UiMetadata }
  | {
      readonly type: 'data-error';
      readonly data: ReturnType<typeof errorBody>['error'];
      readonly transient: true;
    }
  | { readonly type: 'error'; readonly errorText: string };

/** The kinds of a text part. */
export type UiPart = 'text' | 'reasoning';

const REASONS: Partial<Record<GenerationEnd['reason'], UiMetadata['finishReason']>> = {
  LENGTH: 'length',
  CONTENT_FILTER: 'content-filter',
};

/** The metadata of an answer that is COMPLETE. */
export function metadataOf({ reason, length, sha256, model, usage, timing }: GenerationEnd): UiMetadata {
  return { finishReason: REASONS[reason] ?? 'stop', length, sha256, model, usage, timing };
}
