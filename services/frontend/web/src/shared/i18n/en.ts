import sentences from '@validation/messages.json';
/** Everything that the page says in English. Sentences of validation come from the domain crate. */
export const en = {
  brand: 'UserStream',
  /** Of validation, by field and code. They live with the Rust types. */
  sentences,
  skipToContent: 'Skip to content',
  footer:
    'This page loads nothing from elsewhere, and sets no cookie except for a language that you choose.',
  language: 'Language',

  theme: {
    label: 'Theme',
    options: { system: 'System', light: 'Light', dark: 'Dark' },
  },

  form: {
    documentTitle: 'Join the list – UserStream',
    description: 'Join the list. One e-mail to confirm, nothing else.',
    heading: 'Join the list',
    lede: 'One e-mail to confirm, nothing else.',
    fields: { name: 'First name', surname: 'Surname', email: 'E-mail' },
    submit: 'Register',
    sending: 'Sending…',
    errorPrefix: 'Error:',
    trap: 'Leave this empty',
    errorSummary: (labels: string[]) =>
      labels.length === 1
        ? `Not sent: please correct the field ${labels[0]}.`
        : `Not sent: please correct ${labels.length} fields: ${labels.join(', ')}.`,
    suggestion: (typed: string) => `Looks like “${typed}” – did you mean`,
    suggestionEnd: '?',
    suggestionSpoken: (typed: string, meant: string) =>
      `Looks like ${typed}. Did you mean ${meant}? A button before Register applies it.`,
    suggestionApplied: (email: string) => `Changed to ${email}.`,
  },

  failure: {
    limited: {
      title: 'Too many registrations just now.',
      text: 'What you typed is kept.',
    },
    unavailable: {
      title: 'We cannot take registrations at the moment.',
      text: 'What you typed is kept.',
    },
    offline: {
      title: 'You are offline.',
      text: 'What you typed is kept. Register again when you are connected.',
    },
    online: {
      title: 'You are connected again.',
      text: 'What you typed is still here. Press Register.',
    },
    unreachable: {
      title: 'We could not be reached.',
      text: 'What you typed is kept. Check your connection and try again.',
    },
    trapped: {
      title: 'That looked like a program.',
      text: 'A field that people do not see was filled in. What you typed is kept: press Register once more.',
    },
    failed: {
      title: 'Something went wrong on our side.',
      text: 'What you typed is kept. Please try again; if it happens again, tell us this number:',
      textWithoutId: 'What you typed is kept. Please try again in a while.',
    },
    wait: (time: string) => `Try again in ${time}.`,
    ready: 'You can try again now.',
  },

  duration: {
    seconds: (n: number) => (n === 1 ? '1 second' : `${n} seconds`),
    minutes: (n: number) => (n === 1 ? '1 minute' : `${n} minutes`),
  },

  sent: {
    documentTitle: 'Thank you – UserStream',
    accepted: {
      heading: 'Thank you, we have it.',
      lede: 'Now confirm your address.',
    },
    confirmed: { heading: 'You are on the list.', lede: 'Your address is confirmed.' },
    undeliverable: {
      heading: 'E-mail not delivered',
      lede: 'Your details are saved, but your address is not confirmed.',
    },
    timelineLabel: 'What has happened so far',
    stages: {
      accepted: 'Received',
      stored: 'Saved',
      email_sent: 'E-mail sent',
      email_failed: 'E-mail failed',
      confirmed: 'Confirmed',
    },
    states: { done: 'done', current: 'under way', waiting: 'to come', failed: 'failed' },
    to: (address: string) => `to ${address}`,
    confirmHint: 'open the e-mail and press the button',
    refused: (address: string) => `${address} could not be reached`,
    advice: 'Check the address for a typing mistake and register again.',
    correct: 'Correct the address',
    slow: 'This takes longer than usual. You can close this page: nothing is lost.',
    disconnected: 'No connection just now. This page goes on by itself.',
    stopped: 'This page has stopped looking for news.',
    lookAgain: 'Look again',
    noEmail: 'No e-mail?',
    sendAgain: 'Send it again',
    sendAgainIn: (time: string) => `(in ${time})`,
    secondsShort: (n: number) => `${n} s`,
    sentAgain: 'We have asked for another e-mail. Look in the spam folder, too.',
    sendAgainFailed: 'That did not work just now. Please try again in a while.',
    another: 'Register another person',
    registerAgain: 'Register again',
    announce: (stage: string, time: string | null) => (time ? `${stage} at ${time}.` : `${stage}.`),
  },
};
