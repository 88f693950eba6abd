/** The languages of all pages, each by its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch', ar: 'العربية' } as const;

export type Language = keyof typeof LANGUAGES;

const COOKIE = 'userstream_language';
const A_YEAR = 365 * 24 * 60 * 60;

/** The language that the server chose, by the cookie or by what the browser asks for. */
export function pageLanguage(): Language {
  const language = document.documentElement.lang;
  return isLanguage(language) ? language : 'en';
}

/** Remembers a language; the server answers in it from the next page on. */
export function rememberLanguage(language: Language): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not everywhere yet.
  document.cookie = `${COOKIE}=${language}; Path=/; Max-Age=${A_YEAR}; SameSite=Lax`;
}

export function isLanguage(value: string): value is Language {
  return Object.hasOwn(LANGUAGES, value);
}

/** The regions whose way to write dates is taken. Times have 24 hours in all of them. */
const LOCALES = { en: 'en-GB', de: 'de', ar: 'ar' } as const;

export const locale = (): string => LOCALES[pageLanguage()];

/** Which way a language runs. */
export function directionOf(language: Language): 'ltr' | 'rtl' {
  return language === 'ar' ? 'rtl' : 'ltr';
}
