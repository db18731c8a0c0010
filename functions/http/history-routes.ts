import { entered, jsonResponse, type Routes } from './door.ts';
import { listConversations, listMessages, pageRequest } from './history.ts';

const CONVERSATIONS = '/conversations';
const MESSAGES = '/conversations/:conversationId/messages';

/** What is stored, in pages (PROTOCOL.md, HTTP). */
export const historyRoutes: Routes = (app, ports) => {
  app.get(CONVERSATIONS, async (c) => {
    const { owner, requestId, chatPorts } = await entered(ports, c);
    const page = pageRequest((name) => c.req.queries(name));
    return jsonResponse(await listConversations(chatPorts.table, owner, page), requestId);
  });

  app.get(MESSAGES, async (c) => {
    const { owner, requestId, chatPorts } = await entered(ports, c);
    const page = pageRequest((name) => c.req.queries(name));
    const { conversationId } = c.req.param();
    return jsonResponse(await listMessages(chatPorts.table, owner, conversationId, page), requestId);
  });
};
