import { text } from '@/shared/i18n/text';
import { Sign } from '@/shared/ui/sign';

export function Wordmark() {
  return (
    <a className="wordmark" href="/">
      <Sign />
      {text.brand}
    </a>
  );
}
