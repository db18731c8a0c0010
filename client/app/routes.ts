import { isId } from '../../protocol/ids.ts';

/**
 * What an address shows. A new conversation has its id from the start, so that its subscription is open before the first
 * message; the address names it once something was sent.
 */
export type Route =
  | { readonly kind: 'new'; readonly id: string }
  | { readonly kind: 'conversation'; readonly id: string }
  | { readonly kind: 'invalid' };

/** The part of a window that routing uses. */
export interface RoutedWindow {
  readonly location: { readonly pathname: string };
  readonly history: Pick<History, 'pushState' | 'replaceState'>;
  addEventListener(type: 'popstate', listener: () => void): void;
  removeEventListener(type: 'popstate', listener: () => void): void;
}

/** The page's address as a store with the shape of `useSyncExternalStore`. */
export interface Router {
  readonly getSnapshot: () => Route;
  readonly subscribe: (listener: () => void) => () => void;
  /** Goes to an address of the page; `/` is a new conversation every time. */
  readonly go: (path: string) => void;
  /** The new conversation got its first message: the address names it from now on, in the same history entry. */
  readonly adopt: () => void;
}

/** The address of a conversation. */
export function conversationPath(id: string): string {
  return `/c/${id}`;
}

/** What a path shows; `newId` is asked for a new conversation alone. */
export function routeOf(pathname: string, newId: () => string): Route {
  const path = pathname.replace(/\/+$/, '');
  if (path === '') return { kind: 'new', id: newId() };
  const id = /^\/c\/([^/]*)$/.exec(path)?.[1];
  return isId(id) ? { kind: 'conversation', id } : { kind: 'invalid' };
}

/** Routes by the window's address and history. */
export function createRouter(routed: RoutedWindow, newId: () => string): Router {
  const listeners = new Set<() => void>();
  let route = routeOf(routed.location.pathname, newId);
  const show = (next: Route) => {
    route = next;
    for (const listener of [...listeners]) listener();
  };
  const onPopState = () => show(routeOf(routed.location.pathname, newId));
  return {
    getSnapshot: () => route,
    subscribe(listener) {
      if (listeners.size === 0) routed.addEventListener('popstate', onPopState);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) routed.removeEventListener('popstate', onPopState);
      };
    },
    go(path) {
      if (path !== routed.location.pathname) routed.history.pushState(null, '', path);
      show(routeOf(path, newId));
    },
    adopt() {
      if (route.kind !== 'new') return;
      routed.history.replaceState(null, '', conversationPath(route.id));
      show({ kind: 'conversation', id: route.id });
    },
  };
}
