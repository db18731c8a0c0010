/**
 * Every limit of the service by name, value and source. Pure constants in the APPSYNC_JS subset: resolvers, functions and
 * clients share them.
 */

/** Longest user text in UTF-16 units. Ours: up to 96 KB of UTF-8, well inside DynamoDB's 400 KB item. */
export const MAX_TEXT_UNITS = 32_000;
/** Longest conversation title in UTF-16 units. Ours. */
export const MAX_TITLE_UNITS = 200;
/** Longest title made from the first user text, in UTF-16 units. Ours. */
export const DERIVED_TITLE_UNITS = 80;
/** Longest client-chosen id. Ours: AI SDK ids are no UUIDs, UUIDs have 36 characters. */
export const MAX_ID_LENGTH = 64;
/** Items in a listing page unless asked otherwise. Ours. */
export const DEFAULT_PAGE_SIZE = 50;
/** Most items in a listing page. Ours: 100 messages of 32 KB pass DynamoDB's 1 MB page, which then ends earlier. */
export const MAX_PAGE_SIZE = 100;

/**
 * Most UTF-8 bytes of text in a token batch. AppSync meters real-time messages in units of 5 KB:
 * https://aws.amazon.com/appsync/pricing/ .
 */
export const MAX_BATCH_BYTES = 4_096;
/** Most UTF-16 units of text or reasoning in one messageState page: at most 3 bytes each, so 240 KB of the allowed 256 KB. */
export const MAX_STATE_PAGE_UNITS = 80_000;
/** Log items one messageState page reads. AppSync stops a loop at 1,000: https://docs.aws.amazon.com/general/latest/gr/appsync.html */
export const MAX_STATE_PAGE_ITEMS = 800;
/** Most UTF-8 bytes of text (and of reasoning) kept in the message item itself: DynamoDB bills the whole item at every write. */
export const MAX_INLINE_TEXT_BYTES = 32_768;
/** UTF-16 units of one text item of a longer answer: at most 192 KB of UTF-8, below the design's 256 KB. */
export const MAX_TEXT_ITEM_UNITS = 65_536;
/** Largest HTTP request body in bytes (413 above). Ours. */
export const MAX_BODY_BYTES = 262_144;

/** A PENDING attempt must be claimed within this time of its last start. */
export const START_BY_MS = 60_000;
/** A repeated send invokes the worker again at most this often. */
export const REINVOKE_MS = 2_000;
/** How long a claim or renewal holds the lease. */
export const LEASE_MS = 15_000;
/** How often the worker renews its lease. */
export const LEASE_RENEW_MS = 5_000;
/** A lease this long past makes readers start settle. */
export const SUSPECT_AFTER_MS = 3_000;
/** How often the worker looks for the cancel flag. */
export const CANCEL_POLL_MS = 500;
/** The worker hands over or ends this long before its Lambda timeout. */
export const DEADLINE_MARGIN_MS = 8_000;
/** Most hand-overs of one message. Lambda stops a chain of invocations at about 16: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html */
export const MAX_HANDOVERS = 12;

/** One try of a publish. */
export const PUBLISH_TIMEOUT_MS = 2_000;
/** Waits before the retries of a publish; afterwards the worker goes on (I7). */
export const PUBLISH_RETRY_DELAYS_MS: readonly number[] = [100, 300, 900];
/** A publish after this much silence tells subscribers that the worker lives. */
export const HEARTBEAT_MS = 5_000;
/** Longest silence of the model between chunks; the openai package has no such timeout. */
export const MODEL_IDLE_MS = 30_000;
/** The same for reasoning models, which think before they write. */
export const MODEL_IDLE_REASONING_MS = 90_000;
/** Log items expire this long after they were written. */
export const LOG_TTL_SECONDS = 2_592_000;

/** Silence on an SSE stream after which a comment is sent; CloudFront's origin timeout is 30 s. */
export const SSE_HEARTBEAT_MS = 10_000;
/** What SSE clients wait before they reconnect. */
export const SSE_RETRY_MS = 2_000;
/** Bytes an SSE sink holds for a slow reader before it closes. */
export const MAX_SSE_BUFFER_BYTES = 1_048_576;
/**
 * How long a request to the HTTP door repeats a write that nobody answers. Ours: its last try, of at most 10 s, ends before
 * CloudFront gives up on the first byte, after 30 s.
 */
export const REQUEST_PATIENCE_MS = 15_000;
/** How long the status of an OpenAI or AI SDK answer waits for the model's first event. CloudFront waits 30 s for it. */
export const FIRST_EVENT_PATIENCE_MS = 10_000;
/** A ticket is good for so long before its first connection, and after the longest that a connection can last. */
export const TICKET_PATIENCE_MS = 60_000;
/** The HTTP door closes its body this long before its own time limit. */
export const DOOR_MARGIN_MS = 10_000;

/** A hole this old makes the client ask messageState. */
export const GAP_PATIENCE_MS = 300;
/** Batches a client holds behind a hole; the log has them all, so the oldest are kept and later ones read again. */
export const MAX_HELD_BATCHES = 64;
