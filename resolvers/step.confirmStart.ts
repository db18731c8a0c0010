import { runtime, type Context } from '@aws-appsync/utils';
import { confirmStart } from '../protocol/writes.ts';
import { stashOf } from './caller.ts';
import { updateItem } from './table-requests.ts';

/** After a repeat has started the worker: the next repeats need not. A first send, the usual one, pays no write for it. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  if (!stash.isRepeat || !stash.shouldGenerate) return runtime.earlyReturn(null);
  return updateItem(confirmStart(stash.message, stash.nowMs));
}

/** The worker was started, whatever became of the mark: without it the next repeat starts one more, which exits. */
export function response() {
  return null;
}
