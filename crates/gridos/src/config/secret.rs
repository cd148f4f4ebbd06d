//! Secrets: texts that never show themselves.

use std::fmt;

/// A text that prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that must send it; never log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// `text`, such as a configuration, as it may be shown: of addresses the part that can be a password
/// is `***`, and so is what a key that is called like a secret holds.
pub fn without_secrets(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let line = without_passwords(line);
        match line.split_once('=') {
            Some((key, value)) if is_secret(key) && !value.trim().is_empty() => {
                let end = if value.ends_with('\n') { "\n" } else { "" };
                format!("{key}= \"***\"{end}")
            }
            Some(_) | None => line,
        }
    });
    lines.collect()
}

/// Files of secrets are named in the configuration; their names may be shown.
fn is_secret(key: &str) -> bool {
    let key = key.trim().trim_start_matches('#').to_ascii_lowercase();
    ["password", "token", "secret"].contains(&key.trim())
}

/// `postgres://user:***@host/`.
fn without_passwords(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("://") {
        shown += before;
        shown += "://";
        let end = after.find(['/', '"', '\'', ' ', '?', '#', '\n']);
        let (authority, behind) = after.split_at(end.unwrap_or(after.len()));
        match authority
            .rsplit_once('@')
            .map(|(user, host)| (user.split_once(':'), host))
        {
            Some((Some((user, _)), host)) => shown += &format!("{user}:***@{host}"),
            Some((None, _)) | None => shown += authority,
        }
        rest = behind;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_configuration_is_shown_without_its_secrets() {
        let text = "url = \"postgres://u:p@ss@db1,db2/d?x=1\"\npassword = \"p@ss\" # p@ss\n\
                    password_file = \"pw\"\nurl = \"http://u@h/\"\na = \"http://h:80/\"\n";
        let shown = without_secrets(text);
        assert_eq!(
            shown,
            "url = \"postgres://u:***@db1,db2/d?x=1\"\npassword = \"***\"\n\
             password_file = \"pw\"\nurl = \"http://u@h/\"\na = \"http://h:80/\"\n"
        );
    }
}
