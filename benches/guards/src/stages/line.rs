//! Lines of bytes to fields.

use std::fmt::Write;
use std::hint::black_box;

use gridos_line::Lines;

use super::Rounds;

const LINES: u64 = 10;
const FIELDS: u64 = 100;

/// A post as a collector of InfluxDB's world sends it.
pub(super) fn lines() -> Rounds {
    let mut text = String::new();
    for line in 0..LINES {
        let _ = write!(text, "feeder-{line},site=north ");
        for field in 0..FIELDS {
            let comma = if field == 0 { "" } else { "," };
            let _ = write!(text, "{comma}f{field}={}.25", line * FIELDS + field);
        }
        let _ = writeln!(text, " 179000000000000000{line}");
    }
    Rounds::new(LINES * FIELDS, move || {
        let mut fields = 0;
        for (_, line) in Lines::new(black_box(text.as_bytes())) {
            fields += line.map_or(0, |line| black_box(line).fields.len());
        }
        assert_eq!(fields as u64, LINES * FIELDS, "every field is read");
    })
}
