//! `gridos status`: how a running engine does, once or again and again.

use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Outcome;
use crate::cli::Status;
use crate::cli::exit_codes::{DEGRADED, FAILED};
use crate::client::{AskError, Client};
use crate::color;
use crate::output::{self, Ended};
use crate::screen::Screen;

mod view;

pub(crate) fn run(args: &Status) -> Outcome {
    super::block_on(async {
        let client = Client::new(&args.at)?;
        if args.watch {
            return tokio::select! {
                outcome = watch(&client, args) => outcome,
                ended = super::asked_to_end(None) => Ok(ended?),
            };
        }
        let seen = look(&client).await?;
        match args.json {
            true => output::json(&seen)?,
            false => output::show(view::page(&seen, client.url().as_str()))?,
        }
        match code(&seen) {
            0 => Ok(()),
            code => Err(Ended(code).into()),
        }
    })?
}

/// Everything that is shown, at one moment.
async fn look(client: &Client) -> Result<Value, AskError> {
    let (status, alarms) = tokio::join!(
        client.get(&["api", "v1", "scada", "status"], &[]),
        client.get(&["api", "v1", "alarms", "summary"], &[]),
    );
    Ok(json!({ "status": status?, "alarms": alarms? }))
}

/// With what the command ends, by what the engine says of its health.
fn code(seen: &Value) -> u8 {
    match seen["status"]["status"].as_str() {
        Some("ok") => 0,
        Some("degraded") => DEGRADED,
        Some(_) | None => FAILED,
    }
}

/// Shows it again and again; never ends by itself but when nobody reads on.
async fn watch(client: &Client, args: &Status) -> Outcome {
    let mut ticks = interval(args.every.max(std::time::Duration::from_millis(100)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let screen = Screen::enter(!args.json && color::is_terminal());
    let mut last: Option<(Instant, String)> = None;
    loop {
        ticks.tick().await;
        let seen = look(client).await;
        if args.json {
            match seen {
                Ok(seen) => output::json(&seen)?,
                Err(error) => output::json(&json!({ "error": { "message": error.to_string() } }))?,
            }
            continue;
        }
        let url = client.url().as_str();
        match seen {
            Ok(seen) => {
                let page = view::page(&seen, url);
                screen.show(&page)?;
                last = Some((Instant::now(), page));
            }
            Err(error) => {
                let last = last.as_ref().map(|(at, page)| (at.elapsed(), &**page));
                screen.show(&view::lost(&error, url, last))?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_decides_the_exit_code() {
        let code = |status: &str| code(&json!({ "status": { "status": status } }));
        assert_eq!(
            ["ok", "degraded", "unready", "dead"].map(code),
            [0, 3, 1, 1]
        );
        assert_eq!(super::code(&json!({})), 1);
    }
}
