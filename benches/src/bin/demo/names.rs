//! Names in many scripts. Domains as they are written, and as they are stored.

/// One script.
pub(crate) struct Script {
    pub(crate) names: &'static [&'static str],
    pub(crate) surnames: &'static [&'static str],
    pub(crate) domains: &'static [(&'static str, &'static str)],
}

const PLAIN: &[(&str, &str)] = &[
    ("example.com", "example.com"),
    ("Mail.Example.ORG", "mail.example.org"),
    ("example.net", "example.net"),
];

/// The scripts.
pub(crate) const SCRIPTS: &[Script] = &[
    Script {
        names: &[
            "Ada",
            "Grace",
            "Zoë",
            "Jürgen",
            "François",
            "Søren",
            "Łukasz",
            "Nguyễn",
            "Ñusta",
            "Şükran",
            "O'Hara",
            "Anne-Marie",
            "=Ada",
            "-Jo",
        ],
        surnames: &[
            "Lovelace",
            "Hopper",
            "Müller",
            "Dvořák",
            "D'Angelo",
            "van der Berg",
            "Ó Súilleabháin",
            "Smith, Jr",
            "\"Bo\" Diaz",
            "Þorsson",
            "Ng",
            "@home",
        ],
        domains: &[("example.com", "example.com"), ("bücher.example", "xn--bcher-kva.example")],
    },
    Script {
        names: &["Александр", "Ольга", "Юрий", "Ірина"],
        surnames: &["Кузнецова", "Шевченко", "Иванов-Петров"],
        domains: &[("example.com", "example.com"), ("пример.example", "xn--e1afmkfd.example")],
    },
    Script {
        names: &["Γιώργος", "Ελένη", "Σωκράτης"],
        surnames: &["Παπαδόπουλος", "Οικονόμου"],
        domains: PLAIN,
    },
    Script {
        names: &["محمد", "فاطمة", "می‌نا"],
        surnames: &["الخوارزمي", "ابن سينا"],
        domains: PLAIN,
    },
    Script {
        names: &["דוד", "שרה", "נֹעָה"], surnames: &["בן־גוריון", "לוי"], domains: PLAIN
    },
    Script {
        names: &["आर्यभट", "प्रिया", "श्रीकांत"], surnames: &["शर्मा", "रामानुजन"], domains: PLAIN
    },
    Script {
        names: &["伟", "秀英", "小明"], surnames: &["王", "李", "欧阳"], domains: PLAIN
    },
    Script {
        names: &["さくら", "太郎", "ユキ"],
        surnames: &["山田", "佐藤", "ＡＢ"],
        domains: &[("例え.example", "xn--r8jz45g.example"), ("example.jp", "example.jp")],
    },
    Script { names: &["민준", "서연"], surnames: &["김", "이", "박"], domains: PLAIN },
    Script {
        names: &["สมชาย", "มาลี"], surnames: &["ใจดี", "ศรีสุข"], domains: PLAIN
    },
    Script {
        names: &["Անահիտ", "Տիգրան"], surnames: &["Հովհաննիսյան"], domains: PLAIN
    },
    Script {
        names: &["თამარ", "შოთა"], surnames: &["რუსთაველი"], domains: PLAIN
    },
    Script { names: &["አበበ", "ሰላም"], surnames: &["ቢቂላ"], domains: PLAIN },
    Script {
        names: &["தமிழ்", "கவிதா"], surnames: &["முருகன்"], domains: PLAIN
    },
    Script {
        names: &["🚀", "👩‍🚀 Sally"], surnames: &["Ride", "𝔘𝔫𝔦"], domains: PLAIN
    },
];
