//! The page that a terminal shows while a rehearsal goes on.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use gridos_analysis::Phase;

use super::share::Held;
use super::wording::{self, LABEL_MAX};
use crate::color::{self, BAD, FAINT, GOOD, TITLE, WARNING};
use crate::screen::Screen;

/// More often, nobody sees it.
const DRAW_EVERY: Duration = Duration::from_millis(200);
/// Signs of a bar with all devices.
const BAR: usize = 50;
/// Columns of a value.
const VALUE: usize = 11;

/// What is shown, and where.
#[derive(Debug)]
pub(super) struct Live {
    /// None when it is given back.
    screen: Option<Screen>,
    drawn: Option<Instant>,
    page: Page,
}

/// What is known.
#[derive(Debug)]
pub(super) struct Page {
    began: Instant,
    /// What is rehearsed.
    title: String,
    /// Where the pages of both engines and Prometheus are, while they are.
    pub(super) places: Vec<String>,
    /// The shares in percent, in their order.
    pub(super) steps: Vec<u8>,
    /// The share that is set; none before the first.
    pub(super) share: Option<u8>,
    pub(super) held: Held,
    /// What goes on.
    pub(super) now: String,
    rows: Vec<Row>,
    /// How it came out: promoted or not, and lines that say more.
    pub(super) is_promoted: Option<bool>,
    pub(super) outcome: Vec<String>,
}

/// What a metric came to.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) metric: String,
    pub(super) value: String,
    pub(super) demand: String,
    pub(super) phase: Phase,
    /// Successes in a row, and how many are needed.
    pub(super) in_row: Option<(i64, i64)>,
}

impl Live {
    pub(super) fn new(title: String) -> Self {
        Self {
            screen: Some(Screen::enter(true)),
            drawn: None,
            page: Page::new(title),
        }
    }

    /// Changes what is known, and shows it.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Page)) {
        change(&mut self.page);
        let is_due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= DRAW_EVERY);
        if let Some(screen) = self.screen.as_ref().filter(|_| is_due) {
            self.drawn = Some(Instant::now());
            // Whoever started it may not read on; the rehearsal goes on all the same.
            let _ = screen.show(&self.page.text());
        }
    }

    /// Gives the terminal back, and the page as it was at last.
    pub(super) fn end(&mut self) -> String {
        self.screen = None;
        self.page.places.clear();
        self.page.text()
    }
}

impl Page {
    fn new(title: String) -> Self {
        Self {
            began: Instant::now(),
            title,
            places: Vec::new(),
            steps: Vec::new(),
            share: None,
            held: Held::default(),
            now: String::new(),
            rows: Vec::new(),
            is_promoted: None,
            outcome: Vec::new(),
        }
    }

    /// A measurement: of each metric the last one is shown.
    pub(super) fn measured(&mut self, row: Row) {
        match self
            .rows
            .iter_mut()
            .find(|known| known.metric == row.metric)
        {
            Some(known) => *known = row,
            None => self.rows.push(row),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let seconds = self.began.elapsed().as_secs();
        let clock = color::paint(FAINT, format_args!("{}:{:02}", seconds / 60, seconds % 60));
        writeln!(text, "{}  {clock}\n", color::paint(TITLE, &self.title))?;
        if !self.steps.is_empty() {
            writeln!(text, "  {}", self.ladder())?;
            self.bars(text)?;
        }
        if !self.now.is_empty() {
            writeln!(text, "\n  {}", self.now)?;
        }
        if !self.rows.is_empty() {
            let head = format!(
                "    {:LABEL_MAX$} {:>VALUE$}   must be",
                "the candidate", "is"
            );
            writeln!(text, "\n{}", color::paint(FAINT, head))?;
        }
        for row in &self.rows {
            writeln!(text, "{}", row.text())?;
        }
        for part in [&self.outcome, &self.places] {
            if !part.is_empty() {
                writeln!(text)?;
            }
            for line in part {
                writeln!(text, "{line}")?;
            }
        }
        Ok(())
    }

    /// The steps: those behind, the one under way, and those to come.
    fn ladder(&self) -> String {
        let share = self.share.unwrap_or(0);
        let step = |step: &u8| match (self.is_promoted, step.cmp(&share)) {
            (Some(true), _) | (_, std::cmp::Ordering::Less) => {
                color::paint(GOOD, format_args!("✔ {step} %"))
            }
            (Some(false), std::cmp::Ordering::Equal) => {
                color::paint(BAD, format_args!("✘ {step} %"))
            }
            (None, std::cmp::Ordering::Equal) => color::paint(TITLE, format_args!("▶ {step} %")),
            (_, std::cmp::Ordering::Greater) => color::paint(FAINT, format_args!("  {step} %")),
        };
        let steps: Vec<String> = self.steps.iter().map(step).collect();
        format!("share of the devices   {}", steps.join("  ─  "))
    }

    fn bars(&self, text: &mut String) -> std::fmt::Result {
        let Held { stable, candidate } = self.held;
        let all = (stable + candidate).max(1);
        for (name, count, style) in [("stable", stable, FAINT), ("candidate", candidate, TITLE)] {
            let full = (count * BAR).div_ceil(all);
            let bar = color::paint(style, "█".repeat(full));
            let rest = color::paint(FAINT, "·".repeat(BAR.saturating_sub(full)));
            writeln!(text, "  {name:<10} {bar}{rest} {count:>3} devices")?;
        }
        Ok(())
    }
}

impl Row {
    fn text(&self) -> String {
        let (sign, style, note) = match self.phase {
            Phase::Successful => ("✔", GOOD, ""),
            Phase::Running => (" ", FAINT, ""),
            Phase::Inconclusive => ("?", WARNING, "  cannot be told"),
            Phase::Error => ("!", BAD, "  not measured"),
            Phase::Failed => ("✘", BAD, "  too bad"),
        };
        let in_row = match self.in_row {
            Some((good, needed)) if self.phase == Phase::Successful && good < needed => {
                format!("  {good} of {needed} times")
            }
            Some(_) | None => String::new(),
        };
        let label = wording::label(&self.metric);
        format!(
            "  {} {label:LABEL_MAX$} {} {}",
            color::paint(style, sign),
            color::paint(style, format_args!("{:>VALUE$}", self.value)),
            color::paint(FAINT, format_args!("  {}{note}{in_row}", self.demand))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let mut page = Page::new("a title".to_owned());
        page.steps = vec![20, 40, 60, 80, 100];
        page.share = Some(40);
        page.held = Held {
            stable: 30,
            candidate: 20,
        };
        page.now = "measuring".to_owned();
        page
    }

    fn plain(page: &Page) -> String {
        anstream::adapter::strip_str(&page.text()).to_string()
    }

    fn row(metric: &str, value: &str, phase: Phase) -> Row {
        Row {
            metric: metric.to_owned(),
            value: value.to_owned(),
            demand: "< 5 %".to_owned(),
            phase,
            in_row: Some((2, 3)),
        }
    }

    #[test]
    fn steps_devices_and_metrics_are_seen_at_a_glance() {
        let mut page = page();
        page.measured(row("error-rate", "8 %", Phase::Failed));
        page.measured(row("error-rate", "1 %", Phase::Successful));
        let shown = plain(&page);
        for line in [
            "  share of the devices   ✔ 20 %  ─  ▶ 40 %  ─    60 %  ─    80 %  ─    100 %",
            &format!(
                "  stable     {}{}  30 devices",
                "█".repeat(30),
                "·".repeat(20)
            ),
            &format!(
                "  candidate  {}{}  20 devices",
                "█".repeat(20),
                "·".repeat(30)
            ),
            "  ✔ scans gone wrong                          1 %   < 5 %  2 of 3 times",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
        }
        page.is_promoted = Some(false);
        assert!(plain(&page).contains("✔ 20 %  ─  ✘ 40 %"));
    }

    /// The smallest terminal that anybody has.
    #[test]
    fn all_metrics_fit_on_eighty_columns_and_twenty_four_rows() {
        let mut page = page();
        page.places = vec![String::new(); 3];
        for n in 0..11 {
            page.measured(row(&format!("metric-{n}"), "99.99 %", Phase::Inconclusive));
        }
        let shown = plain(&page);
        assert!(shown.lines().count() <= 24, "{shown}");
        for line in shown.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
