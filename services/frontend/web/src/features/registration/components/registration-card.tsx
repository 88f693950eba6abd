import { useLayoutEffect, useState } from 'react';
import { draft } from '../model/draft';
import { type Receipt, receiptStore } from '../model/receipt';
import type { Field, Values } from '../model/values';
import { RegistrationForm } from './registration-form';
import { ThankYou } from './thank-you';

type Start = { initial?: Values; focus?: Field };

/** One card with two sides: the form, and what became of it. */
export function RegistrationCard() {
  const [receipt, setReceipt] = useState<Receipt | null>(null);
  const [start, setStart] = useState<Start>({});

  // After hydration, as the page was rendered without anyone's storage; before the next paint.
  useLayoutEffect(() => setReceipt(receiptStore.read(Date.now())), []);

  function keep(accepted: Receipt) {
    receiptStore.write(accepted);
    setReceipt(accepted);
  }

  function backToForm(from: Start) {
    receiptStore.clear();
    if (from.initial) draft.write(from.initial);
    setStart(from);
    setReceipt(null);
  }

  if (!receipt) return <RegistrationForm onAccepted={keep} {...start} />;
  return (
    <ThankYou
      key={receipt.id}
      receipt={receipt}
      onAccepted={keep}
      onAnother={() => backToForm({ focus: 'name' })}
      onCorrect={() => backToForm({ initial: receipt.values, focus: 'email' })}
    />
  );
}
