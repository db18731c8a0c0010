import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import type { ConversationItem } from '../../protocol/items.ts';
import { conversationKey } from '../../protocol/keys.ts';
import { DEADLINE_MARGIN_MS } from '../../protocol/limits.ts';
import { purgeEvent } from '../generation/events.ts';
import { required } from '../service/config.ts';
import { createInvoke } from '../service/invoke.ts';
import { logLine } from '../service/log-line.ts';
import { createTable } from '../table/table.ts';
import { purge } from './purge.ts';

const table = createTable(required(process.env, 'TABLE_NAME'));
const secondPassMs = Number(required(process.env, 'SECOND_PASS_MS'));
const invoke = createInvoke();

/**
 * Removes a deleted conversation's items, and once more later: running answers stop at their next check and may have
 * written meanwhile. Invokes itself again when time runs out before the second pass is through. Does nothing to a conversation that is no tombstone.
 */
export async function handler(event: unknown, context: Context): Promise<void> {
  const log = logLine(context.awsRequestId);
  const purged = v.parse(purgeEvent, event);
  const conversation = await table.get<ConversationItem>(
    conversationKey(purged.owner, purged.conversationId),
  );
  if (!conversation?.deletedAt) return log('warn', 'purge.notDeleted');
  const deadlineAt = Date.now() + context.getRemainingTimeInMillis() - DEADLINE_MARGIN_MS;
  let outcome = await purge(table, purged, Date.now, deadlineAt);
  if (outcome === 'finished' && Date.now() + secondPassMs < deadlineAt) {
    await delay(secondPassMs);
    outcome = await purge(table, purged, Date.now, deadlineAt);
  } else outcome = 'unfinished';
  if (outcome === 'unfinished') await invoke(context.functionName, purged);
  log('info', 'purge', { outcome });
}
