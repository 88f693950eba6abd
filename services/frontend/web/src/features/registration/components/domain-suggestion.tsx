import { text } from '@/shared/i18n/text';

type Props = { typed: string; meant: string; onApply: () => void };

export function DomainSuggestion({ typed, meant, onApply }: Props) {
  return (
    <>
      {text.form.suggestion(typed)}{' '}
      <button type="button" className="link-button" onClick={onApply}>
        {meant}
      </button>
      {text.form.suggestionEnd}
    </>
  );
}
