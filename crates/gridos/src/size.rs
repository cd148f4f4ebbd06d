//! Sizes for people.

use crate::config::bounds;

/// Bytes with two figures: `1.2 MiB`.
pub(crate) fn show_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = bounds::bytes(bytes);
    let mut unit = 0;
    while size >= 1_024.0 && unit < UNITS.len() - 1 {
        size /= 1_024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && size < 100.0);
    format!("{size:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_with_two_figures() {
        assert_eq!(
            [0, 999, 1_536, 200 << 20, 9_400 << 20].map(show_bytes),
            ["0 B", "999 B", "1.5 KiB", "200 MiB", "9.2 GiB"]
        );
    }
}
