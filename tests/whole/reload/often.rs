//! Many reloads, one right behind the other.

use super::*;
use crate::support::random::{self, Random};

const RELOADS: usize = 20;

/// What runs in the end is what an engine started with the last configuration would be.
#[test]
fn many_reloads_under_load_end_as_a_start_would() {
    let site = Site::new();
    let seed = random::seed();
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut plan = Plan::from([("d0".to_owned(), wanted(site.device(0), "two", None))]);
    site.write(&plan);
    let process = site.start();
    let posting = Posting::begin(&site);
    for _ in 0..RELOADS {
        change(&mut plan, &site, &mut random);
        site.write(&plan);
        site.reloaded();
    }
    let posted = posting.end();
    site.until("all are polled", |site| {
        plan.keys()
            .all(|name| site.devices()[name]["state"] == "up")
    });
    let reloaded = Shown::of(&site);
    site.end(process);
    let stored = site.query("select count(*) from reading where point = 'meter.c'");
    assert_eq!(stored[0][0], posted.to_string());

    let process = site.start();
    site.until("all are polled", |site| {
        plan.keys()
            .all(|name| site.devices()[name]["state"] == "up")
    });
    assert_eq!(Shown::of(&site), reloaded);
    site.end(process);
}

/// Adds, removes or changes a device.
fn change(plan: &mut Plan, site: &Site, random: &mut Random) {
    let n = usize::try_from(random.below(DEVICES as u64)).unwrap();
    let name = format!("d{n}");
    let limit = |random: &mut Random| match random.below(3) {
        0 => None,
        1 => Some(0),
        _ => Some(4_000_000_000),
    };
    let high = limit(random);
    match (random.below(4), plan.contains_key(&name)) {
        (0, true) => {
            plan.remove(&name);
        }
        (1, true) => plan.get_mut(&name).unwrap().high = high,
        (_, _) => {
            let profile = if random.below(2) == 0 { "two" } else { "three" };
            plan.insert(name, wanted(site.device(n), profile, high));
        }
    }
}

/// What of an engine does not depend on how long it runs.
#[derive(Debug, PartialEq)]
struct Shown {
    devices: BTreeMap<String, (Value, Value)>,
    thresholds: Vec<(String, Value, Value)>,
}

impl Shown {
    fn of(site: &Site) -> Self {
        // Whether somebody posts is no matter of the configuration.
        let devices = site
            .devices()
            .into_iter()
            .filter(|(name, _)| name != "meter");
        let thresholds = site.ask("/api/v1/alarms/thresholds?limit=1000");
        let thresholds = thresholds["thresholds"].as_array().unwrap().iter();
        let mut thresholds: Vec<_> = thresholds
            .map(|one| {
                let alarm = one["alarm"].as_str().unwrap().to_owned();
                (alarm, one["definition"].clone(), one["version"].clone())
            })
            .collect();
        thresholds.sort_by(|a, b| a.0.cmp(&b.0));
        Self {
            devices: devices
                .map(|(name, device)| (name, (device["points"].clone(), device["state"].clone())))
                .collect(),
            thresholds,
        }
    }
}

/// Somebody who posts all the time; what is acknowledged must be stored, once.
struct Posting {
    stop: Arc<std::sync::atomic::AtomicBool>,
    thread: std::thread::JoinHandle<u64>,
}

impl Posting {
    fn begin(site: &Site) -> Self {
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (stopped, address) = (Arc::clone(&stop), site.address.clone());
        let thread = std::thread::spawn(move || {
            let mut client = Client::connect(&address).unwrap();
            let mut posted = 0;
            while !stopped.load(Ordering::Acquire) {
                let time = gridos_model::Timestamp::from_micros(
                    1_700_000_000_000_000 + i64::try_from(posted).unwrap(),
                );
                let body = format!(
                    "{{\"readings\":[{{\"point\":\"meter.c\",\"time\":\"{time}\",\"value\":{posted}}}]}}"
                );
                let answer = client.post("/api/v1/scada/data", &body).unwrap();
                assert_eq!(answer.status, 200, "{}", answer.body);
                posted += 1;
            }
            posted
        });
        Self { stop, thread }
    }

    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Release);
        self.thread.join().unwrap()
    }
}
