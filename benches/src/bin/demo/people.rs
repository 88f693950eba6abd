//! People who do not exist, always the same ones, and what should become of each row.

use std::{collections::BTreeMap, path::Path};

use crate::names::{SCRIPTS, Script};

/// A file of people.
pub(crate) struct People {
    /// The rows: name, surname, e-mail.
    pub(crate) rows: Vec<[String; 3]>,
    /// What must be stored: address to name and surname.
    pub(crate) expected: BTreeMap<String, (String, String)>,
    /// What must be refused: line to codes.
    pub(crate) refused: BTreeMap<u64, &'static str>,
    /// Rows whose address came before, in other letters.
    pub(crate) repeated: usize,
}

/// One row in so many is bad, and one in so many repeats an earlier one.
const BAD_EVERY: usize = 197;
const REPEATED_EVERY: usize = 101;

/// Rows that must be refused, and why.
const BAD: [([&str; 3], &str); 10] = [
    (["", "Kuznetsova", "no.name@example.org"], "name.required"),
    (["Ada", " ", "no.surname@example.org"], "surname.required"),
    (["Ada", "Lovelace", ""], "email.required"),
    (["Ada", "Lovelace", "ada.example.org"], "email.missing_at"),
    (["Ada", "Lovelace", "ada@example"], "email.invalid_domain"),
    (["Ada", "Lovelace", "ada..l@example.org"], "email.invalid_local"),
    (["Visit www.example.org", "Now", "link@example.org"], "name.link"),
    (["Ada", "evil.example", "host@example.org"], "surname.link"),
    (["A\u{7}da", "Bell", "bell@example.org"], "name.control_character"),
    (["\u{202e}Ada", "", "two@example.org"], "name.control_character surname.required"),
];

impl People {
    /// Invents a file of that many rows.
    pub(crate) fn invent(rows: usize) -> Self {
        let mut people = Self {
            rows: Vec::with_capacity(rows),
            expected: BTreeMap::new(),
            refused: BTreeMap::new(),
            repeated: 0,
        };
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        while people.rows.len() < rows {
            let n = people.rows.len() + 1;
            if n.is_multiple_of(BAD_EVERY) {
                people.add_bad(n);
            } else if n.is_multiple_of(REPEATED_EVERY) && n > REPEATED_EVERY {
                people.repeat(&mut random);
            } else {
                people.add(n, &mut random);
            }
        }
        people
    }

    /// Writes the file as CSV.
    pub(crate) fn write(&self, path: &Path) -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_path(path)?;
        writer.write_record(["name", "surname", "email"])?;
        for row in &self.rows {
            writer.write_record(row)?;
        }
        writer.flush()?;
        Ok(())
    }

    fn add(&mut self, n: usize, random: &mut Random) {
        let Script { names, surnames, domains, .. } = &SCRIPTS[random.below(SCRIPTS.len())];
        let name = names[random.below(names.len())];
        let surname = surnames[random.below(surnames.len())];
        let (written, stored) = domains[random.below(domains.len())];
        self.expected.insert(format!("person{n}@{stored}"), (name.into(), surname.into()));
        self.rows.push([name.into(), surname.into(), format!("person{n}@{written}")]);
    }

    fn add_bad(&mut self, n: usize) {
        let (row, codes) = BAD[(n / BAD_EVERY) % BAD.len()];
        // The header is line 1.
        self.refused.insert(n as u64 + 1, codes);
        self.rows.push(row.map(str::to_owned));
    }

    /// An earlier good row again, its address in capitals and its name another.
    fn repeat(&mut self, random: &mut Random) {
        let earlier = loop {
            let n = random.below(self.rows.len());
            if !self.refused.contains_key(&(n as u64 + 2)) {
                break self.rows[n][2].to_uppercase();
            }
        };
        self.repeated += 1;
        self.rows.push(["Somebody".into(), "Else".into(), earlier]);
    }
}

/// A small generator (splitmix64): the same people at every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap_or(0)
    }
}
