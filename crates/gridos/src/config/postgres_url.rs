//! The URL of a PostgreSQL server, without the password.

use std::fmt;

use gridos_store::PostgresConfig;
use gridos_store::postgres::{PostgresOptionError, PostgresTlsError, PostgresUrlError as Unusable};

use super::secret::Secret;
use super::source::Files;

/// `postgres://user@host:port,host:port/database?options`, checked to hold no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresUrl {
    text: Box<str>,
    /// What it says, without a password.
    config: Box<PostgresConfig>,
}

/// Why a text is no such URL; the text is not shown, since it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostgresUrlError {
    /// Another kind of address.
    #[error("does not begin with postgres://; write postgres://user@host:5432/database")]
    Scheme,
    /// No user, host or database.
    #[error("names no {0}; write postgres://user@host:5432/database")]
    Missing(&'static str),
    /// Line breaks or other letters that do not belong in a URL.
    #[error("has a space or control character; write %20 for a space")]
    Letter,
    /// A percent sign without two hexadecimal digits, or what it spells is no UTF-8.
    #[error("has a wrong percent code in its password; write for example %40 for @")]
    Percent,
    /// An option that the engine cannot fulfil.
    #[error(transparent)]
    Option(PostgresOptionError),
    /// What the database's driver does not understand.
    #[error("cannot be used: {0}")]
    Unusable(String),
}

impl PostgresUrl {
    /// The URL and the password it held.
    ///
    /// # Errors
    /// See [`PostgresUrlError`].
    pub fn parse(text: &str) -> Result<(Self, Option<Secret>), PostgresUrlError> {
        if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            return Err(PostgresUrlError::Letter);
        }
        let rest = ["postgres://", "postgresql://"]
            .into_iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .ok_or(PostgresUrlError::Scheme)?;
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        let (who, host) = authority
            .rsplit_once('@')
            .ok_or(PostgresUrlError::Missing("user"))?;
        let (user, mut password) = match who.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (who, None),
        };
        let missing = [("user", user), ("host", host), ("database", database)];
        if let Some((what, _)) = missing.iter().find(|(_, part)| part.is_empty()) {
            return Err(PostgresUrlError::Missing(what));
        }
        let mut kept = Vec::new();
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("password", value)) => password = Some(value),
                Some(_) | None => kept.push(option),
            }
        }
        let mark = if kept.is_empty() { "" } else { "?" };
        let url = format!(
            "postgres://{user}@{host}/{database}{mark}{}",
            kept.join("&")
        );
        // The store's own reading, so that what it would refuse at the start is found here.
        let parsed = PostgresConfig::from_url(&url, None).map_err(|error| match error {
            Unusable::Option(option) => PostgresUrlError::Option(option),
            Unusable::Malformed { reason } => PostgresUrlError::Unusable(reason),
            Unusable::Part(what) => PostgresUrlError::Unusable(format!("it names {what}")),
        })?;
        let password = password.map(decode_percent).transpose()?;
        let (text, config) = (url.into(), Box::new(parsed));
        Ok((
            Self { text, config },
            password.map(|text| Secret::new(&text)),
        ))
    }

    /// Takes the files that it names as relative to `folder`, and makes sure that they can be used.
    ///
    /// # Errors
    /// If they cannot.
    pub(super) fn find_files(&mut self, files: &Files<'_>) -> Result<(), PostgresTlsError> {
        let Some(tls) = &mut self.config.tls else {
            return Ok(());
        };
        tls.based_on(files.folder);
        tls.check(files.read)
    }

    /// Where to connect.
    pub fn config(&self) -> &PostgresConfig {
        &self.config
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn decode_percent(text: &str) -> Result<String, PostgresUrlError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let code = digit().and_then(|high| Some(high * 16 + digit()?));
        let code = code.and_then(|code| u8::try_from(code).ok());
        decoded.push(code.ok_or(PostgresUrlError::Percent)?);
    }
    String::from_utf8(decoded).map_err(|_| PostgresUrlError::Percent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> (String, Option<String>) {
        let (url, password) = PostgresUrl::parse(text).unwrap();
        let password = password.map(|secret| secret.expose().to_owned());
        (url.to_string(), password)
    }

    #[test]
    fn the_password_is_taken_out() {
        let bare = "postgres://u@h:5432/d?sslmode=disable".to_owned();
        assert_eq!(parsed(&bare), (bare.clone(), None));
        assert_eq!(
            parsed("postgresql://u:a%40b@h:5432/d?sslmode=disable"),
            (bare.clone(), Some("a@b".to_owned()))
        );
        assert_eq!(
            parsed("postgres://u@h:5432/d?password=x&sslmode=disable"),
            (bare, Some("x".to_owned()))
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |text| PostgresUrl::parse(text).unwrap_err();
        assert_eq!(error("mysql://u@h/d"), PostgresUrlError::Scheme);
        assert_eq!(error("postgres://h/d"), PostgresUrlError::Missing("user"));
        assert_eq!(error("postgres://u@/d"), PostgresUrlError::Missing("host"));
        assert_eq!(
            error("postgres://u@h"),
            PostgresUrlError::Missing("database")
        );
        assert_eq!(error("postgres://u:%4@h/d"), PostgresUrlError::Percent);
        assert_eq!(error("postgres://u@h/d e"), PostgresUrlError::Letter);
    }

    #[test]
    fn what_the_engine_would_not_do_is_refused() {
        let error = |text| PostgresUrl::parse(text).unwrap_err().to_string();
        let tls = error("postgres://u@h/d?sslmode=require");
        assert!(tls.contains("write sslmode=verify-full"), "{tls}");
        assert_eq!(
            error("postgres://u@h/d?sslmode=disable&keepalives=1"),
            "has the option 'keepalives', which would do nothing here; remove it"
        );
        let port = "cannot be used: invalid value for option `port`";
        assert_eq!(error("postgres://u@h:99999/d"), port);
        assert_eq!(error("postgres://u@h1,h2:x/d"), port);
        assert_eq!(
            error("postgres://u@h/d?connect_timeout=soon"),
            "cannot be used: invalid value for option `connect_timeout`"
        );
    }

    #[test]
    fn a_url_may_name_several_servers() {
        let (url, _) = PostgresUrl::parse("postgres://u@h1,h2:5433/d").unwrap();
        let servers: Vec<_> = url.config().servers().map(|s| s.to_string()).collect();
        assert_eq!(servers, ["h1:5432", "h2:5433"]);
    }

    proptest! {
        #[test]
        fn a_password_never_stays(user in "[a-z]{1,8}", password in "[a-zA-Z0-9%@:/?&]{0,12}") {
            let text = format!("postgres://{user}:{password}@host/database");
            if let Ok((url, _)) = PostgresUrl::parse(&text) {
                let authority = url.as_str().split_once('@').unwrap().0.to_owned();
                prop_assert_eq!(authority, format!("postgres://{user}"));
            }
        }
    }
}
