import sentences from '@validation/messages.de.json';
import type { Words } from './text';

/** Everything that the page says in German. */
export const de: Words = {
  brand: 'UserStream',
  sentences,
  skipToContent: 'Zum Inhalt springen',
  footer:
    'Diese Seite lädt nichts von anderswo und setzt kein Cookie außer für eine Sprache, die Sie wählen.',
  language: 'Sprache',

  theme: {
    label: 'Farben',
    options: { system: 'System', light: 'Hell', dark: 'Dunkel' },
  },

  form: {
    documentTitle: 'Auf die Liste – UserStream',
    description: 'Auf die Liste. Eine E-Mail zur Bestätigung, sonst nichts.',
    heading: 'Auf die Liste',
    lede: 'Eine E-Mail zur Bestätigung, sonst nichts.',
    fields: { name: 'Vorname', surname: 'Nachname', email: 'E-Mail' },
    submit: 'Eintragen',
    sending: 'Wird gesendet …',
    errorPrefix: 'Fehler:',
    trap: 'Lassen Sie dies leer',
    errorSummary: (labels: string[]) =>
      labels.length === 1
        ? `Nicht gesendet: Bitte berichtigen Sie das Feld ${labels[0]}.`
        : `Nicht gesendet: Bitte berichtigen Sie ${labels.length} Felder: ${labels.join(', ')}.`,
    suggestion: (typed: string) => `„${typed}“ – meinten Sie`,
    suggestionEnd: '?',
    suggestionSpoken: (typed: string, meant: string) =>
      `Sie haben ${typed} geschrieben. Meinten Sie ${meant}? Eine Schaltfläche vor „Eintragen“ übernimmt es.`,
    suggestionApplied: (email: string) => `Geändert in ${email}.`,
  },

  failure: {
    limited: { title: 'Im Moment zu viele Eintragungen.', text: 'Ihre Eingaben bleiben stehen.' },
    unavailable: {
      title: 'Wir können im Moment keine Eintragungen annehmen.',
      text: 'Ihre Eingaben bleiben stehen.',
    },
    offline: {
      title: 'Sie sind offline.',
      text: 'Ihre Eingaben bleiben stehen. Tragen Sie sich ein, sobald Sie verbunden sind.',
    },
    online: {
      title: 'Sie sind wieder verbunden.',
      text: 'Ihre Eingaben sind noch da. Drücken Sie auf „Eintragen“.',
    },
    unreachable: {
      title: 'Wir waren nicht zu erreichen.',
      text: 'Ihre Eingaben bleiben stehen. Prüfen Sie Ihre Verbindung und versuchen Sie es noch einmal.',
    },
    trapped: {
      title: 'Das sah nach einem Programm aus.',
      text: 'Ein Feld, das Menschen nicht sehen, war ausgefüllt. Ihre Eingaben bleiben stehen: Drücken Sie noch einmal auf „Eintragen“.',
    },
    failed: {
      title: 'Bei uns ist etwas schiefgegangen.',
      text: 'Ihre Eingaben bleiben stehen. Bitte versuchen Sie es noch einmal; wenn es wieder geschieht, nennen Sie uns diese Nummer:',
      textWithoutId:
        'Ihre Eingaben bleiben stehen. Bitte versuchen Sie es in einer Weile noch einmal.',
    },
    wait: (time: string) => `Versuchen Sie es in ${time} noch einmal.`,
    ready: 'Sie können es jetzt noch einmal versuchen.',
  },

  duration: {
    seconds: (n: number) => (n === 1 ? '1 Sekunde' : `${n} Sekunden`),
    minutes: (n: number) => (n === 1 ? '1 Minute' : `${n} Minuten`),
  },

  sent: {
    documentTitle: 'Danke – UserStream',
    accepted: { heading: 'Danke, wir haben es.', lede: 'Bestätigen Sie nun Ihre Adresse.' },
    confirmed: { heading: 'Sie stehen auf der Liste.', lede: 'Ihre Adresse ist bestätigt.' },
    undeliverable: {
      heading: 'E-Mail nicht zugestellt',
      lede: 'Ihre Angaben sind gespeichert, aber Ihre Adresse ist nicht bestätigt.',
    },
    timelineLabel: 'Was bisher geschehen ist',
    stages: {
      accepted: 'Angenommen',
      stored: 'Gespeichert',
      email_sent: 'E-Mail gesendet',
      email_failed: 'E-Mail gescheitert',
      confirmed: 'Bestätigt',
    },
    states: { done: 'erledigt', current: 'im Gange', waiting: 'steht aus', failed: 'gescheitert' },
    to: (address: string) => `an ${address}`,
    confirmHint: 'öffnen Sie die E-Mail und drücken Sie die Schaltfläche',
    refused: (address: string) => `${address} war nicht zu erreichen`,
    advice: 'Prüfen Sie die Adresse auf Tippfehler und tragen Sie sich noch einmal ein.',
    correct: 'Adresse berichtigen',
    slow: 'Es dauert länger als sonst. Sie können diese Seite schließen: Nichts geht verloren.',
    disconnected: 'Gerade keine Verbindung. Diese Seite macht von selbst weiter.',
    stopped: 'Diese Seite fragt nicht mehr nach Neuigkeiten.',
    lookAgain: 'Noch einmal nachsehen',
    noEmail: 'Keine E-Mail?',
    sendAgain: 'Noch einmal senden',
    sendAgainIn: (time: string) => `(in ${time})`,
    secondsShort: (n: number) => `${n} s`,
    sentAgain: 'Wir haben eine weitere E-Mail angefordert. Sehen Sie auch im Spam-Ordner nach.',
    sendAgainFailed: 'Das ging gerade nicht. Bitte versuchen Sie es in einer Weile noch einmal.',
    another: 'Noch jemanden eintragen',
    registerAgain: 'Noch einmal eintragen',
    announce: (stage: string, time: string | null) => (time ? `${stage} um ${time}.` : `${stage}.`),
  },
};
