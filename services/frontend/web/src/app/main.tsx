import { StrictMode } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { pageLanguage } from '@/shared/i18n/language';
import { speak } from '@/shared/i18n/text';
import { App } from './app';

const root = document.getElementById('root');

// The words are there before the page comes to life: it says already what they say.
speak(pageLanguage()).then(() => {
  if (!root) return;
  hydrateRoot(
    root,
    <StrictMode>
      <App />
    </StrictMode>,
  );
});
