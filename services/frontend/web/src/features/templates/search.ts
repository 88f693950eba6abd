import { asText } from '@/shared/router/search';

export type TemplateSearch = { locale?: string };

export function validateTemplateSearch(raw: Record<string, unknown>): TemplateSearch {
  return asText(raw, 'locale');
}
