//! The canary's share, as a Rollout's weight says it.

use std::time::Duration;

use gridos_fleet::Share;
use gridos_roster::{Bucket, BucketError, BucketOptions};
use serde_json::Value;
use tokio::time::interval;

use crate::config::Weight;

/// How often the weight is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Where a Rollout says its weight, from the most to the least certain.
const PLACES: [&str; 4] = [
    "/status/canary/weights/canary/weight",
    "/canary/weights/canary/weight",
    "/weight",
    "",
];

/// Sets the share to the weight whenever that changes, and anew in a bucket that was made anew.
pub(super) async fn follow(source: Weight, options: BucketOptions) {
    let mut looks = interval(LOOK_EVERY);
    let mut bucket: Option<Bucket> = None;
    let (mut set, mut trouble) = (None, String::new());
    loop {
        looks.tick().await;
        let looked = async {
            let share = read(&source).await?;
            let open = match bucket.take() {
                Some(bucket) => bucket,
                None => told(Bucket::open(&options).await)?,
            };
            // One that was made anew has no share.
            let wanted = (told(open.id_now().await)?, share);
            if set != Some(wanted) {
                told(open.set_share(share).await)?;
                tracing::info!(%share, "the canary's share follows the weight");
            }
            bucket = Some(open);
            Ok::<_, String>(wanted)
        };
        match looked.await {
            Ok(done) => {
                set = Some(done);
                trouble.clear();
            }
            Err(what) => {
                if what != trouble {
                    tracing::warn!(error = what, "the weight cannot be followed; trying again");
                    trouble = what;
                }
            }
        }
    }
}

fn told<T>(done: Result<T, BucketError>) -> Result<T, String> {
    done.map_err(|error| error.to_string())
}

async fn read(source: &Weight) -> Result<Share, String> {
    let text = match source {
        Weight::File(path) => {
            std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?
        }
        Weight::Url(url) => fetch(url).await.map_err(|error| error.to_string())?,
    };
    share(&text)
}

async fn fetch(url: &str) -> Result<String, reqwest::Error> {
    // An error says that there is one already.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).build()?;
    let answer = client.get(url).send().await?.error_for_status()?;
    answer.text().await
}

/// The share that a number from 0 to 100 says, or a Rollout as JSON.
fn share(text: &str) -> Result<Share, String> {
    let document: Value = serde_json::from_str(text.trim())
        .map_err(|_| "the weight is neither a number from 0 to 100 nor JSON".to_owned())?;
    let found = PLACES
        .iter()
        .find_map(|place| document.pointer(place)?.as_f64());
    let percent = found.ok_or("no weight stands at status.canary.weights.canary.weight")?;
    Share::from_percent(percent).ok_or_else(|| format!("the weight {percent} is not from 0 to 100"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_a_number_or_a_rollout() {
        let forty = Share::from_percent(40.0).unwrap();
        let rollout =
            r#"{"spec":{"weight":7},"status":{"canary":{"weights":{"canary":{"weight":40}}}}}"#;
        for text in ["40", " 40.0\n", "{\"weight\":40}", rollout] {
            assert_eq!(share(text), Ok(forty), "{text}");
        }
        for text in ["", "101", "-1", "forty", "{}", "{\"weight\":\"40\"}", "NaN"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
