import { expect, it, vi } from 'vitest';
import { colorSchemeManager } from './theme';

it('goes along with the theme that another tab chooses', () => {
  const onUpdate = vi.fn();
  const choose = (theme: string) => {
    localStorage.setItem('userstream.theme', theme);
    dispatchEvent(new StorageEvent('storage', { key: 'userstream.theme' }));
  };
  colorSchemeManager.subscribe(onUpdate);
  choose('dark');
  choose('system');
  colorSchemeManager.unsubscribe();
  choose('light');
  expect(onUpdate.mock.calls).toEqual([['dark'], ['auto']]);
});
