/**
 * Runs in <head> before the first paint, as a classic script (hence no import): the remembered
 * theme must be there before anything is drawn. Without it the page follows the system.
 */
(() => {
  const KEY = 'userstream.theme';
  const root = document.documentElement;

  const read = (): string => {
    try {
      return localStorage.getItem(KEY) ?? 'system';
    } catch {
      return 'system';
    }
  };

  const apply = (theme: string) => {
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const select of document.querySelectorAll<HTMLSelectElement>('[data-theme-switch]')) {
      select.value = root.dataset.theme ?? 'system';
    }
  };

  root.dataset.script = '';
  apply(read());
  document.addEventListener('DOMContentLoaded', () => apply(read()));
  addEventListener('storage', (event) => event.key === KEY && apply(read()));
  document.addEventListener('change', ({ target }) => {
    if (!(target instanceof HTMLSelectElement) || !target.matches('[data-theme-switch]')) return;
    try {
      localStorage.setItem(KEY, target.value);
    } catch {
      // Then it holds for this page only.
    }
    apply(target.value);
  });
})();
