// Generated from schema.graphql by `npm run codegen`. Do not edit.

/** Publishes one token batch; selects every field of TokenBatch, because subscribers receive only what it selects. */
export const PUBLISH_TOKENS_DOCUMENT = `mutation PublishTokens($input: TokenBatchInput!) {
  publishTokens(input: $input) {
    conversationId
    messageId
    owner
    attempt
    seq
    kind
    part
    offset
    text
    resumeOffset
    resumeReasoningOffset
    nextWithinMs
    status
    userMessageId
    end {
      reason
      length
      sha256
      reasoningLength
      continuable
      usage {
        inputTokens
        outputTokens
        cachedInputTokens
        reasoningTokens
        source
        costUsd
      }
      timing {
        acceptedAt
        startedAt
        firstTokenAt
        endedAt
      }
      transport {
        publishes
        publishFailures
        logged
        costUsd
      }
      error {
        code
        message
        retryable
        retryAfterMs
        stage
        requestId
      }
      model
      cancel {
        requestedAt
        latencyMs
        tokensAfterCancel
      }
    }
    publishedAt
  }
}
`;
