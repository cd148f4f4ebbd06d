//! What a page shows as the answer of its commands, against what they told.
//!
//! A page shows real answers, whose numbers are other ones at each time. So each line that it
//! shows, or each part of it between `…`, must stand somewhere in what was told, any number being
//! like any other and any space like any other.

/// The lines of `shown` of which some part is not in `told`.
pub(super) fn missing<'a>(shown: &'a str, told: &str) -> Vec<&'a str> {
    let told = plain(told);
    let is_missing = |line: &&str| {
        let mut parts = line.split('…').map(plain);
        parts.any(|part| !told.contains(part.trim()))
    };
    shown.lines().filter(is_missing).collect()
}

/// Numbers as `#`, and one space for many.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        if letter.is_ascii_digit() {
            while letters.next_if(char::is_ascii_digit).is_some() {}
            // Digits behind a point are part of the number that they end.
            if plain.ends_with("#.") {
                plain.pop();
            } else {
                let is_negative = plain.ends_with('-') && !before.is_alphanumeric();
                if is_negative {
                    plain.pop();
                }
                plain.push('#');
            }
        } else if letter.is_whitespace() {
            if !plain.ends_with(' ') {
                plain.push(' ');
            }
        } else {
            if letter == '-' {
                before = plain.chars().next_back().unwrap_or(' ');
            }
            plain.push(letter);
        }
    }
    plain
}

#[test]
fn numbers_and_spaces_are_alike_and_words_are_not() {
    let told =
        "{\"accepted\":1,\"time\":\"2026-11-23T07:12:31.896Z\",\"value\":-20.5}\nstored   7681\n";
    for shown in [
        "{\"accepted\":12,\"time\":\"2025-01-02T03:04:05Z\",\"value\":3}",
        "stored 5",
        "\"accepted\":1,…\"value\":20.5}",
        "",
    ] {
        assert_eq!(missing(shown, told), [""; 0], "{shown}");
    }
    for shown in ["refused 5", "\"accepted\":1}", "\"value\":null"] {
        assert_eq!(missing(shown, told), [shown]);
    }
}
