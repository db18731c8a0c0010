/** The conversation that all examples share. */
export const EXAMPLE_CONVERSATION = 'playground';

/** One example of the playground: a window with a document that can be sent as it stands. */
export interface PlaygroundExample {
  readonly name: string;
  readonly document: string;
  /** `{{name}}` is filled in from Altair's environment when the document is sent. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Run before every send. */
  readonly preRequestScript?: string;
  /** Run after every answer. */
  readonly postRequestScript?: string;
}

const SUBSCRIBE = `# Send this first, then "send": its token batches arrive here.
subscription Tokens($conversationId: ID!) {
  onTokens(conversationId: $conversationId) {
    kind
    seq
    part
    offset
    text
    status
    messageId
    attempt
    nextWithinMs
    end {
      reason
      length
      sha256
      usage {
        outputTokens
        source
      }
      error {
        code
        message
      }
    }
  }
}
`;

const SEND = `# Every send carries a new clientMessageId (pre-request script); the answer's id is kept for "state" and "cancel".
mutation Send($input: SendMessageInput!) {
  sendMessage(input: $input) {
    deduplicated
    userMessage {
      id
      status
    }
    assistantMessage {
      id
      status
      attempt
      model
    }
  }
}
`;

const STATE = `# The stored state of the answer that "send" started; move fromOffset to read on from there.
query State($conversationId: ID!, $messageId: ID!, $fromOffset: Int) {
  messageState(conversationId: $conversationId, messageId: $messageId, fromOffset: $fromOffset) {
    status
    attempt
    offset
    text
    throughSeq
    more
    end {
      reason
      length
      sha256
    }
  }
}
`;

const CANCEL = `# Stops the answer that "send" started and keeps its partial text; "/tokens 600 10" there leaves time for it.
mutation Cancel($conversationId: ID!, $messageId: ID!) {
  cancelMessage(conversationId: $conversationId, messageId: $messageId) {
    id
    status
    text
    end {
      reason
      length
    }
  }
}
`;

/** Fills in the answer that "send" started last. */
const RECALL_ANSWER = `altair.helpers.setEnvironment('messageId', await altair.storage.get('messageId'));`;

/** Altair shows them in this order and opens the last one: the subscription, which comes first when they are tried. */
export const PLAYGROUND_EXAMPLES: readonly PlaygroundExample[] = [
  {
    name: 'send',
    document: SEND,
    variables: {
      input: {
        conversationId: EXAMPLE_CONVERSATION,
        clientMessageId: '{{clientMessageId}}',
        text: '/tokens 20 50',
      },
    },
    preRequestScript: `altair.helpers.setEnvironment('clientMessageId', 'playground-' + Date.now());`,
    postRequestScript: `const sent = JSON.parse(altair.response.body).data?.sendMessage;
if (sent) await altair.storage.set('messageId', sent.assistantMessage.id);`,
  },
  {
    name: 'state',
    document: STATE,
    variables: { conversationId: EXAMPLE_CONVERSATION, messageId: '{{messageId}}', fromOffset: 0 },
    preRequestScript: RECALL_ANSWER,
  },
  {
    name: 'cancel',
    document: CANCEL,
    variables: { conversationId: EXAMPLE_CONVERSATION, messageId: '{{messageId}}' },
    preRequestScript: RECALL_ANSWER,
  },
  { name: 'subscribe', document: SUBSCRIBE, variables: { conversationId: EXAMPLE_CONVERSATION } },
];
