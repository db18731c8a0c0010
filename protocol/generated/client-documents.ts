// Generated from schema.graphql by `npm run codegen`. Do not edit.

/** The operations of the client library by field name; each selects every field and takes the field's arguments as variables. */
export const CLIENT_DOCUMENTS = {
  conversations: `query Conversations($limit: Int, $nextToken: String) {
  conversations(limit: $limit, nextToken: $nextToken) {
    items {
      id
      title
      createdAt
      updatedAt
      lastMessageId
    }
    nextToken
  }
}
`,
  messages: `query Messages($conversationId: ID!, $limit: Int, $nextToken: String) {
  messages(conversationId: $conversationId, limit: $limit, nextToken: $nextToken) {
    items {
      id
      conversationId
      parentId
      role
      text
      reasoning
      status
      attempt
      model
      clientMessageId
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
      }
      createdAt
    }
    nextToken
  }
}
`,
  messageState: `query MessageState($conversationId: ID!, $messageId: ID!, $fromOffset: Int, $fromReasoningOffset: Int) {
  messageState(conversationId: $conversationId, messageId: $messageId, fromOffset: $fromOffset, fromReasoningOffset: $fromReasoningOffset) {
    messageId
    status
    attempt
    resumeOffset
    resumeReasoningOffset
    offset
    text
    reasoningOffset
    reasoning
    throughSeq
    more
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
    }
  }
}
`,
  sendMessage: `mutation SendMessage($input: SendMessageInput!) {
  sendMessage(input: $input) {
    conversation {
      id
      title
      createdAt
      updatedAt
      lastMessageId
    }
    userMessage {
      id
      conversationId
      parentId
      role
      text
      reasoning
      status
      attempt
      model
      clientMessageId
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
      }
      createdAt
    }
    assistantMessage {
      id
      conversationId
      parentId
      role
      text
      reasoning
      status
      attempt
      model
      clientMessageId
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
      }
      createdAt
    }
    deduplicated
  }
}
`,
  regenerateMessage: `mutation RegenerateMessage($input: RegenerateMessageInput!) {
  regenerateMessage(input: $input) {
    conversation {
      id
      title
      createdAt
      updatedAt
      lastMessageId
    }
    userMessage {
      id
      conversationId
      parentId
      role
      text
      reasoning
      status
      attempt
      model
      clientMessageId
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
      }
      createdAt
    }
    assistantMessage {
      id
      conversationId
      parentId
      role
      text
      reasoning
      status
      attempt
      model
      clientMessageId
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
      }
      createdAt
    }
    deduplicated
  }
}
`,
  cancelMessage: `mutation CancelMessage($conversationId: ID!, $messageId: ID!) {
  cancelMessage(conversationId: $conversationId, messageId: $messageId) {
    id
    conversationId
    parentId
    role
    text
    reasoning
    status
    attempt
    model
    clientMessageId
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
    }
    createdAt
  }
}
`,
  continueMessage: `mutation ContinueMessage($conversationId: ID!, $messageId: ID!) {
  continueMessage(conversationId: $conversationId, messageId: $messageId) {
    id
    conversationId
    parentId
    role
    text
    reasoning
    status
    attempt
    model
    clientMessageId
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
    }
    createdAt
  }
}
`,
  renameConversation: `mutation RenameConversation($id: ID!, $title: String!) {
  renameConversation(id: $id, title: $title) {
    id
    title
    createdAt
    updatedAt
    lastMessageId
  }
}
`,
  deleteConversation: `mutation DeleteConversation($id: ID!) {
  deleteConversation(id: $id)
}
`,
  onTokens: `subscription OnTokens($conversationId: ID!) {
  onTokens(conversationId: $conversationId) {
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
    }
    publishedAt
  }
}
`,
} as const;
