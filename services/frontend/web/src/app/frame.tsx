import type { Language } from '@/shared/i18n/language';
import { text } from '@/shared/i18n/text';
import { LanguageSwitch } from './language-switch';
import { ThemeSwitch } from './theme/theme-switch';
import { Wordmark } from './wordmark';

/**
 * What stands around every page: rendered at build time, for the pages that the server fills, too.
 * `main` is the markup inside the card.
 */
export function Frame({ main, language }: { main: string; language: Language }) {
  return (
    <>
      <a className="skip-link" href="#main">
        {text.skipToContent}
      </a>
      <div className="page">
        <header className="page__header">
          <Wordmark />
          <div className="page__choices">
            <LanguageSwitch language={language} />
            <ThemeSwitch />
          </div>
        </header>
        <main className="page__main" id="main" tabIndex={-1}>
          {/* biome-ignore lint/security/noDangerouslySetInnerHtml: our own markup, at build time. */}
          <div className="card" id="root" dangerouslySetInnerHTML={{ __html: main }} />
        </main>
        <footer className="page__footer">
          <p>{text.footer}</p>
        </footer>
      </div>
    </>
  );
}
