import { describe, expect, it } from 'vitest';
import { makePushConfigs } from './push-configs.ts';

type Deps = Parameters<typeof makePushConfigs>[0];
const { checked } = makePushConfigs({ allowPrivate: false } as Deps);
const config = { tenant: '', id: 'c', taskId: 'op_1', url: 'https://agent.example/push', token: '' };
const withMore = (more: object) => checked({ ...config, authentication: undefined, ...more });

describe('an address that an agent wants to be told at', () => {
  it('is kept as it was given', () => {
    expect(withMore({})).toEqual({ id: 'c', url: config.url });
  });

  it.each([
    'http://agent.example/push',
    'https://agent.example:22/push',
    'https://user:word@agent.example/push',
    'file:///etc/passwd',
    'agent.example',
    '',
  ])('is refused where it is %j', (url) => {
    expect(() => withMore({ url })).toThrow(/url/);
  });

  it.each<[string, object]>([
    ['a token with a line break', { token: 'a\r\nx-more: 1' }],
    ['a scheme that is two', { authentication: { scheme: 'Bearer x', credentials: 'y' } }],
    ['credentials with a line break', { authentication: { scheme: 'Bearer', credentials: 'y\r\nx-more: 1' } }],
    ['an id that is a path', { id: '../c' }],
  ])('is refused with %s', (_name, more) => {
    expect(() => withMore(more)).toThrow();
  });
});
