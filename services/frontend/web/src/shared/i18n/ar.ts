import sentences from '@validation/messages.ar.json';
import { many } from './plural';
import type { Words } from './text';

/** Everything that the page says in Arabic. */
export const ar: Words = {
  brand: 'UserStream',
  sentences,
  skipToContent: 'انتقل إلى المحتوى',
  footer: 'لا تُحمّل هذه الصفحة شيئًا من مكان آخر، ولا تحفظ ملف ارتباط إلا للغة التي تختارها.',
  language: 'اللغة',

  theme: {
    label: 'المظهر',
    options: { system: 'النظام', light: 'فاتح', dark: 'داكن' },
  },

  form: {
    documentTitle: 'انضم إلى القائمة – UserStream',
    description: 'انضم إلى القائمة. رسالة واحدة للتأكيد، ولا شيء غيرها.',
    heading: 'انضم إلى القائمة',
    lede: 'رسالة واحدة للتأكيد، ولا شيء غيرها.',
    fields: { name: 'الاسم الأول', surname: 'اسم العائلة', email: 'البريد الإلكتروني' },
    submit: 'سجّل',
    sending: 'جارٍ الإرسال…',
    errorPrefix: 'خطأ:',
    trap: 'اترك هذا فارغًا',
    errorSummary: (labels: string[]) =>
      labels.length === 1
        ? `لم يُرسل: صحّح الحقل «${labels[0]}».`
        : `لم يُرسل: صحّح هذه الحقول: ${labels.join('، ')}.`,
    suggestion: (typed: string) => `كتبت «${typed}»، هل تقصد`,
    suggestionEnd: '؟',
    suggestionSpoken: (typed: string, meant: string) =>
      `كتبت ${typed}. هل تقصد ${meant}؟ الزر الذي قبل «سجّل» يأخذ به.`,
    suggestionApplied: (email: string) => `غُيّر إلى ${email}.`,
  },

  failure: {
    limited: { title: 'التسجيلات كثيرة جدًا الآن.', text: 'ما كتبته محفوظ.' },
    unavailable: { title: 'لا نستطيع قبول التسجيلات في هذه اللحظة.', text: 'ما كتبته محفوظ.' },
    offline: {
      title: 'أنت غير متصل بالإنترنت.',
      text: 'ما كتبته محفوظ. سجّل من جديد حين تتصل.',
    },
    online: { title: 'أنت متصل من جديد.', text: 'ما كتبته ما زال هنا. اضغط «سجّل».' },
    unreachable: {
      title: 'تعذّر الوصول إلينا.',
      text: 'ما كتبته محفوظ. تحقق من اتصالك ثم حاول مرة أخرى.',
    },
    trapped: {
      title: 'بدا ذلك كأنه برنامج.',
      text: 'مُلئ حقل لا يراه الناس. ما كتبته محفوظ: اضغط «سجّل» مرة أخرى.',
    },
    failed: {
      title: 'حدث خطأ من جانبنا.',
      text: 'ما كتبته محفوظ. حاول مرة أخرى من فضلك، وإن تكرر فأخبرنا بهذا الرقم:',
      textWithoutId: 'ما كتبته محفوظ. حاول مرة أخرى بعد قليل من فضلك.',
    },
    wait: (time: string) => `حاول مرة أخرى بعد ${time}.`,
    ready: 'يمكنك أن تحاول الآن.',
  },

  duration: {
    seconds: (n: number) =>
      many('ar', n, {
        one: 'ثانية واحدة',
        two: 'ثانيتين',
        few: `${n} ثوانٍ`,
        many: `${n} ثانية`,
        other: `${n} ثانية`,
      }),
    minutes: (n: number) =>
      many('ar', n, {
        one: 'دقيقة واحدة',
        two: 'دقيقتين',
        few: `${n} دقائق`,
        many: `${n} دقيقة`,
        other: `${n} دقيقة`,
      }),
  },

  sent: {
    documentTitle: 'شكرًا – UserStream',
    accepted: { heading: 'شكرًا، وصلنا تسجيلك.', lede: 'أكّد الآن عنوانك.' },
    confirmed: { heading: 'أنت على القائمة.', lede: 'تم تأكيد عنوانك.' },
    undeliverable: {
      heading: 'لم تصل الرسالة',
      lede: 'بياناتك محفوظة، لكن عنوانك غير مؤكد.',
    },
    timelineLabel: 'ما حدث حتى الآن',
    stages: {
      accepted: 'وصل',
      stored: 'حُفظ',
      email_sent: 'أُرسلت الرسالة',
      email_failed: 'تعذّر إرسال الرسالة',
      confirmed: 'تم التأكيد',
    },
    states: { done: 'تم', current: 'قيد التنفيذ', waiting: 'لاحقًا', failed: 'تعذّر' },
    to: (address: string) => `إلى ${address}`,
    confirmHint: 'افتح الرسالة واضغط الزر',
    refused: (address: string) => `تعذّر الوصول إلى ${address}`,
    advice: 'تحقق من كتابة العنوان ثم سجّل من جديد.',
    correct: 'صحّح العنوان',
    slow: 'يستغرق هذا وقتًا أطول من المعتاد. يمكنك إغلاق الصفحة: لن يضيع شيء.',
    disconnected: 'لا اتصال الآن. تتابع هذه الصفحة من تلقاء نفسها.',
    stopped: 'توقفت هذه الصفحة عن متابعة المستجدات.',
    lookAgain: 'انظر مرة أخرى',
    noEmail: 'لم تصلك رسالة؟',
    sendAgain: 'أرسلها مرة أخرى',
    sendAgainIn: (time: string) => `(بعد ${time})`,
    secondsShort: (n: number) => `${n} ث`,
    sentAgain: 'طلبنا رسالة أخرى. انظر في مجلد الرسائل غير المرغوب فيها أيضًا.',
    sendAgainFailed: 'لم ينجح ذلك الآن. حاول مرة أخرى بعد قليل من فضلك.',
    another: 'سجّل شخصًا آخر',
    registerAgain: 'سجّل من جديد',
    announce: (stage: string, time: string | null) =>
      time ? `${stage} الساعة ${time}.` : `${stage}.`,
  },
};
