import { LANGUAGES, type Language } from '@/shared/i18n/language';
import { text } from '@/shared/i18n/text';

/** Links, so that it works without JavaScript: the server remembers what is asked for. */
export function LanguageSwitch({ language }: { language: Language }) {
  return (
    <nav className="languages" aria-label={text.language}>
      {Object.entries(LANGUAGES).map(([tag, name]) => (
        <a
          key={tag}
          className="languages__item"
          href={`/?language=${tag}`}
          hrefLang={tag}
          lang={tag}
          aria-label={name}
          aria-current={tag === language ? 'true' : undefined}
        >
          <span className="languages__name">{name}</span>
          <span className="languages__tag">{tag}</span>
        </a>
      ))}
    </nav>
  );
}
