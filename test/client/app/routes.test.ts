import { describe, expect, it, vi } from 'vitest';
import { createRouter, routeOf } from '../../../client/app/routes.ts';

/** A window of which only address and history matter. */
function fakeWindow(pathname: string) {
  const listeners = new Set<() => void>();
  const visited = [pathname];
  const routed = {
    location: { pathname },
    history: {
      pushState: (_data: unknown, _unused: string, url?: string | URL | null) => {
        visited.push(String(url));
        routed.location.pathname = String(url);
      },
      replaceState: (_data: unknown, _unused: string, url?: string | URL | null) => {
        visited[visited.length - 1] = String(url);
        routed.location.pathname = String(url);
      },
    },
    addEventListener: (_type: 'popstate', listener: () => void) => void listeners.add(listener),
    removeEventListener: (_type: 'popstate', listener: () => void) => void listeners.delete(listener),
  };
  const goBack = () => {
    visited.pop();
    routed.location.pathname = visited.at(-1) ?? '/';
    for (const listener of listeners) listener();
  };
  return { routed, visited, listeners, goBack };
}

const counted = () => {
  let count = 0;
  return () => `new-${(count += 1)}`;
};

describe('an address', () => {
  it.each([
    ['/', { kind: 'new', id: 'new-1' }],
    ['/c/a_B-9', { kind: 'conversation', id: 'a_B-9' }],
    ['/c/a/', { kind: 'conversation', id: 'a' }],
    [`/c/${'x'.repeat(64)}`, { kind: 'conversation', id: 'x'.repeat(64) }],
    [`/c/${'x'.repeat(65)}`, { kind: 'invalid' }],
    ['/c/', { kind: 'invalid' }],
    ['/c/a%20b', { kind: 'invalid' }],
    ['/c/a/b', { kind: 'invalid' }],
    ['/elsewhere', { kind: 'invalid' }],
  ])('%s shows what it names', (path, route) => {
    expect(routeOf(path, counted())).toEqual(route);
  });
});

describe('the router', () => {
  it('names a new conversation once it is there, in the same history entry', () => {
    const { routed, visited } = fakeWindow('/');
    const router = createRouter(routed, counted());
    const heard = vi.fn();
    router.subscribe(heard);
    router.adopt();
    expect(router.getSnapshot()).toEqual({ kind: 'conversation', id: 'new-1' });
    expect(visited).toEqual(['/c/new-1']);
    router.adopt();
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it('goes to another new conversation every time', () => {
    const { routed, visited } = fakeWindow('/');
    const router = createRouter(routed, counted());
    router.go('/');
    expect(router.getSnapshot()).toEqual({ kind: 'new', id: 'new-2' });
    expect(visited).toEqual(['/']);
  });

  it('follows the back button', () => {
    const { routed, goBack } = fakeWindow('/c/first');
    const router = createRouter(routed, counted());
    const heard = vi.fn();
    router.subscribe(heard);
    router.go('/c/second');
    goBack();
    expect(router.getSnapshot()).toEqual({ kind: 'conversation', id: 'first' });
    expect(heard).toHaveBeenCalledTimes(2);
  });

  it('listens to the window for as long as somebody listens to it', () => {
    const { routed, listeners } = fakeWindow('/');
    const stop = createRouter(routed, counted()).subscribe(() => undefined);
    expect(listeners.size).toBe(1);
    stop();
    expect(listeners.size).toBe(0);
  });
});
