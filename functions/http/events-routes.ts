import { ChatError } from '../../protocol/errors.ts';
import type { TicketItem } from '../../protocol/items.ts';
import { entered, jsonResponse, nothingMore, streamResponse, type Routes } from './door.ts';
import { events } from './events.ts';
import type { HttpInvocation, HttpPorts } from './serve.ts';
import { endTicket, makeTicket, redeemTicket } from './ticket.ts';

const EVENTS = '/conversations/:conversationId/messages/:messageId/events';
const TICKET = `${EVENTS}/ticket`;

/** The events of an answer, also by ticket, for a browser's EventSource (PROTOCOL.md, HTTP). */
export const eventsRoutes: Routes = (app, ports) => {
  app.get(EVENTS, async (c) => {
    // Hono runs this route for HEAD, too; nobody would read the body, and nothing would end the follower before the limit.
    if (c.req.method === 'HEAD') throw new ChatError('METHOD_NOT_ALLOWED');
    const given = c.req.query('ticket');
    let ticket: TicketItem | undefined;
    const redeem = async (chatPorts: HttpPorts, invocation: HttpInvocation) => {
      ticket = await redeemTicket(chatPorts, invocation, c.req.param(), given ?? '');
      return ticket.owner;
    };
    const { owner, invocation, requestId, chatPorts } = await entered(
      ports,
      c,
      given === undefined ? undefined : redeem,
    );
    const name = { owner, ...c.req.param() };
    const answer = await events(chatPorts, invocation, name, c.req.header('last-event-id') ?? null);
    if (answer) return streamResponse(answer, requestId);
    if (ticket) await endTicket(chatPorts, ticket);
    return nothingMore(requestId);
  });

  app.post(TICKET, async (c) => {
    const { owner, invocation, requestId, chatPorts } = await entered(ports, c);
    const ticket = await makeTicket(chatPorts, invocation, { owner, ...c.req.param() });
    return jsonResponse({ ticket }, requestId);
  });
};
