//! The configuration is reloaded while the disk takes nothing.

use std::sync::atomic::AtomicU64;

use super::*;
use crate::support::slow_disk::SlowDisk;

/// So long each of the slow syncs takes.
const STALL: Duration = Duration::from_secs(10);
/// A post that waits so long waits for one of them.
const IS_STALLED: Duration = Duration::from_secs(3);

/// Since when the post that is under way waits, in milliseconds from a start; 0 if none is.
struct Waiting {
    start: Instant,
    since: AtomicU64,
}

impl Waiting {
    fn begin(&self) {
        let since = self.start.elapsed().as_millis();
        self.since
            .store(u64::try_from(since).unwrap().max(1), Ordering::Release);
    }

    fn end(&self) {
        self.since.store(0, Ordering::Release);
    }

    fn is_long(&self) -> bool {
        let since = self.since.load(Ordering::Acquire);
        since > 0 && self.start.elapsed() > Duration::from_millis(since) + IS_STALLED
    }
}

#[test]
fn a_reload_while_the_disk_stalls_takes_all_of_it_and_loses_nothing() {
    let site = Site::new();
    let mut plan = Plan::from([("a".to_owned(), wanted(site.device(0), "two", None))]);
    site.write(&plan);
    let slow = SlowDisk {
        after: 20,
        slow_syncs: 2,
        each: STALL,
    };
    let log = site.folder.path().join("log");
    let mut command = slow.engine();
    let process = Process::spawn(command.arg("run").arg(site.config()), &log);
    site.until("it answers", |_| Client::connect(&site.address).is_ok());
    let waiting = Arc::new(Waiting {
        start: Instant::now(),
        since: AtomicU64::new(0),
    });
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (stopped, address, own) = (
        Arc::clone(&stop),
        site.address.clone(),
        Arc::clone(&waiting),
    );
    let posting = std::thread::spawn(move || {
        let mut client = Client::connect(&address).unwrap();
        let mut acknowledged = Vec::new();
        for posted in 0_u64.. {
            if stopped.load(Ordering::Acquire) {
                break;
            }
            let body = format!("{{\"readings\":[{{\"point\":\"meter.c\",\"value\":{posted}}}]}}");
            own.begin();
            let answer = client.post("/api/v1/scada/data", &body).unwrap();
            own.end();
            match answer.status {
                200 => acknowledged.push(posted),
                // The ring may be full of what waits for the disk.
                503 => std::thread::sleep(Duration::from_millis(20)),
                other => panic!("{other}: {}", answer.body),
            }
        }
        acknowledged
    });
    site.until("the disk stalls", |_| waiting.is_long());
    plan.insert("b".to_owned(), wanted(site.device(1), "three", Some(7)));
    plan.get_mut("a").unwrap().profile = "three";
    site.write(&plan);
    let report = site.reloaded();
    assert_eq!(
        report["devices"]["added"]["names"],
        serde_json::json!(["b"])
    );
    let faulty = site.text(&plan).replace("input = 1", "inptu = 1");
    fs::write(site.config(), faulty).unwrap();
    assert_eq!(site.reload().status, 422);
    site.write(&plan);
    site.until("both are polled", |site| {
        site.readings_of("a") > 0 && site.readings_of("b") > 0
    });
    let values = &site.devices()["a"]["values"];
    assert_eq!(values.as_array().unwrap().len(), 3, "{values}");
    site.until("the disk works again", |_| {
        waiting.since.load(Ordering::Acquire) == 0
    });
    stop.store(true, Ordering::Release);
    let acknowledged = posting.join().unwrap();
    site.end(process);
    let stored =
        site.query("select cast(value as integer) from reading where point = 'meter.c' order by 1");
    let stored: Vec<u64> = stored.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(stored, acknowledged);
    assert!(!acknowledged.is_empty());
}
