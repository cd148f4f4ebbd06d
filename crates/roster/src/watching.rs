//! The watch: what stands in the bucket, and every change of it, for as long as it takes.

use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::kv;
use futures_util::future::{Fuse, FusedFuture as _, FutureExt as _};
use futures_util::stream::StreamExt as _;
use gridos_fleet::{MemberRecord, Plan, Revision, Share, StoreId};
use gridos_model::DeviceId;
use gridos_telemetry::Vitals;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use crate::bucket::{Bucket, BucketError, Look, NOTE, PLAN, SESSION, SHARE};
use crate::format::note::Noted;
use crate::progress::{Course, Progress};
use crate::{BucketOptions, FormatError, format, notes};

/// What a member says of itself: its record, and how it did lately.
pub(crate) type Said = (MemberRecord, Option<Vitals>);

/// What the watch tells.
#[derive(Debug)]
pub(crate) enum Seen {
    /// The watch begins, and is of that bucket.
    Store(StoreId),
    /// A member's record, or that it is gone.
    Record(String, Revision, Option<Box<Said>>),
    /// The plan.
    Plan(Revision, Option<Plan>),
    /// The canary's share.
    Share(Revision, Share),
    /// What is noted of a channel.
    Note(DeviceId, Revision, Option<Noted>),
    /// All that was there has been told.
    Complete,
    /// The watch begins anew: what is told next is all that is there.
    Lost,
}

/// How long to wait before another try.
const AGAIN: Duration = Duration::from_millis(500);
/// How often the bucket itself is looked at: the watch of one that was made anew does not end, nor does one that
/// waits for a server.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Watches until nobody wants to know any more; the bucket is left in `opened`, for writing.
pub(crate) async fn run(
    options: BucketOptions,
    opened: watch::Sender<Option<Bucket>>,
    seen: mpsc::Sender<Seen>,
) {
    let mut client: Option<Client> = None;
    let mut trouble = String::new();
    let mut warned = None;
    let mut is_stuck = false;
    while !seen.is_closed() {
        let watched = async {
            let connected = match &client {
                Some(client) => client.clone(),
                None => Bucket::connect(&options).await?,
            };
            client = Some(connected.clone());
            let bucket = Bucket::of(connected, &options).await?;
            let watch = bucket.watch().await?;
            let look = bucket.look().await?;
            Ok::<_, BucketError>((bucket, watch, look))
        };
        match watched.await {
            Ok((bucket, watch, look)) => {
                if !trouble.is_empty() {
                    tracing::info!("the fleet's bucket can be used again");
                    trouble.clear();
                }
                if warned.replace(bucket.id()) != Some(bucket.id()) {
                    warn_of_replicas(&bucket, &options);
                }
                if std::mem::take(&mut is_stuck) && seen.send(Seen::Lost).await.is_err() {
                    return;
                }
                opened.send_replace(Some(bucket.clone()));
                let Some(end) = tell(&bucket, watch, look, &seen).await else {
                    return;
                };
                is_stuck = end == End::Stuck;
                if is_stuck {
                    tracing::warn!(
                        "the watch of the fleet's bucket tells nothing any more; it is begun anew"
                    );
                } else {
                    opened.send_replace(None);
                    if seen.send(Seen::Lost).await.is_err() {
                        return;
                    }
                }
            }
            Err(error) => {
                let what = error.to_string();
                if what != trouble {
                    tracing::warn!(
                        error = what,
                        "the fleet's bucket cannot be used; trying again"
                    );
                    trouble = what;
                }
            }
        }
        sleep(AGAIN).await;
    }
}

/// Why a watch tells nothing more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It broke, or the bucket is another.
    Over,
    /// It is behind and does not go on. The bucket itself answers: a member may write to it and renew its lease until
    /// another watch is there.
    Stuck,
}

fn warn_of_replicas(bucket: &Bucket, options: &BucketOptions) {
    let (is, wanted) = (bucket.replicas(), options.replicas);
    if is < wanted {
        tracing::warn!(
            "the fleet's bucket is kept on {is} servers, not on {wanted} as [fleet] replicas says: edit its stream \
             KV_{} (nats stream edit --replicas), or set replicas = {is}",
            options.bucket()
        );
    }
}

/// Tells what the watch tells until it ends or is stuck, or the bucket is another; `None` if nobody wants to know.
async fn tell(
    bucket: &Bucket,
    mut watch: kv::Watch,
    look: Option<Look>,
    seen: &mpsc::Sender<Seen>,
) -> Option<End> {
    // The watch was begun after the bucket was opened, and may be of another already.
    let Some(look) = look.filter(|look| look.id == bucket.id()) else {
        return Some(End::Over);
    };
    seen.send(Seen::Store(bucket.id())).await.ok()?;
    let mut progress = Progress::default();
    if look.is_empty && progress.on_told(look.last, true) {
        seen.send(Seen::Complete).await.ok()?;
    }
    let mut due = interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let looking = Fuse::terminated();
    tokio::pin!(looking);
    loop {
        let entry = tokio::select! {
            entry = watch.next() => entry,
            _ = due.tick(), if looking.is_terminated() => {
                progress.on_asked();
                looking.set(bucket.look().fuse());
                continue;
            }
            look = &mut looking => {
                let course = match look {
                    Ok(Some(look)) if look.id == bucket.id() => progress.on_look(look.last),
                    Ok(_) => return Some(End::Over),
                    Err(_) => Course::On,
                };
                match course {
                    Course::On => {}
                    Course::Complete => seen.send(Seen::Complete).await.ok()?,
                    Course::Stuck => return Some(End::Stuck),
                }
                continue;
            }
        };
        let entry = match entry {
            Some(Ok(entry)) => entry,
            Some(Err(error)) => {
                tracing::debug!(%error, "the watch of the fleet's bucket broke");
                return Some(End::Over);
            }
            None => return Some(End::Over),
        };
        if let Some(told) = of_entry(&entry) {
            seen.send(told).await.ok()?;
        }
        if progress.on_told(entry.revision, entry.seen_current) {
            seen.send(Seen::Complete).await.ok()?;
        }
    }
}

/// What the bucket holds at this moment.
///
/// # Errors
/// If it cannot be asked, or holds what this version cannot read.
pub(crate) async fn all(bucket: &Bucket) -> Result<Vec<Seen>, BucketError> {
    let mut watch = bucket.watch().await?;
    let mut seen = Vec::new();
    let look = bucket.look().await?;
    let look = look.ok_or_else(|| bucket.failed("it is gone"))?;
    if look.is_empty {
        return Ok(seen);
    }
    while let Some(entry) = watch.next().await {
        let entry = entry.map_err(|error| bucket.failed(error))?;
        seen.extend(read(&entry)?);
        if entry.seen_current {
            return Ok(seen);
        }
    }
    Err(bucket.failed("the server ended the answer"))
}

/// What an entry tells; one that cannot be read tells nothing, and is said aloud.
fn of_entry(entry: &kv::Entry) -> Option<Seen> {
    read(entry).unwrap_or_else(|error| {
        tracing::error!(%error, "an entry of the fleet's bucket is passed over");
        None
    })
}

fn read(entry: &kv::Entry) -> Result<Option<Seen>, FormatError> {
    let revision = Revision::from_raw(entry.revision);
    let is_there = entry.operation == kv::Operation::Put;
    let (key, value) = (entry.key.as_str(), &entry.value);
    if key == PLAN {
        let plan = is_there.then(|| format::plan::read(value)).transpose()?;
        return Ok(Some(Seen::Plan(revision, plan)));
    }
    if key == SHARE {
        let share = is_there.then(|| format::share::read(value)).transpose()?;
        return Ok(share.map(|share| Seen::Share(revision, share)));
    }
    if let Some(hex) = key.strip_prefix(NOTE) {
        let noted = is_there.then(|| format::note::read(key, value));
        let noted = noted.transpose()?;
        return Ok(notes::channel(hex).map(|channel| Seen::Note(channel, revision, noted)));
    }
    let Some(name) = key.strip_prefix(SESSION) else {
        return Ok(None);
    };
    let record = is_there.then(|| format::record::read(key, value));
    let said = record.transpose()?.map(Box::new);
    Ok(Some(Seen::Record(name.to_owned(), revision, said)))
}
