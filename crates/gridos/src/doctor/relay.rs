//! Whether the stream to the writers can be used, and is one that loses nothing.

use gridos_relay::{RelayError, Survey};

use super::Finding;
use crate::config::Config;
use crate::size::show_bytes;

const CHECK: &str = "relay";

/// Nothing without `[relay]`.
pub(super) async fn examine(config: &Config) -> Option<Finding> {
    let relay = config.relay.as_ref()?;
    let options = match relay.options("gridos doctor") {
        Ok(options) => options,
        Err(error) => {
            let why = std::error::Error::source(&error).map(ToString::to_string);
            let what = format!("{error}: {}", why.unwrap_or_default());
            return Some(Finding::problem(
                CHECK,
                what,
                "let the engine's user read it",
            ));
        }
    };
    Some(judge(&Survey::of(&options).await, relay.replicas))
}

fn judge(survey: &Result<Survey, RelayError>, wanted: usize) -> Finding {
    match survey {
        Err(error) => Finding::problem(
            CHECK,
            error.to_string(),
            "start the servers with JetStream, or correct [relay]; the journal keeps readings meanwhile",
        ),
        Ok(Survey::Absent) => Finding::ok(CHECK, "the stream is made at the start".to_owned()),
        Ok(Survey::There {
            holds_back: false, ..
        }) => Finding::warning(
            CHECK,
            "the stream gives up the oldest when it is full".to_owned(),
            "set its discard policy to new; until then what it gives up is sent again, over and over",
        ),
        Ok(Survey::There { replicas, .. }) if *replicas < wanted => Finding::warning(
            CHECK,
            format!("the stream is kept on {replicas} servers, not on {wanted}"),
            "edit the stream, or set [relay] replicas; what it loses is sent again from the journal",
        ),
        Ok(Survey::There {
            bytes, bytes_max, ..
        }) => {
            let most = bytes_max.map_or("no bound".to_owned(), show_bytes);
            let what = format!("the stream is there: {} of {most}", show_bytes(*bytes));
            Finding::ok(CHECK, what)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn a_stream_that_gives_up_what_nobody_stored_is_told() {
        let there = |replicas, holds_back| {
            let survey = Survey::There {
                bytes: 1 << 20,
                bytes_max: Some(8 << 30),
                replicas,
                holds_back,
            };
            judge(&Ok(survey), 3).grade
        };
        assert_eq!(there(3, true), Grade::Ok);
        assert_eq!(there(1, true), Grade::Warning);
        assert_eq!(there(3, false), Grade::Warning);
        assert_eq!(judge(&Ok(Survey::Absent), 3).grade, Grade::Ok);
        let stream = "x".to_owned();
        let full = judge(&Err(RelayError::Full { stream }), 3);
        assert_eq!(full.grade, Grade::Problem);
    }
}
