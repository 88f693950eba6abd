import { type ConsoleWords, en } from './en';

/** The words of the console's language; a live binding, set before anything is rendered. */
export let t: ConsoleWords = en;

/** Loads the words of a language. */
export async function speak(language: string): Promise<void> {
  if (language === 'de') t = (await import('./de')).de;
  else if (language === 'ar') t = (await import('./ar')).ar;
  else t = en;
}
