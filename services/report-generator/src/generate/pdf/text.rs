//! A line of text in any script: its runs in the order in which they are seen, each in a font that has its
//! letters.

use std::{collections::HashMap, ops::Range, sync::Arc};

use krilla::{
    geom::Point,
    surface::Surface,
    text::{Font, GlyphId, KrillaGlyph},
};
use rustybuzz::{Direction, Face, UnicodeBuffer};
use unicode_bidi::BidiInfo;

const ELLIPSIS: char = '…';

/// The fonts of a document: two that the program carries, and those of the machine where these lack a
/// letter.
pub(super) struct Fonts {
    regular: Letters,
    bold: Letters,
    /// Opened when a letter is missing for the first time.
    machine: Option<fontdb::Database>,
    more: Vec<Letters>,
    /// The font of each letter that was met; to ask the fonts each time would take longer than the rest.
    known: HashMap<(char, Weight), Option<usize>>,
    /// There was a letter that no font has.
    lack_letters: bool,
}

struct Letters {
    font: Font,
    data: Arc<Vec<u8>>,
    index: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// A line that can be drawn. Lengths are in parts of the font's size.
pub(super) struct Line {
    runs: Vec<Run>,
    width: f32,
}

struct Run {
    font: Font,
    text: String,
    glyphs: Vec<KrillaGlyph>,
    width: f32,
}

impl Letters {
    fn new(data: Vec<u8>, index: u32) -> Option<Self> {
        let data = Arc::new(data);
        Face::from_slice(&data, index)?;
        Some(Self { font: Font::new(data.clone().into(), index)?, data, index })
    }

    fn face(&self) -> Face<'_> {
        Face::from_slice(&self.data, self.index).expect("it was read before")
    }
}

impl Fonts {
    pub(super) fn new() -> Self {
        let own = |data: &[u8]| Letters::new(data.to_vec(), 0).expect("a font of our own");
        Self {
            regular: own(dejavu::sans::regular()),
            bold: own(dejavu::sans::bold()),
            machine: None,
            more: Vec::new(),
            known: HashMap::new(),
            lack_letters: false,
        }
    }

    /// Whether there was a letter that no font has.
    pub(super) fn lack_letters(&self) -> bool {
        self.lack_letters
    }

    /// Lays a text out in one line no wider than `width`, in parts of the font's size; what does not fit is
    /// cut, which three dots tell.
    pub(super) fn line(&mut self, text: &str, weight: Weight, width: f32) -> Line {
        let whole = self.lay_out(text, weight);
        if whole.width <= width {
            return whole;
        }
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let (mut fits, mut too_many) = (0, ends.len());
        let mut line = self.lay_out(&ELLIPSIS.to_string(), weight);
        while fits + 1 < too_many {
            let middle = usize::midpoint(fits, too_many);
            let cut = format!("{}{ELLIPSIS}", text[..ends[middle]].trim_end());
            let shorter = self.lay_out(&cut, weight);
            if shorter.width <= width {
                (fits, line) = (middle, shorter);
            } else {
                too_many = middle;
            }
        }
        line
    }

    fn lay_out(&mut self, text: &str, weight: Weight) -> Line {
        let bidi = BidiInfo::new(text, None);
        let mut runs = Vec::new();
        // A cell is one paragraph: a name has no line ends, and where a row of another program has one
        // its parts follow each other.
        for paragraph in &bidi.paragraphs {
            let (levels, visual) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for range in visual {
                let right_to_left = levels[range.start].is_rtl();
                let mut parts = self.parts(&text[range.clone()], weight);
                if right_to_left {
                    parts.reverse();
                }
                for (part, font) in parts {
                    let text = &text[range.start + part.start..range.start + part.end];
                    runs.push(shape(text, self.font(font, weight), right_to_left));
                }
            }
        }
        Line { width: runs.iter().map(|run| run.width).sum(), runs }
    }

    /// The parts of a text that one font has, in their order; `None` is the font of the document.
    fn parts(&mut self, text: &str, weight: Weight) -> Vec<(Range<usize>, Option<usize>)> {
        let mut parts: Vec<(Range<usize>, Option<usize>)> = Vec::new();
        for (at, letter) in text.char_indices() {
            let end = at + letter.len_utf8();
            let font = self.font_of(letter, weight);
            match parts.last_mut() {
                // Marks, joiners and spaces stay with what they follow.
                Some((range, last))
                    if *last == font
                        || (!letter.is_alphanumeric() && self.has(*last, weight, letter)) =>
                {
                    range.end = end;
                }
                _ => parts.push((at..end, font)),
            }
        }
        parts
    }

    fn font(&self, font: Option<usize>, weight: Weight) -> &Letters {
        match (font, weight) {
            (Some(n), _) => &self.more[n],
            (None, Weight::Regular) => &self.regular,
            (None, Weight::Bold) => &self.bold,
        }
    }

    fn has(&self, font: Option<usize>, weight: Weight, letter: char) -> bool {
        self.font(font, weight).face().glyph_index(letter).is_some()
    }

    /// The font for a letter; that of the document where none has it.
    fn font_of(&mut self, letter: char, weight: Weight) -> Option<usize> {
        if let Some(font) = self.known.get(&(letter, weight)) {
            return *font;
        }
        let font = self.find_font(letter, weight);
        self.known.insert((letter, weight), font);
        font
    }

    fn find_font(&mut self, letter: char, weight: Weight) -> Option<usize> {
        if self.has(None, weight, letter) {
            return None;
        }
        if let Some(n) = (0..self.more.len()).find(|n| self.has(Some(*n), weight, letter)) {
            return Some(n);
        }
        let machine = self.machine.get_or_insert_with(|| {
            let mut fonts = fontdb::Database::new();
            fonts.load_system_fonts();
            fonts
        });
        let found = machine.faces().find_map(|face| {
            let has = |data: &[u8], index| {
                Face::from_slice(data, index).is_some_and(|f| f.glyph_index(letter).is_some())
            };
            let data = |data: &[u8], index| has(data, index).then(|| (data.to_vec(), index));
            machine.with_face_data(face.id, data).flatten()
        });
        if let Some(letters) = found.and_then(|(data, index)| Letters::new(data, index)) {
            self.more.push(letters);
            return Some(self.more.len() - 1);
        }
        self.lack_letters = true;
        None
    }
}

/// The glyphs of a text of one script and direction.
fn shape(text: &str, letters: &Letters, right_to_left: bool) -> Run {
    let face = letters.face();
    let units = letters.font.units_per_em();
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    buffer.set_direction(if right_to_left {
        Direction::RightToLeft
    } else {
        Direction::LeftToRight
    });
    let shaped = rustybuzz::shape(&face, &[], buffer);
    let clusters: Vec<usize> = shaped.glyph_infos().iter().map(|g| g.cluster as usize).collect();
    // A cluster ends where the next begins, in the order of the text.
    let end = |start: usize| clusters.iter().copied().filter(|c| *c > start).min();
    let mut width = 0.0;
    #[expect(clippy::cast_precision_loss, reason = "parts of a letter's size")]
    let glyphs = shaped
        .glyph_infos()
        .iter()
        .zip(shaped.glyph_positions())
        .map(|(glyph, position)| {
            let part = |length: i32| length as f32 / units;
            let start = glyph.cluster as usize;
            width += part(position.x_advance);
            KrillaGlyph::new(
                GlyphId::new(glyph.glyph_id),
                part(position.x_advance),
                part(position.x_offset),
                part(position.y_offset),
                part(position.y_advance),
                start..end(start).unwrap_or(text.len()),
                None,
            )
        })
        .collect();
    Run { font: letters.font.clone(), text: text.to_owned(), glyphs, width }
}

impl Line {
    /// Its width at a size.
    pub(super) fn width(&self, size: f32) -> f32 {
        self.width * size
    }

    /// Draws it from a point on its base line.
    pub(super) fn draw(&self, surface: &mut Surface<'_>, x: f32, y: f32, size: f32) {
        let mut x = x;
        for run in &self.runs {
            let start = Point::from_xy(x, y);
            surface.draw_glyphs(start, &run.glyphs, run.font.clone(), &run.text, size, false);
            x += run.width * size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_to_its_width_and_says_when_it_is_cut() {
        let mut fonts = Fonts::new();
        let text = |line: &Line| line.runs.iter().map(|r| r.text.as_str()).collect::<String>();
        let short = fonts.line("Ada", Weight::Regular, 10.0);
        assert_eq!(text(&short), "Ada");
        let long = fonts.line(&"W".repeat(100), Weight::Bold, 10.0);
        assert!(long.width <= 10.0 && long.width > 8.0, "{}", long.width);
        assert!(text(&long).ends_with("W…"));
        assert_eq!(text(&fonts.line("W", Weight::Regular, 0.1)), "…");
        assert!(fonts.line("", Weight::Regular, 1.0).runs.is_empty());
    }

    #[test]
    fn runs_are_in_the_order_in_which_they_are_seen() {
        let mut fonts = Fonts::new();
        let line = fonts.line("עדה Ada", Weight::Regular, 100.0);
        let runs: Vec<_> = line.runs.iter().map(|r| r.text.trim()).collect();
        assert_eq!(runs, ["Ada", "עדה"], "a line of Hebrew begins at the right");
        let line = fonts.line("Ада 3 Ада", Weight::Regular, 100.0);
        assert_eq!(line.runs.len(), 1);
        assert!(!fonts.lack_letters());
    }
}
