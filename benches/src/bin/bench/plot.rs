//! The figures as pictures.

use std::io;

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::{growth::Curve, table::Figure};

const GOOD: RGBColor = RGBColor(0x1f, 0x7a, 0x5c);
const BAD: RGBColor = RGBColor(0xb4, 0x2b, 0x2b);
const INK: RGBColor = RGBColor(0x33, 0x33, 0x33);
/// Of a bar, in pixels.
const HEIGHT: i32 = 26;

/// One bar for each figure that has a limit: how many times as good as it must be.
pub(crate) fn margins(figures: &[Figure]) -> io::Result<String> {
    let rows: Vec<_> = figures
        .iter()
        .filter_map(|figure| Some((figure, figure.must?.margin(figure.value), figure.must?)))
        .collect();
    let height = 80 + HEIGHT * i32::try_from(rows.len()).unwrap_or(i32::MAX / HEIGHT);
    let mut picture = String::new();
    let size = (900, height.unsigned_abs());
    let root = SVGBackend::with_string(&mut picture, size).into_drawing_area();
    root.fill(&WHITE).map_err(io::Error::other)?;
    // Doublings from a quarter to sixteen times.
    let (left, right) = (430, 870);
    let x = |margin: f64| {
        let share = ((margin.log2() + 2.0) / 6.0).clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        let along = (share * f64::from(right - left)) as i32;
        left + along
    };
    let style = ("sans-serif", 13).into_font().color(&INK);
    let draw = || -> Result<(), DrawingAreaErrorKind<io::Error>> {
        let text = |at, anchor: HPos, text: &str| {
            let style = style.pos(Pos::new(anchor, VPos::Center));
            root.draw_text(text, &style, at)
        };
        text((left, 16), HPos::Left, "times as good as it must be; the mark is what we aim for")?;
        let rule = |at: f64, style: ShapeStyle| {
            let line = vec![(x(at), 50), (x(at), height - 10)];
            root.draw(&PathElement::new(line, style))
        };
        rule(1.0, INK.stroke_width(2))?;
        for margin in [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0] {
            rule(margin, INK.mix(0.2).into())?;
            text((x(margin), 38), HPos::Center, &format!("{margin}"))?;
        }
        for (n, (figure, margin, must)) in (0..).zip(&rows) {
            let y = 64 + n * HEIGHT;
            text((left - 10, y), HPos::Right, figure.what)?;
            let color = if *margin >= 1.0 { GOOD } else { BAD };
            let bar = [(left, y - 8), (x(*margin), y + 8)];
            root.draw(&Rectangle::new(bar, color.filled()))?;
            if let Some(aim) = figure.aim {
                let at = x(must.margin(aim));
                let line = vec![(at, y - 11), (at, y + 11)];
                root.draw(&PathElement::new(line, INK.stroke_width(3)))?;
            }
        }
        root.present()
    };
    draw().map_err(io::Error::other)?;
    drop(root);
    Ok(picture)
}

/// One small plot for each curve, along one axis that they share: how much there is of it.
pub(crate) fn curves(curves: &[Curve]) -> io::Result<String> {
    let mut picture = String::new();
    let lines = u32::try_from(curves.len().div_ceil(2)).unwrap_or(1);
    let root = SVGBackend::with_string(&mut picture, (900, 240 * lines)).into_drawing_area();
    root.fill(&WHITE).map_err(io::Error::other)?;
    let areas = root.split_evenly((lines as usize, 2));
    for (area, curve) in areas.iter().zip(curves) {
        one(area, curve).map_err(io::Error::other)?;
    }
    root.present().map_err(io::Error::other)?;
    drop((areas, root));
    Ok(picture)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn one(area: &Area<'_>, curve: &Curve) -> Result<(), DrawingAreaErrorKind<io::Error>> {
    let (least, most) = (curve.points[0].0, curve.points[curve.points.len() - 1].0);
    let top = curve.points.iter().map(|(_, y)| *y).fold(0.0, f64::max) * 1.2;
    let mut chart = ChartBuilder::on(area)
        .caption(curve.what, ("sans-serif", 15))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(60)
        .build_cartesian_2d((least..most).log_scale(), 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc(curve.along)
        .x_labels(4)
        .x_label_formatter(&|x| amount(*x))
        .y_label_formatter(&|y| amount(*y))
        .y_labels(5)
        .light_line_style(TRANSPARENT)
        .draw()?;
    chart.draw_series(LineSeries::new(curve.points.iter().copied(), GOOD.stroke_width(2)))?;
    let dots = curve.points.iter().map(|at| Circle::new(*at, 3, GOOD.filled()));
    chart.draw_series(dots)?;
    Ok(())
}

/// As people write it: 10k, 1M.
fn amount(n: f64) -> String {
    match n {
        n if n >= 1e6 => format!("{}M", n / 1e6),
        n if n >= 1e4 => format!("{}k", n / 1e3),
        n if n >= 10.0 => format!("{n:.0}"),
        n => format!("{n:.1}"),
    }
}
