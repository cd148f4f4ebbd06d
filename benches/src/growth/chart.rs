//! Lines over two logarithmic axes, as SVG that follows the reader's choice of light or dark.

use std::fmt::{self, Write as _};

/// A place with its axes, in pixels.
const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 328.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 92.0;
const BOTTOM: f64 = 46.0;
const ACROSS: usize = 3;
const STYLE: &str = "\
svg{background:#fff;font:12px system-ui,sans-serif}text{fill:#1f2328}.title{font-weight:600;font-size:13px}\
.small{font-size:11px;fill:#59636e}.grid{stroke:#d1d9e0}.axis{stroke:#59636e}path{fill:none;stroke-width:2}\
.c0{stroke:#0969da}.c1{stroke:#bc4c00}.c2{stroke:#1a7f37}.c3{stroke:#8250df}.c4{stroke:#bf3989}.c5{stroke:#6e7781}\
.f0{fill:#0969da}.f1{fill:#bc4c00}.f2{fill:#1a7f37}.f3{fill:#8250df}.f4{fill:#bf3989}.f5{fill:#6e7781}\
@media(prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}.small{fill:#9198a1}.grid{stroke:#2f353d}\
.axis{stroke:#9198a1}.c0{stroke:#4493f8}.c1{stroke:#f0883e}.c2{stroke:#3fb950}.c3{stroke:#ab7df8}.c4{stroke:#db61a2}.c5{stroke:#8b949e}\
.f0{fill:#4493f8}.f1{fill:#f0883e}.f2{fill:#3fb950}.f3{fill:#ab7df8}.f4{fill:#db61a2}.f5{fill:#8b949e}}";

/// One place: what is drawn, with units.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub(super) title: &'static str,
    /// What the axes are of, with their units.
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    pub(super) lines: Vec<Line>,
}

/// Points from left to right, all above 0.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// From which power of ten to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scale {
    from: i32,
    until: i32,
}

impl Scale {
    #[expect(clippy::cast_possible_truncation, reason = "powers of ten are few")]
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.fold(0.0, f64::max);
        if !(least > 0.0 && most.is_finite()) {
            return Self { from: 0, until: 1 };
        }
        let from = least.log10().floor() as i32;
        let until = (most.log10().ceil() as i32).max(from + 1);
        Self { from, until }
    }

    /// Where a value is between the ends, from 0 to 1.
    fn place(self, value: f64) -> f64 {
        (value.log10() - f64::from(self.from)) / f64::from(self.until - self.from)
    }

    /// Values with a line: each power of ten, and between them where there are few.
    fn ticks(self) -> impl Iterator<Item = f64> {
        let between: &[f64] = match self.until - self.from {
            1 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let inner = (self.from..self.until)
            .flat_map(move |power| between.iter().map(move |n| n * 10_f64.powi(power)));
        inner.chain([10_f64.powi(self.until)])
    }
}

/// All panels, three in a row.
pub(super) fn draw(name: &str, panels: &[Panel]) -> String {
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut svg, name, panels);
    svg
}

fn write_all(svg: &mut String, name: &str, panels: &[Panel]) -> fmt::Result {
    let width = WIDTH * ACROSS as f64;
    let height = HEIGHT * panels.len().div_ceil(ACROSS) as f64;
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>{}</title>\n<style>{STYLE}</style>",
        escaped(name)
    )?;
    for (n, panel) in panels.iter().enumerate() {
        let (x, y) = (WIDTH * (n % ACROSS) as f64, HEIGHT * (n / ACROSS) as f64);
        writeln!(svg, "<g transform=\"translate({x} {y})\">")?;
        panel.write(svg)?;
        writeln!(svg, "</g>")?;
    }
    writeln!(svg, "</svg>")
}

impl Panel {
    fn write(&self, svg: &mut String) -> fmt::Result {
        let all = || self.lines.iter().flat_map(|line| line.points.iter());
        let (x, y) = (
            Scale::of(all().map(|at| at.0)),
            Scale::of(all().map(|at| at.1)),
        );
        text(svg, "title", (LEFT, 18.0), "start", self.title)?;
        text(svg, "small", (LEFT, TOP - 8.0), "start", self.y)?;
        let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
        text(svg, "small", (middle, HEIGHT - 10.0), "middle", self.x)?;
        for tick in x.ticks() {
            let at = across(x, tick);
            rule(svg, "grid", (at, TOP), (at, HEIGHT - BOTTOM))?;
            text(
                svg,
                "small",
                (at, HEIGHT - BOTTOM + 16.0),
                "middle",
                &short(tick),
            )?;
        }
        for tick in y.ticks() {
            let at = up(y, tick);
            rule(svg, "grid", (LEFT, at), (WIDTH - RIGHT, at))?;
            text(svg, "small", (LEFT - 6.0, at + 4.0), "end", &short(tick))?;
        }
        rule(svg, "axis", (LEFT, TOP), (LEFT, HEIGHT - BOTTOM))?;
        rule(
            svg,
            "axis",
            (LEFT, HEIGHT - BOTTOM),
            (WIDTH - RIGHT, HEIGHT - BOTTOM),
        )?;
        for (n, line) in self.lines.iter().enumerate() {
            line.write(svg, n, (x, y))?;
        }
        Ok(())
    }
}

impl Line {
    fn write(&self, svg: &mut String, n: usize, (x, y): (Scale, Scale)) -> fmt::Result {
        let mut path = String::new();
        for (index, at) in self.points.iter().enumerate() {
            let step = if index == 0 { 'M' } else { 'L' };
            let (right, down) = (across(x, at.0), up(y, at.1));
            write!(path, "{step}{right:.1} {down:.1}")?;
            writeln!(
                svg,
                "<circle class=\"f{n}\" cx=\"{right:.1}\" cy=\"{down:.1}\" r=\"3\"/>"
            )?;
        }
        writeln!(svg, "<path class=\"c{n}\" d=\"{path}\"/>")?;
        // Two in a row, under the title.
        let left = LEFT + 160.0 * (n % 2) as f64;
        let top = 30.0 + 13.0 * (n / 2) as f64;
        writeln!(
            svg,
            "<rect class=\"f{n}\" x=\"{left}\" y=\"{}\" width=\"10\" height=\"4\"/>",
            top
        )?;
        text(svg, "small", (left + 14.0, top + 6.0), "start", &self.name)
    }
}

fn across(x: Scale, value: f64) -> f64 {
    LEFT + x.place(value) * (WIDTH - LEFT - RIGHT)
}

fn up(y: Scale, value: f64) -> f64 {
    HEIGHT - BOTTOM - y.place(value) * (HEIGHT - TOP - BOTTOM)
}

fn text(
    svg: &mut String,
    class: &str,
    (x, y): (f64, f64),
    anchor: &str,
    text: &str,
) -> fmt::Result {
    writeln!(
        svg,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(text)
    )
}

fn rule(svg: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) -> fmt::Result {
    writeln!(
        svg,
        "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        from.0, from.1, to.0, to.1
    )
}

/// A tick's value, such as 0.05, 20, 10 k or 5 M.
fn short(value: f64) -> String {
    let (value, unit) = match value {
        value if value >= 0.999e6 => (value / 1e6, " M"),
        value if value >= 0.999e3 => (value / 1e3, " k"),
        value => (value, ""),
    };
    let digits = if value < 0.999 {
        -value.log10().floor()
    } else {
        0.0
    };
    format!("{value:.*}{unit}", digits_of(digits))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few digits"
)]
fn digits_of(digits: f64) -> usize {
    digits.clamp(0.0, 12.0) as usize
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_holds_all_values_between_powers_of_ten() {
        let scale = Scale::of([20.0, 3_000.0].into_iter());
        assert_eq!(scale, Scale { from: 1, until: 4 });
        assert!((scale.place(10.0)).abs() < 1e-9 && (scale.place(1e4) - 1.0).abs() < 1e-9);
        assert_eq!(scale.ticks().collect::<Vec<_>>(), [10.0, 100.0, 1e3, 1e4]);
        let few = Scale::of([1.0].into_iter());
        assert_eq!(few.ticks().collect::<Vec<_>>(), [1.0, 2.0, 5.0, 10.0]);
        assert_eq!(Scale::of([0.0].into_iter()), Scale { from: 0, until: 1 });
    }

    #[test]
    fn ticks_are_short() {
        let all = [0.01, 0.05, 0.2, 1.0, 20.0, 1e3, 1e4, 1e5, 1e6, 1e7].map(short);
        let expected = [
            "0.01", "0.05", "0.2", "1", "20", "1 k", "10 k", "100 k", "1 M", "10 M",
        ];
        assert_eq!(all, expected);
    }
}
