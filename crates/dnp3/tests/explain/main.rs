//! Explanations: what people read of frames and fragments.

#![cfg(test)]

mod arbitrary;
mod fragments;
mod streams;

/// The octets of a hex dump.
fn hex(text: &str) -> Vec<u8> {
    let digits = |pair: &str| u8::from_str_radix(pair, 16).unwrap();
    text.split_whitespace().map(digits).collect()
}

fn shown(lines: &[gridos_dnp3::explain::Line]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
