import { describe, expect, it } from 'vitest';
import { DeviceNetwork } from '../../../bench/soak/device-network.ts';
import type { SubscriptionObserver, Transport } from '../../../client/index.ts';
import { settled } from '../../client/manual-clock.ts';

/** A device's network over a service that is asked by hand. */
function connected() {
  const service = {
    asked: 0,
    answer: (_data: unknown) => undefined as void,
    observers: [] as SubscriptionObserver[],
    closed: 0,
  };
  const request = () => {
    service.asked += 1;
    return new Promise((resolve) => (service.answer = resolve));
  };
  const network = new DeviceNetwork();
  const transport = network.carry({
    query: request as Transport['query'],
    mutate: request as Transport['mutate'],
    subscribe: (_document, _variables, observer) => {
      service.observers.push(observer);
      return () => (service.closed += 1);
    },
  });
  const heard: string[] = [];
  const subscribe = () =>
    transport.subscribe(
      '',
      {},
      {
        onAck: () => heard.push('ack'),
        onBatch: () => heard.push('batch'),
        onLost: ({ code }) => heard.push(code),
      },
    );
  const ask = () => {
    const outcome: { value?: unknown } = {};
    transport.query('', {}).then(
      (data) => (outcome.value = data),
      (error: { code: string }) => (outcome.value = error.code),
    );
    return outcome;
  };
  const deliver = () =>
    service.observers.at(-1)?.onBatch({} as Parameters<SubscriptionObserver['onBatch']>[0]);
  return { network, service, heard, subscribe, ask, deliver };
}

describe('the network of a device', () => {
  it('carries requests, acknowledgements and batches', async () => {
    const { service, heard, subscribe, ask, deliver } = connected();
    const end = subscribe();
    service.observers[0]?.onAck();
    deliver();
    const outcome = ask();
    service.answer('data');
    await settled();

    expect(outcome.value).toBe('data');
    expect(heard).toEqual(['ack', 'batch']);
    end();
    expect(service.closed).toBe(1);
  });

  it('that is down fails what is under way, what begins, and every subscription, at once', async () => {
    const { network, service, heard, subscribe, ask } = connected();
    subscribe();
    const underWay = ask();
    network.fail('down');
    const begun = ask();
    subscribe();
    service.answer('too late');
    await settled();

    expect([underWay.value, begun.value]).toEqual(['NETWORK', 'NETWORK']);
    expect(heard).toEqual(['NETWORK', 'NETWORK']);
    expect(service.asked).toBe(1);
    expect(service.closed).toBe(1);
  });

  it('that is silent tells nobody anything before it is back, and then of the loss', async () => {
    const { network, service, heard, subscribe, ask, deliver } = connected();
    subscribe();
    const underWay = ask();
    network.fail('silent');
    const begun = ask();
    service.answer('lost');
    deliver();
    await settled();
    expect([underWay.value, begun.value, ...heard]).toEqual([undefined, undefined]);

    network.restore();
    await settled();

    expect([underWay.value, begun.value]).toEqual(['NETWORK', 'NETWORK']);
    expect(heard).toEqual(['NETWORK']);
    expect(service.asked).toBe(1);
  });

  it('is as before once it is back', async () => {
    const { network, service, heard, subscribe, ask, deliver } = connected();
    network.fail('down');
    network.restore();
    subscribe();
    deliver();
    const outcome = ask();
    service.answer('data');
    await settled();

    expect(outcome.value).toBe('data');
    expect(heard).toEqual(['batch']);
  });

  it('says nothing to a subscription that was ended', async () => {
    const { network, heard, subscribe, deliver } = connected();
    subscribe()();
    network.fail('down');
    deliver();
    await settled();

    expect(heard).toEqual([]);
  });
});
