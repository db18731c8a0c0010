// Generated from schema.graphql by `npm run codegen`. Do not edit.
export type Maybe<T> = T | null;
export type InputMaybe<T> = T | null;
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  AWSDateTime: { input: string; output: string; }
};

/** Who wrote a message. */
export type MessageRole =
  /** The person. */
  | 'USER'
  /** The model. */
  | 'ASSISTANT';

/** The stored state of a message. COMPLETE, CANCELLED, FAILED and INTERRUPTED are terminal; user messages are always COMPLETE. */
export type MessageStatus =
  /** Accepted; no worker has claimed the current attempt yet. */
  | 'PENDING'
  /** A worker holds the lease and extends the log. */
  | 'STREAMING'
  /** The model ended the answer. */
  | 'COMPLETE'
  /** The owner cancelled; the partial text is kept. */
  | 'CANCELLED'
  /** The model or the service failed; end.error says how. */
  | 'FAILED'
  /** The worker was lost or ran out of time; continueMessage goes on from here when end.continuable. */
  | 'INTERRUPTED';

/** What a token batch announces. */
export type BatchKind =
  /** First batch of an attempt (seq 0): carries the resume offsets, no text. */
  | 'START'
  /** Text or reasoning at its offset. */
  | 'DELTA'
  /** Nothing new for 5 s; repeats the last logged seq and is not part of the sequence. */
  | 'HEARTBEAT'
  /** The terminal batch: carries end, no text. */
  | 'END';

/** The part of an answer a batch extends. */
export type PartKind =
  /** The answer itself. */
  | 'TEXT'
  /** The model's reasoning, when it shows it. */
  | 'REASONING';

/** How batches are paced: the first token leaves at once, then windows grow to the cap of the profile. */
export type PacingProfile =
  /** Windows of 60 to 250 ms. */
  | 'LIVE'
  /** Windows of 80 to 1000 ms; the default. */
  | 'BALANCED'
  /** Windows of 80 to 3000 ms. */
  | 'ECONOMY';

/** Why an answer ended. */
export type EndReason =
  /** The model ended its answer. */
  | 'STOP'
  /** The model reached its output limit. */
  | 'LENGTH'
  /** The provider's content filter ended the answer. */
  | 'CONTENT_FILTER'
  /** The owner cancelled. */
  | 'CANCELLED'
  /** The time limit was reached after all hand-overs. */
  | 'DEADLINE'
  /** An error: see GenerationEnd.error. */
  | 'ERROR'
  /** The worker died. */
  | 'LOST';

/** Where token counts come from. */
export type UsageSource =
  /** Counted by the model provider. */
  | 'PROVIDER'
  /** Estimated from the text, because the provider reported nothing (cancelled, cut). */
  | 'ESTIMATED';

/** Tokens one generation used, over all its attempts as far as known. */
export type Usage = {
  /** Tokens sent to the model. */
  inputTokens: Scalars['Int']['output'];
  /** Tokens the model wrote, reasoning included. */
  outputTokens: Scalars['Int']['output'];
  /** Input tokens the provider served from its cache. */
  cachedInputTokens?: Maybe<Scalars['Int']['output']>;
  /** Output tokens spent on reasoning. */
  reasoningTokens?: Maybe<Scalars['Int']['output']>;
  /** Who counted. */
  source: UsageSource;
  /** Price in US dollars when prices are configured. */
  costUsd?: Maybe<Scalars['Float']['output']>;
};

/** When the stages of a generation happened. */
export type Timing = {
  /** When the send was stored. */
  acceptedAt: Scalars['AWSDateTime']['output'];
  /** When a worker claimed the attempt. */
  startedAt?: Maybe<Scalars['AWSDateTime']['output']>;
  /** When the first token of this attempt came from the model. */
  firstTokenAt?: Maybe<Scalars['AWSDateTime']['output']>;
  /** When the terminal state was written. */
  endedAt?: Maybe<Scalars['AWSDateTime']['output']>;
};

/** What carrying the answer to subscribers took. */
export type Transport = {
  /** Publish mutations that succeeded before END. */
  publishes: Scalars['Int']['output'];
  /** Batches given up after their retries; catch-up heals them. */
  publishFailures: Scalars['Int']['output'];
  /** Batches in the log. */
  logged: Scalars['Int']['output'];
  /** Price in US dollars when prices are configured. */
  costUsd?: Maybe<Scalars['Float']['output']>;
};

/** What a cancel came to. */
export type CancelReceipt = {
  /** When the first cancelMessage was stored. */
  requestedAt: Scalars['AWSDateTime']['output'];
  /** Milliseconds from then to the terminal write. */
  latencyMs: Scalars['Int']['output'];
  /** Estimated tokens that came from the model after the request; they are in the text. Null when the worker died, so that nobody counted. */
  tokensAfterCancel?: Maybe<Scalars['Int']['output']>;
};

/** An error of the closed list in PROTOCOL.md; the same on every door. */
export type ChatError = {
  /** The code, for programs. */
  code: Scalars['String']['output'];
  /** Fixed text, safe to show to users. */
  message: Scalars['String']['output'];
  /** Whether the same request can succeed later. */
  retryable: Scalars['Boolean']['output'];
  /** How long to wait before, in milliseconds, when known. */
  retryAfterMs?: Maybe<Scalars['Int']['output']>;
  /** Where it happened: request, upstream, publish or persist. */
  stage?: Maybe<Scalars['String']['output']>;
  /** Identifies the one log line that holds the cause. */
  requestId?: Maybe<Scalars['String']['output']>;
};

/** The receipt of a terminal state. length and sha256 are of the whole TEXT part over all attempts. */
export type GenerationEnd = {
  /** Why it ended. */
  reason: EndReason;
  /** UTF-16 units of the whole text. */
  length: Scalars['Int']['output'];
  /** Lower-case hex SHA-256 over the UTF-8 bytes of the whole text. */
  sha256: Scalars['String']['output'];
  /** UTF-16 units of the whole reasoning. */
  reasoningLength: Scalars['Int']['output'];
  /** Whether continueMessage can go on from here. */
  continuable: Scalars['Boolean']['output'];
  /** Token counts. */
  usage?: Maybe<Usage>;
  /** Stage times. */
  timing?: Maybe<Timing>;
  /** Transport figures. */
  transport?: Maybe<Transport>;
  /** The error of a FAILED or INTERRUPTED message. */
  error?: Maybe<ChatError>;
  /** The model that answered. */
  model?: Maybe<Scalars['String']['output']>;
  /** Only of a CANCELLED message. */
  cancel?: Maybe<CancelReceipt>;
};

/** A list of messages with one owner. */
export type Conversation = {
  /** Chosen by the client: 1 to 64 characters of A-Za-z0-9_-. */
  id: Scalars['ID']['output'];
  /** The beginning of the first user text until renamed; at most 200 UTF-16 units. */
  title?: Maybe<Scalars['String']['output']>;
  /** When the first message was sent. */
  createdAt: Scalars['AWSDateTime']['output'];
  /** When the newest message was sent or the title changed. */
  updatedAt: Scalars['AWSDateTime']['output'];
  /** The newest assistant message from its send on; only moves forward. */
  lastMessageId?: Maybe<Scalars['ID']['output']>;
};

/** One turn of a conversation. */
export type Message = {
  /** Given by the service; sorts by creation time within a conversation; never reused. */
  id: Scalars['ID']['output'];
  /** The conversation it belongs to. */
  conversationId: Scalars['ID']['output'];
  /** The message it answers or follows; null for a root. Siblings share a parent. */
  parentId?: Maybe<Scalars['ID']['output']>;
  /** Who wrote it. */
  role: MessageRole;
  /** The stored text: whole when end is set and text is end.length long, else its beginning (messageState reads on). */
  text: Scalars['String']['output'];
  /** The stored reasoning, under the same rule with end.reasoningLength. */
  reasoning?: Maybe<Scalars['String']['output']>;
  /** Exactly what is stored; no reader computes it. */
  status: MessageStatus;
  /** The number of the newest attempt, from 1. */
  attempt: Scalars['Int']['output'];
  /** The requested or answering model. */
  model?: Maybe<Scalars['String']['output']>;
  /** The client's id of the send or regenerate that made it. */
  clientMessageId?: Maybe<Scalars['ID']['output']>;
  /** The receipt; null until terminal. */
  end?: Maybe<GenerationEnd>;
  /** When it was stored. */
  createdAt: Scalars['AWSDateTime']['output'];
};

/** A page of conversations, newest first. */
export type ConversationPage = {
  /** The conversations. */
  items: Array<Conversation>;
  /** Give it back for the next page; null on the last. */
  nextToken?: Maybe<Scalars['String']['output']>;
};

/** A page of messages, newest first. */
export type MessagePage = {
  /** The messages. */
  items: Array<Message>;
  /** Give it back for the next page; null on the last. */
  nextToken?: Maybe<Scalars['String']['output']>;
};

/** What a send or a regenerate made, or had made before under the same clientMessageId. */
export type SendMessagePayload = {
  /** The conversation, created when it was absent. */
  conversation: Conversation;
  /** The stored user message. */
  userMessage: Message;
  /** The answer to come: its id is the coordinate of the stream. */
  assistantMessage: Message;
  /** True when this clientMessageId had been accepted before. */
  deduplicated: Scalars['Boolean']['output'];
};

/** Catch-up: the state of a message and its text from an offset on. */
export type MessageState = {
  /** The message. */
  messageId: Scalars['ID']['output'];
  /** Exactly what is stored. */
  status: MessageStatus;
  /** The newest attempt. */
  attempt: Scalars['Int']['output'];
  /** Where the newest attempt's text begins. */
  resumeOffset: Scalars['Int']['output'];
  /** Where the newest attempt's reasoning begins. */
  resumeReasoningOffset: Scalars['Int']['output'];
  /** UTF-16 units of the text before this page's text. */
  offset: Scalars['Int']['output'];
  /** Text from offset on; at most 256 KB a page. */
  text: Scalars['String']['output'];
  /** UTF-16 units of the reasoning before this page's reasoning. */
  reasoningOffset: Scalars['Int']['output'];
  /** Reasoning from reasoningOffset on. */
  reasoning: Scalars['String']['output'];
  /** seq of the last batch of the newest attempt in this page; -1 when the page holds none. */
  throughSeq: Scalars['Int']['output'];
  /** True when another page follows; ask again from where this one ends. */
  more: Scalars['Boolean']['output'];
  /** The receipt, only with more: false on a terminal message. */
  end?: Maybe<GenerationEnd>;
};

/** What is published: text as the model emitted it at its one coordinate (messageId, attempt, part, offset). */
export type TokenBatch = {
  /** The conversation it belongs to. */
  conversationId: Scalars['ID']['output'];
  /** The assistant message it extends. */
  messageId: Scalars['ID']['output'];
  /** The owner who may receive it. */
  owner: Scalars['ID']['output'];
  /** Fences writers: batches of older attempts are dropped. */
  attempt: Scalars['Int']['output'];
  /** Numbers the publishes of one attempt without gaps from 0; a missing one means catch-up. */
  seq: Scalars['Int']['output'];
  /** What it announces. */
  kind: BatchKind;
  /** The part it extends. */
  part: PartKind;
  /** UTF-16 units of the part before this text; for START, HEARTBEAT and END the text length so far. */
  offset: Scalars['Int']['output'];
  /** The text; empty for START, HEARTBEAT and END. Never splits a surrogate pair; at most 4 KB of UTF-8. */
  text: Scalars['String']['output'];
  /** Text is cut to this offset when a START with a newer attempt arrives. */
  resumeOffset: Scalars['Int']['output'];
  /** Reasoning is cut to this offset when a START with a newer attempt arrives. */
  resumeReasoningOffset: Scalars['Int']['output'];
  /** The next batch is expected within this many milliseconds: reveal this one over them. 0 with END. */
  nextWithinMs: Scalars['Int']['output'];
  /** The message's status when this was published. */
  status: MessageStatus;
  /** The user message it answers. */
  userMessageId?: Maybe<Scalars['ID']['output']>;
  /** The receipt, only with END. */
  end?: Maybe<GenerationEnd>;
  /** When it was published. */
  publishedAt: Scalars['AWSDateTime']['output'];
};

/** A new user message and the answer it asks for. */
export type SendMessageInput = {
  /** The conversation; created when absent. 1 to 64 characters of A-Za-z0-9_-. */
  conversationId: Scalars['ID']['input'];
  /** Makes the send idempotent: keep it through retries. 1 to 64 characters of A-Za-z0-9_-. */
  clientMessageId: Scalars['ID']['input'];
  /** 1 to 32,000 UTF-16 units. */
  text: Scalars['String']['input'];
  /** Omitted: after the conversation's lastMessageId; null: a new root; else the message to follow. */
  parentId?: InputMaybe<Scalars['ID']['input']>;
  /** One of the configured models; omitted: the first. */
  model?: InputMaybe<Scalars['String']['input']>;
  /** Omitted: BALANCED. */
  pacing?: InputMaybe<PacingProfile>;
};

/** Another answer to the same user message; becomes a sibling. */
export type RegenerateMessageInput = {
  /** The conversation. */
  conversationId: Scalars['ID']['input'];
  /** The assistant message to answer anew. */
  messageId: Scalars['ID']['input'];
  /** Makes it idempotent, as in SendMessageInput. */
  clientMessageId: Scalars['ID']['input'];
  /** One of the configured models; omitted: the first. */
  model?: InputMaybe<Scalars['String']['input']>;
  /** Omitted: BALANCED. */
  pacing?: InputMaybe<PacingProfile>;
};

/** Usage, as published. */
export type UsageInput = {
  /** See Usage. */
  inputTokens: Scalars['Int']['input'];
  /** See Usage. */
  outputTokens: Scalars['Int']['input'];
  /** See Usage. */
  cachedInputTokens?: InputMaybe<Scalars['Int']['input']>;
  /** See Usage. */
  reasoningTokens?: InputMaybe<Scalars['Int']['input']>;
  /** See Usage. */
  source: UsageSource;
  /** See Usage. */
  costUsd?: InputMaybe<Scalars['Float']['input']>;
};

/** Timing, as published. */
export type TimingInput = {
  /** See Timing. */
  acceptedAt: Scalars['AWSDateTime']['input'];
  /** See Timing. */
  startedAt?: InputMaybe<Scalars['AWSDateTime']['input']>;
  /** See Timing. */
  firstTokenAt?: InputMaybe<Scalars['AWSDateTime']['input']>;
  /** See Timing. */
  endedAt?: InputMaybe<Scalars['AWSDateTime']['input']>;
};

/** Transport, as published. */
export type TransportInput = {
  /** See Transport. */
  publishes: Scalars['Int']['input'];
  /** See Transport. */
  publishFailures: Scalars['Int']['input'];
  /** See Transport. */
  logged: Scalars['Int']['input'];
  /** See Transport. */
  costUsd?: InputMaybe<Scalars['Float']['input']>;
};

/** CancelReceipt, as published. */
export type CancelReceiptInput = {
  /** See CancelReceipt. */
  requestedAt: Scalars['AWSDateTime']['input'];
  /** See CancelReceipt. */
  latencyMs: Scalars['Int']['input'];
  /** See CancelReceipt. */
  tokensAfterCancel?: InputMaybe<Scalars['Int']['input']>;
};

/** ChatError, as published. */
export type ChatErrorInput = {
  /** See ChatError. */
  code: Scalars['String']['input'];
  /** See ChatError. */
  message: Scalars['String']['input'];
  /** See ChatError. */
  retryable: Scalars['Boolean']['input'];
  /** See ChatError. */
  retryAfterMs?: InputMaybe<Scalars['Int']['input']>;
  /** See ChatError. */
  stage?: InputMaybe<Scalars['String']['input']>;
  /** See ChatError. */
  requestId?: InputMaybe<Scalars['String']['input']>;
};

/** GenerationEnd, as published. */
export type GenerationEndInput = {
  /** See GenerationEnd. */
  reason: EndReason;
  /** See GenerationEnd. */
  length: Scalars['Int']['input'];
  /** See GenerationEnd. */
  sha256: Scalars['String']['input'];
  /** See GenerationEnd. */
  reasoningLength: Scalars['Int']['input'];
  /** See GenerationEnd. */
  continuable: Scalars['Boolean']['input'];
  /** See GenerationEnd. */
  usage?: InputMaybe<UsageInput>;
  /** See GenerationEnd. */
  timing?: InputMaybe<TimingInput>;
  /** See GenerationEnd. */
  transport?: InputMaybe<TransportInput>;
  /** See GenerationEnd. */
  error?: InputMaybe<ChatErrorInput>;
  /** See GenerationEnd. */
  model?: InputMaybe<Scalars['String']['input']>;
  /** See GenerationEnd. */
  cancel?: InputMaybe<CancelReceiptInput>;
};

/** TokenBatch, as published. */
export type TokenBatchInput = {
  /** See TokenBatch. */
  conversationId: Scalars['ID']['input'];
  /** See TokenBatch. */
  messageId: Scalars['ID']['input'];
  /** See TokenBatch. */
  owner: Scalars['ID']['input'];
  /** See TokenBatch. */
  attempt: Scalars['Int']['input'];
  /** See TokenBatch. */
  seq: Scalars['Int']['input'];
  /** See TokenBatch. */
  kind: BatchKind;
  /** See TokenBatch. */
  part: PartKind;
  /** See TokenBatch. */
  offset: Scalars['Int']['input'];
  /** See TokenBatch. */
  text: Scalars['String']['input'];
  /** See TokenBatch. */
  resumeOffset: Scalars['Int']['input'];
  /** See TokenBatch. */
  resumeReasoningOffset: Scalars['Int']['input'];
  /** See TokenBatch. */
  nextWithinMs: Scalars['Int']['input'];
  /** See TokenBatch. */
  status: MessageStatus;
  /** See TokenBatch. */
  userMessageId?: InputMaybe<Scalars['ID']['input']>;
  /** See TokenBatch. */
  end?: InputMaybe<GenerationEndInput>;
  /** See TokenBatch. */
  publishedAt: Scalars['AWSDateTime']['input'];
};

/** Reads. A foreign, deleted or absent id is NOT_FOUND with one message text. */
export type Query = {
  /** The caller's conversations, newest first; limit 1 to 100, default 50. */
  conversations: ConversationPage;
  /** One conversation. */
  conversation: Conversation;
  /** The messages of a conversation, newest first; limit 1 to 100, default 50. */
  messages: MessagePage;
  /** Catch-up from a position: everything before (fromOffset, fromReasoningOffset) is taken as known. Strongly consistent. */
  messageState: MessageState;
};


/** Reads. A foreign, deleted or absent id is NOT_FOUND with one message text. */
export type QueryConversationsArgs = {
  limit?: InputMaybe<Scalars['Int']['input']>;
  nextToken?: InputMaybe<Scalars['String']['input']>;
};


/** Reads. A foreign, deleted or absent id is NOT_FOUND with one message text. */
export type QueryConversationArgs = {
  id: Scalars['ID']['input'];
};


/** Reads. A foreign, deleted or absent id is NOT_FOUND with one message text. */
export type QueryMessagesArgs = {
  conversationId: Scalars['ID']['input'];
  limit?: InputMaybe<Scalars['Int']['input']>;
  nextToken?: InputMaybe<Scalars['String']['input']>;
};


/** Reads. A foreign, deleted or absent id is NOT_FOUND with one message text. */
export type QueryMessageStateArgs = {
  conversationId: Scalars['ID']['input'];
  messageId: Scalars['ID']['input'];
  fromOffset?: InputMaybe<Scalars['Int']['input']>;
  fromReasoningOffset?: InputMaybe<Scalars['Int']['input']>;
};

/** Writes. All but publishTokens belong to the owner and are safe to repeat. */
export type Mutation = {
  /** Stores the user message, starts its answer and returns at once; subscribe to the conversation before. */
  sendMessage: SendMessagePayload;
  /** Starts another answer to the same user message. */
  regenerateMessage: SendMessagePayload;
  /** Stops an answer and keeps its partial text; terminal messages stay as they are. Closing a socket never cancels. */
  cancelMessage: Message;
  /** Goes on with an INTERRUPTED answer in a new attempt. */
  continueMessage: Message;
  /** Sets the title: 1 to 200 UTF-16 units. */
  renameConversation: Conversation;
  /** Hides the conversation at once and removes its items in the background; answers the id. */
  deleteConversation: Scalars['ID']['output'];
  /** The publisher's mutation on a NONE data source; it triggers onTokens and stores nothing. */
  publishTokens?: Maybe<TokenBatch>;
};


/** Writes. All but publishTokens belong to the owner and are safe to repeat. */
export type MutationSendMessageArgs = {
  input: SendMessageInput;
};


/** Writes. All but publishTokens belong to the owner and are safe to repeat. */
export type MutationRegenerateMessageArgs = {
  input: RegenerateMessageInput;
};


/** Writes. All but publishTokens belong to the owner and are safe to repeat. */
export type MutationCancelMessageArgs = {
  conversationId: Scalars['ID']['input'];
  messageId: Scalars['ID']['input'];
};


/** Writes. All but publishTokens belong to the owner and are safe to repeat. */
export type MutationContinueMessageArgs = {
  conversationId: Scalars['ID']['input'];
  messageId: Scalars['ID']['input'];
};


/** Writes. All but publishTokens belong to the owner and are safe to repeat. */
export type MutationRenameConversationArgs = {
  id: Scalars['ID']['input'];
  title: Scalars['String']['input'];
};


/** Writes. All but publishTokens belong to the owner and are safe to repeat. */
export type MutationDeleteConversationArgs = {
  id: Scalars['ID']['input'];
};


/** Writes. All but publishTokens belong to the owner and are safe to repeat. */
export type MutationPublishTokensArgs = {
  input: TokenBatchInput;
};

/** Real-time. */
export type Subscription = {
  /**
   * Token batches of the caller's own conversation, of one message when messageId is given. A foreign or absent
   * conversation is acknowledged and stays silent.
   */
  onTokens?: Maybe<TokenBatch>;
};


/** Real-time. */
export type SubscriptionOnTokensArgs = {
  conversationId: Scalars['ID']['input'];
  messageId?: InputMaybe<Scalars['ID']['input']>;
};
